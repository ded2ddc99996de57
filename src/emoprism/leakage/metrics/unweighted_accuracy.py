"""Unweighted accuracy (UA): mean recall, every class counting alike however rare it is."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import Counts, LabelMetric, over_present


class UnweightedAccuracy(LabelMetric):
    """Mean over the classes that occur of the share of their clips that is told right."""

    def of_counts(self, counts: Counts) -> Float[np.ndarray, "*lead G"]:
        """Mean recall."""
        return over_present(counts.recall(), counts)
