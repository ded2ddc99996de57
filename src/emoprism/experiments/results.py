"""All numbers of a study, computed once: what its tables, its verdict and its files are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from emoprism.experiments.scores import (
    METRICS,
    PARTS,
    SEEN,
    UA,
    UNSEEN,
    WA,
    Draws,
    FoldResult,
    Found,
    Spread,
    Value,
    attacked,
    elsewhere,
    evidence,
    over_folds,
    part_of,
    pooled,
    versus,
)
from emoprism.leakage.evidence import point
from emoprism.report.lengths import Lengths, mean_length


@dataclass(frozen=True)
class System:
    """One recipe over all folds and seeds. Keys are (metric, part) of METRICS and PARTS."""

    name: str
    label: str
    folds: Mapping[tuple[str, str], Value]
    pooled: Mapping[tuple[str, str], Value]
    attacks: Mapping[str, Found]
    """By SEEN and UNSEEN."""
    other: Spread | None
    other_metrics: Mapping[str, Spread]
    """Accuracies on the other corpus, where each of its clips has one emotion."""
    trained: float | None = None
    """Unweighted accuracy on the clips of training."""
    lengths: Lengths | None = None


@dataclass(frozen=True)
class Lead:
    """By how much a system's test value is above another's, on the same folds, seeds and drawn speakers."""

    first: str
    second: str
    value: Value


@dataclass(frozen=True)
class Other:
    """The other corpus: what was scored on it, and what little knowledge reaches."""

    clips: int
    left_out: int
    classes: tuple[str, ...]
    score: str
    chance: float
    constant: tuple[str, float]


@dataclass(frozen=True)
class Results:
    """Everything that a study has found."""

    systems: tuple[System, ...]
    folds: tuple[str, ...]
    seeds: tuple[int, ...]
    leads: tuple[Lead, ...]
    """Of neighbours in the order that the study expects, in unweighted accuracy."""
    order: tuple[str, ...]
    other: Other | None = None
    twins: bool = False
    """Of some folds the validation speakers of one are the test speakers of the other."""

    def system(self, name: str) -> System:
        """The system of a recipe's name."""
        return next(system for system in self.systems if system.name == name)


def results_of(runs: Sequence[FoldResult], order: Sequence[str], draws: Draws, other: Other | None = None) -> Results:
    """Compute everything. Systems stand in the order of their first run."""
    of = {name: [run for run in runs if run.system == name] for name in dict.fromkeys(run.system for run in runs)}
    return Results(
        systems=tuple(_system(name, own, draws) for name, own in of.items()),
        folds=tuple(dict.fromkeys(run.fold for run in runs)),
        seeds=tuple(dict.fromkeys(run.seed for run in runs)),
        leads=tuple(Lead(one, two, versus(of[one], of[two], METRICS[1], draws)) for one, two in pairwise(order)),
        order=tuple(order),
        other=other,
        twins=_twins(runs),
    )


def _twins(runs: Sequence[FoldResult]) -> bool:
    sides = {(run.validation.clips, run.test.clips) for run in runs}
    return any((test, validation) in sides for validation, test in sides)


def _system(name: str, runs: Sequence[FoldResult], draws: Draws) -> System:
    keys = [(metric, part) for metric in METRICS for part in PARTS]
    found = {side: attacked(runs, side, draws) for side in (SEEN, UNSEEN)}
    told = any(run.other is not None for run in runs)
    labelled = any(run.other_labels is not None for run in runs)
    return System(
        name=name,
        label=runs[0].label,
        folds={key: over_folds(runs, *key, draws) for key in keys},
        pooled={key: pooled(runs, *key, draws) for key in keys},
        attacks={side: one for side, one in found.items() if one is not None},
        other=elsewhere(runs, lambda run: evidence(run.other, WA) if run.other else None, draws) if told else None,
        other_metrics={
            metric: elsewhere(
                runs, lambda run, m=metric: evidence(run.other_labels, m) if run.other_labels else None, draws
            )
            for metric in METRICS
            if labelled
        },
        trained=_mean([point(evidence(run.trained, UA)) for run in runs if run.trained is not None]),
        lengths=mean_length([run.length for run in runs if run.length is not None]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def run_rows(runs: Sequence[FoldResult]) -> list[tuple[str | int | float, ...]]:
    """One row for each run and number: system, seed, fold, part, metric, clips, value."""
    rows: list[tuple[str | int | float, ...]] = []
    for run in runs:
        start = (run.system, run.seed, run.fold)
        for metric in METRICS:
            for part in PARTS:
                clips = len((run.validation if part == PARTS[0] else run.test).clips)
                rows.append((*start, part, metric, clips, point(part_of(run, metric, part))))
        if run.other is not None:
            rows.append((*start, "other corpus", WA, len(run.other.clips), point(evidence(run.other, WA))))
        for side, attack in run.attacks.items():
            for name, judged in attack.told.items():
                rows.append((*start, f"{side} speakers", name, len(judged.clips), point(evidence(judged, WA))))
    return rows
