"""F1 of what is there: of "present" alone, for each of several things."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, mean_where, presence
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import PRESENCE


class PresenceF1(OutputMetric):
    """Mean over words of F1 = 2 TP / (2 TP + FP + FN) of "present", at a probability above 0.5.

    What Ito et al. 2021 call "unweighted F1" of six emotions (docs/leakage.md says why). A word that is true of no
    clip has no F1 and is left out of the mean.
    """

    kind = PRESENCE

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """True and false positives and negatives of every word."""
        return presence(true, told)

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Mean of F1 over the words with P > 0."""
        counts = cases(sums)
        return mean_where(counts.f1(), counts.true > 0)
