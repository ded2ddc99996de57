"""Accuracy of a number's sign, negative or non-negative."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, share_right, summands
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.types import NUMBER


class NegativeNonnegativeAccuracy(OutputMetric):
    """Share of the clips that are told on the right side of 0.

    One of the two binary conventions of CMU-MOSI and CMU-MOSEI: below 0 is negative, 0 and above is not (Zadeh et al.
    2018; in papers before 2019, says the README of the data's own SDK). For numbers in which 0 is the middle.
    """

    kind = NUMBER

    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """Which side of 0, with 0, both lie on."""
        return summands(true >= 0, told >= 0, ~np.isnan(true))

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Right over known."""
        return share_right(cases(sums))
