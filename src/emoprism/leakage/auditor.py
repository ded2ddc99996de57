"""The audit of one set of embeddings: every attack, floor and score, as measurements with intervals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from emoprism.embeddings import TRUE
from emoprism.errors import EmbeddingsError, Problem
from emoprism.families import ATTACKERS
from emoprism.leakage.attack import Labelled, attack
from emoprism.leakage.attackers.base import Settings
from emoprism.leakage.auditable import check_auditable
from emoprism.leakage.det import det_of
from emoprism.leakage.evidence import Answered, Claim, Judged, Record, curve_metrics
from emoprism.leakage.floors import one_hot
from emoprism.leakage.measure import measurements
from emoprism.leakage.options import AuditOptions
from emoprism.leakage.results import Det, Leakage
from emoprism.leakage.scores import count_pairs
from emoprism.leakage.verification import SpeakerPairs, exact_curve
from emoprism.types import MISSING, SPLITS, TRAIN, VALIDATION, Embeddings


@dataclass(frozen=True)
class Audit:
    """What an audit finds, and what each judge said of each clip."""

    leakage: Leakage
    record: Record


@dataclass(frozen=True)
class Origin:
    """Whose embeddings these are: the recipe's name, label and seed, or the folder's name."""

    name: str
    label: str
    seed: int | None = None


def audit_embeddings(
    embeddings: Embeddings, options: AuditOptions | None = None, origin: Origin | None = None
) -> Audit:
    """Attack one set of embeddings. A function of its arguments alone, to the bit.

    Raises EmbeddingsError where there is no train clip, no clip to test, or no label of an attribute to tell.
    """
    options = options or AuditOptions()
    origin = origin or Origin("embeddings", "embeddings")
    check_auditable(embeddings, options, origin.name)
    work = _Work(embeddings, options)
    work.attack_all()
    work.judge_heads()
    work.judge_outputs()
    work.verify()
    record = Record(work.judged, work.pairs, work.answers)
    leakage = Leakage(
        name=origin.name,
        label=origin.label,
        seed=origin.seed,
        dimensions={name: int(vectors.shape[1]) for name, vectors in embeddings.vectors.items()},
        data=fingerprint(embeddings, options.told()),
        clips={split: len(embeddings.rows(split)) for split in SPLITS if len(embeddings.rows(split))},
        speakers=_speakers_by_split(embeddings, options.secondary),
        measurements=measurements(record, work.settings, work.verified, embeddings, options),
        det=work.det,
    )
    return Audit(leakage, record)


@dataclass
class _Work:
    embeddings: Embeddings
    options: AuditOptions
    judged: dict[Claim, Judged] = field(default_factory=dict[Claim, Judged])
    pairs: dict[Claim, SpeakerPairs] = field(default_factory=dict[Claim, SpeakerPairs])
    answers: dict[Claim, Answered] = field(default_factory=dict[Claim, Answered])
    settings: dict[Claim, Settings] = field(default_factory=dict[Claim, Settings])
    verified: dict[tuple[Claim, str], float] = field(default_factory=dict[tuple[Claim, str], float])
    """Metrics of verification, of all pairs."""
    det: list[Det] = field(default_factory=list[Det])

    def __post_init__(self) -> None:
        self.who = speakers_of(self.embeddings, self.options.secondary)

    def attack_all(self) -> None:
        """Leakage of every embedding, and what the label of that embedding alone would tell."""
        for read, told in self._directions():
            self._attack("leakage", read, told, self.embeddings.vectors[read])
            if read in self.embeddings.labels:
                label = self.embeddings.labels[read]
                train = label[self.embeddings.rows(TRAIN)]
                self._attack("floor", read, told, one_hot(label, np.unique(train[train != MISSING])))

    def judge_heads(self) -> None:
        """What the model's own heads say, on clips that they were not trained on."""
        for attribute, predicted in self.embeddings.predictions.items():
            if attribute in self.embeddings.vectors and attribute in self.embeddings.labels:
                for split in self.options.splits:
                    rows = self.embeddings.rows(split)
                    self._judge(Claim("utility", attribute, attribute, split), rows, predicted[rows])

    def judge_outputs(self) -> None:
        """What the model's own heads say beside classes."""
        for attribute, outputs in self.embeddings.outputs.items():
            for split in self.options.splits if attribute in self.embeddings.vectors else ():
                rows = self.embeddings.rows(split)
                rows = rows[~np.isnan(outputs.true[rows]).all(axis=1)]
                if len(rows):
                    self.answers[Claim("utility", attribute, attribute, split)] = Answered(
                        clips=tuple(self.embeddings.clips[row] for row in rows),
                        speakers=tuple(self.who[row] for row in rows),
                        outputs=replace(outputs, true=outputs.true[rows], told=outputs.told[rows]),
                    )

    def verify(self) -> None:
        """Verification of identity: by its own embedding (utility), and by every other (leakage)."""
        identity = self.options.secondary
        if identity not in self.embeddings.labels:
            return
        for read, vectors in self.embeddings.vectors.items():
            for split in self.options.splits:
                rows = self.embeddings.rows(split)
                labels = self.embeddings.labels[identity][rows]
                if _comparable(labels):
                    claim = Claim("utility" if read == identity else "leakage", read, identity, split)
                    self._verify(claim, vectors[rows], labels)

    def _verify(self, claim: Claim, vectors: np.ndarray, labels: np.ndarray) -> None:
        """Everything about one embedding and split, from one count of all pairs."""
        counts = count_pairs(vectors, labels)
        curve = exact_curve(counts)
        for name, metric in curve_metrics().items():
            self.verified[claim, name] = float(metric.of_curve(curve)[0])
        self.det.append(det_of(claim, curve, int(counts.other.sum())))
        self.pairs[claim] = SpeakerPairs.of(vectors, labels, self.embeddings.classes[claim.attribute], counts)

    def _directions(self) -> Iterator[tuple[str, str]]:
        for read in self.embeddings.vectors:
            for told in self.options.told():
                if told != read:
                    yield read, told

    def _attack(self, kind: str, read: str, told: str, vectors: np.ndarray) -> None:
        labels, rows = self.embeddings.labels[told], self.embeddings.rows
        held, new = rows(VALIDATION), np.concatenate([rows(VALIDATION), *(rows(s) for s in self._attacked())])
        for choice in self.options.chosen_attackers():
            claimed = attack(
                ATTACKERS.make(choice.name, options=choice.options),
                Labelled(vectors[rows(TRAIN)], labels[rows(TRAIN)]),
                vectors[new],
                validation=Labelled(vectors[held], labels[held]),
                seed=self.options.seed,
            )
            start = 0
            for split in (VALIDATION, *self._attacked()):
                end = start + len(rows(split))
                claim = Claim(kind, read, told, split, choice.name)
                self.settings[claim] = claimed.settings
                self._judge(claim, rows(split), claimed.predicted[start:end])
                start = end

    def _attacked(self) -> list[str]:
        return [split for split in self.options.splits if split != VALIDATION]

    def _judge(self, claim: Claim, rows: np.ndarray, predicted: np.ndarray) -> None:
        """Keep what was said, unless every true class is a stranger to train: then there was nothing to be right."""
        embeddings = self.embeddings
        labels = embeddings.labels[claim.attribute]
        true = labels[rows]
        if not np.isin(true[true != MISSING], labels[embeddings.rows(TRAIN)]).any():
            return
        known = true != MISSING
        if (predicted[known] == MISSING).any():
            what = f"{int((predicted[known] == MISSING).sum())} clips of split {claim.split} have no prediction"
            advice = "a clip that is not predicted is no clip told right; predict all, or leave the column out"
            raise EmbeddingsError(Problem(f"predicted:{claim.attribute}", what, advice))
        self.judged[claim] = Judged(
            clips=tuple(embeddings.clips[i] for i in rows[known]),
            speakers=tuple(self.who[i] for i in rows[known]),
            true=true[known],
            predicted=predicted[known],
            classes=embeddings.classes[claim.attribute],
        )


def speakers_of(embeddings: Embeddings, identity: str) -> list[str]:
    """Whose clip each is. A clip without that label stands for itself."""
    labels = embeddings.labels.get(identity, np.full(len(embeddings.clips), MISSING))
    names = embeddings.classes.get(identity, ())
    return [
        f"clip {clip}" if label == MISSING else names[label]
        for clip, label in zip(embeddings.clips, labels, strict=True)
    ]


def fingerprint(embeddings: Embeddings, attributes: tuple[str, ...]) -> str:
    """Digests of clips, split, each attribute's labels and what is true of outputs, as a JSON mapping, so that a
    difference can be named.
    """
    order = np.argsort(np.asarray(embeddings.clips))
    columns: dict[str, list[str]] = {
        "clips": [embeddings.clips[i] for i in order],
        "split": [embeddings.split[i] for i in order],
    }
    for name in attributes:
        words = ("", *embeddings.classes[name])
        columns[name] = [words[embeddings.labels[name][i] + 1] for i in order]
    for name, outputs in embeddings.outputs.items():
        columns[TRUE + name] = [*outputs.words, *(" ".join(map(str, row)) for row in outputs.true[order].tolist())]
    digests = {key: hashlib.sha256("\n".join(words).encode()).hexdigest()[:16] for key, words in columns.items()}
    return json.dumps(digests)


def _comparable(labels: np.ndarray) -> bool:
    """Some pairs are of one person, some of two."""
    counts = np.unique(labels[labels != MISSING], return_counts=True)[1]
    return len(counts) > 1 and bool((counts > 1).any())


def _speakers_by_split(embeddings: Embeddings, identity: str) -> dict[str, list[str]]:
    if identity not in embeddings.labels:
        return {}
    found: dict[str, list[str]] = {}
    for split in SPLITS:
        labels = embeddings.labels[identity][embeddings.rows(split)]
        if len(labels):
            found[split] = sorted(embeddings.classes[identity][i] for i in np.unique(labels[labels != MISSING]))
    return found
