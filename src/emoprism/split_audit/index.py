"""Pairs of clips that may be copies: those that share sub-fingerprints at the same shift, found by sorting.

An inverted index as in Haitsma & Kalker 2002, section 4, for all clips against all at once: equal words lie next to
each other once sorted. Memory is bounded: words that occur too often are no evidence and are dropped, and pairs
are counted for a block of clips at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, UInt32

from emoprism.split_audit.prints import Fingerprint

COMMON = 256
"""A word that occurs in more places than this is dropped: it would be hum, or noise that many clips share."""
VOTES = 2
"""Words that a pair has to share at one shift to be looked at."""
BLOCK = 20_000_000
"""Shared words that are counted at a time: 160 MB of 64-bit keys, some of it twice."""
FEWEST_BITS = 13
"""A clip with fewer meaningful bits a step, half of BITS, is not indexed."""
_SHIFT_BITS = 20
_ZERO = 1 << (_SHIFT_BITS - 1)


@dataclass(frozen=True)
class Library:
    """The fingerprints of N clips, laid end to end: clip n is words[starts[n] : starts[n + 1]]."""

    words: UInt32[np.ndarray, "W"]
    sounding: Bool[np.ndarray, "W"]
    starts: Int64[np.ndarray, "_"]
    bands: UInt32[np.ndarray, "N"]

    @classmethod
    def of(cls, prints: Sequence[Fingerprint]) -> Library:
        """In the order given. Clips are cut at 2^19 steps (87 minutes)."""
        kept = [(p.words[:_ZERO], p.sounding[:_ZERO]) for p in prints]
        return cls(
            words=np.concatenate([w for w, _ in kept] or [np.zeros(0, np.uint32)]),
            sounding=np.concatenate([s for _, s in kept] or [np.zeros(0, bool)]),
            starts=np.cumsum([0, *(len(w) for w, _ in kept)], dtype=np.int64),
            bands=np.array([p.bands for p in prints], dtype=np.uint32),
        )

    @property
    def lengths(self) -> Int64[np.ndarray, "N"]:
        """Words of each clip."""
        return np.diff(self.starts)

    def usable(self) -> Bool[np.ndarray, "N"]:
        """Clips with bits enough to be told from others."""
        return np.bitwise_count(self.bands) >= FEWEST_BITS

    def comparisons(self) -> float:
        """Pairs of clips times shifts at which they can lie over each other: every chance to be wrong."""
        lengths = self.lengths[self.usable()]
        return float(max(len(lengths) - 1, 0)) * float(lengths.sum())


@dataclass(frozen=True)
class Candidates:
    """Pairs to verify: step i of clip `first` lies over step i + shift of clip `second`; first < second."""

    first: Int64[np.ndarray, "K"]
    second: Int64[np.ndarray, "K"]
    shift: Int64[np.ndarray, "K"]


def find_candidates(library: Library, block: int = BLOCK) -> Iterator[Candidates]:
    """Pairs that share at least VOTES words at one shift, a block of first clips at a time."""
    own = np.repeat(np.arange(len(library.bands)), library.lengths)
    places = np.flatnonzero(library.sounding & library.usable()[own])
    order = places[np.argsort(library.words[places], kind="stable")]
    partners = _partners(library.words[order])
    rank = np.argsort(order, kind="stable")  # back into the order of clips
    order_of_rank, left = order[rank], partners[rank]
    for part in _blocks(left, own[order_of_rank], block):
        yield _counted(library, own, order, rank[part], left[part])


def _partners(words: UInt32[np.ndarray, "W"]) -> Int64[np.ndarray, "W"]:
    """How many equal words follow each of the sorted words; none where there are too many of them."""
    edges = np.flatnonzero(np.diff(words, prepend=~words[:1], append=~words[-1:]))
    sizes = np.diff(edges)
    ends = np.repeat(edges[1:], sizes)
    after = ends - np.arange(len(words)) - 1
    return np.where(np.repeat(sizes, sizes) > COMMON, 0, after).astype(np.int64)


def _blocks(
    counts: Int64[np.ndarray, "W"], clips: Int64[np.ndarray, "W"], block: int
) -> Iterator[Int64[np.ndarray, "_"]]:
    """Entries in runs of whole clips with about `block` pairs each; entries without a partner are left out."""
    entries = np.flatnonzero(counts)
    if not len(entries):
        return
    done = np.cumsum(counts[entries]) // block
    last_of_clip = np.flatnonzero(np.diff(clips[entries], append=-1))
    cut = last_of_clip[np.flatnonzero(np.diff(done[last_of_clip], append=-1))] + 1
    yield from np.split(entries, cut[:-1])


def _counted(
    library: Library,
    own: Int64[np.ndarray, "W"],
    order: Int64[np.ndarray, "S"],
    ranks: Int64[np.ndarray, "E"],
    counts: Int64[np.ndarray, "E"],
) -> Candidates:
    """All pairs of equal words whose first is one of `ranks`, counted by clips and shift."""
    begin = np.repeat(np.cumsum(counts) - counts, counts)
    here = np.repeat(ranks, counts)
    there = order[here + 1 + np.arange(len(here)) - begin]
    here = order[here]
    a, b = own[here], own[there]
    shift = (there - library.starts[b]) - (here - library.starts[a])
    keys = (((a * len(library.bands) + b) << _SHIFT_BITS) | (shift + _ZERO))[a != b]
    keys, votes = np.unique(keys, return_counts=True)
    keys = keys[votes >= VOTES]
    pair = keys >> _SHIFT_BITS
    return Candidates(
        pair // max(len(library.bands), 1),
        pair % max(len(library.bands), 1),
        (keys & ((1 << _SHIFT_BITS) - 1)) - _ZERO,
    )
