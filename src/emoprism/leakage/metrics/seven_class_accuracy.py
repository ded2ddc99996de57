"""Seven-class accuracy of a number in [-3, 3], as sentiment is annotated."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER


class SevenClassAccuracy(OutputMetric):
    """Share of the clips told right after both numbers are clipped to [-3, 3] and rounded to the nearest whole.

    As in the published code of Tsai et al. 2019 and most code for CMU-MOSI and CMU-MOSEI, halves go to the even
    neighbour (numpy.round: 0.5 is 0, 1.5 is 2). The README of CMU-MOSEI's SDK has another rounding, away from 0, in
    which only 0 itself is neutral.
    """

    kind = NUMBER

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Right, known."""
        known = ~np.isnan(true[:, 0])
        right = known & (_class(true[:, 0]) == _class(told[:, 0]))
        return np.stack([right, known], axis=1).astype(np.float64)

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Right over known."""
        with np.errstate(invalid="ignore"):
            return sums[..., 0] / sums[..., 1]


def _class(values: Float[np.ndarray, "N"]) -> Float[np.ndarray, "N"]:
    return np.round(np.clip(values, -3, 3))
