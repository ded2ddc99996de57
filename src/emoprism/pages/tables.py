"""Tables as data: pages, LaTeX files and terminals draw the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: `text`, with the interval smaller beside it; the best of a column is marked.

    `heat` in [0, 1] colours the cell of a page by its size.
    """

    text: str
    interval: str = ""
    best: bool = False
    heat: float | None = None


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
