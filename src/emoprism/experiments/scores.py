"""The numbers of a study: accuracies over folds and seeds with intervals over speakers, and what attackers find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

import numpy as np
from jaxtyping import Float

from emoprism.leakage.evidence import (
    Evidence,
    Judged,
    LabelEvidence,
    columns,
    counts_by_speaker,
    label_metrics,
    point,
)
from emoprism.leakage.intervals import interval
from emoprism.leakage.metrics.base import LabelMetric
from emoprism.report.lengths import Length

WA, UA = "accuracy", "unweighted_accuracy"
METRICS = (WA, UA)
VALIDATION, TEST, DIFFERENCE = "validation", "test", "difference"
PARTS = (VALIDATION, TEST, DIFFERENCE)
SEEN, UNSEEN = "seen", "unseen"


@dataclass(frozen=True)
class Difference:
    """One value less another, both measured again for every draw of speakers."""

    first: Evidence
    second: Evidence

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers of either."""
        return tuple(sorted({*self.first.speakers, *self.second.speakers}))

    def values(self, weights: Float[np.ndarray, "R S"]) -> Float[np.ndarray, "R"]:
        """First less second; NaN where either has none of the drawn speakers."""
        one, other = (part.values(columns(weights, self.speakers, part)) for part in (self.first, self.second))
        return one - other


@dataclass(frozen=True)
class Attack:
    """What attackers say of whose the clips of one side are, and the accuracy of knowing less."""

    told: Mapping[str, Judged]
    """By attacker: from the embedding."""
    floor: Mapping[str, Judged]
    """By attacker: from the emotion alone."""
    chance: float


@dataclass(frozen=True)
class FoldResult:
    """One run: the emotion as its head tells it, on another corpus too, and the speaker as attackers do."""

    system: str
    label: str
    seed: int
    fold: str
    validation: Judged
    test: Judged
    attacks: Mapping[str, Attack]
    """By SEEN and UNSEEN; a side of which nobody can be told apart has none."""
    other: Judged | None = None
    """Right and wrong on the other corpus."""
    other_labels: Judged | None = None
    """Its emotions as classes, where each clip has one."""
    trained: Judged | None = None
    """The clips that it was trained on."""
    length: Length | None = None


@dataclass(frozen=True)
class Value:
    """A mean over folds and seeds with its 95 % interval over speakers (None: fewer than two, or not asked for)."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Spread:
    """A mean over folds and seeds; the worst and the best fold of a seed, in the mean over seeds."""

    mean: Value
    least: float
    most: float


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn."""

    resamples: int
    seed: int


def evidence(judged: Judged, metric: str) -> LabelEvidence:
    """A metric of one run's predictions, by speaker."""
    speakers, counts = counts_by_speaker(judged)
    return LabelEvidence(speakers, counts, _metrics()[metric])


@cache
def _metrics() -> Mapping[str, LabelMetric]:
    """Made once: a study asks for thousands of values."""
    return label_metrics()


def averaged(pieces: Sequence[Evidence], draws: Draws) -> Value:
    """The mean of the values of runs; the same speakers are drawn for all of them."""
    bounds = interval(pieces, draws.resamples, draws.seed) or (None, None)
    return Value(float(np.mean([point(piece) for piece in pieces])), *bounds)


def part_of(run: FoldResult, metric: str, part: str) -> Evidence:
    """One run's value on `validation` or `test`, or test less validation."""
    if part == DIFFERENCE:
        return Difference(evidence(run.test, metric), evidence(run.validation, metric))
    return evidence(run.test if part == TEST else run.validation, metric)


def over_folds(runs: Sequence[FoldResult], metric: str, part: str, draws: Draws) -> Value:
    """Of every fold of every seed by itself, then the mean (as Li et al. 2020 average)."""
    return averaged([part_of(run, metric, part) for run in runs], draws)


def pooled(runs: Sequence[FoldResult], metric: str, part: str, draws: Draws) -> Value:
    """Of the clips of all folds of a seed together, then the mean over seeds."""
    return averaged([part_of(_pooled(own), metric, part) for own in by_seed(runs)], draws)


def versus(runs: Sequence[FoldResult], others: Sequence[FoldResult], metric: str, draws: Draws) -> Value:
    """One system's test value less another's: mean over the folds and seeds that both have."""
    theirs = {(run.seed, run.fold): run for run in others}
    pairs = [(run, theirs[run.seed, run.fold]) for run in runs if (run.seed, run.fold) in theirs]
    return averaged([Difference(part_of(a, metric, TEST), part_of(b, metric, TEST)) for a, b in pairs], draws)


def elsewhere(runs: Sequence[FoldResult], read: Callable[[FoldResult], Evidence | None], draws: Draws) -> Spread:
    """Every fold's model on another corpus. `read` gives a run's evidence there."""
    found = [[piece for run in own if (piece := read(run)) is not None] for own in by_seed(runs)]
    points = [[point(piece) for piece in own] for own in found]
    mean = averaged([piece for own in found for piece in own], draws)
    return Spread(mean, float(np.mean([min(own) for own in points])), float(np.mean([max(own) for own in points])))


def by_seed(runs: Sequence[FoldResult]) -> list[list[FoldResult]]:
    """Runs of each seed."""
    return [list(own) for _, own in groupby(sorted(runs, key=lambda run: run.seed), key=lambda run: run.seed)]


def _pooled(runs: Sequence[FoldResult]) -> FoldResult:
    validation, test = (joined([getattr(run, part) for run in runs]) for part in (VALIDATION, TEST))
    first = runs[0]
    return FoldResult(first.system, first.label, first.seed, "all", validation, test, {})


def joined(parts: Sequence[Judged]) -> Judged:
    """Several as one; their classes may be in different orders."""
    classes = tuple(sorted({word for part in parts for word in part.classes}))
    place = {word: i for i, word in enumerate(classes)}

    def indices(part: Judged, values: np.ndarray) -> np.ndarray:
        return np.array([place[word] for word in part.classes], dtype=np.int64)[values]

    return Judged(
        clips=tuple(clip for part in parts for clip in part.clips),
        speakers=tuple(speaker for part in parts for speaker in part.speakers),
        true=np.concatenate([indices(part, part.true) for part in parts]),
        predicted=np.concatenate([indices(part, part.predicted) for part in parts]),
        classes=classes,
    )


@dataclass(frozen=True)
class Found:
    """What attackers found on one kind of speakers, over all folds and seeds."""

    attacker: str
    """The strongest."""
    accuracy: Value
    chance: float
    floor: float
    """The strongest of the attackers that are told the emotion and nothing else."""
    by_attacker: Mapping[str, float]


def attacked(runs: Sequence[FoldResult], side: str, draws: Draws) -> Found | None:
    """The attacker with the highest mean accuracy over folds and seeds: one for all, not the luckiest of each run."""
    attacks = [run.attacks[side] for run in runs if side in run.attacks]
    if not attacks:
        return None
    means = _means(attack.told for attack in attacks)
    best = max(means, key=lambda name: means[name])
    value = averaged([evidence(attack.told[best], WA) for attack in attacks], draws)
    floor = max(_means(attack.floor for attack in attacks).values())
    return Found(best, value, float(np.mean([attack.chance for attack in attacks])), floor, means)


def _means(told: Iterable[Mapping[str, Judged]]) -> dict[str, float]:
    every = list(told)
    return {name: float(np.mean([point(evidence(one[name], WA)) for one in every])) for name in every[0]}
