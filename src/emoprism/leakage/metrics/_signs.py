"""The two ways of the field to ask for the sign of a number in which 0 is the middle."""

from __future__ import annotations

from abc import ABC

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import summands
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER


class NegativeOrNot(OutputMetric, ABC):
    """Negative or non-negative: below 0 is negative, 0 and above is not.

    One of the two binary conventions of CMU-MOSI and CMU-MOSEI (Zadeh et al. 2018; in papers before 2019, says the
    README of the data's own SDK).
    """

    kind = NUMBER

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Which side of 0, with 0, both lie on."""
        return summands(true >= 0, told >= 0, ~np.isnan(true))


class NegativeOrPositive(OutputMetric, ABC):
    """Negative or positive: clips that are truly 0 are left out, and of the others above 0 is positive.

    One of the two binary conventions of CMU-MOSI and CMU-MOSEI (Tsai et al. 2019, Multimodal transformer for unaligned
    multimodal language sequences, ACL; its code, too, counts an answer of exactly 0 as negative).
    """

    kind = NUMBER

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Which side of 0 both lie on, of clips that are not truly 0."""
        return summands(true > 0, told > 0, ~np.isnan(true) & (true != 0))
