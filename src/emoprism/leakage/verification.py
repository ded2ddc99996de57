"""Cosine scores over all pairs of clips, in blocks: memory grows with N, not with its square.

Scores are kept to one part in 2^19 (steps of 2e-6 in [-1, 1]), about what float32 cosines are good for; everything
else is exact: every pair i < j is counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from emoprism.types import MISSING

STEPS = 2**20
BLOCK = 512
COARSE = 256
"""Steps of the score that a bootstrap distinguishes, at quantiles of both kinds of pairs (fewer for many speakers)."""
CELLS = 2**24
"""At most so many numbers in a table of speakers x speakers x steps."""


@dataclass(frozen=True)
class Curve:
    """Error rates at thresholds from "accept all" to "accept none" (a DET curve), with one leading axis or more."""

    misses: Float[np.ndarray, "*lead G T"]
    """Share of same-person pairs below the threshold, rising from 0 to 1 (FNR)."""
    false_alarms: Float[np.ndarray, "*lead G T"]
    """Share of different-person pairs at or above it, falling from 1 to 0 (FPR)."""


def curve_of(vectors: Float[np.ndarray, "N D"], labels: Int64[np.ndarray, "N"]) -> Curve:
    """Misses and false alarms [1, T] over all pairs. Clips without a label are left out.

    Raises ValueError unless some pairs are of one person and some of two.
    """
    same, other = _histograms(*_labelled(vectors, labels))
    if not same.any() or not other.any():
        raise ValueError("verification needs pairs of the same person and pairs of different people")
    used = np.flatnonzero(same + other)
    return rates(same[None, used].astype(np.float64), other[None, used].astype(np.float64))


def rates(same: Float[np.ndarray, "*lead G T"], other: Float[np.ndarray, "*lead G T"]) -> Curve:
    """A curve of T + 1 thresholds from numbers of pairs per step of the score; NaN where a kind has no pair."""
    with np.errstate(invalid="ignore"):
        missed = same.cumsum(-1) / same.sum(-1, keepdims=True)
        refused = other.cumsum(-1) / other.sum(-1, keepdims=True)
    start, full = 0 * missed[..., :1], 0 * refused[..., :1] + 1
    return Curve(np.concatenate([start, missed], -1), np.concatenate([full, 1 - refused], -1))


@dataclass(frozen=True)
class SpeakerPairs:
    """Numbers of pairs per step of the score, for every speaker with itself and with every other.

    A speaker drawn m times in a bootstrap weighs its own pairs m-fold, and pairs with a speaker drawn n times m * n.
    """

    speakers: tuple[str, ...]
    same: Float[np.ndarray, "S T"]
    other: Float[np.ndarray, "P T"]
    """P = S (S - 1) / 2 rows, in the order of numpy's triu_indices(S, 1)."""

    @classmethod
    def of(
        cls, vectors: Float[np.ndarray, "N D"], labels: Int64[np.ndarray, "N"], classes: tuple[str, ...]
    ) -> SpeakerPairs:
        """From vectors [N, D] and the speaker of each clip, an index into `classes`."""
        vectors, labels = _labelled(vectors, labels)
        present, label = np.unique(labels, return_inverse=True)
        count = len(present)
        steps = int(np.clip(CELLS // max(count, 1) ** 2, 16, COARSE))
        coarse = _coarse(*_histograms(vectors, labels), steps)
        first, second = np.triu_indices(count)
        place = np.zeros((count, count), dtype=np.int64)
        place[first, second] = place[second, first] = np.arange(len(first))
        table = np.zeros((len(first), steps))
        for rows, columns, score in _scores(vectors):
            cells = place[label[rows], label[columns]] * steps + coarse[score]
            table += np.bincount(cells, minlength=table.size).reshape(table.shape)
        return cls(tuple(classes[i] for i in present), table[first == second], table[first != second])

    def values(
        self, weights: Float[np.ndarray, "R S"], of_curve: Callable[[Curve], Float[np.ndarray, "R"]]
    ) -> Float[np.ndarray, "R"]:
        """A metric of curves for R resamples of the speakers; NaN for one that has no pair of a kind."""
        first, second = np.triu_indices(len(self.speakers), 1)
        at_once = max(1, CELLS // max(len(first), COARSE))
        out = np.empty(len(weights))
        for start in range(0, len(weights), at_once):
            some = weights[start : start + at_once]
            across = (some[:, first] * some[:, second]) @ self.other
            out[start : start + at_once] = of_curve(rates(some @ self.same, across))
        return out


def _labelled(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = labels != MISSING
    return vectors[known], labels[known]


def _scores(vectors: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows i, columns j > i and the step of their cosine score, block by block."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit = wide / np.where(lengths > 0, lengths, 1.0)
    for start in range(0, len(unit), BLOCK):
        cosine = unit[start : start + BLOCK] @ unit[start:].T
        step = np.clip(((cosine + 1) * (STEPS / 2)).astype(np.int64), 0, STEPS - 1)
        row, column = np.triu_indices(step.shape[0], 1, step.shape[1])
        yield row + start, column + start, step[row, column]


def _histograms(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs per step of the score: of the same label, and of different labels."""
    same, other = np.zeros(STEPS, dtype=np.int64), np.zeros(STEPS, dtype=np.int64)
    for rows, columns, score in _scores(vectors):
        match = labels[rows] == labels[columns]
        same += np.bincount(score[match], minlength=STEPS)
        other += np.bincount(score[~match], minlength=STEPS)
    return same, other


def _coarse(same: np.ndarray, other: np.ndarray, steps: int) -> np.ndarray:
    """Fine step -> coarse step: boundaries at quantiles of an even mixture of both kinds of pairs."""
    share = (same / max(same.sum(), 1) + other / max(other.sum(), 1)).cumsum()
    total = share[-1] if share[-1] > 0 else 1.0
    return np.minimum((share / total * steps).astype(np.int64), steps - 1)
