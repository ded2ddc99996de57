"""The verdict in words: fixed rules turn measurements into sentences, and each sentence says how sure it is.

Two systems differ for certain when their 95 % intervals do not overlap (a strict rule: intervals may overlap a
little and the difference still be real). Where they overlap, or none was measured, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emoprism.leakage.results import Measurement, System
from emoprism.report.health import Health, State
from emoprism.report.view import Question, Role, View, find
from emoprism.report.words import listing, metric_words, percent, points, split_words, with_interval
from emoprism.types import TEST, UNSEEN

FEW_SEEDS = 5
"""The benchmark's protocol asks for at least five."""
WORTHLESS_EER = 0.40
"""From here to 0.5, cosine scores hardly tell two strangers apart."""
WORTHLESS_MARGIN = 0.05
"""A utility within 5 points of guessing is none."""


class Tone(StrEnum):
    """How a sentence is coloured (and, for those who see no colour, labelled)."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence or two of the verdict. `rule` names the rule that made it."""

    rule: str
    tone: Tone
    text: str


class Difference(StrEnum):
    """How a value lies to another one, and how sure that is."""

    BELOW = "lower; the intervals do not overlap"
    LOWER = "lower, but the intervals overlap"
    SAME = "the same"
    HIGHER = "higher, but the intervals overlap"
    ABOVE = "higher; the intervals do not overlap"


def compare(one: Measurement, other: Measurement) -> Difference:
    """Where `one` lies to `other`; without intervals never more sure than LOWER or HIGHER."""
    if percent(one.value) == percent(other.value):
        return Difference.SAME
    lower = one.value < other.value
    below, above = (one, other) if lower else (other, one)
    if below.high is not None and above.low is not None and below.high < above.low:
        return Difference.BELOW if lower else Difference.ABOVE
    return Difference.LOWER if lower else Difference.HIGHER


DOWN = (Difference.BELOW, Difference.LOWER)
UP = (Difference.ABOVE, Difference.HIGHER)


@dataclass(frozen=True, slots=True)
class Case:
    """The systems that the rules weigh against each other, all of one embedding dimension."""

    view: View
    health: Sequence[Health]
    width: int | None

    @property
    def baseline(self) -> System | None:
        """The multitask system without a method."""
        return next(iter(self.view.having(Role.BASELINE, self.width)), None)

    @property
    def single(self) -> System | None:
        """The system trained for the secondary attribute alone, of the same width where there is one."""
        exact = self.view.having(Role.SINGLE_SECONDARY, self.width)
        return next(iter([*exact, *self.view.having(Role.SINGLE_SECONDARY)]), None)

    @property
    def methods(self) -> list[System]:
        """Everything that is neither baseline nor single-task."""
        return self.view.having(Role.METHOD, self.width)

    def ask(self, system: System | None, question: Question) -> Measurement | None:
        """The system's answer, or None."""
        return None if system is None else find(system.measurements, question)

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


def verdict(view: View, health: Sequence[Health]) -> list[Finding]:
    """All findings, the most important first."""
    case = Case(view, health, view.reference_width)
    rules = (
        _pattern, _multitask, _methods, _unseen, _floor, _worthless, _utility, _backward,
        _dimensions, _blind_adversaries, _evidence,
    )  # fmt: skip
    return [finding for rule in rules for finding in rule(case)]


def _raised(case: Case) -> Difference | None:
    """How the baseline's leakage lies to single-task training's."""
    question = case.view.leak(TEST)
    pair = case.ask(case.baseline, question), case.ask(case.single, question)
    return compare(pair[0], pair[1]) if pair[0] is not None and pair[1] is not None else None


def _against_baseline(case: Case, question: Question) -> list[tuple[System, Measurement, Difference]]:
    """Each method that answers, with how it lies to the baseline."""
    base = case.ask(case.baseline, question)
    if base is None:
        return []
    answers = [(system, case.ask(system, question)) for system in case.methods]
    return [(system, row, compare(row, base)) for system, row in answers if row is not None]


def _pattern(case: Case) -> Iterator[Finding]:
    """Does what Peri et al. 2021 found (section 5) appear here: multitask raises leakage, methods lower it?"""
    raised = _raised(case)
    found = [d for system, _, d in _against_baseline(case, case.view.leak(TEST)) if not case.worthless(system)]
    enough = min(2, len(found))
    sure = [raised is Difference.ABOVE] * (raised is not None) + [found.count(Difference.BELOW) >= enough] * bool(found)
    seems = [raised in UP] * (raised is not None) + [sum(d in DOWN for d in found) >= enough] * bool(found)
    paper = "The pattern of Peri et al. (2021), more leakage by multitask training and less by disentanglement,"
    if len(sure) < 2:
        missing = [] if raised is not None else ["a baseline and a single-task system to compare"]
        missing += [] if found else ["a useful method beside a baseline"]
        yield Finding("pattern", Tone.NOTE, f"{paper} cannot be judged in whole: there is not {listing(missing)}.")
    elif all(sure):
        yield Finding("pattern", Tone.YES, f"{paper} appears, and the intervals bear it out.")
    elif all(seems):
        yield Finding("pattern", Tone.PARTLY, f"{paper} appears in the averages only: intervals overlap.")
    elif any(seems):
        half = "multitask training leaks more" if seems[0] else "methods leak less"
        rest = "fewer than two useful methods leak less" if seems[0] else "multitask training does not leak more"
        yield Finding("pattern", Tone.PARTLY, f"{paper} appears only in part: {half}, but {rest}.")
    else:
        yield Finding("pattern", Tone.NO, f"{paper} does not appear.")


def _multitask(case: Case) -> Iterator[Finding]:
    question = case.view.leak(TEST)
    base, single = case.ask(case.baseline, question), case.ask(case.single, question)
    if base is None or single is None:
        return
    difference = compare(base, single)
    how = {
        Difference.ABOVE: "leaks more", Difference.HIGHER: "may leak more", Difference.SAME: "leaks as much",
        Difference.LOWER: "does not leak more", Difference.BELOW: "leaks less",
    }[difference]  # fmt: skip
    rest = " as" if difference is Difference.SAME else " than"
    tone = {Difference.ABOVE: Tone.YES, Difference.HIGHER: Tone.PARTLY}.get(difference, Tone.NO)
    view = case.view
    yield Finding(
        "multitask",
        tone,
        f"Multitask training {how} {view.primary} into {view.secondary} embeddings{rest} single-task training: the"
        f" strongest attacker reads {view.primary} at {metric_words(base.metric)} {with_interval(base)} against"
        f" {with_interval(single)}{_how_sure(base, single, difference)}.",
    )


def _how_sure(one: Measurement, other: Measurement, difference: Difference) -> str:
    if None in (one.low, one.high, other.low, other.high):
        return " (no intervals were measured, so this may be chance)"
    return "; the intervals do not overlap" if difference in (Difference.BELOW, Difference.ABOVE) else (
        "; the intervals overlap, so this may be chance"
    )  # fmt: skip


def _methods(case: Case) -> Iterator[Finding]:
    found = _against_baseline(case, case.view.leak(TEST))
    base = case.ask(case.baseline, case.view.leak(TEST))
    if base is None or not found:
        return
    against = f"multitask training's {with_interval(base)}"
    groups = (
        ((Difference.BELOW,), Tone.YES, f"Leak less than {against}, intervals apart"),
        ((Difference.LOWER,), Tone.PARTLY, f"Lower than {against}, but not for certain"),
        ((Difference.SAME, *UP), Tone.NO, f"Do not leak less than {against}"),
    )
    for kinds, tone, head in groups:
        names = [f"{system.label} {with_interval(row)}" for system, row, d in found if d in kinds]
        if names:
            yield Finding("methods", tone, f"{head}: {listing(names)}.")


def _unseen(case: Case) -> Iterator[Finding]:
    found = _against_baseline(case, case.view.leak(UNSEEN))
    if not found:
        return
    sure = [system.label for system, _, d in found if d is Difference.BELOW]
    rest = [system.label for system, _, d in found if d is not Difference.BELOW]
    if sure:
        text = f"For speakers never met in training too, {listing(sure)} {_verb(sure, 'leaks', 'leak')} less"
        text += f"; for {listing(rest)} that is not certain." if rest else "."
    else:
        text = f"For speakers never met in training no method leaks less for certain ({listing(rest)})."
    yield Finding("unseen", Tone.YES if not rest else Tone.PARTLY if sure else Tone.NO, text)


def _verb(names: Sequence[str], singular: str, plural: str) -> str:
    return singular if len(names) == 1 else plural


def _floor(case: Case) -> Iterator[Finding]:
    leak = case.view.leak(TEST)
    rows = [(s, case.ask(s, leak), case.ask(s, case.view.floor(leak))) for s in [case.baseline, *case.methods] if s]
    known = [(s, row, floor) for s, row, floor in rows if row is not None and floor is not None]
    if not known:
        return
    reached = [s.label for s, row, floor in known if (row.value if row.low is None else row.low) <= floor.value]
    nearest, row, floor = min(known, key=lambda item: item[1].value - item[2].value)
    what = f"the floor of {percent(floor.value)} % that knowing the {case.view.secondary} alone gives"
    if reached:
        yield Finding("floor", Tone.YES, f"{listing(reached)} {_verb(reached, 'comes', 'come')} down to {what}.")
    else:
        gap = points(row.value - floor.value)
        yield Finding("floor", Tone.NO, f"Nobody reaches {what}; nearest is {nearest.label}, {gap} above.")


def _worthless(case: Case) -> Iterator[Finding]:
    for system in [case.baseline, *case.methods]:
        if system is not None and (why := case.worthless(system)):
            text = f"{system.label} has destroyed its embeddings ({why}): little leakage there is worth nothing."
            yield Finding("worthless", Tone.WARNING, text)


def _utility(case: Case) -> Iterator[Finding]:
    """What a method costs or brings in the main tasks, against the baseline."""
    view = case.view
    asked = (
        (view.utility(view.primary, TEST), f"{view.primary} F1 on seen speakers", True),
        (view.utility(view.primary, UNSEEN), f"{view.primary} F1 on unseen speakers", True),
        (view.utility(view.secondary, TEST), f"{view.secondary} accuracy", True),
        (view.eer(UNSEEN), "EER on unseen speakers", False),
    )
    worse, better, judged = [], [], 0
    for question, name, up in asked:
        bad, good = (Difference.BELOW, Difference.ABOVE) if up else (Difference.ABOVE, Difference.BELOW)
        base = case.ask(case.baseline, question)
        for system, row, d in _against_baseline(case, question):
            judged += 1
            text = f"{system.label} in {name} ({with_interval(row)} against {with_interval(base) if base else '?'})"
            worse += [text] if d is bad else []
            better += [text] if d is good else []
    if worse:
        yield Finding("cost", Tone.WARNING, f"Worse than multitask training, intervals apart: {listing(worse)}.")
    if better:
        yield Finding("gain", Tone.YES, f"Better than multitask training, intervals apart: {listing(better)}.")
    if judged and not worse:
        yield Finding("cost", Tone.NOTE, "No method is worse than multitask training in the main tasks for certain.")


def _backward(case: Case) -> Iterator[Finding]:
    row = case.ask(case.baseline, case.view.back(TEST))
    if row is None:
        return
    view = case.view
    yield Finding(
        "backward",
        Tone.NOTE,
        f"The other way round, the {view.secondary} is read from the baseline's {view.primary} embedding at"
        f" {with_interval(row)}. Peri et al. (2021) report 0.1 % for their {view.primary} embeddings on EmoVox.",
    )


def _dimensions(case: Case) -> Iterator[Finding]:
    """Section 5.2 of the paper: the smallest speaker embedding holds the least emotion."""
    systems = case.view.having(Role.BASELINE)
    known = [(case.view.width(s), row) for s in systems if (row := case.ask(s, case.view.leak(TEST))) is not None]
    if len(known) < 2:
        return
    by_width = dict(known)
    small, large = min(by_width), max(by_width)
    d = compare(by_width[small], by_width[large])
    tone = {Difference.BELOW: Tone.YES, Difference.LOWER: Tone.PARTLY}.get(d, Tone.NO)
    yield Finding(
        "dimensions",
        tone,
        f"These statements are for {small}-dimensional {case.view.secondary} embeddings. Multitask leakage there is"
        f" {with_interval(by_width[small])}, at {large} dimensions {with_interval(by_width[large])}: {d}.",
    )


def _blind_adversaries(case: Case) -> Iterator[Finding]:
    rows = [h for h in case.health if case.view.width(h.system) in (case.width, 0)]
    labels = dict.fromkeys(h.system.label for h in rows)
    for label in labels:
        own = [h for h in rows if h.system.label == label]
        blind = [h for h in own if h.state is State.BLIND]
        if not blind:
            continue
        worst = max(blind, key=lambda h: h.probe - h.adversary)
        yield Finding(
            "adversary",
            Tone.WARNING,
            f"{label}: do not trust its own adversary. In {len({h.run.folder for h in blind})} of"
            f" {len({h.run.folder for h in own})} runs it looks beaten while a fresh probe is not ({worst.told} from the"
            f" {worst.read} embedding, validation: adversary {percent(worst.adversary)} %, fresh probe"
            f" {percent(worst.probe)} %).",
        )


def _evidence(case: Case) -> Iterator[Finding]:
    seeds = min((len(s.seeds) for s in [case.baseline, *case.methods] if s is not None), default=0)
    if 0 < seeds < FEW_SEEDS:
        text = f"Based on {seeds} {'seed' if seeds == 1 else 'seeds'}; the protocol asks for {FEW_SEEDS} or more."
        yield Finding("evidence", Tone.NOTE, text)
    if UNSEEN not in case.view.splits:
        yield Finding("evidence", Tone.NOTE, "No unseen speakers in this audit: nothing is known about strangers.")
