"""Rules of the verdict on what leaks: the best method, the paper's pattern, strangers, the floor, dimensions."""

from __future__ import annotations

from collections.abc import Iterator

from emoprism.leakage.results import System
from emoprism.report.evidence import DOWN, UP, Case, Difference, compare, how_sure
from emoprism.report.findings import Finding, Tone
from emoprism.report.rules_utility import changes
from emoprism.report.view import Question, Role
from emoprism.report.words import listing, metric_words, percent, points, with_interval
from emoprism.types import TEST, UNSEEN


def summary(case: Case) -> Iterator[Finding]:
    """The method that leaks least among the useful ones, in plain words."""
    view = case.view
    base = case.ask(case.baseline, view.leak(TEST))
    useful = [a for a in case.against_baseline(view.leak(TEST)) if not case.worthless(a.system)]
    if base is None or not useful:
        return
    best = min(useful, key=lambda a: a.row.value)
    guess = view.guessing(view.primary, TEST)
    after = f" Guessing reaches {percent(guess)} %." if guess is not None else ""
    if best.difference in DOWN:
        tone = Tone.YES if best.difference is Difference.BELOW else Tone.PARTLY
        text = (
            f"{best.system.label} hides {view.primary} best: from its {view.secondary} embeddings an attacker still"
            f" reads the {view.primary} at {with_interval(best.row)}, after plain multitask training at"
            f" {with_interval(base)} ({how_sure(best.row, base)}).{after}{_price(case, best.system)}"
        )
    else:
        tone = Tone.NO
        text = (
            f"No method hides {view.primary} better than plain multitask training does: an attacker reads it from"
            f" the {view.secondary} embeddings at {with_interval(base)}, from those of the best method,"
            f" {best.system.label}, at {with_interval(best.row)}.{after}"
        )
    yield Finding("summary", tone, text)


def _price(case: Case, system: System) -> str:
    costs = any(change.system is system and not change.better for change in changes(case))
    return " It does so at a cost in the main tasks, see below." if costs else ""


def alone(case: Case) -> Iterator[Finding]:
    """Without a baseline nothing compares: only say what leaks."""
    view = case.view
    systems = [] if case.baseline else [s for s in view.systems if view.width(s) == case.width]
    rows = [(s.label, row) for s in systems if (row := case.ask(s, view.leak(TEST))) is not None]
    if rows:
        guess = view.guessing(view.primary, TEST)
        after = f" Guessing reaches {percent(guess)} %." if guess is not None else ""
        said = listing([f"{label} {with_interval(row)}" for label, row in rows])
        text = (
            f"No multitask baseline is in this audit to compare with. An attacker reads {view.primary} from the"
            f" {view.secondary} embeddings of {said}.{after}"
        )
        yield Finding("alone", Tone.NOTE, text)


def papers_pattern(case: Case) -> Iterator[Finding]:
    """Does what Peri et al. 2021 found (section 5) appear here: multitask raises leakage, methods lower it?"""
    raised, lowered = _raised(case), _lowered(case)
    paper = "The pattern of Peri et al. (2021), more leakage by multitask training and less by disentanglement,"
    missing = [] if raised else ["a baseline beside single-task training"]
    missing += [] if lowered else ["a useful method beside a baseline"]
    tone = pattern(case)
    if tone is Tone.NOTE:
        text = f"cannot be judged in whole: this audit lacks {listing(missing)}."
    elif tone is Tone.YES:
        text = "appears, and the intervals bear it out."
    elif tone is Tone.NO:
        text = "does not appear."
    elif raised in UP and lowered in DOWN:
        text = "appears in the averages only: not all intervals lie apart."
    elif raised in UP:
        text = "appears only in part: multitask training leaks more, but fewer than two useful methods leak less."
    else:
        text = "appears only in part: methods leak less, but multitask training does not leak more."
    yield Finding("pattern", tone, f"{paper} {text}")


def pattern(case: Case) -> Tone:
    """YES: both halves of the paper's pattern with intervals apart; NOTE: a half that nothing is known of."""
    raised, lowered = _raised(case), _lowered(case)
    if raised is None or lowered is None:
        return Tone.NOTE
    if raised is Difference.ABOVE and lowered is Difference.BELOW:
        return Tone.YES
    return Tone.PARTLY if raised in UP or lowered in DOWN else Tone.NO


def _raised(case: Case) -> Difference | None:
    """How the baseline's leakage lies to single-task training's."""
    base, single = (case.ask(system, case.view.leak(TEST)) for system in (case.baseline, case.single))
    return compare(base, single) if base is not None and single is not None else None


def _lowered(case: Case) -> Difference | None:
    """How two useful methods (or the only one) lie to the baseline: the surest that as many of them reach."""
    found = [a.difference for a in case.against_baseline(case.view.leak(TEST)) if not case.worthless(a.system)]
    if not found:
        return None
    enough = min(2, len(found))
    if found.count(Difference.BELOW) >= enough:
        return Difference.BELOW
    return Difference.LOWER if sum(d in DOWN for d in found) >= enough else Difference.HIGHER


def multitask(case: Case) -> Iterator[Finding]:
    """Multitask training against training for the secondary attribute alone."""
    view = case.view
    base, single = (case.ask(system, view.leak(TEST)) for system in (case.baseline, case.single))
    if base is None or single is None:
        return
    how, tone = {
        Difference.ABOVE: ("leaks more", Tone.YES),
        Difference.HIGHER: ("may leak more", Tone.PARTLY),
        Difference.SAME: ("leaks no more", Tone.NO),
        Difference.LOWER: ("leaks no more", Tone.NO),
        Difference.BELOW: ("leaks less", Tone.NO),
    }[compare(base, single)]
    yield Finding(
        "multitask",
        tone,
        f"Multitask training {how} {view.primary} into {view.secondary} embeddings than single-task training: the"
        f" strongest attacker reads {view.primary} at {metric_words(base.metric)} {with_interval(base)} against"
        f" {with_interval(single)}; {how_sure(base, single)}.",
    )


def methods(case: Case) -> Iterator[Finding]:
    """Every method against multitask training, by how sure the difference is."""
    yield from _methods(case, "methods", case.view.leak(TEST), "")


def backward(case: Case) -> Iterator[Finding]:
    """The secondary attribute read from the primary embedding: from the baseline's, and from every method's."""
    view, back = case.view, case.view.back(TEST)
    row = case.ask(case.baseline, back)
    if row is None:
        return
    text = (
        f"The other way round, the {view.secondary} is read from multitask training's {view.primary} embedding at"
        f" {with_interval(row)}"
    )
    alone = [own for s in view.having(Role.SINGLE_PRIMARY) if (own := case.ask(s, back)) is not None]
    text += f", after training for the {view.primary} alone at {with_interval(alone[0])}" if alone else ""
    text += ". (Peri et al. 2021 report 0.1 % on EmoVox, close to chance among 1251 speakers.)"
    yield Finding("backward", Tone.NOTE, text)
    yield from _methods(case, "backward", back, f" of the {view.secondary} in the {view.primary} embedding")


def _methods(case: Case, rule: str, question: Question, what: str) -> Iterator[Finding]:
    base = case.ask(case.baseline, question)
    if base is None:
        return
    than = f"multitask training ({with_interval(base)})"
    groups = (
        ((Difference.BELOW,), Tone.YES, f"Leaking less{what} than {than}, intervals apart"),
        ((Difference.LOWER,), Tone.PARTLY, f"Leaking less{what} than {than} on average, but not for certain"),
        ((Difference.SAME, Difference.HIGHER), Tone.NO, f"Not leaking less{what} than {than}"),
        ((Difference.ABOVE,), Tone.NO, f"Leaking even more{what} than {than}, intervals apart"),
    )
    found = case.against_baseline(question)
    for kinds, tone, head in groups:
        names = [f"{a.system.label} {with_interval(a.row)}" for a in found if a.difference in kinds]
        if names:
            yield Finding(rule, tone, f"{head}: {listing(names)}.")


def unseen(case: Case) -> Iterator[Finding]:
    """The same on speakers whom training has never met."""
    found = case.against_baseline(case.view.leak(UNSEEN))
    if not found:
        return
    sure = [a.system.label for a in found if a.difference is Difference.BELOW]
    rest = [a.system.label for a in found if a.difference is not Difference.BELOW]
    if sure:
        text = f"On speakers never met in training, too, these leak less, intervals apart: {listing(sure)}"
        text += f"; not so {listing(rest)}." if rest else "."
    else:
        text = f"On speakers never met in training no method leaks less for certain ({listing(rest)})."
    yield Finding("unseen", Tone.YES if not rest else Tone.PARTLY if sure else Tone.NO, text)


def floor(case: Case) -> Iterator[Finding]:
    """How far the nearest is from what the other label alone gives away."""
    leak = case.view.leak(TEST)
    rows = [(s, case.ask(s, leak), case.ask(s, case.view.floor(leak))) for s in case.contenders]
    known = [(s, row, ground) for s, row, ground in rows if row is not None and ground is not None]
    if not known:
        return
    nearest, row, ground = min(known, key=lambda item: item[1].value - item[2].value)
    what = f"the floor of {percent(ground.value)} %, what knowing the {case.view.secondary} alone gives away"
    down = [s.label for s, row, own in known if row.value <= own.value]
    near = [s.label for s, row, own in known if row.low is not None and row.low <= own.value < row.value]
    if down:
        yield Finding("floor", Tone.YES, f"Down to {what}: {listing(down)}.")
    if near:
        yield Finding("floor", Tone.PARTLY, f"Not to be told from {what}, which lies in the interval: {listing(near)}.")
    if not down and not near:
        gap = points(row.value - ground.value)
        yield Finding("floor", Tone.NO, f"Nobody reaches {what}; nearest is {nearest.label}, {gap} above it.")


def dimensions(case: Case) -> Iterator[Finding]:
    """Which dimension all this is about; section 5.2 of the paper: the smallest holds the least emotion."""
    view = case.view
    leaks = {view.width(s): case.ask(s, view.leak(TEST)) for s in view.having(Role.BASELINE)}
    known = {width: row for width, row in leaks.items() if row is not None}
    if len(known) < 2:
        return
    tones = {w: pattern(Case(view, case.health, w)) for w in sorted(known) if w != case.width}
    words = (("appears", Tone.YES), ("appears in part", Tone.PARTLY), ("does not appear", Tone.NO))
    said = [
        f"{how} at {listing([str(w) for w in tones if tones[w] is tone])}"
        for how, tone in words
        if tone in tones.values()
    ]
    about = f"All this is for {case.width}-dimensional {view.secondary} embeddings."
    text = f"{about} The paper's pattern {listing(said)} dimensions." if said else about
    yield Finding("dimensions", Tone.NOTE, text)
    small, large = min(known), max(known)
    difference = compare(known[small], known[large])
    tone = {Difference.BELOW: Tone.YES, Difference.LOWER: Tone.PARTLY}.get(difference, Tone.NO)
    text = (
        f"Does a narrower embedding leak less, as in the paper? Multitask leakage at {small} dimensions is"
        f" {with_interval(known[small])}, at {large} {with_interval(known[large])}: {difference}."
    )
    yield Finding("narrower", tone, text)
