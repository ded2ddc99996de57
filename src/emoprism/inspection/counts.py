"""Clips by attribute, and by two attributes at once: whole for the file, cut to a readable size for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.inspection.attributes import Attribute
from emoprism.types import MISSING

MOST_ROWS = 40
ENDS = 15
"""Of more rows than MOST_ROWS so many of the most and of the least frequent are shown."""
MOST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Crossed:
    """A table of counts as it is shown: `cells[row][column]`; the last row and column are the sums.

    `between` says which row stands for those between the most and the least frequent, `others` which column for the
    rarer values. `empty` of `possible` pairs of values have no clip at all, shown or not.
    """

    down: str
    across: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]
    between: int | None
    others: int | None
    empty: int
    possible: int


@dataclass(frozen=True, slots=True)
class _Axis:
    """Titles of the shown places, and the place of every code (the last is that of MISSING)."""

    titles: tuple[str, ...]
    place: Int64[np.ndarray, "C1"]
    merged: int | None


def cross(down: Attribute, across: Attribute) -> Crossed:
    """The table of two attributes of the same clips."""
    rows, columns = _rows(down), _columns(across)
    width = len(columns.titles)
    cells = rows.place[down.codes] * width + columns.place[across.codes]
    counts = np.bincount(cells, minlength=len(rows.titles) * width).reshape(-1, width)
    counts = np.pad(counts, ((0, 1), (0, 1)))
    counts[-1], counts[:, -1] = counts.sum(0), counts.sum(1)
    counts[-1, -1] = len(down.codes)
    possible = len(down.classes) * len(across.classes)
    return Crossed(
        down.name,
        across.name,
        (*rows.titles, "all"),
        (*columns.titles, "all"),
        tuple(tuple(int(n) for n in row) for row in counts),
        rows.merged,
        columns.merged,
        possible - len(_pairs(down, across)[0]),
        possible,
    )


def _rows(attribute: Attribute) -> _Axis:
    classes = len(attribute.classes)
    if classes <= MOST_ROWS:
        return _axis(attribute, np.arange(classes), None, "")
    order = np.argsort(-attribute.counts, kind="stable")
    kept = np.concatenate([order[:ENDS], order[-ENDS:]])
    return _axis(attribute, kept, ENDS, f"{classes - 2 * ENDS:,} between")


def _columns(attribute: Attribute) -> _Axis:
    classes = len(attribute.classes)
    if classes <= MOST_COLUMNS:
        return _axis(attribute, np.arange(classes), None, "")
    order = np.argsort(-attribute.counts, kind="stable")[: MOST_COLUMNS - 1]
    return _axis(attribute, order, len(order), f"{classes - len(order):,} others")


def _axis(attribute: Attribute, kept: Int64[np.ndarray, "K"], merged: int | None, words: str) -> _Axis:
    """The kept classes in their order, the merged ones at their place, and clips without the label last."""
    titles = [attribute.classes[code] for code in kept.tolist()]
    places = list(range(len(titles) + (merged is not None)))
    place = np.zeros(len(attribute.classes) + 1, dtype=np.int64)
    if merged is not None:
        titles.insert(merged, words)
        place[:] = places.pop(merged)
    place[kept] = places
    if attribute.missing:
        place[MISSING] = len(titles)
        titles.append(f"no {attribute.name}")
    return _Axis(tuple(titles), place, merged)


def _pairs(a: Attribute, b: Attribute) -> tuple[Int64[np.ndarray, "P"], Int64[np.ndarray, "P"]]:
    """Pairs of codes that occur, as one number each, and how often."""
    both = (a.codes != MISSING) & (b.codes != MISSING)
    pairs, counts = np.unique(a.codes[both] * len(b.classes) + b.codes[both], return_counts=True)
    return pairs.astype(np.int64), counts.astype(np.int64)


def holders(attribute: Attribute, other: Attribute) -> dict[str, int]:
    """How many different values of `other` go with each value of `attribute`."""
    pairs, _ = _pairs(attribute, other)
    counts = np.bincount(pairs // max(1, len(other.classes)), minlength=len(attribute.classes))
    return dict(zip(attribute.classes, counts.tolist(), strict=True))


COUNTS_HEADER = ("attribute", "value", "by", "by_value", "clips", "hours")


def count_rows(
    shown: Mapping[str, Attribute], by: Attribute | None, seconds: Float64[np.ndarray, "N"]
) -> Iterator[Sequence[str | int]]:
    """Rows of counts.csv: each attribute alone (`by` is empty), then each by the attribute `by`, where it is not 0."""
    for attribute in shown.values():
        hours = np.bincount(attribute.codes + 1, seconds, len(attribute.classes) + 1)[1:] / 3600
        for value, clips, length in zip(attribute.classes, attribute.counts.tolist(), hours.tolist(), strict=True):
            yield attribute.name, value, "", "", clips, f"{length:.4f}"
    for attribute in shown.values():
        if by is not None and attribute is not by:
            yield from _crossed_rows(attribute, by, seconds)


def _crossed_rows(
    attribute: Attribute, by: Attribute, seconds: Float64[np.ndarray, "N"]
) -> Iterator[Sequence[str | int]]:
    both = (attribute.codes != MISSING) & (by.codes != MISSING)
    cells = attribute.codes[both] * len(by.classes) + by.codes[both]
    pairs, index, counts = np.unique(cells, return_inverse=True, return_counts=True)
    hours = np.bincount(index, seconds[both], len(pairs)) / 3600
    for pair, clips, length in zip(pairs.tolist(), counts.tolist(), hours.tolist(), strict=True):
        value, other = divmod(pair, len(by.classes))
        yield attribute.name, attribute.classes[value], by.name, by.classes[other], clips, f"{length:.4f}"
