"""What judges said of clips, and its sums per speaker: all that a measurement and its interval are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64

from emoprism.leakage.metrics.base import Counts, CurveMetric, LabelMetric, Metric
from emoprism.leakage.verification import SpeakerPairs
from emoprism.recipe import METRICS


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
class Record:
    """Everything that was judged in one audit, and the scores of pairs of clips."""

    judged: Mapping[Claim, Judged]
    pairs: Mapping[Claim, SpeakerPairs]


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


def curve_metrics() -> dict[str, CurveMetric]:
    """Every metric of verification that there is, by name."""
    return {name: metric for name, metric in _metrics() if isinstance(metric, CurveMetric)}


def _metrics() -> list[tuple[str, Metric]]:
    return [(name, cast("Metric", METRICS.make(name))) for name in METRICS.names()]


def counts_by_speaker(judged: Judged) -> tuple[tuple[str, ...], Counts]:
    """Speakers in alphabetical order, and counts [S, C]."""
    speakers, group = np.unique(np.asarray(judged.speakers), return_inverse=True)
    counts = Counts.by_group(judged.true, judged.predicted, len(judged.classes), group.astype(np.int64), len(speakers))
    return tuple(str(speaker) for speaker in speakers), counts


def evidence_of(record: Record) -> dict[tuple[Claim, str], Evidence]:
    """By claim and name of the metric."""
    out: dict[tuple[Claim, str], Evidence] = {}
    labels, curves = label_metrics(), curve_metrics()
    for claim, judged in record.judged.items():
        speakers, counts = counts_by_speaker(judged)
        out |= {(claim, name): LabelEvidence(speakers, counts, metric) for name, metric in labels.items()}
    for claim, pairs in record.pairs.items():
        out |= {(claim, name): PairEvidence(pairs, metric) for name, metric in curves.items()}
    return out
