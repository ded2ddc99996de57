"""Rows of a manifest as clips, and what is wrong with each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emoprism.arrays.files import SEQUENCE
from emoprism.corpora._feature_cells import read_cell
from emoprism.corpora._problems import is_lfs_pointer
from emoprism.corpora._tables import Row, Table
from emoprism.errors import Problem, did_you_mean
from emoprism.types import SPLITS, Clip, FeatureSource

CLIP, PATH, VIDEO, SOUND, START, END, SPLIT = "clip", "path", "video", "audio", "start", "end", "split"
HOUSE_COLUMNS = (CLIP, PATH, VIDEO, SOUND, START, END, SPLIT)
FEATURES = "features:"
VALUE = "value:"
LONGEST_ID = 150
ID_IS = f'printable characters, none of /\\:*?"<>|, at most {LONGEST_ID} bytes'


def is_id(name: str) -> bool:
    """Whether files on any system can be named after a clip of this id."""
    return bool(name) and len(name.encode()) <= LONGEST_ID and name.isprintable() and not set(name) & set('/\\:*?"<>|')


@dataclass
class RowReader:
    """Turns rows into clips and collects what is wrong with them."""

    table: Table
    labels: tuple[str, ...]
    allowed: Mapping[str, Sequence[str]]
    anywhere: bool
    fill: bool = False
    padded: bool = False
    problems: list[Problem] = field(default_factory=list[Problem])

    def __post_init__(self) -> None:
        self.folder = self.table.path.parent.resolve()

    def clip(self, row: Row) -> Clip:
        """The clip of a row, as far as it can be read."""
        start, end = self._seconds(row, START), self._seconds(row, END)
        if end is not None and end <= (start or 0.0):
            self._wrong(row, END, f"ends at {end:g} s but starts at {start or 0.0:g} s", "the end lies after the start")
        video, audio = self._media(row)
        return Clip(
            id=self._id(row), labels=self._labels(row), video=video, audio=audio, start=start, end=end,
            features=self._features(row, start, end), split=self._split(row), values=self._values(row),
            origin=f"{self.table.path.name}, row {row.number}",
        )  # fmt: skip

    def _wrong(self, row: Row, column: str, what: str, fix: str = "") -> None:
        self.problems.append(Problem(self.table.place(row, column), what, fix))

    def _media(self, row: Row) -> tuple[Path | None, Path | None]:
        given = [name for name in (PATH, VIDEO, SOUND) if row.cells.get(name)]
        files = {name: self._file(row, name, row.cells[name]) for name in given}
        if PATH in given and len(given) > 1:
            self._wrong(row, PATH, f"both '{PATH}' and '{given[1]}' are given", f"'{PATH}' means picture and sound")
        if not given and not any(cell for name, cell in row.cells.items() if name.startswith(FEATURES)):
            self._wrong(row, "", "the clip has no file", f"give its '{PATH}', '{VIDEO}' or '{SOUND}'")
        return files.get(PATH, files.get(VIDEO)), files.get(PATH, files.get(SOUND))

    def _file(self, row: Row, column: str, name: str) -> Path:
        path = self.folder / name
        try:
            inside = path.resolve().is_relative_to(self.folder)
            if not inside and not self.anywhere:
                fix = "move it there, or set corpus.anywhere=true if you trust this table"
                self._wrong(row, column, f"'{name}' lies outside {self.folder}", fix)
            elif not path.is_file():
                self._wrong(row, column, f"no such file '{name}'", f"paths are relative to {self.folder}")
            elif is_lfs_pointer(path):
                self._wrong(row, column, f"'{name}' is a Git LFS pointer, not the file itself", "run `git lfs pull`")
        except (OSError, ValueError) as error:
            self._wrong(row, column, f"{name[:80]!r} cannot be opened: {error}")
        return path

    def _features(self, row: Row, start: float | None, end: float | None) -> dict[str, FeatureSource]:
        span = None if start is None and end is None else (start or 0.0, math.inf if end is None else end)
        sources: dict[str, FeatureSource] = {}
        for column, cell in row.cells.items():
            if not column.startswith(FEATURES) or not cell:
                continue
            source = read_cell(cell)
            if isinstance(source, str):
                self._wrong(row, column, f"'{cell}'", source)
                continue
            path, timed = self._file(row, column, str(source.path)), source.path.suffix.lower() == SEQUENCE
            sources[column.removeprefix(FEATURES)] = replace(
                source, path=path, span=span if timed else None, fill=self.fill, padded=self.padded
            )
        return sources

    def _seconds(self, row: Row, column: str) -> float | None:
        cell = row.cells.get(column, "")
        if not cell:
            return None
        seconds = _number(cell)
        if not math.isfinite(seconds) or seconds < 0:
            self._wrong(row, column, f"'{cell}' is not a number of seconds", "as 12.5")
            return None
        return seconds

    def _values(self, row: Row) -> dict[str, float]:
        values: dict[str, float] = {}
        for column, cell in row.cells.items():
            if column.startswith(VALUE) and cell:
                number = _number(cell)
                if math.isfinite(number):
                    values[column.removeprefix(VALUE)] = number
                else:
                    self._wrong(row, column, f"'{cell}' is not a number", "leave the cell empty where it is not known")
        return values

    def _split(self, row: Row) -> str | None:
        split = row.cells.get(SPLIT) or None
        if split is not None and split not in SPLITS:
            self._wrong(row, SPLIT, f"unknown split '{split}'", did_you_mean(split, SPLITS))
        return split

    def _labels(self, row: Row) -> dict[str, str]:
        labels = {name: " ".join(row.cells[name].split()) for name in self.labels if row.cells[name]}
        for name, words in self.allowed.items():
            word = row.cells[name]
            if word and word not in words:
                self._wrong(row, name, f"unknown label '{word}'", did_you_mean(word, words))
        return labels

    def _id(self, row: Row) -> str:
        if CLIP in row.cells:
            name = row.cells[CLIP]
            if not is_id(name):
                self._wrong(row, CLIP, f"'{name[:80]}' cannot be the id of a clip", ID_IS)
            return name
        return self._made_id(row)

    def _made_id(self, row: Row) -> str:
        """The file's path without its suffix, then the start: `actor1/take.mp4` from 2.5 s is `actor1-take-2.5`."""
        given = next((row.cells[name] for name in (PATH, VIDEO, SOUND) if row.cells.get(name)), None)
        if given is None:
            return f"row{row.number}"
        path = Path(given).with_suffix("") if Path(given).name else Path("clip")
        parts = [path.name] if path.is_absolute() or ".." in path.parts else list(path.parts)
        return "-".join([*parts, row.cells[START]] if row.cells.get(START) else parts)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
