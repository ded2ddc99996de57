"""Concordance of a number with what is true: the CCC of dimensional emotion (valence, arousal)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._moments import OfMoments


class Concordance(OfMoments):
    """2 cov(true, told) / (var(true) + var(told) + (mean(true) - mean(told))^2), in [-1, 1] (Lin 1989, A concordance
    correlation coefficient to evaluate reproducibility, Biometrics 45).

    1 for numbers that are told exactly, where a correlation is 1 for any that lie on a rising line. NaN where all true
    numbers are alike: there is nothing to follow.
    """

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Twice the covariance over both variances and the distance of the means."""
        of = self.moments(sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = 2 * of.both / (of.true + of.told + of.apart)
        return np.where(of.true > 0, np.clip(value, -1.0, 1.0), np.nan)
