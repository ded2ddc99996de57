"""What may be said of two measurements: how they differ and how sure that is, and which systems are weighed.

Two systems differ for certain when their 95 % intervals do not overlap (a strict rule: intervals may overlap a
little and the difference still be real). Where they overlap, or none was measured, nothing is certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from emoprism.leakage.results import Measurement, System
from emoprism.report.health import Health
from emoprism.report.view import Question, Role, View, find
from emoprism.report.words import percent, split_words, with_interval
from emoprism.types import TEST, UNSEEN

WORTHLESS_EER = 0.40
"""From here to 0.5, cosine scores hardly tell two strangers apart."""
WORTHLESS_MARGIN = 0.05
"""A utility within 5 points of guessing is none."""


class Difference(StrEnum):
    """How a value lies to another one, and how sure that is."""

    BELOW = "lower, intervals apart"
    LOWER = "lower, but not for certain"
    SAME = "the same"
    HIGHER = "higher, but not for certain"
    ABOVE = "higher, intervals apart"


DOWN = (Difference.BELOW, Difference.LOWER)
UP = (Difference.ABOVE, Difference.HIGHER)


def compare(one: Measurement, other: Measurement) -> Difference:
    """Where `one` lies to `other`; without intervals never more sure than LOWER or HIGHER."""
    if percent(one.value) == percent(other.value):
        return Difference.SAME
    lower = one.value < other.value
    below, above = (one, other) if lower else (other, one)
    if below.high is not None and above.low is not None and below.high < above.low:
        return Difference.BELOW if lower else Difference.ABOVE
    return Difference.LOWER if lower else Difference.HIGHER


def how_sure(one: Measurement, other: Measurement) -> str:
    """What the two intervals say, as the end of a sentence."""
    if None in (one.low, one.high, other.low, other.high):
        return "no intervals were measured, so this may be chance"
    if compare(one, other) in (Difference.BELOW, Difference.ABOVE):
        return "the intervals do not overlap"
    return "the intervals overlap, so this may be chance"


@dataclass(frozen=True, slots=True)
class Answer:
    """A system's answer to a question, and how it lies to the baseline's."""

    system: System
    row: Measurement
    difference: Difference


@dataclass(frozen=True, slots=True)
class Case:
    """The systems that the verdict weighs against each other, all of one embedding dimension."""

    view: View
    health: Sequence[Health]
    width: int | None

    @property
    def baseline(self) -> System | None:
        """The multitask system without a method."""
        return next(iter(self.view.having(Role.BASELINE, self.width)), None)

    @property
    def single(self) -> System | None:
        """The system trained for the secondary attribute alone, of the same width."""
        return next(iter(self.view.having(Role.SINGLE_SECONDARY, self.width)), None)

    @property
    def methods(self) -> list[System]:
        """Everything that is neither baseline nor single-task."""
        return self.view.having(Role.METHOD, self.width)

    @property
    def contenders(self) -> list[System]:
        """Baseline and methods."""
        return [*([self.baseline] if self.baseline else []), *self.methods]

    def ask(self, system: System | None, question: Question) -> Measurement | None:
        """The system's answer, or None."""
        return None if system is None else find(system.measurements, question)

    def against_baseline(self, question: Question) -> list[Answer]:
        """Each method that answers, with how it lies to the baseline; empty without a baseline's answer."""
        base = self.ask(self.baseline, question)
        if base is None:
            return []
        answers = [(system, self.ask(system, question)) for system in self.methods]
        return [Answer(system, row, compare(row, base)) for system, row in answers if row is not None]

    def worthless(self, system: System) -> str:
        """Why the embeddings of a system are of no use, in words; "" for a useful one."""
        for split in (TEST, UNSEEN):
            eer = self.ask(system, self.view.eer(split))
            if eer is not None and eer.value >= WORTHLESS_EER:
                return f"EER {with_interval(eer)} on {split_words(split)}, where 50 % is tossing a coin"
        for attribute in (self.view.primary, self.view.secondary):
            told = self.ask(system, self.view.utility(attribute, TEST))
            guess = self.view.guessing(attribute, TEST)
            if told is not None and guess is not None and told.value <= guess + WORTHLESS_MARGIN:
                return f"{attribute} told at {with_interval(told)}, where guessing gives {percent(guess)} %"
        return ""
