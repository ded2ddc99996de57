"""Pearson's correlation of a number with what is true: the Corr of CMU-MOSI and CMU-MOSEI."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._moments import OfMoments


class Correlation(OfMoments):
    """cov(true, told) / (sd(true) sd(told)), in [-1, 1] (Pearson 1895).

    Numbers that are told alike for every clip follow nothing and score 0; where all true numbers are alike there is
    nothing to follow, and the value is NaN.
    """

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Covariance over both deviations."""
        of = self.moments(sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(of.told > 0, of.both / np.sqrt(of.true * of.told), 0.0)
        return np.where(of.true > 0, np.clip(value, -1.0, 1.0), np.nan)
