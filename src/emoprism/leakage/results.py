"""What an audit writes and a report reads: one flat kind of row, a Measurement, for every number there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, model_serializer

from emoprism.embeddings import TRUE

WHOLE = "data"
"""Name of the only part of a fingerprint of another make."""
STRONGEST = "strongest"
"""The attacker's name on rows that hold the maximum over all attackers."""


def differing(one: str, other: str) -> list[str]:
    """The parts in which two fingerprints of data differ, by name; [] where numbers compare.

    Parts named as columns of what outputs are compared with (TRUE) count where both have them: not every system needs a
    head for it.
    """
    mine, its = digests(one), digests(other)
    return sorted(
        key
        for key in mine | its
        if mine.get(key) != its.get(key) and not (key.startswith(TRUE) and (key not in mine or key not in its))
    )


def digests(data: str) -> dict[str, Any]:
    """The digests of a fingerprint by the names of its parts; the whole as one where it is of another make."""
    try:
        found = json.loads(data)
    except ValueError:
        found = data
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {WHOLE: data}


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measurement(_Row):
    """One number. Values are fractions in [0, 1] (an EER too), with the bounds of a 95 % interval where there is one.
    Metrics of numbers may lie elsewhere (OutputMetric.bounds).

    kind        utility: an embedding tells its own attribute, by the model's own head (or, EER, by cosine scores)
                leakage: a fresh attacker reads `attribute` from the embedding of another attribute
                floor:   the same attackers, given only the one-hot label of that other attribute
                chance, majority: guessing uniformly, or always the commonest class of train
                combined: Peri et al. 2021, section 4.2: emotion F1 from speaker plus speaker accuracy from emotion
    embedding   whose vectors are read ("speaker"); for a floor the attribute whose label is given; else ""
    attribute   what is told ("emotion")
    metric      "macro_f1", "accuracy", "eer", ...: a file of leakage/metrics
    split       a name of emoprism.types.SPLITS
    attacker    a name of an attacker, STRONGEST, or ""
    recall      per class of `attribute`
    by_word     of several things that may be there at once, `metric` for each alone; not written where there is none
    settings    what the attacker chose on its validation part ({"attacker": ...} on STRONGEST rows)
    """

    kind: Literal["utility", "leakage", "floor", "chance", "majority", "combined"]
    embedding: str
    attribute: str
    metric: str
    split: str
    attacker: str = ""
    value: float
    low: float | None = None
    high: float | None = None
    recall: dict[str, float] = {}
    by_word: dict[str, float] = {}
    settings: dict[str, Any] = {}

    @model_serializer(mode="wrap")
    def _without_empty_words(self, write: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        whole = write(self)
        return whole if self.by_word else {key: value for key, value in whole.items() if key != "by_word"}


class Det(_Row):
    """A DET curve of cosine scores: misses (FNR) at rates of false alarms (FPR), shares of all pairs of clips.

    `kind`, `embedding`, `attribute` and `split` as of a Measurement: utility of the identity embedding, leakage of any
    other one.
    """

    kind: Literal["utility", "leakage"]
    embedding: str
    attribute: str
    split: str
    false_alarms: list[float]
    """Rising."""
    misses: list[float]


class Leakage(_Row):
    """leakage.json: the audit of one set of embeddings."""

    name: str
    """Name of the recipe, or of the folder for embeddings from elsewhere."""
    label: str
    seed: int | None
    dimensions: dict[str, int]
    """Width of each attribute's embedding."""
    data: str
    """Fingerprint of clips, labels and split: audits are only compared where it is equal (per seed)."""
    clips: dict[str, int]
    """Clips per split."""
    speakers: dict[str, list[str]]
    """Speakers per split."""
    measurements: list[Measurement]
    det: list[Det] = []
    """A curve for every embedding and split whose EER was measured."""


class StuartMaxwell(_Row):
    """Marginal homogeneity of two systems' predictions of `attribute` on the same clips (Stuart 1955, Maxwell 1970)."""

    attribute: str
    split: str
    against: str
    """Label of the baseline."""
    seed: int | None
    statistic: float
    p_value: float


class System(_Row):
    """All seeds of one recipe with the same dimensions: means over seeds, 95 % bootstrap intervals over speakers."""

    name: str
    label: str
    dimensions: dict[str, int]
    seeds: list[int | None]
    runs: list[str]
    """Folder names, below the audit's directory, of the audits that it sums up."""
    measurements: list[Measurement]
    stuart_maxwell: list[StuartMaxwell] = []
    det: list[Det] = []
    """Means of the runs' curves."""


class Comparison(_Row):
    """comparison.json: every system of an audit side by side."""

    systems: list[System]
    baseline: str | None
    """Name of the system that others are compared with: the multitask one without a method."""
    primary: str = "emotion"
    secondary: str = "speaker"


class Point(_Row):
    """One clip in a two-dimensional map (t-SNE) of an embedding; projection.json holds a list of them."""

    embedding: str
    clip: str
    split: str
    x: float
    y: float
    labels: dict[str, str]


class Epoch(_Row):
    """One epoch of a training history (history.json holds a list): losses by move, scores by name.

    `scores` are fractions: "train/emotion/macro_f1", "validation/speaker/accuracy", "adversary/speaker>emotion"
    (the training adversary's macro F1 on validation), "probe/speaker>emotion" (a fresh probe's), "combined".
    """

    epoch: int
    losses: dict[str, float]
    scores: dict[str, float] = {}
    learning_rates: dict[str, float] = {}
    kept: bool = False
    """Whether this is the epoch whose weights the run keeps."""
