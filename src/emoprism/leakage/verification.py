"""Verification: the error rates of cosine scores over all pairs of clips, and how they move with the speakers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from emoprism.leakage.scores import COLUMNS, ROWS, STEPS, PairCounts, count_pairs, in_threads, labelled, steps_of

COARSE = 384
"""Steps of the score that a bootstrap distinguishes."""
TAIL = (1e-1, 1e-4)
"""Between these rates of false alarms a third of the steps is spread, evenly in their logarithm."""
PAIRWISE = 128
"""Up to so many speakers, every two of them are told apart in a bootstrap; of more, each one from all others."""
SPREAD = 4096
"""A bootstrap compares every clip with at most so many others of all speakers, and of its own speaker."""
AT_ONCE = 2**24
"""At most so many numbers in a table of resamples x pairs of speakers."""


@dataclass(frozen=True)
class Curve:
    """Error rates at thresholds from "accept all" to "accept none" (a DET curve), with one leading axis or more."""

    misses: Float[np.ndarray, "*lead G T"]
    """Share of same-person pairs below the threshold, rising from 0 to 1 (FNR)."""
    false_alarms: Float[np.ndarray, "*lead G T"]
    """Share of different-person pairs at or above it, falling from 1 to 0 (FPR)."""


def curve_of(vectors: Float[np.ndarray, "N D"], labels: Int64[np.ndarray, "N"]) -> Curve:
    """Misses and false alarms [1, T] over all pairs. Clips without a label are left out.

    Thresholds between which the curve is straight stand for all between them. Raises ValueError unless some pairs are
    of one person and some of two.
    """
    return exact_curve(count_pairs(vectors, labels))


def exact_curve(counts: PairCounts) -> Curve:
    """The curve [1, T] of all pairs; raises ValueError as `curve_of`."""
    if not counts.same.any() or not counts.other.any():
        raise ValueError("verification needs pairs of the same person and pairs of different people")
    return rates(counts.same[None].astype(np.float64), counts.other[None].astype(np.float64))


def rates(same: Float[np.ndarray, "*lead G T"], other: Float[np.ndarray, "*lead G T"]) -> Curve:
    """A curve of T + 1 thresholds from numbers of pairs per step of the score; NaN where a kind has no pair."""
    below, above = same.cumsum(-1), other[..., ::-1].cumsum(-1)[..., ::-1]
    with np.errstate(invalid="ignore"):
        misses, false_alarms = below / below[..., -1:], above / above[..., :1]
    none = 0 * misses[..., :1], 0 * false_alarms[..., :1]
    return Curve(np.concatenate([none[0], misses], -1), np.concatenate([false_alarms, none[1]], -1))


def misses_at(curve: Curve, false_alarms: float) -> Float[np.ndarray, "*lead G"]:
    """Misses [..., G] at a given rate of false alarms, the curve taken as straight between two thresholds.

    Of several thresholds with that very rate the one with the fewest misses. NaN for a curve that is NaN.
    """
    after = np.argmax(curve.false_alarms <= false_alarms, axis=-1, keepdims=True)
    before = np.maximum(after - 1, 0)

    def at(values: np.ndarray, place: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, place, axis=-1)[..., 0]

    high, low = at(curve.false_alarms, before), at(curve.false_alarms, after)
    with np.errstate(invalid="ignore"):
        share = np.where(high > low, (high - false_alarms) / np.where(high > low, high - low, 1.0), 0.0)
    # 0 * low: where only one kind of pair exists, one rate is NaN and so is the answer.
    return at(curve.misses, before) + 0 * low + share * (at(curve.misses, after) - at(curve.misses, before))


@dataclass(frozen=True)
class SpeakerPairs:
    """Numbers of pairs per step of the score, for every speaker with itself and with every other.

    A speaker drawn m times in a bootstrap weighs its own pairs m-fold, and pairs with a speaker drawn n times m * n.
    For more than PAIRWISE speakers S there is no table of all two of them, only of each with all others, r_a, and
    sum over a < b of m_a m_b n_ab is taken as (sum over a of m_a r_a)^2 / (2 sum over a of r_a), step by step: exact
    without resampling, and right to first order in how far the drawn speakers are from all speakers. (Next to it, what
    is left out of a variance is of the order 1/S: Hoeffding 1948, on U-statistics.)
    """

    speakers: tuple[str, ...]
    same: Float[np.ndarray, "S T"]
    other: Float[np.ndarray, "P T"]
    """Up to PAIRWISE speakers P = S (S - 1) / 2 rows, in the order of numpy's triu_indices(S, 1); of more, P = S."""

    @classmethod
    def of(
        cls,
        vectors: Float[np.ndarray, "N D"],
        labels: Int64[np.ndarray, "N"],
        classes: tuple[str, ...],
        counts: PairCounts | None = None,
    ) -> SpeakerPairs:
        """From vectors [N, D] and the speaker of each clip, an index into `classes`; `counts` spares counting them.

        Of more than SPREAD clips, every clip is compared with SPREAD others, spread evenly over all speakers, and
        numbers are scaled to those of all pairs.
        """
        counts = count_pairs(vectors, labels) if counts is None else counts
        unit, label = labelled(vectors, labels)
        present, speaker = np.unique(label, return_inverse=True)
        edges = _edges(counts)
        same, other = _own(unit, speaker, edges), _across(unit, speaker, edges)
        if len(unit) > SPREAD:
            same, other = (_scaled(table, edges, counts.steps, all_of) for table, all_of in
                           ((same, counts.same), (other, counts.other)))  # fmt: skip
        return cls(tuple(classes[i] for i in present), *(_whole(table) for table in (same, other)))

    def values(
        self, weights: Float[np.ndarray, "R S"], of_curve: Callable[[Curve], Float[np.ndarray, "R"]]
    ) -> Float[np.ndarray, "R"]:
        """A metric of curves for R resamples of the speakers; NaN for one that has no pair of a kind."""
        at_once = max(1, AT_ONCE // max(len(self.other), COARSE))
        out = np.empty(len(weights))
        for start in range(0, len(weights), at_once):
            some = weights[start : start + at_once]
            out[start : start + at_once] = of_curve(rates(some @ self.same, self._across(some)))
        return out

    def _across(self, weights: np.ndarray) -> np.ndarray:
        if _pairwise(len(self.speakers)):
            first, second = np.triu_indices(len(self.speakers), 1)
            return (weights[:, first] * weights[:, second]) @ self.other
        total = 2 * self.other.sum(0)
        return np.square(weights @ self.other) / np.where(total > 0, total, 1.0)


def _pairwise(speakers: int) -> bool:
    return speakers <= PAIRWISE


def _whole(table: np.ndarray) -> np.ndarray:
    """Whole numbers, as they will be read again from a file."""
    return np.minimum(np.rint(table), 2**32 - 1)


def _edges(counts: PairCounts) -> Int64[np.ndarray, "E"]:
    """The first step of each coarse step but the first: quantiles of either kind, and of the rarest false alarms."""
    above = np.cumsum(counts.other[::-1])[::-1] / max(int(counts.other.sum()), 1)
    decades = np.log10(np.clip(above, TAIL[1], TAIL[0]) / TAIL[0]) / np.log10(TAIL[1] / TAIL[0])
    before = [np.cumsum(c) - c for c in (counts.same, counts.other)]
    shares = [b / max(int(c.sum()), 1) for b, c in zip(before, (counts.same, counts.other), strict=True)]
    coarse = np.minimum((shares[0] + shares[1] + decades) / 3 * COARSE, COARSE - 1).astype(np.int64)
    # A coarse step may be empty: it then begins where the next one does.
    places = np.searchsorted(coarse, np.arange(1, COARSE))
    return np.append(counts.steps, STEPS)[places]


def _spread(count: int) -> Int64[np.ndarray, "M"]:
    """At most SPREAD of `count` places, evenly."""
    some = min(count, SPREAD)
    return np.arange(some) * count // max(some, 1)


def _coarse(edges: np.ndarray) -> np.ndarray:
    """Step -> coarse step."""
    return np.repeat(np.arange(COARSE, dtype=np.int16), np.diff(edges, prepend=0, append=STEPS))


def _own(unit: np.ndarray, speaker: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Pairs of each speaker's own clips [S, COARSE]."""
    coarse = _coarse(edges)
    starts = np.flatnonzero(np.diff(speaker, prepend=-1, append=speaker.max(initial=0) + 1))
    table = np.zeros((len(starts) - 1, COARSE))

    def count(index: int) -> None:
        clips = unit[starts[index] : starts[index + 1]]
        chosen = _spread(len(clips))
        for row in range(0, len(clips), ROWS):
            step = coarse[steps_of(clips[row : row + ROWS], clips[chosen])]
            place = np.arange(row, row + len(step))[:, None]
            counted = place < chosen if len(chosen) == len(clips) else place != chosen
            table[index] += np.bincount(step[counted], minlength=COARSE)
        if len(chosen) < len(clips):  # each chosen one met all but itself; every pair of clips is to count once
            table[index] *= len(clips) / (2 * len(chosen))

    in_threads(count, range(len(table)))
    return table


def _across(unit: np.ndarray, speaker: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Pairs of clips of different speakers: of every two [P, COARSE], or of each with all others [S, COARSE]."""
    coarse, chosen, count = _coarse(edges), _spread(len(unit)), int(speaker.max(initial=-1)) + 1
    partners = count if _pairwise(count) else 1
    once = partners > 1 and len(chosen) == len(unit)
    table, lock = np.zeros(count * partners * COARSE), threading.Lock()

    def add(corner: tuple[int, int]) -> None:
        rows, columns = slice(corner[0], corner[0] + ROWS), chosen[corner[1] : corner[1] + COLUMNS]
        mine, theirs = speaker[rows, None], speaker[columns]
        cell = (mine * partners + theirs % partners) * COARSE + coarse[steps_of(unit[rows], unit[columns])]
        low, high = int(mine[0, 0]) * partners * COARSE, (int(mine[-1, 0]) + 1) * partners * COARSE
        counted = mine < theirs if once else mine != theirs
        found = np.bincount(cell[counted] - low, minlength=high - low)
        with lock:
            table[low:high] += found

    in_threads(add, [(r, c) for r in range(0, len(unit), ROWS) for c in range(0, len(chosen), COLUMNS)])
    clips, met = (np.bincount(s, minlength=count).astype(np.float64) for s in (speaker, speaker[chosen]))
    cells = table.reshape(count, partners, COARSE)
    if partners == 1:
        return cells[:, 0] * ((len(unit) - clips) / np.maximum(len(chosen) - met, 1))[:, None]
    first, second = np.triu_indices(count, 1)
    both = cells[first, second] + cells[second, first]
    compared = clips[first] * met[second] + clips[second] * met[first]
    return both if once else both * (clips[first] * clips[second] / np.maximum(compared, 1))[:, None]


def _scaled(table: np.ndarray, edges: np.ndarray, steps: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """So that the sums of the coarse steps are to each other as the numbers of all pairs are."""
    place = np.searchsorted(edges, steps, side="right")
    exact = np.bincount(place, counts, minlength=COARSE)
    found = table.sum(0)
    return table * np.where(found > 0, exact / np.where(found > 0, found, 1.0), 0.0)
