"""Your own data: one CSV or Parquet file with a row per clip."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from emoprism.corpora._problems import refuse
from emoprism.corpora._rows import CLIP, FEATURES, HOUSE_COLUMNS, PATH, SOUND, SPLIT, VALUE, VIDEO, RowReader
from emoprism.corpora._tables import Table, read_table
from emoprism.corpora.base import Corpus
from emoprism.errors import Problem, did_you_mean
from emoprism.types import AUDIO, EMOTION, FACE, SPEAKER, SPLITS, TRAIN, UNSEEN, Clip

CLIPS = "clips.csv"


class ManifestCorpus(Corpus):
    """A table of clips. `root` is the file, or a folder that holds `clips.csv`.

    Columns: `path` (the file of picture and sound) or `video` and `audio` (two files, one may be empty); optional
    `clip` (id), `start` and `end` (seconds), `split`, and `features:<stream>` (`file.npy`, `file.npz#array`,
    `file.npz#array[row]`, or of HDF5, .csd and Parquet files, docs/data.md), and `value:<attribute>` (a number). Every
    other column is a label, an empty cell a missing one. Paths are relative to the table. Row numbers in errors count
    the header as row 1.
    """

    citation = "Your own data: cite whoever made it."
    licence = "Whatever its owner allows."
    own_words = True

    def __init__(
        self,
        root: Path,
        *,
        labels: tuple[str, ...] | None = None,
        allowed: dict[str, list[str]] = {},  # noqa: B006 (only read)
        delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ",",
        anywhere: bool = False,
        fill: bool = False,
        padded: bool = False,
    ) -> None:
        """`labels`: the label columns (all that mean nothing else by default). `allowed`: per label column the words
        that may stand in it. `anywhere`: files outside the table's own folder are welcome. `fill`: values of features
        that are no numbers (NaN, infinite) are taken as 0 and counted; without it such clips are rejected. `padded`:
        rows of zeros at both ends of features are padding.
        """
        super().__init__(root)
        self.labels = labels
        self.allowed = allowed
        self.delimiter = delimiter
        self.anywhere = anywhere
        self.fill, self.padded = fill, padded

    def clips(self) -> Sequence[Clip]:
        """Every clip, ordered by id. Raises CorpusError with all problems of the file (the first 20 written out)."""
        table = read_table(self.root / CLIPS if self.root.is_dir() else self.root, self.delimiter)
        refuse(_file_column_problems(table), str(table.path))
        present = [name for name in self._label_columns(table) if name in table.columns]
        allowed = {name: words for name, words in self.allowed.items() if name in table.columns}
        reader = RowReader(table, tuple(present), allowed, self.anywhere, self.fill, self.padded)
        clips = [reader.clip(row) for row in table.rows]
        problems = [*self._header_problems(table), *reader.problems]
        problems += [*_duplicates(table, clips), *_speakers_on_wrong_side(table, clips)]
        refuse(problems, str(table.path))
        return sorted(clips, key=lambda clip: clip.id)

    def _label_columns(self, table: Table) -> tuple[str, ...]:
        if self.labels is not None:
            return self.labels
        return tuple(n for n in table.columns if n not in HOUSE_COLUMNS and not n.startswith((FEATURES, VALUE)))

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
                fix = f"did you mean '{known}'? If it is a label, list the label columns: corpus.labels=[{name}, ...]"
                problems.append(Problem(f"{path}, row 1", f"unknown column '{name}'", fix))
    return problems


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
