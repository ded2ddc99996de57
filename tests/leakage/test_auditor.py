"""The audit of one set of embeddings: what is planted is measured, what is not there stays at the floor."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import emoprism.leakage
from emoprism.errors import EmbeddingsError
from emoprism.leakage import Audit, AuditOptions, Origin, audit_embeddings
from emoprism.leakage.auditor import fingerprint
from emoprism.leakage.evidence import Claim
from emoprism.leakage.results import STRONGEST, Leakage, Measurement
from emoprism.types import MISSING, Embeddings

QUICK = AuditOptions.model_validate({"attackers": ["logistic", "nearest_neighbours"], "bootstrap": 50})
WITH_MLP = AuditOptions.model_validate(
    {"attackers": ["logistic", {"name": "mlp", "epochs": 12, "decays": (1.0,)}], "bootstrap": 50}
)
Make = Callable[..., Embeddings]


def row(audit: Audit, kind: str, embedding: str, attribute: str, metric: str, split: str, by: str = "") -> Measurement:
    wanted = (kind, embedding, attribute, metric, split, by)
    found = [
        m
        for m in audit.leakage.measurements
        if (m.kind, m.embedding, m.attribute, m.metric, m.split, m.attacker) == wanted
    ]
    assert len(found) == 1, wanted
    return found[0]


def splits_of(audit: Audit, **wanted: str) -> set[str]:
    return {m.split for m in audit.leakage.measurements if all(getattr(m, k) == v for k, v in wanted.items())}


@pytest.fixture(scope="module")
def leaky(make: Make) -> Audit:
    return audit_embeddings(make(1.0, sizes=SIZES), WITH_MLP, Origin("leaky", "Leaky", 3))


SIZES = {"train": 180, "validation": 40, "test": 90, "unseen": 48}


def test_a_planted_leak_is_found_in_both_directions(leaky: Audit) -> None:
    told = row(leaky, "leakage", "speaker", "emotion", "macro_f1", "test", STRONGEST)
    assert told.value > 0.9 and told.low is not None and told.high is not None
    assert told.low <= told.value <= told.high
    assert row(leaky, "leakage", "emotion", "speaker", "accuracy", "test", STRONGEST).value > 0.9
    floor = row(leaky, "floor", "speaker", "emotion", "macro_f1", "test", STRONGEST)
    assert floor.value < 0.5 < told.value, "labels are independent: the name of the speaker says nothing"


def test_without_a_leak_nothing_is_found(make: Make) -> None:
    clean = audit_embeddings(make(0.0), QUICK)
    for attacker in ("logistic", "nearest_neighbours"):
        assert row(clean, "leakage", "speaker", "emotion", "accuracy", "test", attacker).value < 1 / 3 + 0.17
        assert row(clean, "leakage", "emotion", "speaker", "accuracy", "test", attacker).value < 1 / 6 + 0.14


def test_dependent_labels_raise_the_floor_and_not_the_excess(make: Make) -> None:
    """A perfect code of the speaker leaks exactly what the speaker's habits say."""
    made = make(0.0)
    speaker = made.labels["speaker"]
    rng = np.random.default_rng(0)
    habit = np.where(rng.random(len(speaker)) < 0.8, speaker % 3, rng.integers(0, 3, len(speaker)))
    habit = habit.astype(np.int64)
    vectors = {"speaker": np.eye(9, dtype=np.float32)[speaker]}
    audit = audit_embeddings(
        dataclasses.replace(made, vectors=vectors, labels={**made.labels, "emotion": habit}), QUICK
    )
    leak = row(audit, "leakage", "speaker", "emotion", "accuracy", "test", STRONGEST)
    floor = row(audit, "floor", "speaker", "emotion", "accuracy", "test", STRONGEST)
    assert leak.value == floor.value > 0.75


def test_strongest_is_the_maximum_and_names_its_attacker(leaky: Audit) -> None:
    for strongest in (m for m in leaky.leakage.measurements if m.attacker == STRONGEST):
        question = (strongest.kind, strongest.embedding, strongest.attribute, strongest.metric, strongest.split)
        values = {by: row(leaky, *question, by).value for by in ("logistic", "mlp")}
        assert strongest.value == max(values.values()) == values[strongest.settings["attacker"]]


def test_speakers_that_train_never_saw_are_not_identified_but_verified(leaky: Audit) -> None:
    assert splits_of(leaky, kind="leakage", attribute="speaker", metric="accuracy") == {"test"}
    assert splits_of(leaky, kind="utility", attribute="speaker", metric="accuracy") == {"test"}
    assert splits_of(leaky, kind="utility", attribute="speaker", metric="eer") == {"test", "unseen"}
    own = row(leaky, "utility", "speaker", "speaker", "eer", "unseen")
    other = row(leaky, "leakage", "emotion", "speaker", "eer", "unseen")
    assert 0.05 < own.value < 0.45 and 0.05 < other.value < 0.45 and own.attacker == other.attacker == ""


def test_utility_is_of_the_models_own_heads(leaky: Audit) -> None:
    assert row(leaky, "utility", "emotion", "emotion", "accuracy", "test").value == pytest.approx(0.93, abs=0.06)
    told = row(leaky, "utility", "emotion", "emotion", "macro_f1", "test")
    assert set(told.recall) == {"angry", "happy", "sad"} and told.recall["angry"] == 1.0


def test_combined_is_the_sum_of_the_probes_of_both_directions(leaky: Audit) -> None:
    parts = (
        row(leaky, "leakage", "speaker", "emotion", "macro_f1", "test", "mlp").value,
        row(leaky, "leakage", "emotion", "speaker", "accuracy", "test", "mlp").value,
    )
    assert row(leaky, "combined", "", "", "sum", "test").value == pytest.approx(sum(parts))
    assert splits_of(leaky, kind="combined") == {"validation", "test"}
    assert not splits_of(leaky, kind="leakage", split="validation"), "validation is reported only where asked"


def test_guesses(leaky: Audit) -> None:
    assert row(leaky, "chance", "", "speaker", "accuracy", "test").value == pytest.approx(1 / 6)
    assert row(leaky, "chance", "", "emotion", "accuracy", "unseen").value == pytest.approx(1 / 3)
    assert row(leaky, "majority", "", "emotion", "macro_f1", "test").value < 0.25


def test_head_of_the_result(leaky: Audit) -> None:
    leakage = leaky.leakage
    assert (leakage.name, leakage.label, leakage.seed) == ("leaky", "Leaky", 3)
    assert leakage.dimensions == {"speaker": 8, "emotion": 8} and leakage.clips == SIZES
    assert leakage.speakers["unseen"] == ["s6", "s7", "s8"] and len(leakage.speakers["train"]) == 6
    assert Leakage.model_validate_json(leakage.model_dump_json()) == leakage


def test_labels_of_test_clips_never_enter_a_prediction(make: Make) -> None:
    made = make(0.5)
    shuffled = {name: index.copy() for name, index in made.labels.items()}
    rows = made.rows("test")
    for index in shuffled.values():
        index[rows] = np.random.default_rng(1).permutation(index[rows])
    one, other = (audit_embeddings(e, WITH_MLP) for e in (made, dataclasses.replace(made, labels=shuffled)))
    attacked = [claim for claim in one.record.judged if claim.kind == "leakage"]
    assert {claim.split for claim in attacked} == {"test", "unseen"}
    for claim in attacked:
        assert (one.record.judged[claim].predicted == other.record.judged[claim].predicted).all()
    assert one.leakage.measurements != other.leakage.measurements
    trained = {name: index.copy() for name, index in made.labels.items()}
    trained["emotion"][made.rows("train")] = 0
    third = audit_embeddings(dataclasses.replace(made, labels=trained), QUICK)
    claim = Claim("leakage", "speaker", "emotion", "test", "logistic")
    assert (third.record.judged[claim].predicted == 0).all(), "while labels of train do"


def test_the_same_to_the_bit(make: Make) -> None:
    one, two = (audit_embeddings(make(0.5), WITH_MLP).leakage.model_dump_json() for _ in range(2))
    assert one == two
    other = audit_embeddings(make(0.5), WITH_MLP.model_copy(update={"seed": 1})).leakage.model_dump_json()
    assert other != one


def test_attributes_without_an_embedding_can_be_told(make: Make) -> None:
    made = make(1.0)
    gender = (made.labels["speaker"] % 2).astype(np.int64)
    made = dataclasses.replace(
        made, labels={**made.labels, "gender": gender}, classes={**made.classes, "gender": ("f", "m")}
    )
    audit = audit_embeddings(made, QUICK.model_copy(update={"tell": ("gender",)}))
    assert row(audit, "leakage", "emotion", "gender", "macro_f1", "test", STRONGEST).value > 0.8
    assert not splits_of(audit, attribute="emotion", kind="leakage")


def test_missing_labels_are_left_out(make: Make) -> None:
    made = make(1.0)
    labels = {name: index.copy() for name, index in made.labels.items()}
    labels["emotion"][::3] = MISSING
    labels["speaker"][1::5] = MISSING
    audit = audit_embeddings(dataclasses.replace(made, labels=labels), QUICK)
    judged = audit.record.judged[Claim("leakage", "speaker", "emotion", "test", "logistic")]
    assert len(judged.clips) == 60 and any(name.startswith("clip c") for name in judged.speakers)
    assert row(audit, "leakage", "speaker", "emotion", "macro_f1", "test", STRONGEST).value > 0.85


def test_embeddings_without_speaker_labels(make: Make) -> None:
    """Somebody else's embeddings, of another attribute pair: clips stand for themselves, nothing is verified."""
    made = make(1.0)
    labels = {"emotion": made.labels["emotion"]}
    bare = dataclasses.replace(made, labels=labels, classes={"emotion": made.classes["emotion"]}, predictions={})
    audit = audit_embeddings(bare, QUICK.model_copy(update={"tell": ("emotion",)}))
    assert audit.leakage.speakers == {} and not audit.record.pairs
    assert not [m for m in audit.leakage.measurements if m.kind in ("utility", "floor", "combined")]
    assert row(audit, "leakage", "speaker", "emotion", "macro_f1", "test", STRONGEST).low is not None


def test_a_split_of_one_speaker_is_not_verified(make: Make) -> None:
    made = make(1.0)
    speaker = made.labels["speaker"].copy()
    speaker[made.rows("unseen")] = 7
    audit = audit_embeddings(dataclasses.replace(made, labels={**made.labels, "speaker": speaker}), QUICK)
    assert splits_of(audit, metric="eer") == {"test"}


def test_fingerprint_names_what_differs_and_not_the_order(make: Make) -> None:
    made = make(1.0)
    order = np.random.default_rng(0).permutation(len(made.clips))
    moved = dataclasses.replace(
        made,
        clips=tuple(made.clips[i] for i in order),
        split=tuple(made.split[i] for i in order),
        labels={name: index[order] for name, index in made.labels.items()},
    )
    told = ("emotion", "speaker")
    assert fingerprint(moved, told) == fingerprint(made, told)
    other = {**made.labels, "emotion": np.roll(made.labels["emotion"], 1)}
    one, two = (json.loads(fingerprint(e, told)) for e in (made, dataclasses.replace(made, labels=other)))
    assert {key for key in one if one[key] != two[key]} == {"emotion"}


def _change(made: Embeddings, what: str) -> tuple[Embeddings, dict[str, Any]]:
    vectors = {name: rows.copy() for name, rows in made.vectors.items()}
    labels = {name: index.copy() for name, index in made.labels.items()}
    predictions = {name: index.copy() for name, index in made.predictions.items()}
    split, options = made.split, dict[str, Any]()
    match what:
        case "nan":
            vectors["speaker"][3, 1] = np.nan
        case "empty":
            vectors = {}
        case "no train":
            split = tuple("test" if name == "train" else name for name in split)
        case "no test":
            split = ("train",) * len(split)
        case "no label":
            options = {"tell": ("emotoin",)}
        case "unlabelled train":
            labels["emotion"][made.rows("train")] = MISSING
        case _:
            predictions["emotion"][made.rows("test")[:2]] = MISSING
    made = dataclasses.replace(made, vectors=vectors, labels=labels, split=split, predictions=predictions)
    return made, options


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("nan", "'speaker': not 318 rows of finite numbers"),
        ("empty", "holds no embedding"),
        ("no train", "no clip of split train"),
        ("no test", "no clip of split test or unseen"),
        ("no label", "no labels of 'emotoin' to tell\n.*did you mean 'emotion'"),
        ("unlabelled train", "no train clip has a label of 'emotion'"),
        ("unpredicted", "predicted:emotion: 2 clips of split test have no prediction"),
    ],
)
def test_what_cannot_be_audited_is_named(make: Make, what: str, sentence: str) -> None:
    made, options = _change(make(1.0), what)
    with pytest.raises(EmbeddingsError, match=sentence):
        audit_embeddings(made, QUICK.model_copy(update=options))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"splits": ("train",)}, "cannot be attacked"),
        ({"splits": ("tset",)}, "tset"),
        ({"splits": ()}, "at least 1"),
        ({"primary": "speaker"}, "same attribute"),
        ({"attackers": ["mlp", "mlp"]}, "names one twice"),
        ({"attackers": ["mpl"]}, "did you mean 'mlp'"),
        ({"attackers": [{"name": "mlp", "hiden": 3}]}, "did you mean 'hidden'"),
        ({"bootstrap": -1}, "greater than or equal to 0"),
    ],
)
def test_options_are_strict(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        AuditOptions.model_validate(options)


def test_all_attackers_by_default_and_metrics_of_the_paper() -> None:
    names = {choice.name for choice in AuditOptions().chosen_attackers()}
    assert {"logistic", "mlp", "nearest_neighbours", "boosted_trees"} <= names
    assert AuditOptions().reported("speaker") == "accuracy" and AuditOptions().reported("emotion") == "macro_f1"


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'audits'"):
        _ = emoprism.leakage.audits
