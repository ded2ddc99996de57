"""The tables behind the summary: every attacker, the combined score, recall by class, adversary health."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emoprism.leakage.results import STRONGEST, Measurement
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.health import Health, State
from emoprism.report.tables import cell, group_of, small_print
from emoprism.report.view import Question, View, find
from emoprism.report.words import percent, plain, seeds_words, split_words
from emoprism.types import VALIDATION


def attackers_tables(view: View) -> list[Table]:
    """Every attacker's own score, a table for each direction and split that has any."""
    directions = (
        (view.leak, f"{view.primary} from the {view.secondary} embedding"),
        (view.back, f"{view.secondary} from the {view.primary} embedding"),
    )
    found: list[Table | None] = []
    for split in view.splits:
        for make, what in directions:
            asked = [(Column(plain(name), "lower"), make(split, name)) for name in _attackers(view, make(split))]
            caption = f"Every attacker on its own: {what}, {split_words(split)}. Percent."
            found.append(plain_table(view, f"attackers-{len(found) + 1}", caption, asked))
    return [table for table in found if table is not None]


def _attackers(view: View, question: Question) -> list[str]:
    rows = [row for s in view.systems for row in s.measurements if row.kind == "leakage"]
    own = [r for r in rows if (r.embedding, r.attribute) == (question.embedding, question.attribute)]
    return sorted({row.attacker for row in own} - {STRONGEST, ""})


def combined_table(view: View) -> Table | None:
    """The selection score of Peri et al. 2021, section 4.2: a sum of two fractions, so it is not shown in percent."""
    questions = [(Column(split_words(split), "lower"), view.combined(split)) for split in (VALIDATION, *view.splits)]
    return plain_table(
        view,
        "combined",
        f"Combined score (Peri et al. 2021, section 4.2): F1 of {view.primary} from {view.secondary} embeddings plus"
        f" accuracy of {view.secondary} from {view.primary} embeddings, times 100. Lower is better; it says nothing"
        " about utility.",
        questions,
    )


def plain_table(
    view: View,
    key: str,
    caption: str,
    asked: Sequence[tuple[Column, Question]],
    drawn: Callable[[Measurement | None], Cell] = cell,
) -> Table | None:
    """Systems and what they answer; columns and rows without any answer left out, None where all are."""
    asked = [(c, q) for c, q in asked if any(find(s.measurements, q) for s in view.systems)]
    rows: list[Row] = []
    for system in view.systems:
        cells = tuple(drawn(find(system.measurements, question)) for _, question in asked)
        if any(c is not EMPTY for c in cells):
            rows.append(Row(system.label, cells, small_print(system), group_of(view, system)))
    return Table(key, caption, "system", tuple(column for column, _ in asked), tuple(rows)) if rows else None


def recall_tables(view: View) -> list[Table]:
    """Recall per class of the primary attribute: told by its own embedding, and leaked by the other one."""
    asked = [
        (f"told by the {view.primary} embedding", split, view.utility(view.primary, split)) for split in view.splits
    ]
    asked += [(f"leaked by the {view.secondary} embedding", split, view.leak(split)) for split in view.splits]
    found: list[Table] = []
    for what, split, question in asked:
        lines = [(s, find(s.measurements, question)) for s in view.systems]
        known = [(s, row) for s, row in lines if row is not None and row.recall]
        classes = sorted({name for _, row in known for name in row.recall})
        rows = [Row(s.label, _recalls(row, classes), small_print(s), group_of(view, s)) for s, row in known]
        if rows:
            caption = f"Recall of each class of {view.primary}, {what}, {split_words(split)}. Percent."
            columns = tuple(Column(name) for name in classes)
            found.append(Table(f"recall-{len(found) + 1}", caption, "system", columns, tuple(rows)))
    return found


def _recalls(row: Measurement, classes: Sequence[str]) -> tuple[Cell, ...]:
    return tuple(Cell(percent(row.recall[name])) if name in row.recall else EMPTY for name in classes)


def health_table(view: View, health: Sequence[Health]) -> Table | None:
    """Training adversary and fresh probe of every run; None where no run kept both."""
    if not health:
        return None
    titles = ("seed", "reads", "epoch", "adversary", "fresh probe", "guessing", "adversary is")
    return Table(
        "health",
        "Adversary health: the training adversary's score beside a fresh probe's on the same validation embeddings, at"
        " the epoch whose weights are kept. Percent.",
        "system",
        tuple(Column(title) for title in titles),
        tuple(Row(h.system.label, _health_cells(h), "", group_of(view, h.system)) for h in health),
    )


def _health_cells(h: Health) -> tuple[Cell, ...]:
    return (
        Cell(seeds_words([h.run.leakage.seed])),
        Cell(f"{h.told} from {h.read}"),
        Cell(str(h.epoch)),
        Cell(percent(h.adversary)),
        Cell(percent(h.probe)),
        EMPTY if h.guessing is None else Cell(percent(h.guessing)),
        Cell(("⚠ " if h.state is State.BLIND else "") + h.state.value),
    )
