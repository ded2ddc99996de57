"""Accuracy of a number's sign, negative or positive."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, share_right, summands
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER


class NegativePositiveAccuracy(OutputMetric):
    """Share of the clips that are told on the right side of 0.

    One of the two binary conventions of CMU-MOSI and CMU-MOSEI: clips that are truly 0 are left out, and of the others
    above 0 is positive (Tsai et al. 2019, Multimodal transformer for unaligned multimodal language sequences, ACL; its
    code, too, counts an answer of exactly 0 as negative). For numbers in which 0 is the middle.
    """

    kind = NUMBER

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Which side of 0 both lie on, of clips that are not truly 0."""
        return summands(true > 0, told > 0, ~np.isnan(true) & (true != 0))

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Right over known."""
        return share_right(cases(sums))
