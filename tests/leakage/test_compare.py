"""Systems side by side: means over seeds, joint intervals, the baseline, and what must not be mixed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from emoprism.errors import EmbeddingsError
from emoprism.leakage import AuditOptions, Origin, audit_embeddings
from emoprism.leakage.compare import Run, compare, refuse_mixed
from emoprism.leakage.evidence import Claim
from emoprism.leakage.results import STRONGEST, Measurement
from emoprism.leakage.store import load_record, save_record
from emoprism.leakage.stuart_maxwell import stuart_maxwell
from emoprism.types import Embeddings

OPTIONS = AuditOptions.model_validate({"attackers": ["logistic", "nearest_neighbours"], "bootstrap": 200})
Make = Callable[..., Embeddings]
MakeRun = Callable[..., Run]


@pytest.fixture(scope="module")
def run(make: Make) -> MakeRun:
    def made(folder: str, name: str, method: str | None, seed: int | None = 0, **how: float) -> Run:
        embeddings = make(how.pop("leak", 0.5), seed=seed or 0, **how)
        audit = audit_embeddings(embeddings, OPTIONS, Origin(name, name.upper(), seed))
        return Run(folder, audit.leakage, audit.record, method)

    return made


@pytest.fixture(scope="module")
def four(run: MakeRun) -> list[Run]:
    return [
        run("m1", "method", "confusion", 1, leak=0.0, heads=0.5),
        run("b1", "base", "none", 1),
        run("m0", "method", "confusion", 0, leak=0.0, heads=0.5),
        run("b0", "base", "none", 0),
    ]


def _value(rows: Sequence[Measurement], kind: str, metric: str, attacker: str = "", split: str = "test") -> Measurement:
    found = [
        r
        for r in rows
        if (r.kind, r.attribute, r.metric, r.attacker, r.split) == (kind, "emotion", metric, attacker, split)
    ]
    assert len(found) == 1
    return found[0]


def test_seeds_of_a_system_are_averaged(four: list[Run]) -> None:
    comparison = compare(four, OPTIONS)
    assert [(s.name, s.seeds, s.runs) for s in comparison.systems] == [
        ("method", [0, 1], ["m0", "m1"]),
        ("base", [0, 1], ["b0", "b1"]),
    ]
    assert comparison.baseline == "base" and (comparison.primary, comparison.secondary) == ("emotion", "speaker")
    for kind, metric, attacker in [
        ("leakage", "macro_f1", STRONGEST), ("floor", "accuracy", "logistic"), ("utility", "macro_f1", ""),
        ("chance", "accuracy", ""), ("majority", "macro_f1", ""),
    ]:  # fmt: skip
        rows = [_value(run.leakage.measurements, kind, metric, attacker) for run in (four[3], four[1])]
        mean = _value(comparison.systems[1].measurements, kind, metric, attacker)
        assert mean.value == pytest.approx(np.mean([row.value for row in rows]))
        assert (mean.low is None) == (kind in ("chance", "majority"))
        assert mean.low is None or mean.high is None or mean.low <= mean.value <= mean.high
    strongest = _value(comparison.systems[1].measurements, "leakage", "macro_f1", STRONGEST)
    assert len(strongest.settings["attacker"]) == 2
    recall = _value(comparison.systems[1].measurements, "utility", "macro_f1").recall
    assert set(recall) == {"angry", "happy", "sad"}


def test_less_leak_is_seen_as_less(four: list[Run]) -> None:
    method, base = (s.measurements for s in compare(four, OPTIONS).systems)
    less, more = (_value(rows, "leakage", "macro_f1", STRONGEST) for rows in (method, base))
    assert less.high is not None and more.low is not None and less.high < more.low


def test_one_seed_alone_has_the_interval_of_its_audit(four: list[Run]) -> None:
    alone = compare(four[1:2], OPTIONS).systems[0].measurements
    for row in four[1].leakage.measurements:
        twin = next(
            r for r in alone if r.model_copy(update={"settings": {}}) == row.model_copy(update={"settings": {}})
        )
        assert (twin.low, twin.high) == (row.low, row.high)


def test_stuart_maxwell_is_of_the_heads_of_the_same_seed(four: list[Run]) -> None:
    method, base = compare(four, OPTIONS).systems
    assert base.stuart_maxwell == []
    assert [(t.seed, t.split, t.against) for t in method.stuart_maxwell] == [
        (seed, split, "BASE") for seed in (0, 1) for split in ("test", "unseen")
    ]
    claim = Claim("utility", "emotion", "emotion", "test")
    mine, theirs = (run.record.judged[claim] for run in (four[2], four[3]))
    expected = stuart_maxwell(mine.predicted, theirs.predicted, 3)
    assert method.stuart_maxwell[0].statistic == pytest.approx(expected.statistic)
    assert method.stuart_maxwell[0].p_value == pytest.approx(expected.p_value) and expected.p_value < 0.01


def test_a_record_survives_the_disk(four: list[Run], tmp_path: Path) -> None:
    stored: list[Run] = []
    for run in four:
        save_record(tmp_path / run.folder, run.record)
        stored.append(dataclasses.replace(run, record=load_record(tmp_path / run.folder)))
    kept, told = compare(four, OPTIONS), compare(stored, OPTIONS)
    for one, other in zip(kept.systems, told.systems, strict=True):
        assert one.stuart_maxwell == other.stuart_maxwell
        for mine, theirs in zip(one.measurements, other.measurements, strict=True):
            assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_baseline_has_both_attributes_and_if_possible_the_same_dimensions(run: MakeRun) -> None:
    wide = run("w", "base", "none", width=12)
    narrow = run("n", "base", "none")
    single = run("s", "speaker-only", "none")
    dimensions = {"speaker": 8}
    single = dataclasses.replace(single, leakage=single.leakage.model_copy(update={"dimensions": dimensions}))
    other = run("o", "method", "confusion", heads=0.4)
    comparison = compare([single, wide, narrow, other], OPTIONS)
    assert comparison.baseline == "base" and [s.runs for s in comparison.systems] == [["s"], ["w"], ["n"], ["o"]]
    against = {s.runs[0]: s.stuart_maxwell for s in comparison.systems}
    assert against["w"] == against["n"] == [] and against["s"] and against["o"]
    claim = Claim("utility", "emotion", "emotion", "test")
    expected = stuart_maxwell(other.record.judged[claim].predicted, narrow.record.judged[claim].predicted, 3)
    assert against["o"][0].statistic == pytest.approx(expected.statistic)


def test_without_a_baseline_nothing_is_compared_with_it(run: MakeRun) -> None:
    comparison = compare([run("a", "a", None, None), run("b", "b", "confusion", 5)], OPTIONS)
    assert comparison.baseline is None and not any(s.stuart_maxwell for s in comparison.systems)
    assert comparison.systems[0].seeds == [None]


def test_a_seed_that_the_baseline_lacks_is_not_tested(four: list[Run]) -> None:
    comparison = compare([four[0], four[3], four[2]], OPTIONS)
    assert {t.seed for t in comparison.systems[0].stuart_maxwell} == {0}


def test_other_data_is_refused_by_name() -> None:
    one = json.dumps({"clips": "a", "split": "b", "emotion": "c"})
    two = json.dumps({"clips": "a", "split": "x", "emotion": "d", "speaker": "e"})
    refuse_mixed([("first", 0, one), ("other-seed", 1, two), ("again", 0, one)])
    with pytest.raises(EmbeddingsError) as caught:
        refuse_mixed([("first", 0, one), ("second", 0, two), ("third", None, one), ("fourth", None, two)])
    first, second = map(str, caught.value.problems)
    assert "second: differs from first, both of seed 0, in emotion, speaker, split" in first
    assert "fourth: differs from third, both without a seed" in second


def test_the_same_seed_twice_in_one_system_is_refused(four: list[Run]) -> None:
    twin = dataclasses.replace(four[0], folder="copy")
    with pytest.raises(EmbeddingsError, match="copy: is 'method' with seed 1, and so is m1"):
        compare([*four, twin], OPTIONS)
