"""Macro F1 of what is there or not: of "present" and of "absent" alike, for each of several things."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, mean_where, presence
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import PRESENCE


class PresenceMacroF1(OutputMetric):
    """Mean over words of the mean F1 of "present" and of "absent", at a probability above 0.5.

    As macro_f1, of the answers that are true of some clip: where a word is true of every clip or of none, the F1 of
    the one answer alone.
    """

    kind = PRESENCE

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """True and false positives and negatives of every word."""
        return presence(true, told)

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Mean over words of the mean over both answers, where they are true of any clip."""
        counts = cases(sums)
        sides = np.stack([counts.f1(), counts.opposite.f1()], axis=-1)
        there = np.stack([counts.true > 0, counts.opposite.true > 0], axis=-1)
        return mean_where(mean_where(sides, there), counts.known > 0)
