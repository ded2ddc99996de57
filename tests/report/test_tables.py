"""Tables hold the comparison's numbers, mark the best, and leave out what there is nothing of."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from emoprism.leakage.results import STRONGEST, Comparison, StuartMaxwell, System
from emoprism.pages.tables import Cell, Column, Row, Table, spans
from emoprism.pages.text import as_text
from emoprism.report import details, tables
from emoprism.report.papers.peri2021 import PAPER_TABLE_1, stuart_maxwell_table, table_1
from emoprism.report.tables import methods_table
from emoprism.report.view import Role, View, find


@pytest.fixture
def view(maker: Any, tmp_path: Path) -> View:
    return View(maker.small(tmp_path / "audit"))


@pytest.fixture
def grid(maker: Any, tmp_path: Path) -> View:
    return View(maker.small(tmp_path / "grid", widths=(64, 2048, 256)))


def by_head(table: Table) -> dict[str, Row]:
    return {row.head: row for row in table.rows}


def test_roles_and_order(grid: View) -> None:
    assert [grid.role(s) for s in grid.systems][:3] == [Role.SINGLE_PRIMARY, Role.SINGLE_SECONDARY, Role.BASELINE]
    assert grid.widths == [2048, 256, 64] and grid.reference_width == 64
    assert grid.series[0][1] == "Multitask"
    assert [grid.width(s) for s in grid.having(Role.BASELINE)] == [2048, 256, 64]


def test_without_a_baseline_the_smallest_dimension_is_the_reference(maker: Any, tmp_path: Path) -> None:
    view = View(maker.small(tmp_path / "audit", baseline=None, widths=(256, 64)))
    assert view.reference_width == 64 and not view.having(Role.BASELINE)


def test_every_number_of_the_methods_table_is_the_comparisons(view: View) -> None:
    table = methods_table(view)
    row = by_head(table)["Confusion loss"]
    shown = [(c.text, c.interval) for c in row.cells]
    assert shown == [
        ("88.6", "[86.1, 91.1]"), ("62.9", "[60.4, 65.4]"), ("97.5", "[95.0, 100.0]"), ("18.7", "[16.2, 21.2]"),
        ("63.4", "[60.9, 65.9]"), ("44.7", "[42.2, 47.2]"), ("41.2", ""), ("50.1", "[47.6, 52.6]"),
    ]  # fmt: skip
    assert by_head(table)["Emotion only"].cells[4] is tables.EMPTY
    assert by_head(table)["floor"].cells[4].text == "22.2" and by_head(table)["floor"].cells[0] is tables.EMPTY
    assert by_head(table)["chance"].cells[0].text == "19.2" and by_head(table)["chance"].cells[3] is tables.EMPTY


def test_the_best_of_a_column_is_marked_by_its_direction_and_never_a_reference_row(view: View) -> None:
    table = methods_table(view)
    for i, column in enumerate(table.columns):
        values = {row.head: float(row.cells[i].text) for row in table.rows if row.cells[i].text != "–"}
        own = {head: v for head, v in values.items() if head not in ("floor", "majority", "chance")}
        best = max(own.values()) if column.better == "higher" else min(own.values())
        assert {row.head for row in table.rows if row.cells[i].best} == {h for h, v in own.items() if v == best}


def test_equal_values_are_not_marked(maker: Any, tmp_path: Path) -> None:
    same = {name: system for name, system in maker.prototype.items() if "multitask" in name}
    same["other"] = ("Other", same["peri2021/multitask"][1])
    table = methods_table(View(maker.small(tmp_path / "audit", systems=same)))
    assert not any(cell.best for row in table.rows for cell in row.cells)


def test_columns_without_a_value_vanish(maker: Any, tmp_path: Path) -> None:
    table = methods_table(View(maker.small(tmp_path / "audit", splits=("test",), floor=None, guesses=False)))
    assert [c.title for c in table.columns] == ["seen speakers", "accuracy", "seen speakers", "seen speakers"]
    assert all(not row.reference or row.head == "floor" for row in table.rows)


def test_numbers_that_are_none_are_not_shown(view: View) -> None:
    system = view.having(Role.BASELINE)[0]
    nan = system.measurements[0].model_copy(update={"value": math.nan})
    assert find([nan], view.utility("emotion", "test")) is None
    assert find(system.measurements, view.utility("emotion", "test")) is not None


def test_attackers_stand_alone_and_the_strongest_does_not(view: View) -> None:
    found = details.attackers_tables(view)
    assert len(found) == 3
    assert [c.title for c in found[0].columns] == ["boosted trees", "logistic", "mlp", "nearest neighbours"]
    strongest = find(view.having(Role.BASELINE)[0].measurements, view.leak("test", STRONGEST))
    assert strongest is not None
    assert max(float(c.text) for c in by_head(found[0])["Multitask"].cells) == pytest.approx(100 * strongest.value)


def test_combined_and_recall(view: View) -> None:
    combined = details.combined_table(view)
    assert combined is not None and by_head(combined)["Multitask"].cells[0].text == "179.1"
    recall = details.recall_tables(view)
    assert len(recall) == 4 and [c.title for c in recall[0].columns] == ["angry", "happy", "neutral", "other", "sad"]
    assert "Emotion only" in by_head(recall[0]) and "Emotion only" not in by_head(recall[2])


def test_table_1_keeps_the_papers_columns_apart(grid: View) -> None:
    table = table_1(grid)
    assert table is not None
    assert spans(table.columns) == [("this audit", 5), ("Peri et al. 2021, EmoVox-Test", 4)]
    for row in table.rows:
        assert [c.text for c in row.cells[-4:]] == [f"{v:.2f}" for v in PAPER_TABLE_1[int(row.head)]]
    assert by_head(table)["64"].cells[0].text == "96.7"


def test_table_1_with_another_dimension_and_without_any(maker: Any, tmp_path: Path) -> None:
    table = table_1(View(maker.small(tmp_path / "one", widths=(128,))))
    assert table is not None and [row.head for row in table.rows] == ["2048", "256", "128", "64"]
    assert [c.text for c in by_head(table)["128"].cells[-4:]] == ["–"] * 4
    singles = maker.without("multitask", "gradient_reversal", "alternate", "confusion", "contrast")
    assert table_1(View(maker.small(tmp_path / "none", systems=singles))) is None


def test_stuart_maxwell_rejects_below_the_papers_alpha(view: View) -> None:
    def test(seed: int | None, p: float) -> StuartMaxwell:
        return StuartMaxwell(attribute="emotion", split="test", against="M", seed=seed, statistic=1.5, p_value=p)

    tests = [test(0, 0.0099), test(1, 0.01), test(None, 0.00001)]
    system = view.systems[-1].model_copy(update={"stuart_maxwell": tests})
    table = stuart_maxwell_table(View(view.comparison.model_copy(update={"systems": [system]})))
    assert table is not None
    assert [c.title for c in table.columns] == [
        "predicted",
        "against",
        "p, no seed",
        "p, seed 0",
        "p, seed 1",
        "differs",
    ]
    assert [c.text for c in table.rows[0].cells[2:]] == ["< 0.0001", "0.0099", "0.0100", "in 2 of 3"]


def test_no_tests_no_table() -> None:
    system = System(name="a", label="A", dimensions={"speaker": 8}, seeds=[None], runs=["a"], measurements=[])
    view = View(Comparison(systems=[system], baseline=None))
    assert stuart_maxwell_table(view) is None and details.combined_table(view) is None
    assert details.attackers_tables(view) == [] and details.recall_tables(view) == []
    assert methods_table(view).columns == () and details.health_table(view, []) is None
    assert as_text(methods_table(view)).splitlines()[-1] == "A"


def test_text_lines_up_and_stars_the_best() -> None:
    columns = (Column("seen", "higher", "emotion F1"), Column("unseen speakers", "higher", "emotion F1"))
    rows = (
        Row("one", (Cell("1.0", "[0.5, 1.5]", best=True), Cell("2.0"))),
        Row("two", (Cell("–"), Cell("3.0")), group="g"),
    )
    lines = as_text(Table("t", "caption", "system", columns, rows)).splitlines()
    assert "1.0* [0.5, 1.5]" in lines[-3] and lines[-2] == "[g]" and lines[-1].startswith("two")
    assert len(lines[-3]) == len(lines[-1])
