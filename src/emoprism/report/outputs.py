"""Tables of what heads say that do not choose one class: every measure of it, and each word of several alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial

from emoprism.leakage.evidence import output_metrics
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.leakage.results import Measurement
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.details import plain_table
from emoprism.report.tables import cell, group_of, small_print
from emoprism.report.view import Question, View, find
from emoprism.report.words import metric_words, percent, split_words
from emoprism.types import NUMBER, PRESENCE

WHAT = {
    PRESENCE: "which of several are there. Times 100",
    NUMBER: "a number. Times 100, but for an error, which has the number's own unit",
}


def outputs_tables(view: View) -> list[Table]:
    """Every measure, a table for each attribute and split."""
    found: list[Table] = []
    for kind, attribute, split, metrics in _asked(view, (PRESENCE, NUMBER)):
        asked = [
            (Column(metric_words(name), "higher" if metric.higher_is_better else "lower"), _of(attribute, name, split))
            for name, metric in metrics.items()
        ]
        caption = f"What heads say of {attribute}, {split_words(split)}: {WHAT[kind]}."
        table = plain_table(view, f"outputs-{len(found) + 1}", caption, asked, partial(_shown, metrics))
        found += [table] if table else []
    return found


def words_tables(view: View) -> list[Table]:
    """Every word alone, a table for each attribute, split and measure."""
    asked = [
        (f"{metric_words(name)} of each word of {attribute}, {split_words(split)}", _of(attribute, name, split))
        for _, attribute, split, metrics in _asked(view, (PRESENCE,))
        for name in metrics
    ]
    found: list[Table] = []
    for caption, question in asked:
        lines = [(s, row.by_word) for s in view.systems if (row := find(s.measurements, question)) is not None]
        words = sorted({word for _, own in lines for word in own})
        rows = [
            Row(s.label, tuple(_cell(own, word) for word in words), small_print(s), group_of(view, s))
            for s, own in lines
        ]
        if words:
            columns = tuple(Column(word, "higher") for word in words)
            found.append(Table(f"words-{len(found) + 1}", f"{caption}. Percent.", "system", columns, tuple(rows)))
    return found


def _shown(metrics: Mapping[str, OutputMetric], row: Measurement | None) -> Cell:
    """In percent, but for what may be as large as it likes."""
    fraction = row is None or all(map(math.isfinite, metrics[row.metric].bounds))
    return cell(row) if fraction else cell(row, "{:.3f}".format)


def _cell(values: Mapping[str, float], word: str) -> Cell:
    return Cell(percent(values[word])) if word in values else EMPTY


def _of(attribute: str, metric: str, split: str) -> Question:
    return Question("utility", None, attribute, metric, split)


def _asked(view: View, kinds: tuple[str, ...]) -> Iterator[tuple[str, str, str, Mapping[str, OutputMetric]]]:
    """Kind, attribute, split and the measures of the kind, wherever a system has any."""
    for kind in kinds:
        metrics = output_metrics(kind)
        own = [row for system in view.systems for row in system.measurements if row.metric in metrics]
        for attribute in sorted({row.attribute for row in own}):
            for split in view.splits:
                yield kind, attribute, split, metrics
