"""Accuracy of a number's sign, negative or positive."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, share_right
from emoprism.leakage.metrics._signs import NegativeOrPositive


class NegativePositiveAccuracy(NegativeOrPositive):
    """Share of the clips that are told on the right side of 0."""

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """Right over known."""
        return share_right(cases(sums))
