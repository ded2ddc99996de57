"""Weighted F1 of a number's sign, negative or positive."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, f1_by_support
from emoprism.leakage.metrics._signs import NegativeOrPositive


class NegativePositiveF1(NegativeOrPositive):
    """F1 of both answers, weighted by how many clips each is true of.

    scikit-learn's average="weighted". In the published code of Tsai et al. its arguments are the other way round, so
    that the weights are how often each answer was given; here they are how often it is true.
    """

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """F1 weighted by support."""
        return f1_by_support(cases(sums))
