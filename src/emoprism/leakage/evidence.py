"""What judges said of clips, and its sums per speaker: all that a measurement and its interval are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64

from emoprism.families import METRICS
from emoprism.leakage.metrics.base import Counts, CurveMetric, LabelMetric, Metric, OutputMetric
from emoprism.leakage.verification import SpeakerPairs
from emoprism.types import PRESENCE, Outputs


class Claim(NamedTuple):
    """Who read what from where: the fields of results.Measurement of the same names."""

    kind: str
    embedding: str
    attribute: str
    split: str
    attacker: str = ""


@dataclass(frozen=True)
class Judged:
    """One attribute of N clips as one judge tells it. Indices into `classes`; clips without a true label left out."""

    clips: tuple[str, ...]
    speakers: tuple[str, ...]
    true: Int64[np.ndarray, "N"]
    predicted: Int64[np.ndarray, "N"]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Answered:
    """What a head says of an attribute of N clips that is no choice of one class; clips without any truth left out."""

    clips: tuple[str, ...]
    speakers: tuple[str, ...]
    outputs: Outputs


@dataclass(frozen=True)
class Record:
    """Everything that was judged in one audit, the scores of pairs of clips, and what heads say beside classes."""

    judged: Mapping[Claim, Judged]
    pairs: Mapping[Claim, SpeakerPairs]
    answers: Mapping[Claim, Answered] = field(default_factory=dict[Claim, Answered])


@runtime_checkable
class Evidence(Protocol):
    """Something that can be measured again for speakers drawn with other weights."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """The S speakers whose clips it is about."""
        ...

    def values(self, weights: Float[np.ndarray, "R S"]) -> Float[np.ndarray, "R"]:
        """The metric with each speaker's clips weighted; NaN where nothing is left."""
        ...


@dataclass(frozen=True)
class LabelEvidence:
    """A metric of predicted labels."""

    speakers: tuple[str, ...]
    counts: Counts
    metric: LabelMetric

    def values(self, weights: Float[np.ndarray, "R S"]) -> Float[np.ndarray, "R"]:
        """Of the weighted sums of the speakers' counts."""
        return self.metric.of_counts(self.counts.weighted(weights))


@dataclass(frozen=True)
class OutputEvidence:
    """A metric of outputs: its sums for every speaker."""

    speakers: tuple[str, ...]
    sums: Float[np.ndarray, "S K"]
    metric: OutputMetric

    def values(self, weights: Float[np.ndarray, "R S"]) -> Float[np.ndarray, "R"]:
        """Of the weighted sums of the speakers' clips."""
        return self.metric.of_sums(weights @ self.sums)


@dataclass(frozen=True)
class PairEvidence:
    """A metric of verification."""

    pairs: SpeakerPairs
    metric: CurveMetric

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers of the pairs."""
        return self.pairs.speakers

    def values(self, weights: Float[np.ndarray, "R S"]) -> Float[np.ndarray, "R"]:
        """Of the weighted numbers of pairs."""
        return self.pairs.values(weights, self.metric.of_curve)


@dataclass(frozen=True)
class SumEvidence:
    """The sum of several, as Peri et al. 2021 add leakage in both directions."""

    parts: tuple[Evidence, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers of any part."""
        return tuple(sorted({speaker for part in self.parts for speaker in part.speakers}))

    def values(self, weights: Float[np.ndarray, "R S"]) -> Float[np.ndarray, "R"]:
        """Sum of the parts' values."""
        return np.sum([part.values(columns(weights, self.speakers, part)) for part in self.parts], axis=0)


def columns(weights: Float[np.ndarray, "R S"], speakers: Sequence[str], evidence: Evidence) -> Float[np.ndarray, "R _"]:
    """The columns of `weights` [R, speakers] that belong to the evidence's own speakers, in its order."""
    place = {speaker: i for i, speaker in enumerate(speakers)}
    return weights[:, [place[speaker] for speaker in evidence.speakers]]


def point(evidence: Evidence) -> float:
    """The value with every speaker counted once."""
    return float(evidence.values(np.ones((1, len(evidence.speakers))))[0])


def label_metrics() -> dict[str, LabelMetric]:
    """Every metric of predicted labels that there is, by name."""
    return {name: metric for name, metric in _metrics() if isinstance(metric, LabelMetric)}


def output_metrics(kind: str) -> dict[str, OutputMetric]:
    """Every metric of outputs of one kind that there is, by name."""
    return {name: metric for name, metric in _metrics() if isinstance(metric, OutputMetric) and metric.kind == kind}


def curve_metrics() -> dict[str, CurveMetric]:
    """Every metric of verification that there is, by name."""
    return {name: metric for name, metric in _metrics() if isinstance(metric, CurveMetric)}


def _metrics() -> list[tuple[str, Metric]]:
    return [(name, cast("Metric", METRICS.make(name))) for name in METRICS.names()]


def counts_by_speaker(judged: Judged) -> tuple[tuple[str, ...], Counts]:
    """Speakers in alphabetical order, and counts [S, C]."""
    speakers, group = _groups(judged.speakers)
    counts = Counts.by_group(judged.true, judged.predicted, len(judged.classes), group, len(speakers))
    return speakers, counts


def output_evidence(answered: Answered, metric: OutputMetric) -> OutputEvidence:
    """The sums of every speaker's clips."""
    speakers, group = _groups(answered.speakers)
    summands = metric.summands(answered.outputs.true, answered.outputs.told)
    sums = np.zeros((len(speakers), summands.shape[1]))
    np.add.at(sums, group, summands)
    return OutputEvidence(speakers, sums, metric)


def by_word(answered: Answered, metric: OutputMetric) -> dict[str, float]:
    """Of several things that may be there, the metric of each alone; those that have no value left out."""
    outputs = answered.outputs
    if outputs.kind != PRESENCE:
        return {}
    values = {word: metric(outputs.true[:, [i]], outputs.told[:, [i]]) for i, word in enumerate(outputs.words)}
    return {word: value for word, value in values.items() if not np.isnan(value)}


def _groups(names: Sequence[str]) -> tuple[tuple[str, ...], Int64[np.ndarray, "N"]]:
    """Speakers in alphabetical order, and the place among them of each clip's."""
    speakers, group = np.unique(np.asarray(names), return_inverse=True)
    return tuple(str(speaker) for speaker in speakers), group.astype(np.int64)


def evidence_of(record: Record) -> dict[tuple[Claim, str], Evidence]:
    """By claim and name of the metric."""
    out: dict[tuple[Claim, str], Evidence] = {}
    labels, curves = label_metrics(), curve_metrics()
    for claim, judged in record.judged.items():
        speakers, counts = counts_by_speaker(judged)
        out |= {(claim, name): LabelEvidence(speakers, counts, metric) for name, metric in labels.items()}
    for claim, answered in record.answers.items():
        metrics = output_metrics(answered.outputs.kind)
        out |= {(claim, name): output_evidence(answered, metric) for name, metric in metrics.items()}
    for claim, pairs in record.pairs.items():
        out |= {(claim, name): PairEvidence(pairs, metric) for name, metric in curves.items()}
    return out
