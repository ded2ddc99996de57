"""Candidates verified: the bit error rate over the whole overlap, against what chance could do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.split_audit.chance import WHITE, Threshold, dependence, independent_bits
from emoprism.split_audit.index import Candidates, Library, find_candidates
from emoprism.split_audit.prints import STEP, Fingerprint

NEAR = 0.35
"""Bit error rate from which on nothing is looked at closer (the threshold of Haitsma & Kalker 2002)."""
STEPS = 4_000_000
"""Steps that are compared at a time."""
SHIFTS = (-1, 0, 1)
"""Around the shift at which words agree: a trim by half a step suits two shifts equally."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two clips with the same sound: `error` is their bit error rate over `seconds` of sound in both.

    What is heard at time t of `first` is heard at t + shift (seconds) of `second`.
    """

    first: int
    second: int
    error: float
    seconds: float
    shift: float


def find_matches(prints: Sequence[Fingerprint], comparisons: float | None = None) -> list[Match]:
    """Every pair of fingerprints that is a copy, by place in `prints`, in order.

    `comparisons`: how many chances to be wrong there are; by default every pair at every shift.
    """
    library = Library.of(prints)
    threshold = Threshold(library.comparisons() if comparisons is None else comparisons)
    found: list[Match] = []
    for candidates in find_candidates(library):
        near = _possible(_near(library, candidates), threshold)
        found += [match for match in _judged(prints, near, threshold) if match is not None]
    return found


@dataclass(frozen=True)
class _Compared:
    """One row for each pair of clips, at its best shift: bits that differ of bits that were compared."""

    first: Int64[np.ndarray, "K"]
    second: Int64[np.ndarray, "K"]
    shift: Int64[np.ndarray, "K"]
    differ: Int64[np.ndarray, "K"]
    bits: Int64[np.ndarray, "K"]
    steps: Int64[np.ndarray, "K"]


def _near(library: Library, candidates: Candidates) -> _Compared:
    """Candidates below NEAR at one of SHIFTS: the shift of each pair that is least likely by chance."""
    parts: list[_Compared] = []
    for rows in _chunks(library, candidates):
        for shift in SHIFTS:
            part = compare(library, candidates.first[rows], candidates.second[rows], candidates.shift[rows] + shift)
            parts.append(_rows(part, np.flatnonzero(part.differ < NEAR * part.bits)))
    whole = _joined(parts)
    surprise = (0.5 * whole.bits - whole.differ) / np.sqrt(np.maximum(whole.bits, 1))
    order = np.lexsort((whole.shift, -surprise, whole.second, whole.first))
    pair = np.stack([whole.first[order], whole.second[order]])
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (np.diff(pair, axis=1) != 0).any(0)
    return _rows(whole, order[is_first])


def _possible(near: _Compared, threshold: Threshold) -> _Compared:
    """Without those that no dependence of their bits could make a copy: it costs far more to compute."""
    return _rows(near, np.flatnonzero(near.differ <= threshold.at(near.bits / WHITE) * near.bits))


def _judged(prints: Sequence[Fingerprint], near: _Compared, threshold: Threshold) -> Iterator[Match | None]:
    known: dict[int, Float64[np.ndarray, "lags pairs"]] = {}
    table = np.stack([near.first, near.second, near.shift, near.differ, near.bits, near.steps], axis=1)
    for first, second, shift, differ, bits, steps in table.tolist():
        for clip in (first, second):
            if clip not in known:
                known[clip] = dependence(prints[clip])
        worth = independent_bits(bits, known[first], known[second])
        copy = differ <= float(threshold.at(np.array([worth]))[0]) * bits
        yield Match(first, second, differ / bits, steps * STEP, shift * STEP) if copy else None


def compare(
    library: Library,
    first: Int64[np.ndarray, "K"],
    second: Int64[np.ndarray, "K"],
    shift: Int64[np.ndarray, "K"],
) -> _Compared:
    """Differing bits where both clips sound and both have the band, each pair at its own shift."""
    lengths = library.lengths
    begin = np.maximum(0, -shift)
    count = np.maximum(np.minimum(lengths[first], lengths[second] - shift) - begin, 0)
    row = np.repeat(np.arange(len(first)), count)
    step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    here = (library.starts[first] + begin)[row] + step
    there = (library.starts[second] + begin + shift)[row] + step
    both = library.sounding[here] & library.sounding[there]
    row, here, there = row[both], here[both], there[both]
    bands = library.bands[first] & library.bands[second]
    wrong = np.bitwise_count((library.words[here] ^ library.words[there]) & bands[row])
    differ = np.bincount(row, weights=wrong, minlength=len(first)).astype(np.int64)
    steps = np.bincount(row, minlength=len(first)).astype(np.int64)
    return _Compared(first, second, shift, differ, steps * np.bitwise_count(bands).astype(np.int64), steps)


def _chunks(library: Library, candidates: Candidates) -> Iterator[slice]:
    lengths = np.minimum(library.lengths[candidates.first], library.lengths[candidates.second])
    place = np.cumsum(lengths) // STEPS
    edges = [0, *(np.flatnonzero(np.diff(place)) + 1).tolist(), len(place)]
    yield from (slice(begin, end) for begin, end in pairwise(edges) if end > begin)


def _rows(table: _Compared, rows: Int64[np.ndarray, "R"]) -> _Compared:
    return _Compared(*(getattr(table, name)[rows] for name in _Compared.__dataclass_fields__))


def _joined(parts: Sequence[_Compared]) -> _Compared:
    none = np.zeros(0, np.int64)
    return _Compared(
        *(np.concatenate([none, *(getattr(p, name) for p in parts)]) for name in _Compared.__dataclass_fields__)
    )
