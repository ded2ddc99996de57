"""Whether runs were trained for long enough, from their histories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emoprism.leakage.results import Epoch
from emoprism.report.lengths import Reached, length_of, lengths_table, mean_length
from emoprism.report.load import read_audit
from emoprism.report.view import View

F1 = "validation/emotion/macro_f1"


def history(scores: dict[int, float], kept: int | None, epochs: int) -> list[Epoch]:
    """Scored in some epochs only."""
    return [
        Epoch(epoch=i, losses={}, scores={F1: scores[i], "probe/a>b": 0.1} if i in scores else {}, kept=i == kept)
        for i in range(epochs)
    ]


def test_halfway_is_the_last_score_of_the_first_half() -> None:
    run = length_of(history({1: 0.2, 4: 0.5, 7: 0.7, 9: 0.6}, kept=7, epochs=10))
    assert run is not None and (run.epochs, run.kept) == (10, 8)
    assert run.scores == {F1: Reached(halfway=0.5, kept=0.7, end=0.6)}, "probes are no scores of a task"
    late = length_of(history({7: 0.7, 9: 0.8}, kept=9, epochs=10))
    assert late is not None and late.scores[F1].halfway == 0.7, "the first score there is, where none is earlier"


def test_without_a_kept_epoch_nothing_is_told() -> None:
    assert length_of(history({1: 0.2}, kept=None, epochs=3)) is None and length_of([]) is None
    assert mean_length([]) is None


def test_means_over_runs() -> None:
    runs = [
        length_of(history({0: 0.1, 3: 0.5}, kept=3, epochs=4)),
        length_of(history({0: 0.3, 3: 0.2}, kept=0, epochs=4)),
    ]
    told = mean_length([run for run in runs if run is not None])
    assert told is not None and dict(told.flat()) == pytest.approx(
        {"epochs": 4, "kept": 2.5, "last": 0.5, f"{F1} halfway": 0.2, f"{F1} kept": 0.4, f"{F1} end": 0.35}
    )


def test_the_report_shows_it_for_every_system_with_a_history(maker: Any, tmp_path: Path) -> None:
    maker.write(tmp_path / "audit", systems=maker.without("alternate"), seeds=(0, 1), epochs=6, points=4)
    for path in (tmp_path / "audit").glob("*multitask*/history.json"):
        path.unlink()
    audit = read_audit(tmp_path / "audit")
    table = lengths_table(audit, View(audit.comparison))
    assert table is not None
    heads = [row.head for row in table.rows]
    assert "Multitask" not in heads and {"Emotion only", "Confusion loss"} <= {*heads}
    groups = list(dict.fromkeys(column.group for column in table.columns if column.group))
    assert groups == ["emotion macro F1, validation", "speaker accuracy, validation"]
    alone = table.rows[heads.index("Emotion only")]
    assert [cell.text for cell in alone.cells[:3]] == ["6", "5.0", "0.0"]
    assert [cell.text for cell in alone.cells[6:]] == ["–"] * 3, "no speakers, no score of theirs"
    paths = sorted((tmp_path / "audit").glob("*single_emotion*/history.json"))
    at_end = [json.loads(path.read_text())[-1]["scores"][F1] for path in paths]
    assert alone.cells[5].text == f"{100 * sum(at_end) / len(at_end):.1f}"
