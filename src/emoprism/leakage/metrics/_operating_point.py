"""What the true-positive rates at a given rate of false alarms have in common."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import CurveMetric
from emoprism.leakage.verification import Curve, misses_at


class TruePositiveRate(CurveMetric, ABC):
    """TPR at a threshold that lets in `false_alarms` of all strangers: the share of same-person pairs above it.

    1: pairs of one person always score above pairs of two; as low as `false_alarms` itself: scores say nothing. The
    curve is taken as straight between two thresholds, so that tied scores count in part.
    """

    false_alarms: ClassVar[float]
    """The false-positive rate (FPR), in (0, 1)."""

    def of_curve(self, curve: Curve) -> Float[np.ndarray, "*lead G"]:
        """1 less the misses at that rate; NaN for a curve that is NaN."""
        return 1 - misses_at(curve, self.false_alarms)
