"""Any list of clips: a CSV or Parquet file with a clip and a side in each row, and whatever labels there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoprism.corpora._tables import Row, Table, read_table
from emoprism.errors import Problem, did_you_mean
from emoprism.split_audit.audit import Asked, audit_listing
from emoprism.split_audit.copies import find_twins
from emoprism.split_audit.files import Excerpt, HeardFile, hear_files
from emoprism.split_audit.listing import Listing
from emoprism.split_audit.prepared import quantities
from emoprism.split_audit.results import Copy, SplitAudit
from emoprism.splits.base import refuse
from emoprism.types import SPLITS

CLIP, SPLIT, START, END, SECONDS = "clip", "split", "start", "end", "seconds"
MEDIA = ("audio", "path", "video")
"""Columns that may name a file with the clip's sound; the first that a row has counts."""
LABEL = "label:"
IDLE = ("features:", "value:", "steps:", "note:", "predicted:", "shard", "key")
"""Beginnings of columns that are no labels, as in the tables that prepare and embed write."""


@dataclass(frozen=True)
class Listed:
    """What a table says: a row for each clip that has a side. `excerpts` are None where a row names no file."""

    clips: tuple[str, ...]
    sides: tuple[str, ...]
    labels: tuple[Mapping[str, str], ...]
    excerpts: tuple[Excerpt | None, ...]
    seconds: tuple[float | None, ...]

    def media_hash(self) -> str:
        """SHA-256 of the names and sizes of the files."""
        files = [(e.path.name, e.path.stat().st_size if e.path.is_file() else None) for e in self.excerpts if e]
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def read_list(path: Path, words: Mapping[str, str], *, anywhere: bool = False, delimiter: str = ",") -> Listed:
    """Read a table of clips. `words`: what the table's words for sides mean ({"dev": "validation"}).

    Columns: `split` (empty: the clip takes no part); `clip` (an id; else the file's path serves); `audio`, `path` or
    `video` (relative to the table, and below its folder unless `anywhere`); `start`, `end` and `seconds`; every other
    column is a label. Raises CorpusError with every row that cannot be read.
    """
    table = read_table(path, delimiter)
    problems = _header_problems(table)
    refuse(problems, str(path))
    reader = _Reader(table, words, path.parent.resolve(), anywhere)
    rows = [row for row in table.rows if row.cells[SPLIT]]
    listed = Listed(
        tuple(reader.clip(row) for row in rows), tuple(reader.side(row) for row in rows),
        tuple(reader.labels(row) for row in rows), tuple(reader.excerpt(row) for row in rows),
        tuple(reader.seconds(row) for row in rows),
    )  # fmt: skip
    if not rows:
        reader.problems.append(Problem(f"{path}, column '{SPLIT}'", "empty in every row", f"as {', '.join(SPLITS)}"))
    refuse(reader.problems, str(path))
    return listed


def audit_list(
    listed: Listed, asked: Asked, *, longest: float, sound: bool = True, workers: int | None = None
) -> tuple[SplitAudit, list[Copy]]:
    """Audit a list; its files are heard where it names any and `sound` is wanted. Also every copy that was found."""
    places = [place for place, excerpt in enumerate(listed.excerpts) if excerpt is not None and sound]
    heard: dict[int, HeardFile | str] = {}
    if places:
        excerpts = [excerpt for excerpt in listed.excerpts if excerpt is not None]
        heard = {places[i]: found for i, found in hear_files(excerpts, longest, workers)}
    known = [found if isinstance(found := heard.get(place), HeardFile) else None for place in range(len(listed.clips))]
    numbers = quantities(
        [own.seconds if own else told for own, told in zip(known, listed.seconds, strict=True)],
        [own.sound.loudness if own else None for own in known],
    )
    twins = find_twins([own.sound if own else None for own in known]) if any(known) else None
    listing = Listing.of(listed.clips, listed.sides, listed.labels, numbers)
    return audit_listing(listing, twins, asked, also_not=_unheard(heard))


def _unheard(heard: Mapping[int, HeardFile | str]) -> list[str]:
    reasons = [heard[place] for place in sorted(heard) if isinstance(heard[place], str)]
    files = "1 file" if len(reasons) == 1 else f"{len(reasons)} files"
    return [f"{files} that cannot be read, the first because: {reasons[0]}"] if reasons else []


def _header_problems(table: Table) -> list[Problem]:
    problems: list[Problem] = []
    if SPLIT not in table.columns:
        where, fix = f"{table.path}, row 1", did_you_mean(SPLIT, table.columns)
        problems.append(Problem(where, f"missing column '{SPLIT}': the side of each clip", fix))
    if not {CLIP, *MEDIA} & set(table.columns):
        fix = did_you_mean(CLIP, table.columns)
        problems.append(Problem(f"{table.path}, row 1", f"missing column '{CLIP}' (or '{MEDIA[1]}')", fix))
    return problems


class _Reader:
    """Rows as clips, and what is wrong with them."""

    def __init__(self, table: Table, words: Mapping[str, str], folder: Path, anywhere: bool) -> None:
        self.table, self.folder, self.anywhere = table, folder, anywhere
        self.sides = {name: name for name in SPLITS} | dict(words)
        self.media = [name for name in MEDIA if name in table.columns]
        own = {CLIP, SPLIT, START, END, SECONDS, *MEDIA}
        self.named = [name for name in table.columns if name not in own and not name.startswith(IDLE)]
        self.problems: list[Problem] = []

    def clip(self, row: Row) -> str:
        name = row.cells.get(CLIP) or next((row.cells[name] for name in self.media if row.cells[name]), "")
        if not name:
            self._wrong(row, CLIP, "names no clip")
        return name

    def side(self, row: Row) -> str:
        word = row.cells[SPLIT]
        if word not in self.sides:
            near = did_you_mean(word, self.sides)
            self._wrong(row, SPLIT, f"unknown split '{word}'", f"{near}; or say what it means: sides.{word}=unseen")
        return self.sides.get(word, SPLITS[0])

    def labels(self, row: Row) -> dict[str, str]:
        return {name.removeprefix(LABEL): row.cells[name] for name in self.named if row.cells[name]}

    def excerpt(self, row: Row) -> Excerpt | None:
        column = next((name for name in self.media if row.cells[name]), None)
        if column is None:
            return None
        path = self.folder / row.cells[column]
        if not self.anywhere and not path.resolve().is_relative_to(self.folder):
            self._wrong(row, column, "lies outside the table's folder", "set anywhere=true if that is meant")
        start, end = self._number(row, START), self._number(row, END)
        return Excerpt(path, 0.0 if start is None else start, float("inf") if end is None else end)

    def seconds(self, row: Row) -> float | None:
        start, end = self._number(row, START), self._number(row, END)
        told = self._number(row, SECONDS)
        return told if told is not None or end is None else end - (start or 0.0)

    def _number(self, row: Row, column: str) -> float | None:
        text = row.cells.get(column, "")
        try:
            value = float(text) if text else None
        except ValueError:
            value = float("nan")
        if value is not None and not (np.isfinite(value) and value >= 0):
            problem = Problem(self.table.place(row, column), f"'{text}' is no number of seconds")
            self.problems += [] if problem in self.problems else [problem]
            return None
        return value

    def _wrong(self, row: Row, column: str, what: str, fix: str = "") -> None:
        self.problems.append(Problem(self.table.place(row, column), what, fix))
