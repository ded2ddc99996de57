"""Means, variances and the covariance of a number and what is true, from sums over clips."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER

ROUNDING = 1e-12
"""A share of the sum of squares this small says nothing: equal numbers reach it by the last bits of their sums."""


@dataclass(frozen=True)
class Moments:
    """Of the true and the told numbers, all times the square of the number of clips; variances exactly 0 where numbers
    are alike.
    """

    true: Float[np.ndarray, "*lead"]
    told: Float[np.ndarray, "*lead"]
    both: Float[np.ndarray, "*lead"]
    """Covariance; exactly 0 where either's numbers are alike."""
    apart: Float[np.ndarray, "*lead"]
    """The difference of the means, squared."""


class OfMoments(OutputMetric, ABC):
    """A measure of a number that depends on those moments alone."""

    kind = NUMBER
    bounds = (-1.0, 1.0)

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """1, x, y, xx, yy, xy."""
        known = ~np.isnan(true[:, 0])
        x, y = (np.where(known, values[:, 0], 0.0).astype(np.float64) for values in (true, told))
        return np.stack([known.astype(np.float64), x, y, x * x, y * y, x * y], axis=1)

    def moments(self, sums: Float[np.ndarray, "*lead G S"]) -> Moments:
        """From the sums over clips."""
        count, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
        true, told = (_spread(count, total, squares) for total, squares in ((x, xx), (y, yy)))
        both = np.where((true > 0) & (told > 0), count * xy - x * y, 0.0)
        return Moments(true, told, both, (x - y) ** 2)


def _spread(
    count: Float[np.ndarray, "*lead"], total: Float[np.ndarray, "*lead"], squares: Float[np.ndarray, "*lead"]
) -> Float[np.ndarray, "*lead"]:
    """Count squared times the variance; 0 where it is no more than rounding."""
    spread = count * squares - total * total
    return np.where(spread > ROUNDING * count * squares, spread, 0.0)
