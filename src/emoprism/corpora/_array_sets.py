"""Arrays of N clips in one file, or in one group of it, as clips."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Shaped

from emoprism.arrays.base import Arrays
from emoprism.arrays.files import open_arrays
from emoprism.corpora._mosei import (
    EMOTIONS,
    INTENSITY,
    NEUTRAL,
    SCORES,
    SENTIMENT,
    checked,
    presence,
    strongest,
    values_of,
)
from emoprism.corpora._rows import ID_IS, is_id
from emoprism.errors import Problem, did_you_mean
from emoprism.types import EMOTION, SOURCE, SPEAKER, TEST, TRAIN, VALIDATION, Clip, FeatureSource

SIDES = {
    "train": TRAIN, "training": TRAIN, "valid": VALIDATION, "validation": VALIDATION, "val": VALIDATION,
    "dev": VALIDATION, "test": TEST,
}  # fmt: skip
"""What sides are called by others. Whether those of `test` are strangers is seen when all sides are known."""
USUAL = {"acoustic": "audio", "visual": "vision"}
SCORED = ("regression_labels", "labels")
LENGTHS = "_lengths"
COLUMN = re.compile(r"(?P<array>[^\[\]]+)(?:\[(?P<column>\d+)\])?")
PART = re.compile(r"(?P<video>.+?)(?:\$_\$(?P<number>.+)|\[\d+\])")
"""Ids that name a video: `<video>$_$<n>` and `<video>[<n>]`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The user's options: names of streams, values and labels, with the arrays they are in, and the array of ids."""

    streams: Mapping[str, str]
    values: Mapping[str, str]
    labels: Mapping[str, str]
    ids: str


def find_sets(path: Path, wanted: Wanted) -> list[ArraySet]:
    """The sides in a file: its groups that are called so, else the one that its name says, or none.

    Raises MediaError where the file cannot be read.
    """
    file = open_arrays(path)
    names = file.names()
    groups = dict.fromkeys(name.partition("/")[0] for name in names if "/" in name)
    sides = [(f"{group}/", SIDES[group.lower()]) for group in groups if group.lower() in SIDES]
    if not sides:
        words = re.split(r"[^a-z]+", path.stem.lower())
        sides = [("", next((SIDES[word] for word in words if word in SIDES), None))]
    sets = [ArraySet(file, prefix, side, wanted, frozenset(names)) for prefix, side in sides]
    for one in sets:
        one.read()
    return sets


@dataclass
class ArraySet:
    """One side. After `read` its clips, or what is wrong with it."""

    file: Arrays
    prefix: str
    side: str | None
    wanted: Wanted
    names: frozenset[str]
    clips: list[Clip] = field(default_factory=list[Clip])
    problems: list[Problem] = field(default_factory=list[Problem])

    def read(self) -> None:
        """Read what is small: ids, lengths, labels. Raises MediaError where an array cannot be read."""
        streams = self._streams()
        known = [*streams.values(), *(name for name in (self.wanted.ids, *SCORED) if self._has(name))]
        if not streams:
            return
        count = next(iter(self.file.shape(self.prefix + known[0])), 0)
        for name in dict.fromkeys(known):
            if self.file.shape(self.prefix + name)[:1] != (count,):
                shape = list(self.file.shape(self.prefix + name))
                self._wrong(name, f"has shape {shape}, where '{known[0]}' has {count} rows", "a row is a clip")
        if self.problems:
            return
        ids, videos = self._ids(count)
        values, labels = self._values(count), self._labels(count)
        sources = {stream: self._sources(array, count) for stream, array in streams.items()}
        if self.problems:
            return
        for row, (name, video) in enumerate(zip(ids, videos, strict=True)):
            features = {stream: each[row] for stream, each in sources.items()}
            self.clips.append(self._clip(row, name, video, features, values[row], labels[row]))

    def _clip(
        self,
        row: int,
        name: str,
        video: str,
        features: Mapping[str, FeatureSource],
        values: Mapping[str, float],
        labels: Mapping[str, str],
    ) -> Clip:
        wrong = ""
        if values.keys() & {INTENSITY + emotion for emotion in EMOTIONS} and not self.wanted.values:
            scores, wrong = checked([values.get(score, np.nan) for score in values_of(dict.fromkeys(SCORES, 0.0))])
            emotion = "" if wrong else strongest(scores, (*EMOTIONS, NEUTRAL))
            values = values_of(scores)
            labels = {**presence(scores), **({EMOTION: emotion} if emotion else {}), **labels}
        return Clip(
            id=name,
            labels={**({SPEAKER: video, SOURCE: video} if video else {}), **labels},
            features=features,
            split=self.side,
            values=values,
            rejected=wrong,
            origin=f"{self.file.path.name}, {self.prefix}row {row}",
        )

    def _sources(self, array: str, count: int) -> list[FeatureSource]:
        lengths = self._lengths(array, count) or [None] * count
        common = FeatureSource(self.file.path, self.prefix + array, padded=True, fill=True)
        return [replace(common, row=row, length=length) for row, length in enumerate(lengths)]

    def _has(self, array: str) -> bool:
        return self.prefix + array in self.names

    def _wrong(self, array: str, what: str, fix: str = "") -> None:
        where = f"{self.file.path}#{self.prefix}{array}" if array else str(self.file.path)
        self.problems.append(Problem(where, what, fix))

    def _there(self) -> list[str]:
        return sorted(name.removeprefix(self.prefix) for name in self.names if name.startswith(self.prefix))

    def _array(self, name: str, option: str) -> Shaped[np.ndarray, "N ..."] | None:
        """An array that an option names, None where it is not there, which is a problem."""
        if not self._has(name):
            self._wrong("", f"no array '{self.prefix}{name}' ({option})", did_you_mean(name, self._there()))
            return None
        return self.file.read(self.prefix + name)

    def _streams(self) -> dict[str, str]:
        asked = dict(self.wanted.streams) or {name: array for name, array in USUAL.items() if self._has(array)}
        for stream, array in asked.items():
            if stream in ("face", "audio"):
                self._wrong("", f"a stream of features cannot be called '{stream}'", "as {acoustic: audio}")
            elif not self._has(array):
                self._wrong("", f"no array '{self.prefix}{array}' (corpus.streams)", did_you_mean(array, self._there()))
        if not asked:
            there = ", ".join(self._there()[:10]) or "none"
            fix = f"name them, as corpus.streams={{acoustic: ARRAY}}; there: {there}"
            self._wrong("", f"no array '{self.prefix}audio' or '{self.prefix}vision'", fix)
        return {} if self.problems else asked

    def _ids(self, count: int) -> tuple[list[str], list[str]]:
        """What the clips are called, and the videos that they are of ("" where that is not said)."""
        if not self._has(self.wanted.ids):
            if self.wanted.ids != "id":
                self._array(self.wanted.ids, "corpus.ids")
            stem = self.prefix.rstrip("/") or self.file.path.stem
            return [f"{stem}-{row}" for row in range(count)], [""] * count
        told = _words(self.file.read(self.prefix + self.wanted.ids)).reshape(count, -1)
        if told.shape[1] == 3:
            names, videos = ["_".join(row) for row in told.tolist()], told[:, 0].tolist()
        elif told.shape[1] == 1:
            matches = [PART.fullmatch(word) for word in told[:, 0].tolist()]
            names = [_name(match, word) for match, word in zip(matches, told[:, 0].tolist(), strict=True)]
            videos = [match["video"] if match else "" for match in matches]
        else:
            self._wrong(self.wanted.ids, f"{told.shape[1]} words for a clip", "expected an id, or video, start, end")
            return [], []
        for row, name in enumerate(names):
            if not is_id(name):
                self._wrong(self.wanted.ids, f"row {row}: '{name[:80]}' cannot be the id of a clip", ID_IS)
        return names, videos

    def _lengths(self, array: str, count: int) -> list[int] | None:
        name = array + LENGTHS
        if not self._has(name):
            return None
        found = self.file.read(self.prefix + name).reshape(-1)
        if found.dtype.kind not in "iu" or len(found) != count:
            self._wrong(name, f"{found.dtype} {list(found.shape)}", f"expected {count} whole numbers")
            return None
        return found.tolist()

    def _values(self, count: int) -> list[dict[str, float]]:
        """Numbers of every clip; those that are not finite are missing."""
        columns = {name: self._column(where, count) for name, where in self.wanted.values.items()}
        if not columns:
            columns = self._scores(count)
        return [
            {name: float(column[row]) for name, column in columns.items() if np.isfinite(column[row])}
            for row in range(count if all(len(column) == count for column in columns.values()) else 0)
        ]

    def _scores(self, count: int) -> dict[str, Float64[np.ndarray, "N"]]:
        """What the usual arrays hold."""
        name = next((name for name in SCORED if self._has(name)), None)
        if name is None:
            return {}
        found = self._flat(name, count)
        if found.shape[1] == 1:
            return {SENTIMENT: found[:, 0]}
        if found.shape[1] == len(SCORES):
            return dict(zip(values_of(dict.fromkeys(SCORES, 0.0)), found.T, strict=True))
        fix = f"say what its columns are, as corpus.values.sentiment={name}[0]"
        self._wrong(name, f"{found.shape[1]} numbers for a clip", fix)
        return {}

    def _column(self, where: str, count: int) -> Float64[np.ndarray, "_"]:
        match = COLUMN.fullmatch(where)
        if match is None:
            self._wrong("", f"'{where}' (corpus.values)", "write array or array[column]")
            return np.zeros(0)
        if self._array(match["array"], "corpus.values") is None:
            return np.zeros(0)
        found, column = self._flat(match["array"], count), int(match["column"] or 0)
        if column >= found.shape[1] or (match["column"] is None and found.shape[1] > 1):
            self._wrong(match["array"], f"{found.shape[1]} numbers for a clip", f"as {match['array']}[0]")
            return np.zeros(0)
        return found[:, column]

    def _flat(self, name: str, count: int) -> Float64[np.ndarray, "N C"]:
        found = self.file.read(self.prefix + name)
        if found.dtype.kind not in "fiub" or len(found) != count or not found.size:
            self._wrong(name, f"{found.dtype} {list(found.shape)}", f"expected numbers, {count} rows")
            return np.zeros((count, 1))
        return found.reshape(count, -1).astype(np.float64)

    def _labels(self, count: int) -> list[dict[str, str]]:
        columns: dict[str, list[str]] = {}
        for name, array in self.wanted.labels.items():
            found = self._array(array, "corpus.labels")
            if found is None:
                continue
            words = _words(found).reshape(-1)
            if len(words) != count or found.dtype.kind == "f":
                self._wrong(array, f"{found.dtype} {list(found.shape)}", f"expected {count} words or whole numbers")
                continue
            columns[name] = [" ".join(word.split()) for word in words.tolist()]
        return [{name: words[row] for name, words in columns.items() if words[row]} for row in range(count)]


def _name(match: re.Match[str] | None, word: str) -> str:
    return f"{match['video']}_{match['number']}" if match and match["number"] else word


def _words(found: Shaped[np.ndarray, "..."]) -> Shaped[np.ndarray, "..."]:
    """Words, whatever they were: bytes are UTF-8."""
    return np.char.decode(found, "utf-8", "replace") if found.dtype.kind == "S" else found.astype(np.str_)
