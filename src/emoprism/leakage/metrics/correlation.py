"""Pearson's correlation of a number with what is true: the Corr of CMU-MOSI and CMU-MOSEI."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER

ROUNDING = 1e-12
"""A share of the sum of squares this small says nothing: equal numbers reach it by the last bits of their sums."""


class Correlation(OutputMetric):
    """cov(true, told) / (sd(true) sd(told)), in [-1, 1] (Pearson 1895).

    Numbers that are told alike for every clip follow nothing and score 0; where all true numbers are alike there is
    nothing to follow, and the value is NaN.
    """

    kind = NUMBER
    bounds = (-1.0, 1.0)

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """1, x, y, xx, yy, xy."""
        known = ~np.isnan(true[:, 0])
        x, y = (np.where(known, values[:, 0], 0.0).astype(np.float64) for values in (true, told))
        return np.stack([known.astype(np.float64), x, y, x * x, y * y, x * y], axis=1)

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Covariance over both deviations."""
        count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
        spread_x, spread_y = (_spread(count, total, squares) for total, squares in ((x, xx), (y, yy)))
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(spread_y > 0, (count * xy - x * y) / np.sqrt(spread_x * spread_y), 0.0)
        return np.where(spread_x > 0, np.clip(value, -1.0, 1.0), np.nan)


def _spread(
    count: Float[np.ndarray, "*lead"], total: Float[np.ndarray, "*lead"], squares: Float[np.ndarray, "*lead"]
) -> Float[np.ndarray, "*lead"]:
    """Count squared times the variance; 0 where it is no more than rounding."""
    spread = count * squares - total * total
    return np.where(spread > ROUNDING * count * squares, spread, 0.0)
