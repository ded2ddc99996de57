"""Weighted accuracy of several things that may be there: the WA of CMU-MOSEI's emotions."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, mean_where, presence
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import PRESENCE


class PresenceWeightedAccuracy(OutputMetric):
    """Mean over words of (TP * N/P + TN) / (2N): the mean of the recall of "present" and of "absent".

    Tong et al. 2017 (Combating human trafficking with multimodal deep models, ACL) define it for P positives and N
    negatives; Zadeh et al. 2018 (CMU-MOSEI, ACL) take it for each emotion, and Ito et al. 2021 the mean over K = 6. A
    positive weighs N/P negatives, so saying the same of every clip scores 0.5 however rare the word is.

    Present is told at a probability above 0.5 (the papers print no threshold; published code for CMU-MOSEI compares
    logits with 0 or probabilities with 0.5). A word that is true of no clip, or of all, has no weighted accuracy and is
    left out of the mean.
    """

    kind = PRESENCE

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """True and false positives and negatives of every word."""
        return presence(true, told)

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Mean of (TP/P + TN/N) / 2 over the words with P > 0 and N > 0."""
        counts = cases(sums)
        return mean_where(
            (counts.recall() + counts.opposite.recall()) / 2, (counts.true > 0) & (counts.opposite.true > 0)
        )
