"""What heads say beside classes, in the report: Ito's tables with ours, every measure, every word, another primary."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from emoprism.leakage.results import Comparison, Measurement, System
from emoprism.pages.tables import Table, spans
from emoprism.report.build import build
from emoprism.report.outputs import outputs_tables, words_tables
from emoprism.report.papers.ito2021 import LABELS, TABLE_1, TABLE_2, ito_tables
from emoprism.report.view import View

PAPER = Path(__file__).parents[3] / "shared" / "papers" / "ito2021.md"


def utility(attribute: str, metric: str, value: float, split: str = "unseen", **more: Any) -> Measurement:
    spread = {"low": value - 0.05, "high": value + 0.05}
    key = {"kind": "utility", "embedding": attribute, "attribute": attribute, "metric": metric, "split": split}
    return Measurement.model_validate(key | spread | {"value": value} | more)


def emotion(value: float, split: str = "unseen", eer: float | None = 0.2) -> list[Measurement]:
    words = {"happy": value + 0.1, "sad": value - 0.1}
    rows = [
        utility("emotion", "presence_weighted_accuracy", value, split, by_word=words),
        utility("emotion", "presence_f1", value - 0.2, split, by_word={"happy": value}),
        utility("emotion", "macro_f1", 0.99, split),
    ]
    return rows + ([] if eer is None else [utility("speaker", "eer", eer, split)])


def sentiment(value: float, split: str = "unseen") -> list[Measurement]:
    return [
        utility("sentiment", "negative_positive_accuracy", value, split),
        utility("sentiment", "negative_positive_f1", value + 0.01, split),
        utility("sentiment", "negative_nonnegative_accuracy", 0.01, split),
        utility("sentiment", "correlation", value - 0.9, split),
        utility("sentiment", "mean_absolute_error", 1.2345, split),
        utility("speaker", "eer", 0.2, split),
    ]


def system(name: str, rows: list[Measurement], width: int = 8) -> System:
    dimensions = {"emotion": 16} | ({"speaker": width} if width else {})
    return System(name=name, label=f"ours: {name}", dimensions=dimensions, seeds=[0], runs=[name], measurements=rows)


def view_of(*systems: System, primary: str = "emotion") -> View:
    return View(Comparison(systems=list(systems), baseline=None, primary=primary))


def texts(table: Table) -> dict[str, list[str]]:
    return {row.head: [cell.text for cell in row.cells] for row in table.rows}


def test_table_1_beside_the_paper_s() -> None:
    view = view_of(
        system("ito2021/with_learning_method", emotion(0.7)),
        system("ito2021/baseline", emotion(0.6, eer=None), 0),
        system("ito2021/baseline_of_mine", emotion(0.9)),
    )
    (table,) = ito_tables(view)
    assert texts(table) == {
        "Baseline": ["60.0", "40.0", "–", "60.5", "38.8", "–"],
        "Proposed w/ LM": ["70.0", "50.0", "20.0", "61.8", "40.4", "14.2"],
    }
    assert table.rows[1].cells[0].interval == "[65.0, 75.0]" and not table.rows[1].cells[3].interval
    assert spans(table.columns) == [("this audit, unseen speakers", 3), ("Ito et al. 2021, CMU-MOSEI", 3)]
    assert [(c.title, c.better) for c in table.columns[:3]] == [("WA", "higher"), ("F1", "higher"), ("EER", "lower")]
    assert "OTHER CORPUS" in table.caption and table.rows[0].below == "ito2021/baseline, 1 seed"


def test_table_2_beside_the_paper_s_on_both_splits() -> None:
    rows = sentiment(0.7) + sentiment(0.8, "test")
    (table,) = ito_tables(view_of(system("ito2021/sentiment_confusion", rows), primary="sentiment"))
    seen, strangers = ["80.0", "81.0", "-10.0", "20.0"], ["70.0", "71.0", "-20.0", "20.0"]
    assert texts(table) == {"w/ CL": [*seen, *strangers, "67.3", "67.5", "34.3", "24.3"]}
    assert [group for group, _ in spans(table.columns)][:2] == [
        "this audit, seen speakers",
        "this audit, unseen speakers",
    ]


def test_both_tables_where_both_tasks_are_there_and_none_where_neither_is() -> None:
    both = view_of(system("ito2021/without_caa", emotion(0.6)), system("ito2021/sentiment_without_caa", sentiment(0.6)))
    assert [table.key for table in ito_tables(both)] == ["ito2021-1", "ito2021-2"]
    assert ito_tables(view_of(system("peri2021/multitask", emotion(0.6)))) == []


def test_dimensions_have_rows_of_their_own() -> None:
    name = "ito2021/without_caa"
    (table,) = ito_tables(view_of(system(name, emotion(0.6), 8), system(name, emotion(0.7), 64)))
    assert list(texts(table)) == ["Proposed w/o CAA, 64 dimensions", "Proposed w/o CAA, 8 dimensions"]


@pytest.mark.skipif(not PAPER.is_file(), reason="the paper lies beside some checkouts only")
@pytest.mark.parametrize("printed", [TABLE_1, TABLE_2])
def test_the_paper_s_figures_are_the_paper_s(printed: Any) -> None:
    text = PAPER.read_text(encoding="utf-8").split(f"Table {printed.number}: ")[1].split("\n\n")[1]
    lines = [line.split("\t") for line in text.strip().splitlines()[1:]]
    assert {re.sub(r" \[\d+\]$", "", head): tuple(figures) for head, *figures in lines} == {
        LABELS[key]: tuple(figure or "-" for figure in figures) for key, figures in printed.figures.items()
    }


def test_every_measure_of_outputs_and_errors_in_their_own_unit() -> None:
    rows = emotion(0.6) + sentiment(0.7)
    there, number = outputs_tables(view_of(system("a", rows), system("b", emotion(0.5))))
    assert [c.title for c in there.columns] == ["F1 of presence", "weighted accuracy"]
    assert texts(there) == {"ours: a": ["40.0", "60.0"], "ours: b": ["30.0", "50.0"]}
    shown = dict(zip([c.title for c in number.columns], number.rows[0].cells, strict=True))
    assert len(number.rows) == 1 and shown["correlation"].text == "-20.0"
    assert (shown["mean absolute error"].text, shown["mean absolute error"].interval) == ("1.234", "[1.184, 1.284]")
    assert {c.title: c.better for c in number.columns}["mean absolute error"] == "lower"


def test_every_word_alone() -> None:
    wa, f1 = sorted(words_tables(view_of(system("a", emotion(0.6)))), key=lambda table: -len(table.columns))
    assert [c.title for c in wa.columns] == ["happy", "sad"] and texts(wa) == {"ours: a": ["70.0", "50.0"]}
    assert texts(f1) == {"ours: a": ["60.0"]}
    assert words_tables(view_of(system("a", sentiment(0.6)))) == []


@pytest.fixture
def audited(maker: Any, tmp_path: Path) -> Path:
    """An audit of two of Ito's systems, sentiment its primary attribute."""
    (label, numbers), (other, alone) = (maker.prototype[f"peri2021/{n}"] for n in ("confusion", "single_emotion"))
    systems = {"ito2021/sentiment_confusion": (label, numbers), "ito2021/sentiment_baseline": (other, alone)}
    directory = tmp_path / "audit"
    maker.write(directory, systems=systems, points=10, epochs=3, baseline=None)
    for path in directory.rglob("*.json"):
        text = re.sub(r'(?<=["/>])emotion(?=["/>])', "sentiment", path.read_text())
        path.write_text(text)
    comparison = Comparison.model_validate_json((directory / "comparison.json").read_bytes())
    for each in comparison.systems:
        each.measurements.extend([*sentiment(0.7), *emotion(0.6, eer=None)])
    whole = comparison.model_copy(update={"primary": "sentiment"})
    (directory / "comparison.json").write_text(whole.model_dump_json())
    return directory


def test_the_whole_report_with_another_primary(
    audited: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(audited, tmp_path / "report", overwrite=False)
    page = (tmp_path / "report" / "report.html").read_text()
    assert "What speaker embeddings tell of sentiment" in page and 'id="ito2021"' in page
    assert "Hitachi" not in page and "Koichiro Ito" in page and "Recall of each class of sentiment" in page
    said = capsys.readouterr().out
    assert "Table 2 of Ito et al. 2021, OTHER CORPUS" in said and "w/ CL" in said and "67.3" in said
    for text in (
        page,
        (tmp_path / "report" / "tables.md").read_text(),
        (tmp_path / "report" / "tables.tex").read_text(),
    ):
        assert "Table 2 of Ito et al. 2021, OTHER CORPUS" in text and "What heads say of sentiment" in text
        assert "weighted accuracy of each word of emotion" in text
    lines = list(csv.DictReader((tmp_path / "report" / "results.csv").read_text().splitlines()))
    assert [line["value"] for line in lines if line["class"] == "happy" and line["metric"] == "presence_f1"] == [
        "0.6"
    ] * 2
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert any("by_word" in row for row in results["comparison"]["systems"][0]["measurements"])


def test_without_outputs_the_report_has_no_such_part(maker: Any, tmp_path: Path) -> None:
    maker.small(tmp_path / "audit")
    build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    page = (tmp_path / "report" / "report.html").read_text()
    assert "Ito et al." not in page and "What heads say" not in page and "Every word" not in page
