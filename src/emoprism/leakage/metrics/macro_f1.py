"""Macro F1: the unweighted F-score of Peri et al. 2021, section 4.2."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import Counts, LabelMetric, over_present


class MacroF1(LabelMetric):
    """Mean F1 over the classes that occur among the true labels.

    A class that is only predicted, never true, has no F1 of its own here; those predictions still cost the recall of
    the classes they should have been. (scikit-learn's default would count it as a class with F1 = 0.)
    """

    def of_counts(self, counts: Counts) -> Float[np.ndarray, "*lead G"]:
        """F1 of a class: twice its hits over (true + predicted)."""
        with np.errstate(invalid="ignore"):
            return over_present(2 * counts.hits / (counts.true + counts.predicted), counts)
