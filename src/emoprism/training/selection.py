"""Which epoch a run keeps: the lowest combined leakage among those useful enough (Peri et al. 2021, section 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scored epoch: mean primary score (higher is better), summed leakage (lower is better), both on validation."""

    epoch: int
    utility: float
    combined: float


def alive(candidates: Sequence[Candidate], tolerance: float) -> list[Candidate]:
    """The candidates that could still win, whatever later epochs score; the weights of all others can go.

    One can win no more when its utility is below the best by more than `tolerance` (the best only rises), or when
    another is at least as useful and leaks less.
    """
    best = max(c.utility for c in candidates)
    return [c for c in candidates if c.utility >= best - tolerance and not any(_beats(o, c) for o in candidates)]


def select(candidates: Sequence[Candidate], tolerance: float) -> Candidate:
    """The epoch that is kept; of equal ones the more useful, then the later."""
    return min(alive(candidates, tolerance), key=lambda c: (c.combined, -c.utility, -c.epoch))


def _beats(one: Candidate, other: Candidate) -> bool:
    ahead = (-one.combined, one.utility, one.epoch) > (-other.combined, other.utility, other.epoch)
    return one.utility >= other.utility and one.combined <= other.combined and one != other and ahead
