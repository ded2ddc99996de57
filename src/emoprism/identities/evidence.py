"""What is known of who appears where: face and voice vectors of appearances, and how alike groups of them are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64


@dataclass(frozen=True)
class Evidence:
    """One kind of evidence (faces, or voices) of N appearances.

    `vectors` are of unit length, zeros where an appearance has none. `slope` and `offset` turn a cosine into a
    logarithm of a likelihood ratio, same person over different persons. `belongs` is the probability that the evidence
    is about the appearance at all (1 for its own face, less for a voice that may be somebody else's), 0 where absent.
    """

    vectors: Float64[np.ndarray, "N D"]
    belongs: Float64[np.ndarray, "N"]
    slope: float
    offset: float

    @cached_property
    def certain(self) -> bool:
        """Whether it is about its appearances beyond doubt."""
        return bool(np.all((self.belongs == 0) | (self.belongs == 1)))

    @cached_property
    def present(self) -> Bool[np.ndarray, "N"]:
        """Which appearances have it."""
        return self.belongs > 0


@dataclass
class Groups:
    """G groups of appearances, by what average linkage needs to know of them: sums, kind by kind.

    The mean cosine over all pairs between two groups is the product of their sums over the product of their counts, so
    that no matrix of pairs is ever needed.
    """

    evidence: Mapping[str, Evidence]
    sums: dict[str, Float64[np.ndarray, "G _"]]
    counts: dict[str, Float64[np.ndarray, "G"]]
    belongs: dict[str, Float64[np.ndarray, "G"]]

    @property
    def size(self) -> int:
        """How many groups."""
        return len(next(iter(self.counts.values())))

    @classmethod
    def single(cls, evidence: Mapping[str, Evidence]) -> Groups:
        """Every appearance a group of its own."""
        return cls(
            evidence,
            {kind: known.vectors.copy() for kind, known in evidence.items()},
            {kind: known.present.astype(np.float64) for kind, known in evidence.items()},
            {kind: known.belongs.copy() for kind, known in evidence.items()},
        )

    @classmethod
    def of(cls, evidence: Mapping[str, Evidence], labels: Int64[np.ndarray, "N"], count: int) -> Groups:
        """Appearances in `count` groups by their labels; a label of -1 is in none."""
        inside = labels >= 0

        def add(values: np.ndarray) -> np.ndarray:
            out = np.zeros((count, *values.shape[1:]))
            np.add.at(out, labels[inside], values[inside])
            return out

        return cls(
            evidence,
            {kind: add(known.vectors) for kind, known in evidence.items()},
            {kind: add(known.present.astype(np.float64)) for kind, known in evidence.items()},
            {kind: add(known.belongs) for kind, known in evidence.items()},
        )

    def merge(self, kept: int, gone: int) -> None:
        """Put a group into another one."""
        for kind in self.evidence:
            for table in (self.sums[kind], self.counts[kind], self.belongs[kind]):
                table[kept] += table[gone]
                table[gone] = 0

    def keep(self, rows: Int64[np.ndarray, "K"]) -> None:
        """Forget all groups but these."""
        for kind in self.evidence:
            self.sums[kind] = self.sums[kind][rows]
            self.counts[kind] = self.counts[kind][rows]
            self.belongs[kind] = self.belongs[kind][rows]

    def rows(self, chosen: Int64[np.ndarray, "R"]) -> Groups:
        """Some of the groups, copied."""
        part = Groups(self.evidence, dict(self.sums), dict(self.counts), dict(self.belongs))
        part.keep(chosen)
        return part


def singles(evidence: Mapping[str, Evidence], rows: Int64[np.ndarray, "R"]) -> Groups:
    """These appearances, each a group of its own."""
    return Groups.single(
        {
            kind: Evidence(known.vectors[rows], known.belongs[rows], known.slope, known.offset)
            for kind, known in evidence.items()
        }
    )


def without(groups: Groups, members: Groups) -> Groups:
    """Groups row by row, with one member taken out of each."""
    rest = groups.rows(np.arange(groups.size))
    for kind in groups.evidence:
        rest.sums[kind] = rest.sums[kind] - members.sums[kind]
        rest.counts[kind] = rest.counts[kind] - members.counts[kind]
        rest.belongs[kind] = np.maximum(rest.belongs[kind] - members.belongs[kind], 0.0)
    return rest


def scores(some: Groups, others: Groups) -> Float64[np.ndarray, "R G"]:
    """Log-likelihood ratio (natural logarithm) that two groups are one person: the sum over kinds of evidence.

    Of each kind the mean over all pairs of appearances that have it (average linkage; Sokal & Michener 1958). A pair
    whose evidence belongs to both appearances with probability q only counts log(q * LR + 1 - q), as it says nothing
    otherwise. -inf where the two have no kind of evidence in common.
    """
    return _sum(some, others, np.outer, lambda a, b: a @ b.T)


def scores_by_row(some: Groups, others: Groups) -> Float64[np.ndarray, "R"]:
    """The same for the first of the ones and the first of the others, the second and the second, and so on."""
    return _sum(some, others, np.multiply, lambda a, b: np.einsum("rd,rd->r", a, b))


def _sum(
    some: Groups,
    others: Groups,
    times: Callable[[np.ndarray, np.ndarray], np.ndarray],
    dot: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    shape = times(np.zeros(some.size), np.zeros(others.size)).shape
    total, common = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for kind, known in some.evidence.items():
        pairs = times(some.counts[kind], others.counts[kind])
        both = pairs > 0
        count = np.where(both, pairs, 1.0)
        ratio = known.slope * dot(some.sums[kind], others.sums[kind]) / count + known.offset
        if not known.certain:
            ratio = diluted(ratio, times(some.belongs[kind], others.belongs[kind]) / count)
        total += np.where(both, ratio, 0.0)
        common |= both
    return np.where(common, total, -np.inf)


def diluted(ratio: np.ndarray, share: np.ndarray) -> np.ndarray:
    """log(q * exp(ratio) + 1 - q): what a log-likelihood ratio is worth that is about the pair with probability q."""
    share = np.clip(share, 0.0, 1.0)
    with np.errstate(divide="ignore"):
        return np.logaddexp(np.log(share) + ratio, np.log1p(-share))
