"""Your own data: one CSV or Parquet file with a row per clip."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field

from emoprism.corpora._problems import is_lfs_pointer, refuse
from emoprism.corpora._tables import Row, Table, read_table
from emoprism.corpora.base import Corpus
from emoprism.errors import Problem, did_you_mean
from emoprism.types import AUDIO, EMOTION, FACE, SPEAKER, SPLITS, TRAIN, UNSEEN, Clip, FeatureSource

CLIPS = "clips.csv"
CLIP, PATH, VIDEO, SOUND, START, END, SPLIT = "clip", "path", "video", "audio", "start", "end", "split"
HOUSE_COLUMNS = (CLIP, PATH, VIDEO, SOUND, START, END, SPLIT)
FEATURES = "features:"
LONGEST_ID = 150
FEATURE = re.compile(r"(?P<file>[^#]+)(?:#(?P<array>[^\[\]]+)(?:\[(?P<row>\d+)\])?)?")


class ManifestCorpus(Corpus):
    """A table of clips. `root` is the file, or a folder that holds `clips.csv`.

    Columns: `path` (the file of picture and sound) or `video` and `audio` (two files, one may be empty); optional
    `clip` (id), `start` and `end` (seconds), `split`, and `features:<stream>` (`file.npy`, `file.npz#array` or
    `file.npz#array[row]`). Every other column is a label, an empty cell a missing one. Paths are relative to the
    table. Row numbers in errors count the header as row 1.
    """

    citation = "Your own data: cite whoever made it."
    licence = "Whatever its owner allows."

    def __init__(
        self,
        root: Path,
        *,
        labels: tuple[str, ...] | None = None,
        allowed: dict[str, list[str]] = {},  # noqa: B006 (only read)
        delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ",",
        anywhere: bool = False,
    ) -> None:
        """`labels`: the label columns (all that mean nothing else by default). `allowed`: per label column the words
        that may stand in it. `anywhere`: files outside the table's own folder are welcome.
        """
        super().__init__(root)
        self.labels = labels
        self.allowed = allowed
        self.delimiter = delimiter
        self.anywhere = anywhere

    def clips(self) -> Sequence[Clip]:
        """Every clip, ordered by id. Raises CorpusError with all problems of the file (the first 20 written out)."""
        table = read_table(self.root / CLIPS if self.root.is_dir() else self.root, self.delimiter)
        refuse(_file_column_problems(table), str(table.path))
        present = [name for name in self._label_columns(table) if name in table.columns]
        allowed = {name: words for name, words in self.allowed.items() if name in table.columns}
        reader = _Reader(table, tuple(present), allowed, self.anywhere)
        clips = [reader.clip(row) for row in table.rows]
        problems = [*self._header_problems(table), *reader.problems]
        problems += [*_duplicates(table, clips), *_speakers_on_wrong_side(table, clips)]
        refuse(problems, str(table.path))
        return sorted(clips, key=lambda clip: clip.id)

    def _label_columns(self, table: Table) -> tuple[str, ...]:
        if self.labels is not None:
            return self.labels
        return tuple(n for n in table.columns if n not in HOUSE_COLUMNS and not n.startswith(FEATURES))

    def _header_problems(self, table: Table) -> list[Problem]:
        labels = self._label_columns(table)
        missing = [
            Problem(str(table.path), f"missing column '{name}'", did_you_mean(name, table.columns))
            for name in dict.fromkeys([*labels, *self.allowed])
            if name not in table.columns
        ]
        return missing + (_misspelt(table.path, labels, table.columns) if self.labels is None else [])


def _file_column_problems(table: Table) -> list[Problem]:
    streams = [name.removeprefix(FEATURES) for name in table.columns if name.startswith(FEATURES)]
    problems = [
        Problem(f"{table.path}, column '{FEATURES}{name}'", "not a name for a stream", "as features:action_units")
        for name in streams
        if name in ("", FACE, AUDIO)
    ]
    if not streams and not {PATH, VIDEO, SOUND} & set(table.columns):
        near = did_you_mean(PATH, table.columns)
        problems.append(Problem(str(table.path), f"missing column '{PATH}' (or '{VIDEO}', '{SOUND}')", near))
    return problems


def _misspelt(path: Path, others: Sequence[str], columns: Sequence[str]) -> list[Problem]:
    """A label column that is nearly the name of a column with a meaning, which is not there, is a slip."""
    problems: list[Problem] = []
    for name in others:
        for known in (*HOUSE_COLUMNS, SPEAKER, EMOTION):
            likeness = difflib.SequenceMatcher(None, name.lower(), known).ratio()
            if known not in columns and (likeness > 0.82 or sorted(name.lower()) == sorted(known)):
                fix = f"did you mean '{known}'? If it is a label of that name, list the label columns: labels=[...]"
                problems.append(Problem(f"{path}, row 1", f"unknown column '{name}'", fix))
    return problems


@dataclass
class _Reader:
    """Turns rows into clips and collects what is wrong with them."""

    table: Table
    labels: tuple[str, ...]
    allowed: Mapping[str, Sequence[str]]
    anywhere: bool
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
            id=self._id(row), labels=self._labels(row), video=video, audio=audio, features=self._features(row),
            start=start, end=end, split=self._split(row), origin=f"{self.table.path.name}, row {row.number}",
        )  # fmt: skip

    def _wrong(self, row: Row, column: str, what: str, fix: str = "") -> None:
        self.problems.append(Problem(self.table.place(row, column), what, fix))

    def _media(self, row: Row) -> tuple[Path | None, Path | None]:
        both, video, audio = (self._file(row, name, row.cells.get(name, "")) for name in (PATH, VIDEO, SOUND))
        given = [name for name in (PATH, VIDEO, SOUND) if row.cells.get(name)]
        if PATH in given and len(given) > 1:
            self._wrong(row, PATH, f"both '{PATH}' and '{given[1]}' are given", f"'{PATH}' means picture and sound")
        if not given and not any(cell for name, cell in row.cells.items() if name.startswith(FEATURES)):
            self._wrong(row, "", "the clip has no file", f"give its '{PATH}', '{VIDEO}' or '{SOUND}'")
        return both or video, both or audio

    def _file(self, row: Row, column: str, name: str) -> Path | None:
        if not name:
            return None
        path = self.folder / name
        try:
            inside = path.resolve().is_relative_to(self.folder)
            if not inside and not self.anywhere:
                fix = "move it there, or say anywhere=true if you trust this table"
                self._wrong(row, column, f"'{name}' lies outside {self.folder}", fix)
            elif not path.is_file():
                self._wrong(row, column, f"no such file '{name}'", f"paths are relative to {self.folder}")
            elif is_lfs_pointer(path):
                self._wrong(row, column, f"'{name}' is a Git LFS pointer, not the file itself", "run `git lfs pull`")
        except (OSError, ValueError) as error:
            self._wrong(row, column, f"{name[:80]!r} cannot be opened: {error}")
        return path

    def _features(self, row: Row) -> dict[str, FeatureSource]:
        sources: dict[str, FeatureSource] = {}
        for column, cell in row.cells.items():
            if not column.startswith(FEATURES) or not cell:
                continue
            match = FEATURE.fullmatch(cell)
            if match is None or (match["array"] is None) != match["file"].endswith(".npy"):
                self._wrong(row, column, f"'{cell}'", "write file.npy, file.npz#array or file.npz#array[row]")
                continue
            path = self._file(row, column, match["file"])
            if path is not None:
                number = None if match["row"] is None else int(match["row"])
                sources[column.removeprefix(FEATURES)] = FeatureSource(path, match["array"], number)
        return sources

    def _seconds(self, row: Row, column: str) -> float | None:
        cell = row.cells.get(column, "")
        if not cell:
            return None
        try:
            seconds = float(cell)
        except ValueError:
            seconds = math.nan
        if not math.isfinite(seconds) or seconds < 0:
            self._wrong(row, column, f"'{cell}' is not a number of seconds", "as 12.5")
            return None
        return seconds

    def _split(self, row: Row) -> str | None:
        split = row.cells.get(SPLIT) or None
        if split is not None and split not in SPLITS:
            self._wrong(row, SPLIT, f"unknown split '{split}'", did_you_mean(split, SPLITS))
        return split

    def _labels(self, row: Row) -> dict[str, str]:
        labels = {name: row.cells[name] for name in self.labels if row.cells[name]}
        for name, words in self.allowed.items():
            word = row.cells[name]
            if word and word not in words:
                self._wrong(row, name, f"unknown label '{word}'", did_you_mean(word, words))
        return labels

    def _id(self, row: Row) -> str:
        if CLIP in row.cells:
            name = row.cells[CLIP]
            if not name or len(name.encode()) > LONGEST_ID or not name.isprintable() or set(name) & set('/\\:*?"<>|'):
                fix = f'printable characters, none of /\\:*?"<>|, at most {LONGEST_ID} bytes'
                self._wrong(row, CLIP, f"'{name[:80]}' cannot be the id of a clip", fix)
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


def _duplicates(table: Table, clips: Sequence[Clip]) -> list[Problem]:
    first: dict[str, int] = {}
    problems: list[Problem] = []
    for row, clip in zip(table.rows, clips, strict=True):
        if clip.id in first:
            fix = "ids are unique" if CLIP in table.columns else f"add a column '{CLIP}' with ids of your own"
            problems.append(Problem(table.place(row, CLIP), f"'{clip.id}' stands in row {first[clip.id]} already", fix))
        first.setdefault(clip.id, row.number)
    return problems


def _speakers_on_wrong_side(table: Table, clips: Sequence[Clip]) -> list[Problem]:
    """A speaker is either unseen, or trains: one problem per speaker, at the first clip that breaks it."""
    sides: dict[str, set[str]] = {}
    for clip in clips:
        if clip.split in SPLITS and SPEAKER in clip.labels:
            sides.setdefault(clip.labels[SPEAKER], set()).add(clip.split)
    problems: list[Problem] = []
    for row, clip in zip(table.rows, clips, strict=True):
        speaker = clip.labels.get(SPEAKER, "")
        found = sides.get(speaker, set())
        if clip.split == UNSEEN and len(found) > 1:
            others = ", ".join(sorted(found - {UNSEEN}))
            what = f"the speaker '{speaker}' is in '{UNSEEN}' and in {others}"
            problems.append(Problem(table.place(row, SPLIT), what, f"'{UNSEEN}' is for speakers in no other split"))
            sides.pop(speaker)
        elif clip.split in found and TRAIN not in found and UNSEEN not in found:
            what = f"the speaker '{speaker}' is in '{clip.split}' but never in '{TRAIN}'"
            fix = f"clips of speakers that do not train belong in '{UNSEEN}'"
            problems.append(Problem(table.place(row, SPLIT), what, fix))
            sides.pop(speaker)
    return problems
