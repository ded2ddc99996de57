"""Cosine scores of pairs of clips, block by block: memory grows with N, not with its square.

A score is the float32 product of two float32 unit vectors. Scores are counted in steps of float32's epsilon, 2^-23: as
fine as float32 is just above 1, and finer than the rounding of a product of a hundred terms or more.

Every product is of a block whose shape follows from N alone, computed by one thread, and what is added up are whole
numbers: counts are the same for any number of threads, to the last one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Float32, Int64

from emoprism.types import MISSING
from emoprism.workers import usable_cores

HALF = 2**23
STEPS = 2 * HALF + 1
"""Steps of a score: -1 is step 0, 0 is step HALF, 1 is step STEPS - 1."""
ROWS, COLUMNS = 448, 8192
"""Clips of a block: the product of two such lots of vectors is what a thread holds at a time."""
FEW = 2**23
"""Up to so many pairs of a kind are listed and sorted; more are counted in a table of all steps."""
NO_MORE = 2**32 - 1
"""What the small counters of a table can hold."""
THREADS = 4
"""At most so many: each needs memory for a block, and counting is one thread's at a time."""

J = TypeVar("J")


@dataclass(frozen=True)
class PairCounts:
    """How many pairs of clips of one person, and of two, have which cosine score. Every pair i < j counts once.

    Neighbouring steps at which only the one kind of pairs occurs stand together under the lowest of them. Nothing is
    lost by it: between two of them no threshold tells the kinds apart better than a straight line does.
    """

    steps: Int64[np.ndarray, "T"]
    """Rising; a score s is of step (s + 1) * HALF, up to rounding."""
    same: Int64[np.ndarray, "T"]
    other: Int64[np.ndarray, "T"]


def labelled(
    vectors: Float[np.ndarray, "N D"], labels: Int64[np.ndarray, "N"]
) -> tuple[Float32[np.ndarray, "M D"], Int64[np.ndarray, "M"]]:
    """The clips that have a label, as unit vectors, clips of one label side by side. A vector of zeros stays one."""
    known = np.flatnonzero(labels != MISSING)
    order = known[np.argsort(labels[known], kind="stable")]
    unit = np.empty((len(order), vectors.shape[1]), dtype=np.float32)
    for start in range(0, len(order), COLUMNS):
        rows = slice(start, start + COLUMNS)
        wide = vectors[order[rows]].astype(np.float64)
        wide = _over(wide, np.abs(wide).max(1, initial=0.0))  # so that no square overflows or vanishes
        unit[rows] = _over(wide, np.linalg.norm(wide, axis=1))
    return unit, labels[order]


def _over(rows: np.ndarray, size: np.ndarray) -> np.ndarray:
    return rows / np.where(size > 0, size, 1.0)[:, None]


def count_pairs(vectors: Float[np.ndarray, "N D"], labels: Int64[np.ndarray, "N"]) -> PairCounts:
    """Count all pairs. Clips without a label are left out."""
    unit, label = labelled(vectors, labels)
    clips = np.unique(label, return_counts=True)[1]
    pairs = int((clips * (clips - 1) // 2).sum())
    same, other = _Tally(pairs), _Tally(len(unit) * (len(unit) - 1) // 2 - pairs)

    def count(block: tuple[slice, slice]) -> None:
        rows, columns = block
        step = steps_of(unit[rows], unit[columns])
        if label[rows][-1] < label[columns][0]:
            other.add(step.reshape(-1))
            return
        # Clips lie by label: of two with different labels the second has the larger one.
        above = np.arange(len(unit))[rows, None] < np.arange(len(unit))[columns]
        same.add(step[above & (label[rows, None] == label[columns])])
        other.add(step[label[rows, None] < label[columns]])

    in_threads(count, _blocks(label))
    return _merged(*same.found(), *other.found())


class _Tally:
    """Scores of one kind of pairs: all of them in lists where they are few, else their number at each step."""

    def __init__(self, expected: int) -> None:
        self.few = expected <= FEW
        self.lists: list[np.ndarray] = [np.zeros(0, dtype=np.int64)]
        self.counted = np.zeros(0 if self.few else STEPS, dtype=np.int64)
        self.recent = np.zeros(0 if self.few else STEPS, dtype=np.uint32)  # smaller, so more of it is in the cache
        self.room = NO_MORE
        self.lock = threading.Lock()

    def add(self, steps: Int64[np.ndarray, "N"]) -> None:
        """Take some more, in any order."""
        with self.lock:
            if self.few:
                self.lists.append(steps)
                return
            if self.room < len(steps):
                self._settle()
            self.room -= len(steps)
            np.add.at(self.recent, steps, np.uint32(1))

    def found(self) -> tuple[Int64[np.ndarray, "T"], Int64[np.ndarray, "T"]]:
        """The steps that occur, rising, and how often. Leaves nothing behind."""
        if self.few:
            return np.unique(np.concatenate(self.lists), return_counts=True)
        self._settle()
        steps = np.flatnonzero(self.counted)
        counts = self.counted[steps]
        self.counted = self.recent = np.zeros(0)
        return steps, counts

    def _settle(self) -> None:
        self.counted += self.recent
        self.recent[:] = 0
        self.room = NO_MORE


def _merged(
    steps: Int64[np.ndarray, "S"], same: Int64[np.ndarray, "S"], others: Int64[np.ndarray, "O"],
    other: Int64[np.ndarray, "O"],
) -> PairCounts:  # fmt: skip
    """Both kinds over the steps of either, neighbours that hold one and the same kind joined."""
    every = np.concatenate([steps, others])
    order = np.argsort(every, kind="stable")  # quick, since there are two rising runs to merge
    every = every[order]
    both = np.zeros((2, len(every)), dtype=np.int64)
    both[0, : len(steps)], both[1, len(steps) :] = same, other
    both = both[:, order]
    if not len(every):
        return PairCounts(every, both[0], both[1])
    first = np.flatnonzero(np.diff(every, prepend=-1))
    every, both = every[first], np.add.reduceat(both, first, axis=1)
    kind = (both[0] > 0) + 2 * (both[1] > 0)
    first = np.flatnonzero((kind == 3) | (np.diff(kind, prepend=0) != 0))
    joined = np.add.reduceat(both, first, axis=1)
    return PairCounts(every[first], joined[0], joined[1])


def _blocks(label: Int64[np.ndarray, "N"]) -> list[tuple[slice, slice]]:
    """Rows and columns that cover all pairs above the diagonal; most have pairs of different labels alone."""
    blocks: list[tuple[slice, slice]] = []
    for row in range(0, len(label), ROWS):
        rows = slice(row, min(row + ROWS, len(label)))
        far = int(np.searchsorted(label, label[rows.stop - 1], side="right"))
        for start, stop in ((row, far), (far, len(label))):
            cuts = range(start, stop, COLUMNS)
            blocks += [(rows, slice(cut, min(cut + COLUMNS, stop))) for cut in cuts]
    return blocks


def steps_of(rows: Float32[np.ndarray, "R D"], columns: Float32[np.ndarray, "C D"]) -> Int64[np.ndarray, "R C"]:
    """The step of the score of each row with each column."""
    score = rows @ columns.T
    np.clip(score, -1, 1, out=score)  # rounding may leave the product of a unit vector with itself above 1
    score *= HALF
    score += HALF
    return score.astype(np.int64)


def in_threads(work: Callable[[J], None], jobs: Iterable[J]) -> None:
    """Do all jobs in as many threads as numerical libraries have been given, each of them in one."""
    from threadpoolctl import threadpool_limits

    count = threads()
    with threadpool_limits(limits=1), ThreadPoolExecutor(count) as pool:
        for _ in pool.map(work, jobs):
            pass


def threads() -> int:
    """As many as numerical libraries have been given (OMP_NUM_THREADS and the like), cores there are, and THREADS."""
    from threadpoolctl import threadpool_info

    given = [int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"]
    return min(max(given, default=1), usable_cores(), THREADS)
