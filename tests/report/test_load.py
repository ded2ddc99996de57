"""An audit directory is read whole or refused with every problem named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emoprism.errors import StageError
from emoprism.report.load import read_audit


@pytest.fixture
def audit(maker: Any, tmp_path: Path) -> Path:
    maker.small(tmp_path / "audit")
    return tmp_path / "audit"


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def folder(audit: Path, name: str) -> Path:
    return next(iter(sorted(audit.glob(f"*{name}*seed0"))))


def test_a_whole_audit_is_read(audit: Path) -> None:
    found = read_audit(audit)
    assert len(found.comparison.systems) == 7
    assert [run.leakage.seed for run in found.runs_of(found.comparison.systems[0])] == [0, 1]


def test_another_stage_or_an_unfinished_one_is_refused(audit: Path) -> None:
    edit(audit / "manifest.json", stage="train")
    with pytest.raises(StageError, match="made by emoprism train"):
        read_audit(audit)
    (audit / "manifest.json").rename(audit / "manifest.partial.json")
    with pytest.raises(StageError, match="not finished"):
        read_audit(audit)


def test_a_comparison_that_is_missing_broken_or_empty_is_refused(audit: Path) -> None:
    edit(audit / "comparison.json", systems=[])
    with pytest.raises(StageError, match="holds no system"):
        read_audit(audit)
    edit(audit / "comparison.json", systems=3)
    with pytest.raises(StageError, match=r"comparison\.json: systems"):
        read_audit(audit)
    (audit / "comparison.json").unlink()
    with pytest.raises(StageError, match="no such file"):
        read_audit(audit)


def test_all_broken_runs_are_named_together(audit: Path) -> None:
    (folder(audit, "multitask") / "leakage.json").unlink()
    (folder(audit, "confusion") / "leakage.json").write_text("{", "utf-8")
    (folder(audit, "contrast") / "history.json").write_text('[{"epoch": "x", "losses": {}}]', "utf-8")
    (folder(audit, "alternate") / "projection.json").write_text('[{"epoch": 1}]', "utf-8")
    with pytest.raises(StageError) as caught:
        read_audit(audit)
    assert len({problem.where.split(":")[0] for problem in caught.value.problems}) == 4
    assert any("0.epoch" in problem.where for problem in caught.value.problems)


def test_a_run_outside_of_the_audit_is_not_read(audit: Path) -> None:
    comparison = json.loads((audit / "comparison.json").read_text("utf-8"))
    comparison["systems"][0]["runs"] = ["../elsewhere"]
    (audit / "comparison.json").write_text(json.dumps(comparison), "utf-8")
    with pytest.raises(StageError, match="outside"):
        read_audit(audit)


def test_runs_of_one_seed_on_other_data_are_refused_and_the_difference_named(audit: Path) -> None:
    path = folder(audit, "confusion") / "leakage.json"
    leakage = json.loads(path.read_text("utf-8"))
    leakage["speakers"]["unseen"][0] = "stranger"
    words = leakage["data"].replace("3e25d59b7c9c", "4e25d59b7c9c")
    edit(path, data=words, clips=leakage["clips"] | {"test": 7}, speakers=leakage["speakers"])
    with pytest.raises(StageError) as caught:
        read_audit(audit)
    (problem,) = caught.value.problems
    assert "confusion" in problem.where
    assert "other split; 7 clips in test against 250" in problem.what and "stranger" in problem.what


def test_a_difference_that_counts_do_not_show_is_still_one(audit: Path) -> None:
    for path in audit.glob("*seed0/leakage.json"):
        edit(path, data="one" if "confusion" in path.parent.name else "two")
    with pytest.raises(StageError, match="the same counts"):
        read_audit(audit)


def test_other_data_of_another_seed_are_fine(audit: Path) -> None:
    data = {run.leakage.data for run in read_audit(audit).runs.values()}
    assert len(data) == 2
