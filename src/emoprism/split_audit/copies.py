"""The same recording twice: equal log-mels, and fingerprints that are closer than chance explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
from jaxtyping import Bool, Int64

from emoprism.split_audit.index import FEWEST_BITS, Library
from emoprism.split_audit.listing import Listing
from emoprism.split_audit.matching import Match, find_matches
from emoprism.split_audit.prints import STEP, Sound
from emoprism.split_audit.results import Copy, Finding, Severity
from emoprism.split_audit.shared import EXAMPLES, counted
from emoprism.types import EMOTION, MISSING, SPLITS, TEST, TRAIN, UNSEEN, VALIDATION

SHORTEST = 0.3
"""Seconds of sound below which a clip counts as too short: hardly any copy of it would be found."""
CROWD = 32
"""Clips of equal sound that are paired each with each; of more, as of a beep in thousands, each with the first."""
SEVERITIES: dict[frozenset[str], Severity] = {
    frozenset({TRAIN, TEST}): "fault",
    frozenset({TRAIN, UNSEEN}): "fault",
    frozenset({VALIDATION, UNSEEN}): "fault",
    frozenset({VALIDATION, TEST}): "fault",
    frozenset({TRAIN, VALIDATION}): "warning",
    frozenset({TEST, UNSEEN}): "warning",
}
"""Of copies on two sides; those within one side are a note."""


@dataclass(frozen=True)
class Twins:
    """Copies among N clips, by place, whatever side they are on, and what could be told of each clip's sound."""

    exact: tuple[Match, ...]
    near: tuple[Match, ...]
    tellable: Bool[np.ndarray, "N"]
    """Clips whose fingerprint was compared with all others."""
    audible: Bool[np.ndarray, "N"]
    known: Bool[np.ndarray, "N"]
    """Clips whose sound was read, if it is only silence."""
    comparisons: float

    def of(self, places: Int64[np.ndarray, "M"]) -> Twins:
        """The same of some of the clips, in a new order."""
        new = {int(old): place for place, old in enumerate(places)}

        def kept(matches: Sequence[Match]) -> tuple[Match, ...]:
            both = [m for m in matches if m.first in new and m.second in new]
            return tuple(replace(m, first=new[m.first], second=new[m.second]) for m in both)

        told = (self.tellable[places], self.audible[places], self.known[places])
        return Twins(kept(self.exact), kept(self.near), *told, self.comparisons)


def find_twins(sounds: Sequence[Sound | None]) -> Twins:
    """All pairs of equal or nearly equal sound; None is a clip whose sound is not known.

    Of clips with equal log-mels the first alone is compared with others, and speaks for the rest.
    """
    groups: dict[str, list[int]] = {}
    for place, sound in enumerate(sounds):
        if sound is not None and sound.digest is not None:
            groups.setdefault(sound.digest, []).append(place)
    told = [(members, own) for members in groups.values() if (own := sounds[members[0]]) is not None and _tellable(own)]
    prints = [own.fingerprint for _, own in told]
    exact = [pair for members in groups.values() for pair in _equal(members, sounds[members[0]])]
    near = [
        replace(match, first=a, second=b)
        for match in find_matches(prints)
        for a, b in _between(told[match.first][0], told[match.second][0])
    ]
    return Twins(
        tuple(exact), tuple(near),
        np.array([s is not None and s.digest is not None and _tellable(s) for s in sounds], dtype=bool),
        np.array([s is not None and s.digest is not None for s in sounds], dtype=bool),
        np.array([s is not None for s in sounds], dtype=bool),
        Library.of(prints).comparisons(),
    )  # fmt: skip


def _equal(members: Sequence[int], sound: Sound | None) -> Iterator[Match]:
    """Every pair of a small group; of a large one, each with the first."""
    pairs = combinations(members, 2) if len(members) <= CROWD else ((members[0], other) for other in members[1:])
    seconds = _seconds(sound) if sound is not None else 0.0
    yield from (Match(a, b, 0.0, seconds, 0.0) for a, b in pairs)


def _between(some: Sequence[int], others: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Every pair over two small groups of equal clips; of large ones, their firsts."""
    small = len(some) * len(others) <= CROWD
    yield from product(some, others) if small else ((some[0], others[0]),)


def _tellable(sound: Sound) -> bool:
    return sound.fingerprint.bands.bit_count() >= FEWEST_BITS and _seconds(sound) >= SHORTEST


def _seconds(sound: Sound) -> float:
    return float(sound.fingerprint.sounding.sum()) * STEP


def as_copies(listing: Listing, twins: Twins) -> list[Copy]:
    """Pairs in words: the worst first (across sides, then exact before near), then by id."""
    made = [_copy(listing, match, exact=True) for match in twins.exact]
    made += [_copy(listing, match, exact=False) for match in twins.near]
    ranks = {"fault": 0, "warning": 1, "note": 2}
    return sorted(made, key=lambda c: (ranks[severity_of(c)], not c.exact, c.first, c.second))


def severity_of(copy: Copy) -> Severity:
    """By the sides the two are on."""
    return SEVERITIES.get(frozenset(copy.sides), "note")


def _copy(listing: Listing, match: Match, *, exact: bool) -> Copy:
    a, b = match.first, match.second
    other = [
        name
        for name, labels in sorted(listing.labels.items())
        if MISSING not in (labels.index[a], labels.index[b]) and labels.index[a] != labels.index[b]
    ]
    return Copy(
        first=listing.clips[a], second=listing.clips[b], sides=(listing.sides[a], listing.sides[b]), exact=exact,
        error=round(match.error, 4), seconds=round(match.seconds, 2), shift=round(match.shift, 2), labels=other,
    )  # fmt: skip


def copy_findings(listing: Listing, copies: Sequence[Copy], label: str = EMOTION) -> Iterator[Finding]:
    """A finding for every pair of sides that share a recording, the worst first."""
    groups: dict[tuple[str, str], list[Copy]] = {}
    for copy in copies:
        low, high = sorted(copy.sides, key=SPLITS.index)
        groups.setdefault((low, high), []).append(copy)
    totals = listing.counts()
    for (low, high), own in groups.items():
        yield _finding(low, high, own, totals[high], label)


def _finding(low: str, high: str, copies: Sequence[Copy], total: int, label: str) -> Finding:
    concerned = {clip for c in copies for clip, side in zip((c.first, c.second), c.sides, strict=True) if side == high}
    exact = sum(copy.exact for copy in copies)
    kinds = " and ".join(f"{n} {word}" for n, word in ((exact, "exact"), (len(copies) - exact, "near")) if n)
    other = sum(label in copy.labels for copy in copies)
    where = f"between '{low}' and '{high}'" if low != high else f"within '{low}'"
    said = f"; {other} of the pairs with another {label}" if other else ""
    across = low != high
    return Finding(
        kind="copies", severity=severity_of(copies[0]), clips=len(concerned),
        share=round(len(concerned) / total, 6),
        what=f"{counted(len(copies), 'copy', 'copies')} of a recording {where} ({kinds}){said}",
        examples=[f"{copy.first} = {copy.second}" for copy in copies[:EXAMPLES]],
        next="keep one of each, or both on one side" if across else "keep one of each: it counts twice",
    )  # fmt: skip
