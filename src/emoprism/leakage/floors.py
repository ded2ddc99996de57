"""What can be told without the embedding: by guessing, or from the embedding's own label alone."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.leakage.metrics.base import Counts
from emoprism.types import MISSING


def one_hot(labels: Int64[np.ndarray, "N"], known: Int64[np.ndarray, "K"]) -> Float64[np.ndarray, "N K"]:
    """One column per class of `known` (those of train); a row of zeros for any other class and for no label.

    For unseen speakers the label says nothing to an attacker trained on others: their floor is what it guesses
    when told nothing, and so near the majority class.
    """
    return (labels[:, None] == known[None, :]).astype(np.float64)


def uniform_guessing(train: Int64[np.ndarray, "M"], true: Int64[np.ndarray, "N"], classes: int) -> Counts:
    """Expected counts [1, C] of guessing each of train's classes equally often, whatever the clip."""
    guessed = np.isin(np.arange(classes), train[train != MISSING]).astype(np.float64)
    share = guessed / guessed.sum()
    there = np.bincount(true, minlength=classes).astype(np.float64)
    return Counts(hits=(there * share)[None], true=there[None], predicted=len(true) * share[None])


def majority(train: Int64[np.ndarray, "M"], true: Int64[np.ndarray, "N"], classes: int) -> Counts:
    """Counts [1, C] of always saying train's commonest class (of equal ones the first)."""
    commonest = np.argmax(np.bincount(train[train != MISSING], minlength=classes))
    return Counts.of(true, np.full(len(true), commonest, dtype=np.int64), classes)
