"""Tables as data: the page and the LaTeX file draw the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from emoprism.leakage.results import STRONGEST, Measurement, System
from emoprism.report.health import Health, State
from emoprism.report.view import Question, View, find
from emoprism.report.words import percent, plain, seeds_count, seeds_words, split_words
from emoprism.types import TEST, VALIDATION


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: `text`, with the interval smaller beside it; the best of a column is marked."""

    text: str
    interval: str = ""
    best: bool = False


EMPTY = Cell("–")


@dataclass(frozen=True, slots=True)
class Column:
    """Title, and which way is better ("higher", "lower" or ""). Neighbours of one `group` share a heading."""

    title: str
    better: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its heading; `below` is small print under it. Rows of one `group` stand together."""

    head: str
    cells: tuple[Cell, ...]
    below: str = ""
    group: str = ""
    reference: bool = False
    """A floor or a guess: not a system, set apart and never best."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table under a caption. `key` names its anchor and label."""

    key: str
    caption: str
    stub: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


def spans(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Neighbouring columns of one group, as (group, how many)."""
    return [(group, len(list(own))) for group, own in groupby(columns, key=lambda column: column.group)]


def cell(row: Measurement | None) -> Cell:
    """A measurement in percent."""
    if row is None:
        return EMPTY
    if row.low is None or row.high is None:
        return Cell(percent(row.value))
    return Cell(percent(row.value), f"[{percent(row.low)}, {percent(row.high)}]")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A column with the question that fills it."""

    column: Column
    question: Question
    excess: bool = False
    """The answer less the system's own floor."""


def _asked(view: View) -> list[_Asked]:
    """The columns of bench.md's table, over the splits that there are."""
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
        Row(s.label, tuple(cell(row) for row in line), _small_print(s), _group(view, s))
        for s, line in zip(view.systems, lines, strict=True)
    ]
    marked = _mark_best(rows, lines, columns)
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


def _small_print(system: System) -> str:
    return f"{system.name}, {seeds_count(len(system.seeds))}"


def _group(view: View, system: System) -> str:
    if len(view.widths) < 2:
        return ""
    width = view.width(system)
    return f"{width}-dimensional {view.secondary} embedding" if width else f"no {view.secondary} embedding"


def _mark_best(
    rows: Sequence[Row], lines: Sequence[Sequence[Measurement | None]], columns: Sequence[Column]
) -> list[Row]:
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
            found.append(_plain_table(view, f"attackers-{len(found) + 1}", caption, asked))
    return [table for table in found if table is not None]


def _attackers(view: View, question: Question) -> list[str]:
    rows = [row for s in view.systems for row in s.measurements if row.kind == "leakage"]
    own = [r for r in rows if (r.embedding, r.attribute) == (question.embedding, question.attribute)]
    return sorted({row.attacker for row in own} - {STRONGEST, ""})


def combined_table(view: View) -> Table | None:
    """The selection score of Peri et al. 2021, section 4.2: a sum of two fractions, so it is not shown in percent."""
    questions = [(Column(split_words(split), "lower"), view.combined(split)) for split in (VALIDATION, *view.splits)]
    return _plain_table(
        view,
        "combined",
        f"Combined score (Peri et al. 2021, section 4.2): F1 of {view.primary} from {view.secondary} embeddings plus"
        f" accuracy of {view.secondary} from {view.primary} embeddings, times 100. Lower is better; it says nothing"
        " about utility.",
        questions,
    )


def _plain_table(view: View, key: str, caption: str, asked: Sequence[tuple[Column, Question]]) -> Table | None:
    asked = [(c, q) for c, q in asked if any(find(s.measurements, q) for s in view.systems)]
    rows: list[Row] = []
    for system in view.systems:
        cells = tuple(cell(find(system.measurements, question)) for _, question in asked)
        if any(c is not EMPTY for c in cells):
            rows.append(Row(system.label, cells, _small_print(system), _group(view, system)))
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
        rows = [Row(s.label, _recalls(row, classes), _small_print(s), _group(view, s)) for s, row in known]
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
        tuple(Row(h.system.label, _health_cells(h), "", _group(view, h.system)) for h in health),
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
