"""The same numbers for machines and for papers: JSON, flat CSV, LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from emoprism.leakage.results import Measurement
from emoprism.pages.tables import Cell, Column, Row, Table, spans
from emoprism.report.load import Audit
from emoprism.report.page import Report
from emoprism.report.words import seeds_words

FIELDS = (
    "level", "name", "label", "seed", "dimensions", "kind", "embedding", "attribute", "metric", "split", "attacker",
    "class", "value", "low", "high",
)  # fmt: skip
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "–": "--",
    "⚠": "!", "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}",
}  # fmt: skip


def as_json(audit: Audit, report: Report) -> str:
    """Verdict, what the split audit says, comparison and the audit of every run."""
    whole = {
        "verdict": [asdict(finding) for finding in report.findings],
        "split_audit": [asdict(stamp) for stamp in report.stamps],
        "comparison": audit.comparison.model_dump(mode="json"),
        "runs": {folder: run.leakage.model_dump(mode="json") for folder, run in audit.runs.items()},
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def as_csv(audit: Audit) -> str:
    """One line for every measurement, class and word alone, of systems (means over seeds) and of single runs."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(FIELDS)
    for system in audit.comparison.systems:
        start = ("system", system.name, system.label, seeds_words(system.seeds), _dimensions(system.dimensions))
        writer.writerows((*start, *line) for row in system.measurements for line in _lines(row))
    for run in audit.runs.values():
        own = run.leakage
        start = ("run", own.name, own.label, "" if own.seed is None else own.seed, _dimensions(own.dimensions))
        writer.writerows((*start, *line) for row in own.measurements for line in _lines(row))
    return buffer.getvalue()


def _dimensions(dimensions: dict[str, int]) -> str:
    return " ".join(f"{name}={size}" for name, size in dimensions.items())


def _lines(row: Measurement) -> Iterator[tuple[object, ...]]:
    key = (row.kind, row.embedding, row.attribute, row.metric, row.split, row.attacker)
    yield (*key, "", row.value, "" if row.low is None else row.low, "" if row.high is None else row.high)
    for name, recall in row.recall.items():
        yield (*key[:3], "recall", *key[4:], name, recall, "", "")
    for word, value in row.by_word.items():
        yield (*key, word, value, "", "")


def latex(text: str) -> str:
    """Text as LaTeX prints it, whatever characters it holds."""
    return "".join(LATEX.get(character, character) for character in text)


def as_latex(tables: Sequence[Table]) -> str:
    """All tables for \\input; they need the package booktabs."""
    return "\n\n".join(("% needs \\usepackage{booktabs} and \\usepackage{graphicx}", *map(_latex_table, tables)))


def _latex_table(table: Table) -> str:
    body = [r"\begin{table}", r"\centering", rf"\caption{{{latex(table.caption)}}}", rf"\label{{tab:{table.key}}}"]
    body += [r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"]
    body += [rf"\begin{{tabular}}{{l{'r' * len(table.columns)}}}", r"\toprule"]
    body += _latex_heads(table.columns)
    body += [_latex_row((latex(table.stub), *(latex(c.title) for c in table.columns))), r"\midrule"]
    body += list(_latex_rows(table))
    body += [r"\bottomrule", r"\end{tabular}}", r"\end{table}"]
    return "\n".join(body)


def _latex_heads(columns: Sequence[Column]) -> list[str]:
    groups = spans(columns)
    if all(not name for name, _ in groups):
        return []
    cells = [rf"\multicolumn{{{count}}}{{c}}{{{latex(name)}}}" for name, count in groups]
    rules: list[str] = []
    start = 2
    for name, count in groups:
        rules += [rf"\cmidrule(lr){{{start}-{start + count - 1}}}"] if name else []
        start += count
    return [_latex_row(("", *cells)), "".join(rules)]


def _latex_rows(table: Table) -> Iterator[str]:
    group = table.rows[0].group if table.rows else ""
    for row in table.rows:
        if row.group != group:
            group = row.group
            yield r"\midrule"
        yield _latex_row((_latex_head(table, row), *(_latex_cell(c) for c in row.cells)))


def _latex_head(table: Table, row: Row) -> str:
    return latex(f"{row.head} ({row.group})" if row.group and len({r.group for r in table.rows}) > 2 else row.head)


def _latex_cell(cell: Cell) -> str:
    text = rf"\textbf{{{latex(cell.text)}}}" if cell.best else latex(cell.text)
    return rf"{text} {{\scriptsize {latex(cell.interval)}}}" if cell.interval else text


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
