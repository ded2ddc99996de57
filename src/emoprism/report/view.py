"""Which measurement answers which question, and which system plays which part. Looks up, never computes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from emoprism.leakage.results import STRONGEST, Comparison, Measurement, System
from emoprism.types import TEST, UNSEEN


class Role(StrEnum):
    """What a system is in the comparison, in the order in which tables show them."""

    SINGLE_SECONDARY = "single-task, secondary attribute"
    SINGLE_PRIMARY = "single-task, primary attribute"
    BASELINE = "multitask baseline"
    METHOD = "method"


@dataclass(frozen=True, slots=True)
class Question:
    """A pattern that a Measurement fits or not; None fits anything."""

    kind: str
    embedding: str | None
    attribute: str | None
    metric: str | None
    split: str
    attacker: str = ""

    def fits(self, row: Measurement) -> bool:
        """Whether `row` answers this question with a finite number."""
        asked = (self.embedding, self.attribute, self.metric)
        given = (row.embedding, row.attribute, row.metric)
        same = all(want is None or want == have for want, have in zip(asked, given, strict=True))
        return (
            same
            and (row.kind, row.split, row.attacker) == (self.kind, self.split, self.attacker)
            and math.isfinite(row.value)
        )


def find(rows: Sequence[Measurement], question: Question) -> Measurement | None:
    """The first row that answers, or None."""
    return next((row for row in rows if question.fits(row)), None)


class View:
    """A comparison seen as a report needs it: roles, dimensions, and the questions of the benchmark."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.primary = comparison.primary
        self.secondary = comparison.secondary
        order = list(Role)
        self.systems = sorted(
            comparison.systems, key=lambda s: (self.width(s) > 0, -self.width(s), order.index(self.role(s)))
        )
        """By width of the secondary embedding, none, then widest first (as the paper's Table 1), then by role."""

    def role(self, system: System) -> Role:
        """A system with one embedding only is single-task; the baseline is the one the comparison names."""
        if self.primary not in system.dimensions:
            return Role.SINGLE_SECONDARY
        if self.secondary not in system.dimensions:
            return Role.SINGLE_PRIMARY
        return Role.BASELINE if system.name == self.comparison.baseline else Role.METHOD

    def width(self, system: System) -> int:
        """Dimension of the secondary (speaker) embedding; 0 for a system that has none."""
        return system.dimensions.get(self.secondary, 0)

    @cached_property
    def widths(self) -> list[int]:
        """Every dimension of the secondary embedding, widest first."""
        return sorted({self.width(system) for system in self.systems} - {0}, reverse=True)

    @cached_property
    def reference_width(self) -> int | None:
        """The dimension that the verdict is stated for: the smallest that the baseline has, else the smallest."""
        own = [self.width(s) for s in self.systems if self.role(s) is Role.BASELINE]
        return min(own or self.widths, default=None)

    def having(self, role: Role, width: int | None = None) -> list[System]:
        """Systems of a role, of one width where it is given."""
        return [s for s in self.systems if self.role(s) is role and (width is None or self.width(s) == width)]

    @cached_property
    def series(self) -> list[tuple[str, str, list[System]]]:
        """Baseline and methods as (name, label, systems by width): a colour each in figures, a column in Table 1."""
        names: dict[str, list[System]] = {}
        for system in [*self.having(Role.BASELINE), *self.having(Role.METHOD)]:
            names.setdefault(system.name, []).append(system)
        return [(name, systems[0].label, systems) for name, systems in names.items()]

    @cached_property
    def splits(self) -> list[str]:
        """Test splits with at least one measurement: speakers seen in training, unseen ones."""
        present = {row.split for system in self.systems for row in system.measurements}
        return [split for split in (TEST, UNSEEN) if split in present]

    def metric(self, attribute: str) -> str:
        """The headline metric: identification accuracy of the secondary attribute, macro F1 of any other."""
        return "accuracy" if attribute == self.secondary else "macro_f1"

    def utility(self, attribute: str, split: str) -> Question:
        """An embedding tells its own attribute."""
        return Question("utility", None, attribute, self.metric(attribute), split)

    def eer(self, split: str) -> Question:
        """Equal error rate of cosine scores between secondary embeddings."""
        return Question("utility", None, self.secondary, "eer", split)

    def verified(self, read: str, metric: str, split: str) -> Question:
        """How cosine scores of one attribute's embeddings tell the secondary attribute: its own, or another's leak."""
        kind = "utility" if read == self.secondary else "leakage"
        return Question(kind, read, self.secondary, metric, split)

    def leak(self, split: str, attacker: str = STRONGEST) -> Question:
        """The primary attribute (emotion) read from the secondary (speaker) embedding."""
        return Question("leakage", self.secondary, self.primary, self.metric(self.primary), split, attacker)

    def back(self, split: str, attacker: str = STRONGEST) -> Question:
        """The secondary attribute (speaker) read from the primary (emotion) embedding."""
        return Question("leakage", self.primary, self.secondary, self.metric(self.secondary), split, attacker)

    def floor(self, leak: Question) -> Question:
        """What the same attackers reach on the one-hot label of the attribute whose embedding `leak` reads."""
        return Question("floor", leak.embedding, leak.attribute, leak.metric, leak.split, leak.attacker)

    def guess(self, kind: str, attribute: str, split: str) -> Question:
        """Uniform guessing ("chance") or always the commonest class ("majority")."""
        return Question(kind, None, attribute, self.metric(attribute), split)

    def combined(self, split: str) -> Question:
        """The selection score of Peri et al. 2021, section 4.2."""
        return Question("combined", None, None, None, split)

    def anyones(self, question: Question) -> Measurement | None:
        """The answer of the first system that has one, baseline first: for floors, the same for all systems."""
        ordered = [*self.having(Role.BASELINE), *self.systems]
        return next((row for s in ordered if (row := find(s.measurements, question)) is not None), None)

    def guessing(self, attribute: str, split: str) -> float | None:
        """The better of the two guesses, uniform and commonest class."""
        rows = [self.anyones(self.guess(kind, attribute, split)) for kind in ("chance", "majority")]
        return max((row.value for row in rows if row is not None), default=None)


def system_title(view: View, system: System) -> str:
    """The label, with the dimension where there are several."""
    width = view.width(system)
    return f"{system.label}, {width} dimensions" if width and len(view.widths) > 1 else system.label
