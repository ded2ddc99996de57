"""Weighted F1 of a number's sign, negative or positive."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, f1_by_support, summands
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER


class NegativePositiveF1(OutputMetric):
    """F1 of both answers, weighted by how many clips each is true of.

    scikit-learn's average="weighted". In the published code of Tsai et al. its arguments are the other way round, so
    that the weights are how often each answer was given; here they are how often it is true.

    One of the two binary conventions of CMU-MOSI and CMU-MOSEI: clips that are truly 0 are left out, and of the others
    above 0 is positive (Tsai et al. 2019, Multimodal transformer for unaligned multimodal language sequences, ACL; its
    code, too, counts an answer of exactly 0 as negative). For numbers in which 0 is the middle.
    """

    kind = NUMBER

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Which side of 0 both lie on, of clips that are not truly 0."""
        return summands(true > 0, told > 0, ~np.isnan(true) & (true != 0))

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """F1 weighted by support."""
        return f1_by_support(cases(sums))
