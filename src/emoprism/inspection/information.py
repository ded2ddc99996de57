"""How much one attribute tells of another: mutual information, and how much of it is chance.

Labels that have nothing to do with each other still show some mutual information in a sample, the more the more
values they have. Its mean over all ways to pair the two lists of labels is exact (Vinh, Epps & Bailey 2010,
"Information theoretic measures for clusterings comparison", JMLR 11, eq. 24a); its 95 % quantile and the p-value come
from shuffling.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.inspection.attributes import Attribute
from emoprism.types import MISSING

DENSE = 8
"""Tables of up to so many cells a clip are counted cell by cell; larger ones by sorting."""
TIE = 1e-9
"""Bits by which rounding may move equal tables apart."""


@dataclass(frozen=True, slots=True)
class Entanglement:
    """What knowing `known` tells of `told`, in bits, over the clips that have both labels.

    `chance` is the exact mean of `bits` if the labels were paired at random, `chance_95` its 95 % quantile, and `p` the
    share of random pairings, this one among them, with at least so many bits; the last two are None without
    permutations.
    """

    known: str
    told: str
    clips: int
    bits: float
    known_bits: float
    told_bits: float
    chance: float
    chance_95: float | None
    p: float | None
    permutations: int

    @property
    def share(self) -> float:
        """Of the bits of `told`; 0 where it has none."""
        return _ratio(self.bits, self.told_bits)

    @property
    def chance_share(self) -> float:
        """The share that chance alone gives."""
        return _ratio(self.chance, self.told_bits)

    @property
    def beyond(self) -> float:
        """The share adjusted for chance: 0 is chance, 1 is everything."""
        return max(0.0, _ratio(self.bits - self.chance, self.told_bits - self.chance))

    @property
    def back(self) -> float:
        """The share adjusted for chance, of `known` as `told` tells it."""
        return max(0.0, _ratio(self.bits - self.chance, self.known_bits - self.chance))

    @property
    def fixed(self) -> bool:
        """Whether `known` leaves nothing open of `told`."""
        return self.told_bits > 0 and self.told_bits - self.bits < TIE

    @property
    def fixed_back(self) -> bool:
        """Whether `told` leaves nothing open of `known`."""
        return self.known_bits > 0 and self.known_bits - self.bits < TIE


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > TIE else 0.0


def entangle(known: Attribute, told: Attribute, permutations: int, seed: int) -> Entanglement | None:
    """Compare two attributes; None where no clip has both. Draws depend on the seed and the two names alone."""
    both = (known.codes != MISSING) & (told.codes != MISSING)
    if not both.any():
        return None
    a, b = _dense(known.codes[both]), _dense(told.codes[both])
    rows, columns = np.bincount(a), np.bincount(b)
    bits = mutual_information(a, b)
    generator = np.random.default_rng([seed, zlib.crc32(f"{known.name}\0{told.name}".encode())])
    chance = shuffled_information(a, b, permutations, generator)
    return Entanglement(
        known.name,
        told.name,
        clips=len(a),
        bits=bits,
        known_bits=entropy(rows),
        told_bits=entropy(columns),
        chance=expected_information(rows, columns),
        chance_95=float(np.quantile(chance, 0.95, method="higher")) if permutations else None,
        p=float((1 + np.count_nonzero(chance >= bits - TIE)) / (1 + permutations)) if permutations else None,
        permutations=permutations,
    )


def _dense(codes: Int64[np.ndarray, "N"]) -> Int64[np.ndarray, "N"]:
    """The same partition, numbered without gaps."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def entropy(counts: Int64[np.ndarray, "C"]) -> float:
    """Entropy in bits of classes with these counts (none of them 0)."""
    shares = counts / counts.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))


def mutual_information(a: Int64[np.ndarray, "N"], b: Int64[np.ndarray, "N"]) -> float:
    """Bits that two labelings, numbered without gaps, tell of each other."""
    n = len(a)
    shift = entropy(np.bincount(a)) + entropy(np.bincount(b)) - np.log2(n)
    bits = float(shift + _joint(a * (int(b.max()) + 1) + b, _n_log_n(n)) / n)
    return bits if bits > TIE else 0.0


def shuffled_information(
    a: Int64[np.ndarray, "N"], b: Int64[np.ndarray, "N"], times: int, generator: np.random.Generator
) -> Float64[np.ndarray, "times"]:
    """Bits after each of so many shuffles of `b`; only the joint counts change with a shuffle."""
    n, table = len(a), _n_log_n(len(a))
    shift = entropy(np.bincount(a)) + entropy(np.bincount(b)) - np.log2(n)
    width = int(b.max()) + 1
    joint = [_joint(a * width + generator.permutation(b), table) for _ in range(times)]
    return np.maximum(0.0, shift + np.array(joint, dtype=np.float64) / n)


def _n_log_n(most: int) -> Float64[np.ndarray, "n"]:
    """k log2 k for k = 0 ... most."""
    counts = np.arange(most + 1, dtype=np.float64)
    return counts * np.log2(np.maximum(counts, 1))


def _joint(cells: Int64[np.ndarray, "N"], table: Float64[np.ndarray, "n"]) -> float:
    """Sum of k log2 k over the counts k of the cells."""
    few = int(cells.max()) < DENSE * len(cells)
    counts = np.bincount(cells) if few else np.unique(cells, return_counts=True)[1]
    return float(table[counts].sum())


def expected_information(rows: Int64[np.ndarray, "R"], columns: Int64[np.ndarray, "C"]) -> float:
    """Exact mean in bits over all pairings of two labelings with these counts (Vinh et al. 2010, eq. 24a).

    Classes of equal size are taken together, so that a thousand speakers are a few hundred sizes.
    """
    from scipy.special import gammaln

    n = int(rows.sum())
    factorial: Float64[np.ndarray, "n"] = gammaln(np.arange(n + 1) + 1.0)
    (small, few), (large, many) = sorted((_sizes(rows), _sizes(columns)), key=lambda sizes: int(sizes[0].max()))
    total = 0.0
    for size, times in zip(small.tolist(), few.tolist(), strict=True):
        total += times * float(many @ _expected_cells(size, large, n, factorial))
    return max(0.0, total)


def _sizes(counts: Int64[np.ndarray, "C"]) -> tuple[Int64[np.ndarray, "S"], Int64[np.ndarray, "S"]]:
    sizes, times = np.unique(counts, return_counts=True)
    return sizes.astype(np.int64), times.astype(np.int64)


def _expected_cells(
    a: int, sizes: Int64[np.ndarray, "S"], n: int, factorial: Float64[np.ndarray, "n"]
) -> Float64[np.ndarray, "S"]:
    """The mean of one cell's part, for a row of `a` clips and columns of each size: a sum over a hypergeometric law."""
    out = np.empty(len(sizes))
    for i, b in enumerate(sizes.tolist()):
        k = np.arange(max(1, a + b - n), min(a, b) + 1)
        fixed = factorial[a] + factorial[b] + factorial[n - a] + factorial[n - b] - factorial[n]
        law = np.exp(fixed - factorial[k] - factorial[a - k] - factorial[b - k] - factorial[n - a - b + k])
        out[i] = (law * k / n * np.log2(n * k / (a * b))).sum()
    return out
