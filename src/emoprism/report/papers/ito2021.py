"""Beside Ito et al. 2021: their Tables 1 and 2, of five systems for emotion and five for sentiment, with ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emoprism.leakage.results import System
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.tables import cell, small_print
from emoprism.report.view import Question, View, find
from emoprism.report.words import split_words

CITATION = (
    "Koichiro Ito, Takuya Fujioka, Qinghua Sun, Kenji Nagamatsu. Audio-visual speech emotion recognition by"
    " disentangling emotion and identity attributes. Interspeech 2021."
)
LABELS = {
    "baseline": "Baseline", "without_caa": "Proposed w/o CAA", "confusion": "w/ CL",
    "without_learning_method": "Proposed w/o LM", "with_learning_method": "Proposed w/ LM",
}  # fmt: skip
"""The paper's rows by the last part of our recipes' names, in its order."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A table of the paper: what its columns are here, and its figures as printed."""

    number: int
    task: str
    attribute: str
    recipes: str
    """What the names of our recipes begin with."""
    metrics: Mapping[str, str]
    """By heading of the paper's; its last column, the EER, left out."""
    figures: Mapping[str, tuple[str, ...]]
    """By system; "" where the paper prints none."""
    note: str


TABLE_1 = Printed(
    1, "emotion recognition", "emotion", "ito2021/",
    {"WA": "presence_weighted_accuracy", "F1": "presence_f1"},
    {
        "baseline": ("60.5", "38.8", ""),
        "without_caa": ("60.6", "38.9", "14.5"),
        "confusion": ("61.0", "39.7", "23.5"),
        "without_learning_method": ("61.2", "39.3", "14.0"),
        "with_learning_method": ("61.8", "40.4", "14.2"),
    },
    "WA: weighted accuracy of Tong et al. 2017; F1: that of presence; both of each emotion, then the mean.",
)  # fmt: skip
TABLE_2 = Printed(
    2, "sentiment analysis", "sentiment", "ito2021/sentiment_",
    {"Acc.": "negative_positive_accuracy", "F1": "negative_positive_f1", "Corr.": "correlation"},
    {
        "baseline": ("66.2", "66.8", "33.1", ""),
        "without_caa": ("67.4", "67.2", "34.3", "18.3"),
        "confusion": ("67.3", "67.5", "34.3", "24.3"),
        "without_learning_method": ("67.4", "68.6", "34.3", "16.8"),
        "with_learning_method": ("67.6", "68.9", "35.9", "16.8"),
    },
    "Acc. and F1 are of negative against positive, clips of sentiment 0 left out; the paper does not say which of the"
    " field's two conventions it takes.",
)  # fmt: skip


def ito_tables(view: View) -> list[Table]:
    """Those of the two tables that the audit has systems of."""
    found = [(printed, _rows(view, printed)) for printed in (TABLE_1, TABLE_2)]
    return [_table(view, printed, rows) for printed, rows in found if rows]


def _table(view: View, printed: Printed, rows: tuple[Row, ...]) -> Table:
    titles = (*((title, "higher") for title in printed.metrics), ("EER", "lower"))
    groups = (*(f"this audit, {split_words(split)}" for split in view.splits), "Ito et al. 2021, CMU-MOSEI")
    columns = tuple(Column(title, better, group) for group in groups for title, better in titles)
    caption = (
        f"Table {printed.number} of Ito et al. 2021, OTHER CORPUS: {printed.task}, and verification by the"
        f" {view.secondary} embedding (EER of cosine scores over all pairs). All times 100."
    )
    note = (
        f"{printed.note} The paper's columns are copied from it; they were measured on CMU-MOSEI, whose identities are"
        " YouTube videos: compare how rows lie to each other, not the figures themselves."
    )
    return Table(f"ito2021-{printed.number}", caption, "system", columns, rows, note)


def _rows(view: View, printed: Printed) -> tuple[Row, ...]:
    """The paper's systems that are there, in its order; of several dimensions a row each."""
    return tuple(
        Row(_head(view, system, label), (*_ours(view, system, printed), *theirs), small_print(system))
        for key, label in LABELS.items()
        for theirs in [tuple(Cell(figure) if figure else EMPTY for figure in printed.figures[key])]
        for system in view.systems
        if system.name == printed.recipes + key
    )


def _head(view: View, system: System, label: str) -> str:
    width = view.width(system)
    return f"{label}, {width} dimensions" if width and len(view.widths) > 1 else label


def _ours(view: View, system: System, printed: Printed) -> list[Cell]:
    return [
        cell(find(system.measurements, question))
        for split in view.splits
        for question in (
            *(Question("utility", None, printed.attribute, metric, split) for metric in printed.metrics.values()),
            view.eer(split),
        )
    ]
