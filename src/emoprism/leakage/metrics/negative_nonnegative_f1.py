"""Weighted F1 of a number's sign, negative or non-negative."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics._cases import cases, f1_by_support
from emoprism.leakage.metrics._signs import NegativeOrNot


class NegativeNonnegativeF1(NegativeOrNot):
    """F1 of both answers, weighted by how many clips each is true of."""

    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """F1 weighted by support."""
        return f1_by_support(cases(sums))
