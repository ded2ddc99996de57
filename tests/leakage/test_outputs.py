"""Heads that do not choose one class, audited: the metric of their clips, its interval, kept on disk and over seeds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.embeddings import TRUE, save_embeddings
from emoprism.errors import EmbeddingsError
from emoprism.leakage import Audit, AuditOptions, Origin, audit_embeddings
from emoprism.leakage.audit import audit
from emoprism.leakage.auditor import fingerprint
from emoprism.leakage.compare import Run, compare, refuse_mixed
from emoprism.leakage.evidence import Claim, output_evidence
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.leakage.metrics.correlation import Correlation
from emoprism.leakage.metrics.presence_f1 import PresenceF1
from emoprism.leakage.metrics.presence_weighted_accuracy import PresenceWeightedAccuracy
from emoprism.leakage.results import Comparison, Leakage, Measurement, differing
from emoprism.leakage.store import OUTPUTS, load_record, save_record
from emoprism.types import MISSING, NUMBER, PRESENCE, Embeddings, Outputs

QUICK = AuditOptions.model_validate({"attackers": [{"name": "nearest_neighbours"}], "bootstrap": 60})
WORDS = ("angry", "happy", "sad")
Make = Callable[..., Embeddings]


def with_outputs(embeddings: Embeddings, seed: int = 0) -> Embeddings:
    """Presence of emotions (several in some clips, unknown of some) and a sentiment in [-3, 3] (some unknown)."""
    rng = np.random.default_rng(seed)
    count = len(embeddings.clips)
    true = np.eye(3, dtype=np.float32)[embeddings.labels["emotion"]]
    true[rng.random((count, 3)) < 0.2] = 1
    told = np.where(rng.random((count, 3)) < 0.75, true, 1 - true) * 0.8 + 0.1
    true[rng.random(count) < 0.1] = np.nan
    feeling = rng.uniform(-3, 3, (count, 1))
    guess = feeling / 2 + rng.normal(size=(count, 1))
    feeling[rng.random(count) < 0.1] = np.nan
    outputs = {
        "emotion": Outputs(PRESENCE, WORDS, true, told.astype(np.float32)),
        "sentiment": Outputs(NUMBER, ("sentiment",), feeling.astype(np.float32), guess.astype(np.float32)),
    }
    vectors = {**embeddings.vectors, "sentiment": embeddings.vectors["emotion"]}
    return replace(embeddings, vectors=vectors, outputs=outputs)


def rows_of(found: list[Measurement], **wanted: str) -> list[Measurement]:
    return [row for row in found if all(getattr(row, key) == value for key, value in wanted.items())]


def row_of(found: list[Measurement], **wanted: str) -> Measurement:
    (row,) = rows_of(found, **wanted)
    return row


@pytest.fixture(scope="module")
def given(make: Make) -> Embeddings:
    return with_outputs(make())


@pytest.fixture(scope="module")
def audited(given: Embeddings) -> Audit:
    return audit_embeddings(given, QUICK, Origin("heads", "Heads", 0))


@pytest.mark.parametrize("split", ["test", "unseen"])
def test_values_are_the_metrics_of_the_clips(given: Embeddings, audited: Audit, split: str) -> None:
    rows, there = given.rows(split), given.outputs["emotion"]
    found = audited.leakage.measurements
    told = row_of(found, kind="utility", embedding="emotion", metric="presence_weighted_accuracy", split=split)
    assert told.value == pytest.approx(PresenceWeightedAccuracy()(there.true[rows], there.told[rows]))
    number = given.outputs["sentiment"]
    follows = row_of(found, kind="utility", attribute="sentiment", metric="correlation", split=split)
    assert follows.value == pytest.approx(Correlation()(number.true[rows], number.told[rows]))
    assert follows.low is not None and follows.high is not None and follows.low < follows.value < follows.high


def test_every_metric_of_a_kind_is_measured_for_outputs_of_that_kind_alone(audited: Audit) -> None:
    test = rows_of(audited.leakage.measurements, kind="utility", split="test")
    names = {name: {row.metric for row in test if row.attribute == name} for name in ("emotion", "sentiment")}
    assert {"presence_f1", "presence_macro_f1", "presence_weighted_accuracy", "macro_f1"} <= names["emotion"]
    assert {"correlation", "mean_absolute_error", "seven_class_accuracy"} <= names["sentiment"]
    assert not {"correlation", "seven_class_accuracy"} & names["emotion"]
    assert not any(name.startswith("presence") for name in names["sentiment"])


def test_each_word_stands_alone(given: Embeddings, audited: Audit) -> None:
    row = row_of(audited.leakage.measurements, kind="utility", metric="presence_f1", split="test")
    rows, there = given.rows("test"), given.outputs["emotion"]
    assert row.by_word == {
        word: pytest.approx(PresenceF1()(there.true[rows][:, [i]], there.told[rows][:, [i]]))
        for i, word in enumerate(WORDS)
    }
    assert row.value == pytest.approx(np.mean(list(row.by_word.values())))
    assert all(not row.by_word for row in audited.leakage.measurements if not row.metric.startswith("presence"))


@pytest.mark.parametrize("metric", [PresenceF1(), PresenceWeightedAccuracy(), Correlation()])
def test_a_speaker_drawn_twice_counts_twice(given: Embeddings, audited: Audit, metric: OutputMetric) -> None:
    attribute = "emotion" if metric.kind == PRESENCE else "sentiment"
    answered = audited.record.answers[Claim("utility", attribute, attribute, "unseen")]
    evidence = output_evidence(answered, metric)
    weights = np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]], dtype=np.float64)
    place = np.array([evidence.speakers.index(speaker) for speaker in answered.speakers])
    for row, value in zip(weights, evidence.values(weights), strict=True):
        drawn = np.repeat(np.arange(len(place)), row[place].astype(np.int64))
        assert value == pytest.approx(metric(answered.outputs.true[drawn], answered.outputs.told[drawn]))


def test_the_interval_draws_speakers_with_all_their_clips(given: Embeddings) -> None:
    """One speaker whose answers are all wrong moves the lower bound; the same wrong clips, spread evenly, do not."""
    rows = given.rows("test")
    number = given.outputs["sentiment"]
    true = np.where(np.isnan(number.true), np.float32(1), number.true)
    wrong = {
        "one": rows[given.labels["speaker"][rows] == 0],
        "all": np.random.default_rng(0).permutation(rows)[: (given.labels["speaker"][rows] == 0).sum()],
    }
    lows: dict[str, float] = {}
    for name, some in wrong.items():
        told = true.copy()
        told[some] *= -1
        changed = {"sentiment": replace(number, true=true, told=told)}
        found = audit_embeddings(replace(given, outputs=changed), QUICK).leakage.measurements
        row = row_of(found, attribute="sentiment", metric="negative_nonnegative_accuracy", split="test")
        assert row.low is not None
        lows[name] = row.value - row.low
    assert lows["one"] > 1.5 * lows["all"]


def test_nothing_else_changes(make: Make, audited: Audit) -> None:
    """Without outputs: the same rows less those of outputs, no new key in any of them, and no new file."""
    plain = replace(make(), vectors=dict(with_outputs(make()).vectors))
    bare = audit_embeddings(plain, QUICK, Origin("heads", "Heads", 0))
    new = {"presence_f1", "presence_macro_f1", "presence_weighted_accuracy"}
    left = [r for r in audited.leakage.measurements if r.metric not in new and r.attribute != "sentiment"]
    assert bare.leakage.measurements == left
    keys = {key for row in json.loads(bare.leakage.model_dump_json())["measurements"] for key in row}
    assert keys == {
        "kind", "embedding", "attribute", "metric", "split", "attacker", "value", "low", "high", "recall", "settings"
    }  # fmt: skip


def test_records_are_read_back(audited: Audit, make: Make, tmp_path: Path) -> None:
    save_record(tmp_path, audited.record)
    read = load_record(tmp_path).answers
    assert list(read) == list(audited.record.answers)
    for claim, answered in audited.record.answers.items():
        there, back = answered.outputs, read[claim].outputs
        assert (read[claim].clips, read[claim].speakers) == (answered.clips, answered.speakers)
        assert (back.kind, back.words) == (there.kind, there.words)
        assert back.true.tobytes() == there.true.tobytes() and back.told.tobytes() == there.told.tobytes()
    none = tmp_path / "none"
    none.mkdir()
    save_record(none, replace(audited.record, answers={}))
    assert not (none / OUTPUTS).exists() and load_record(none).answers == {}
    assert Leakage.model_validate_json(audited.leakage.model_dump_json()) == audited.leakage


def test_seeds_are_averaged_with_one_interval(make: Make) -> None:
    found = [
        audit_embeddings(with_outputs(make(seed=seed), seed), QUICK, Origin("heads", "Heads", seed)) for seed in (0, 1)
    ]
    runs = [Run(f"s{i}", one.leakage, one.record) for i, one in enumerate(found)]
    rows = compare(runs, QUICK).systems[0].measurements
    for metric in ("presence_f1", "correlation"):
        wanted = {"kind": "utility", "metric": metric, "split": "unseen"}
        parts = [row_of(one.leakage.measurements, **wanted) for one in found]
        mean = row_of(rows, **wanted)
        assert mean.value == pytest.approx(np.mean([part.value for part in parts]))
        assert mean.low is not None and mean.high is not None and mean.low < mean.value < mean.high
        words = {word: pytest.approx(np.mean([part.by_word[word] for part in parts])) for word in parts[0].by_word}
        assert mean.by_word == words


def test_other_truths_do_not_compare_and_a_system_without_the_head_does(given: Embeddings) -> None:
    number = given.outputs["sentiment"]
    other = {**given.outputs, "sentiment": replace(number, true=number.true / 2)}
    same, changed, without = (
        fingerprint(replace(given, outputs=outputs), ("emotion", "speaker")) for outputs in (given.outputs, other, {})
    )
    refuse_mixed([("none", 0, without), ("first", 0, same), ("again", 0, same)])
    with pytest.raises(EmbeddingsError, match="second: differs from first, both of seed 0, in true:sentiment"):
        refuse_mixed([("none", 0, without), ("first", 0, same), ("second", 0, changed)])
    assert differing(same, changed) == ["true:sentiment"] and differing("one", "two") == ["data"]
    assert TRUE not in without


def test_a_number_that_nothing_can_be_said_of_has_no_row(given: Embeddings) -> None:
    number = given.outputs["sentiment"]
    same = {"sentiment": replace(number, true=np.full_like(number.true, 2))}
    found = audit_embeddings(replace(given, outputs=same), QUICK).leakage.measurements
    assert not rows_of(found, metric="correlation")
    assert len(rows_of(found, metric="mean_absolute_error")) == 2
    unknown = {"sentiment": replace(number, true=np.full_like(number.true, np.nan))}
    bare = audit_embeddings(replace(given, outputs=unknown), QUICK)
    assert not rows_of(bare.leakage.measurements, attribute="sentiment", kind="utility") and not bare.record.answers


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"told": np.nan}, "told:sentiment: {known} clips of known truth are not answered, the first is 'c0000'"),
        ({"told": np.inf}, "told:sentiment, clip 'c0000': sentiment: inf is not a finite number"),
        ({"kind": PRESENCE}, "is not 0 or 1"),
        ({"words": ("a", "b")}, "true:sentiment: shape [318, 1], expected [318, 2]: clips, words"),
    ],
)
def test_outputs_that_cannot_be_audited(given: Embeddings, change: dict[str, Any], words: str) -> None:
    number = given.outputs["sentiment"]
    parts = {key: np.full_like(number.told, value) if key == "told" else value for key, value in change.items()}
    known = int((~np.isnan(number.true)).sum())
    bad = {"sentiment": replace(number, **parts)}
    with pytest.raises(EmbeddingsError) as caught:
        audit_embeddings(replace(given, outputs=bad), QUICK)
    assert words.format(known=known) in str(caught.value)


def test_the_whole_stage_with_another_primary(given: Embeddings, tmp_path: Path) -> None:
    """Files in, files out: sentiment as the wanted attribute, by its levels and by its number."""
    number = given.outputs["sentiment"].true[:, 0]
    levels = np.where(np.isnan(number), MISSING, number >= 0).astype(np.int64)
    labels = {"speaker": given.labels["speaker"], "sentiment": levels}
    classes = {"speaker": given.classes["speaker"], "sentiment": ("negative", "positive")}
    vectors = {name: given.vectors[name] for name in ("speaker", "sentiment")}
    embeddings = replace(
        given, labels=labels, classes=classes, vectors=vectors, outputs={"sentiment": given.outputs["sentiment"]},
        predictions={"sentiment": np.maximum(levels, 0)},
    )  # fmt: skip
    (tmp_path / "e").mkdir()
    save_embeddings(tmp_path / "e", embeddings)
    options = ["primary=sentiment", "attackers=[nearest_neighbours]", "bootstrap=20", "projection=false"]
    audit(tmp_path / "e", tmp_path / "out", options, workers=1)
    comparison = Comparison.model_validate_json((tmp_path / "out" / "comparison.json").read_bytes())
    found = comparison.systems[0].measurements
    assert comparison.primary == "sentiment" and Claim("utility", "sentiment", "sentiment", "test") in {
        Claim(row.kind, row.embedding, row.attribute, row.split, row.attacker) for row in found
    }
    assert row_of(found, kind="utility", metric="correlation", split="unseen").low is not None
    assert row_of(found, kind="utility", attribute="sentiment", metric="macro_f1", split="test").value == 1
    assert (tmp_path / "out" / "e" / OUTPUTS).is_file()
