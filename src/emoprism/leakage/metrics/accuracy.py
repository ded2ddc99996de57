"""Accuracy, also called weighted accuracy (WA) in speech emotion recognition."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import Counts, LabelMetric


class Accuracy(LabelMetric):
    """Share of the clips that are told right."""

    def of_counts(self, counts: Counts) -> Float[np.ndarray, "*lead G"]:
        """Hits over clips."""
        with np.errstate(invalid="ignore"):
            return counts.hits.sum(-1) / counts.true.sum(-1)
