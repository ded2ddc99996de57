"""Adversary health: is the training adversary a fair witness, or beaten only because it stopped learning?

A method that trains against an adversary ends with an adversary that finds nothing. That is no evidence: a fresh
probe, trained from nothing on the same embeddings, may still find nearly everything. Both scores stand in the
history, so the two are laid side by side here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from emoprism.leakage.results import Epoch, System
from emoprism.report.load import Audit, Run
from emoprism.report.view import View
from emoprism.types import TEST

BEATEN = 0.05
"""An adversary within 5 points of guessing looks beaten."""
GAP = 0.15
"""A fresh probe 15 points above the adversary sees what the adversary does not."""
ADVERSARY = "adversary/"
PROBE = "probe/"


class State(StrEnum):
    """What the two scores say together."""

    SOUND = "sound"
    BEHIND = "behind a fresh probe"
    BLIND = "looks beaten, but a fresh probe is not"


@dataclass(frozen=True, slots=True)
class Health:
    """Adversary and fresh probe of one run and one pair (read > told), at the epoch whose weights are kept."""

    system: System
    run: Run
    read: str
    told: str
    epoch: int
    adversary: float
    probe: float
    guessing: float | None

    @property
    def state(self) -> State:
        """BLIND: adversary near guessing, probe far above it. BEHIND: probe far above the adversary."""
        if self.probe - self.adversary < GAP:
            return State.SOUND
        if self.guessing is not None and self.adversary <= self.guessing + BEATEN:
            return State.BLIND
        return State.BEHIND


def health_of(audit: Audit, view: View) -> list[Health]:
    """One row for every run and pair of which both scores were kept, in the order of the tables."""
    return [
        Health(system, run, read, told, epoch.epoch, _score(epoch, ADVERSARY, pair), _score(epoch, PROBE, pair), guess)
        for system in view.systems
        for run in audit.runs_of(system)
        for pair in pairs_of(run)
        if (epoch := _judged(run, pair)) is not None
        for read, _, told in [pair.partition(">")]
        for guess in [view.guessing(told, TEST)]
    ]


def pairs_of(run: Run) -> list[str]:
    """The pairs "read>told" that the history scores an adversary for."""
    names = {name for epoch in run.history for name in epoch.scores if name.startswith(ADVERSARY)}
    return sorted(name.removeprefix(ADVERSARY) for name in names)


def _judged(run: Run, pair: str) -> Epoch | None:
    """The kept epoch where it has both scores, else the last one that has."""
    both = [e for e in run.history if ADVERSARY + pair in e.scores and PROBE + pair in e.scores]
    kept = [e for e in both if e.kept]
    return (kept or both)[-1] if both else None


def _score(epoch: Epoch, who: str, pair: str) -> float:
    return epoch.scores[who + pair]
