"""Mean absolute error of a number."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER


class MeanAbsoluteError(OutputMetric):
    """How far the told number lies from the true one on average, in the unit of the number: no fraction."""

    kind = NUMBER
    higher_is_better = False
    bounds = (0.0, np.inf)

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Distance, known."""
        known = ~np.isnan(true[:, 0])
        distance = np.where(known, np.abs(told[:, 0].astype(np.float64) - true[:, 0]), 0.0)
        return np.stack([distance, known.astype(np.float64)], axis=1)

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Mean distance."""
        with np.errstate(invalid="ignore"):
            return sums[..., 0] / sums[..., 1]
