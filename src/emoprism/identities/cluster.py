"""Agglomerative clustering of appearances into persons, under constraints, without a matrix of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.identities.evidence import Evidence, Groups, scores

BLOCK = 256
"""Rows whose scores against all others are held at a time."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One step: the groups that hold the appearances `first` and `second` become one, at a log-likelihood ratio."""

    first: int
    second: int
    score: float


def agglomerate(
    evidence: Mapping[str, Evidence], apart: Iterable[tuple[int, int]] = (), *, stop: float = 0.0
) -> Iterator[Merge]:
    """Merge the two groups of the highest score, again and again, until none is above `stop`.

    `apart`: pairs of appearances that are never in one group, whatever their scores. Exactly greedy, with every group's
    nearest one remembered and found anew only when it comes up (Müllner 2011, "Modern hierarchical, agglomerative
    clustering algorithms", fig. 3); of equal scores the first appearances merge first. Memory is that of the vectors;
    time grows with the square of the number of appearances.
    """
    return _Greedy(evidence, apart).merges(stop)


def labels_of(merges: Sequence[Merge], count: int) -> Int64[np.ndarray, "N"]:
    """Group of each of `count` appearances after these merges, numbered in order of the first appearance."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for merge in merges:
        low, high = sorted((root(merge.first), root(merge.second)))
        parent[high] = low
    _, labels = np.unique([root(item) for item in range(count)], return_inverse=True)
    return labels.astype(np.int64)


def before(merges: Sequence[Merge], threshold: float) -> Sequence[Merge]:
    """The merges that are made before the first one that is not above a threshold."""
    stop = next((place for place, merge in enumerate(merges) if not merge.score > threshold), len(merges))
    return merges[:stop]


class _Greedy:
    """Groups that are still there, by row; row r stands for the group whose first appearance is `name[r]`."""

    def __init__(self, evidence: Mapping[str, Evidence], apart: Iterable[tuple[int, int]]) -> None:
        self.groups = Groups.single(evidence)
        count = len(next(iter(evidence.values())).vectors)
        self.name = np.arange(count)
        self.alive = np.ones(count, dtype=np.bool_)
        self.apart: dict[int, set[int]] = {}
        for a, b in apart:
            self.apart.setdefault(a, set()).add(b)
            self.apart.setdefault(b, set()).add(a)
        self.best = np.full(count, -np.inf)
        self.nearest = np.zeros(count, dtype=np.int64)
        self.stale = np.zeros(count, dtype=np.bool_)

    def merges(self, stop: float) -> Iterator[Merge]:
        for first in range(0, len(self.name), BLOCK):
            self._find(np.arange(first, min(first + BLOCK, len(self.name))))
        while len(self.name):
            row = int(self.best.argmax())
            if not self.best[row] > stop:
                return
            if self.stale[row] or not self.alive[self.nearest[row]]:
                self._find(np.array([row]))
                continue
            kept, gone = sorted((row, int(self.nearest[row])))
            yield Merge(int(self.name[kept]), int(self.name[gone]), float(self.best[row]))
            self._merge(kept, gone)

    def _scores(self, rows: Int64[np.ndarray, "R"]) -> Float64[np.ndarray, "R G"]:
        found = scores(self.groups.rows(rows), self.groups)
        found[:, ~self.alive] = -np.inf
        for place, row in enumerate(rows.tolist()):
            found[place, row] = -np.inf
            for other in self.apart.get(row, ()):
                found[place, other] = -np.inf
        return found

    def _find(self, rows: Int64[np.ndarray, "R"]) -> None:
        """The nearest group of each of the rows."""
        found = self._scores(rows)
        self.nearest[rows] = found.argmax(1)
        self.best[rows] = found.max(1)
        self.stale[rows] = False

    def _merge(self, kept: int, gone: int) -> None:
        """A group that was nearest to one of the two may now be nearer to a third: its score is a bound until then."""
        self.groups.merge(kept, gone)
        self.alive[gone] = False
        self.best[gone] = -np.inf
        self._inherit(kept, gone)
        self.stale |= (self.nearest == kept) | (self.nearest == gone)
        found = self._scores(np.array([kept]))[0]
        self.nearest[kept], self.best[kept], self.stale[kept] = found.argmax(), found.max(), False
        nearer = found > self.best
        nearer[kept] = False
        self.best[nearer], self.nearest[nearer], self.stale[nearer] = found[nearer], kept, False
        if self.alive.sum() < len(self.alive) // 2:
            self._forget()

    def _inherit(self, kept: int, gone: int) -> None:
        for other in self.apart.pop(gone, set()):
            self.apart[other].discard(gone)
            self.apart[other].add(kept)
            self.apart.setdefault(kept, set()).add(other)

    def _forget(self) -> None:
        """Drop the rows of groups that are gone."""
        rows = np.flatnonzero(self.alive)
        place = np.full(len(self.alive), -1)
        place[rows] = np.arange(len(rows))
        self.groups.keep(rows)
        self.stale |= ~self.alive[self.nearest]
        self.nearest = np.maximum(place[self.nearest], 0)[rows]
        self.name, self.best, self.stale, self.alive = (
            table[rows] for table in (self.name, self.best, self.stale, self.alive)
        )
        self.apart = {int(place[a]): {int(place[b]) for b in others} for a, others in self.apart.items()}
