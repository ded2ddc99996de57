"""The table of methods, and what every table of the report is made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from emoprism.leakage.results import Measurement, System
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.view import Question, View, find
from emoprism.report.words import percent, seeds_count, split_words
from emoprism.types import TEST


def cell(row: Measurement | None, shown: Callable[[float], str] = percent) -> Cell:
    """A measurement in percent, or as it is `shown` otherwise."""
    if row is None:
        return EMPTY
    if row.low is None or row.high is None:
        return Cell(shown(row.value))
    return Cell(shown(row.value), f"[{shown(row.low)}, {shown(row.high)}]")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A column with the question that fills it."""

    column: Column
    question: Question
    excess: bool = False
    """The answer less the system's own floor."""


def _asked(view: View) -> list[_Asked]:
    """The columns of the benchmark's table (docs/benchmark.md), over the splits that there are."""
    primary, secondary = view.primary, view.secondary
    reads = f"{primary} from {secondary} embedding"
    parts: list[_Asked] = []
    for split in view.splits:
        parts.append(_Asked(Column(split_words(split), "higher", f"{primary} F1"), view.utility(primary, split)))
    parts.append(_Asked(Column("accuracy", "higher", secondary), view.utility(secondary, TEST)))
    last = view.splits[-1] if view.splits else TEST
    parts.append(_Asked(Column(f"EER, {split_words(last)}", "lower", secondary), view.eer(last)))
    for split in view.splits:
        parts.append(_Asked(Column(split_words(split), "lower", f"leak: {reads}"), view.leak(split)))
    parts.append(_Asked(Column("excess over floor", "lower", f"leak: {reads}"), view.leak(TEST), excess=True))
    back = f"{secondary} from {primary} embedding"
    parts.append(_Asked(Column("seen speakers", "lower", f"leak: {back}"), view.back(TEST)))
    return parts


def methods_table(view: View) -> Table:
    """Every system with utility, leakage to the strongest attacker and excess; floors and guesses below."""
    asked = _asked(view)
    grid = [[_answer(view, system, a) for a in asked] for system in view.systems]
    keep = [i for i in range(len(asked)) if any(line[i] is not None for line in grid)]
    columns = tuple(asked[i].column for i in keep)
    lines = [[line[i] for i in keep] for line in grid]
    rows = [
        Row(s.label, tuple(cell(row) for row in line), small_print(s), group_of(view, s))
        for s, line in zip(view.systems, lines, strict=True)
    ]
    marked = mark_best(rows, lines, columns)
    return Table(
        "methods",
        "What each system is good for, and what it leaks. Percent; mean over seeds, 95 % bootstrap intervals over"
        " speakers in brackets.",
        "system",
        columns,
        (*marked, *_references(view, [asked[i] for i in keep])),
        "The best value of each column is marked, without regard to intervals. Leakage is what the strongest of the"
        " fresh attackers reads; excess is leakage less the floor (a difference of two means, without an interval).",
    )


def _answer(view: View, system: System, asked: _Asked) -> Measurement | None:
    row = find(system.measurements, asked.question)
    if row is None or not asked.excess:
        return row
    floor = find(system.measurements, view.floor(asked.question))
    return None if floor is None else row.model_copy(update={"value": row.value - floor.value, "low": None})


def small_print(system: System) -> str:
    """Name and number of seeds, below a system's label."""
    return f"{system.name}, {seeds_count(len(system.seeds))}"


def group_of(view: View, system: System) -> str:
    """The dimension that a row stands under, where there are several."""
    if len(view.widths) < 2:
        return ""
    width = view.width(system)
    return f"{width}-dimensional {view.secondary} embedding" if width else f"no {view.secondary} embedding"


def mark_best(
    rows: Sequence[Row], lines: Sequence[Sequence[Measurement | None]], columns: Sequence[Column]
) -> list[Row]:
    """The rows with the best value of each column marked, as far as it is shown."""
    cells = [list(row.cells) for row in rows]
    for i, column in enumerate(columns):
        shown = [percent(row.value) for line in lines if (row := line[i]) is not None]
        if not column.better or len(set(shown)) < 2:
            continue
        best = (max if column.better == "higher" else min)(shown, key=float)
        for line in cells:
            if line[i].text == best:
                line[i] = replace(line[i], best=True)
    return [replace(row, cells=tuple(line)) for row, line in zip(rows, cells, strict=True)]


def _references(view: View, asked: Sequence[_Asked]) -> list[Row]:
    """Floor, majority and chance, each under the columns that it belongs to."""
    rows: list[Row] = []
    floors = [None if a.excess or a.question.kind != "leakage" else view.anyones(view.floor(a.question)) for a in asked]
    heads = (
        ("floor", "what the other label alone tells", floors),
        ("majority", "always the commonest class", [_guess(view, "majority", a) for a in asked]),
        ("chance", "guessing uniformly", [_guess(view, "chance", a) for a in asked]),
    )
    for head, below, line in heads:
        if any(row is not None for row in line):
            rows.append(Row(head, tuple(cell(row) for row in line), below, "for reference", reference=True))
    return rows


def _guess(view: View, kind: str, asked: _Asked) -> Measurement | None:
    question = asked.question
    if asked.excess or question.metric == "eer" or question.attribute is None:
        return None
    return view.anyones(view.guess(kind, question.attribute, question.split))
