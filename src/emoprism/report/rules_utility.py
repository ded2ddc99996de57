"""Rules of the verdict on what to make of it: usefulness, costs, adversaries that mislead, evidence that is thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emoprism.leakage.results import System
from emoprism.report.evidence import Case, Difference
from emoprism.report.findings import Finding, Tone
from emoprism.report.health import State
from emoprism.report.words import percent, seeds_count, with_interval
from emoprism.types import TEST, UNSEEN

FEW_SEEDS = 5
"""The benchmark's protocol asks for at least five."""


def worthless(case: Case) -> Iterator[Finding]:
    """Systems whose embeddings no longer do their own work."""
    for system in case.contenders:
        if why := case.worthless(system):
            text = f"{system.label} has destroyed its embeddings ({why}): little leakage there is worth nothing."
            yield Finding("worthless", Tone.WARNING, text)


@dataclass(frozen=True, slots=True)
class Change:
    """A method's main task that differs from the baseline's with intervals apart."""

    system: System
    better: bool
    text: str


def changes(case: Case) -> Iterator[Change]:
    """What each method changes in the main tasks, task by task."""
    view = case.view
    asked = (
        (view.utility(view.primary, TEST), f"{view.primary} F1 on seen speakers", Difference.ABOVE),
        (view.utility(view.primary, UNSEEN), f"{view.primary} F1 on unseen speakers", Difference.ABOVE),
        (view.utility(view.secondary, TEST), f"{view.secondary} accuracy", Difference.ABOVE),
        (view.eer(UNSEEN), "EER on unseen speakers", Difference.BELOW),
    )
    for question, name, good in asked:
        base = case.ask(case.baseline, question)
        for a in case.against_baseline(question):
            if base is not None and a.difference in (Difference.BELOW, Difference.ABOVE):
                values = f"{with_interval(a.row)} against {with_interval(base)}"
                yield Change(a.system, a.difference is good, f"{a.system.label} in {name} ({values})")


def utility(case: Case) -> Iterator[Finding]:
    """What a method costs or brings in the main tasks, against the baseline."""
    found = list(changes(case))
    worse = [change.text for change in found if not change.better]
    better = [change.text for change in found if change.better]
    if worse:
        text = f"At a cost, worse than multitask training, intervals apart: {'; '.join(worse)}."
        yield Finding("cost", Tone.WARNING, text)
    elif case.baseline is not None and case.methods:
        text = "At no certain cost: in the main tasks no method is worse than multitask training with intervals apart."
        yield Finding("cost", Tone.NOTE, text)
    if better:
        text = f"With a gain, better than multitask training, intervals apart: {'; '.join(better)}."
        yield Finding("gain", Tone.YES, text)


def blind_adversaries(case: Case) -> Iterator[Finding]:
    """Methods whose own adversary would mislead."""
    rows = [h for h in case.health if case.view.width(h.system) == (case.width or 0)]
    for system in case.methods:
        own = [h for h in rows if h.system is system]
        blind = [h for h in own if h.state is State.BLIND]
        if not blind:
            continue
        worst = max(blind, key=lambda h: h.probe - h.adversary)
        text = (
            f"{system.label}: do not trust its own adversary. In {len({h.run.folder for h in blind})} of"
            f" {len({h.run.folder for h in own})} runs it looks beaten while a fresh probe is not ({worst.told} from"
            f" the {worst.read} embedding, on validation: adversary {percent(worst.adversary)} %, fresh probe"
            f" {percent(worst.probe)} %)."
        )
        yield Finding("adversary", Tone.WARNING, text)


def evidence(case: Case) -> Iterator[Finding]:
    """What the audit itself is short of."""
    seeds = min((len(s.seeds) for s in case.contenders), default=0)
    if 0 < seeds < FEW_SEEDS:
        text = f"Based on {seeds_count(seeds)}; the benchmark's protocol asks for {FEW_SEEDS} or more."
        yield Finding("evidence", Tone.NOTE, text)
    if UNSEEN not in case.view.splits:
        yield Finding("evidence", Tone.NOTE, "No unseen speakers in this audit: nothing is known about strangers.")
