"""Yes or no, told of every clip: the counts that measures of presence and of a number's sign are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

THRESHOLD = 0.5
"""Above it a probability says "present", at it "absent", as a positive logit does and one of 0 does not."""


class Cases(NamedTuple):
    """How many clips, for each of W questions: [..., W] each."""

    hits: Float[np.ndarray, "*lead W"]
    """True, and said to be (TP)."""
    true: Float[np.ndarray, "*lead W"]
    """True (P = TP + FN)."""
    told: Float[np.ndarray, "*lead W"]
    """Said to be true (TP + FP)."""
    known: Float[np.ndarray, "*lead W"]
    """Whose truth is known (P + N)."""

    @property
    def opposite(self) -> Cases:
        """The same clips asked for the contrary: TN, N, TN + FN."""
        false, denied = self.known - self.true, self.known - self.told
        return Cases(false - (self.told - self.hits), false, denied, self.known)

    def recall(self) -> Float[np.ndarray, "*lead W"]:
        """TP / P; NaN where P = 0."""
        with np.errstate(invalid="ignore"):
            return self.hits / self.true

    def f1(self) -> Float[np.ndarray, "*lead W"]:
        """2 TP / (2 TP + FP + FN), 0 where nothing is true that was said to be; NaN where nothing is true nor said."""
        with np.errstate(invalid="ignore"):
            return 2 * self.hits / (self.true + self.told)


def summands(
    true: Bool[np.ndarray, "N W"], told: Bool[np.ndarray, "N W"], known: Bool[np.ndarray, "N W"]
) -> Float[np.ndarray, "N S"]:
    """What every clip adds to the counts: 0 or 1 for each of the four parts of Cases, S = 4 W."""
    return np.concatenate([true & told & known, true & known, told & known, known], axis=1).astype(np.float64)


def presence(true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
    """The summands of words: present where the probability is above THRESHOLD."""
    return summands(true > THRESHOLD, told > THRESHOLD, ~np.isnan(true))


def cases(sums: Float[np.ndarray, "*lead S"]) -> Cases:
    """The counts [..., W] in sums [..., 4 W] of summands."""
    return Cases(*np.split(sums, 4, axis=-1))


def mean_where(values: Float[np.ndarray, "*lead W"], there: Bool[np.ndarray, "*lead W"]) -> Float[np.ndarray, "*lead"]:
    """Unweighted mean of the values that are `there`; NaN where none is."""
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0.0).sum(-1) / there.sum(-1)


def share_right(counts: Cases) -> Float[np.ndarray, "*lead"]:
    """Accuracy of one question: (TP + TN) / (P + N)."""
    with np.errstate(invalid="ignore"):
        return ((counts.hits + counts.opposite.hits) / counts.known)[..., 0]


def f1_by_support(counts: Cases) -> Float[np.ndarray, "*lead"]:
    """F1 of one question's two answers, weighted by how often each is true (scikit-learn's average="weighted")."""
    parts = [np.where(side.true > 0, side.true * side.f1(), 0.0) for side in (counts, counts.opposite)]
    with np.errstate(invalid="ignore"):
        return (sum(parts) / counts.known)[..., 0]
