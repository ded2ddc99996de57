"""The same numbers for machines and for papers."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emoprism.leakage.results import Comparison
from emoprism.pages.tables import Cell, Column, Row, Table
from emoprism.pages.text import as_markdown
from emoprism.report.export import FIELDS, as_latex, latex

Whole = tuple[Path, Path, Comparison]


def test_csv_holds_every_measurement_in_full_precision(whole: Whole) -> None:
    with (whole[1] / "results.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == FIELDS
    of_systems = [line for line in lines if line["level"] == "system" and line["class"] == ""]
    measured = [(s, row) for s in whole[2].systems for row in s.measurements]
    assert len(of_systems) == len(measured)
    for line, (system, row) in zip(of_systems, measured, strict=True):
        assert (line["name"], float(line["value"])) == (system.name, row.value)
        assert line["low"] == ("" if row.low is None else repr(row.low))
    assert {line["seed"] for line in lines if line["level"] == "run"} == {"0", "1"}
    recalls = [line for line in lines if line["metric"] == "recall"]
    assert {line["class"] for line in recalls} == {"angry", "happy", "neutral", "other", "sad"}


def test_json_holds_the_comparison_itself(whole: Whole) -> None:
    held = json.loads((whole[1] / "results.json").read_text("utf-8"))
    assert Comparison.model_validate(held["comparison"]) == whole[2]
    assert held["verdict"][0]["rule"] == "summary" and len(held["runs"]) == 18


def test_latex_is_balanced_and_escaped(whole: Whole) -> None:
    text = (whole[1] / "tables.tex").read_text("utf-8")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == text.count(r"\toprule") > 8
    assert r"peri2021" not in text and r"\textbf{56.4}" in text
    for line in text.splitlines():
        bare = re.sub(r"\\.", "", line)
        assert bare.count("{") == bare.count("}") or line.startswith((r"\resizebox", r"\end{tabular}"))
    bodies = re.findall(r"\\begin\{tabular\}\{(l r*|lr*)\}(.*?)\\end\{tabular\}", text, re.DOTALL)
    for spec, body in bodies:
        for line in body.splitlines():
            if line.endswith(r"\\") and "multicolumn" not in line:
                assert len(re.findall(r"(?<!\\)&", line)) == len(spec) - 1


@given(st.text())
def test_no_character_of_a_label_reaches_latex_as_a_command(text: str) -> None:
    escaped = latex(text)
    left = re.sub(r"\\text\w+\{\}|\\[&%$#_{}]|\{[\[\]]\}", "", escaped)
    assert not set(left) & set("\\&%$#_{}~^[]")


def test_a_label_of_commands_is_text_in_latex() -> None:
    table = Table("t", "50 % & more", "s", (Column("a_b"),), (Row(r"\input{x}", (Cell("1"),)),))
    text = as_latex([table])
    assert r"50 \% \& more" in text and r"a\_b" in text and r"\textbackslash{}input\{x\}" in text
    assert "multicolumn" not in text


def test_an_empty_table_is_still_latex() -> None:
    assert r"\begin{tabular}{l}" in as_latex([Table("t", "c", "s", (), ())])


def test_names_of_seeds(maker: Any, tmp_path: Path) -> None:
    from emoprism.report.export import as_csv
    from emoprism.report.load import read_audit

    maker.small(tmp_path / "audit", seeds=(None,))
    assert ",none," in as_csv(read_audit(tmp_path / "audit"))


def test_markdown_holds_the_same_cells_and_no_cell_breaks_its_row():
    columns = (Column("F1 | unseen", group="emotion"), Column("EER"))
    rows = (
        Row("Multi|task", (Cell("68.6", interval="[62.3, 73.7]", best=True), Cell("15.5")), group="64 dimensions"),
        Row("floor", (Cell("21.3"), Cell("–"))),
    )
    text = as_markdown([Table("methods", "What leaks.", "system", columns, rows)])
    lines = text.splitlines()
    assert lines[0] == "**What leaks.**"
    assert lines[2] == r"| system | emotion F1 \| unseen | EER |"
    assert lines[4] == r"| Multi\|task (64 dimensions) | **68.6 [62.3, 73.7]** | 15.5 |"
    assert lines[5] == "| floor | 21.3 | – |"
