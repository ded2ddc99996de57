"""RAVDESS: 24 actors speak (and sing) two sentences in eight emotions (Livingstone & Russo 2018)."""

from __future__ import annotations

import filecmp
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from emoprism.corpora._problems import is_lfs_pointer, refuse
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER, Clip, FeatureSource

SUFFIXES = frozenset({".mp4", ".wav", ".flac"})
PICTURE_SUFFIX = ".mp4"
VIDEO_ONLY, AUDIO_ONLY = "02", "03"
CHANNELS = {"01": "speech", "02": "song"}
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "kids are talking by the door", "02": "dogs are sitting by the door"}
NAME = re.compile(r"0[1-3]-0[12]-0[1-8]-0[12]-0[12]-0[12]-(0[1-9]|1\d|2[0-4])")
NAMED_AS = (
    "MM-CC-EE-II-SS-RR-AA, as 01-01-06-01-02-01-12.mp4 "
    "(modality, channel, emotion, intensity, statement, repetition, actor)"
)

ACTION_UNITS = "action_units"
"""Name of the stream, and of the .npz file in the root, of facial action units: arrays `clip` [N] and `au` [N, D]."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a take."""

    path: Path
    modality: str

    @property
    def has_picture(self) -> bool:
        return self.modality != AUDIO_ONLY and self.path.suffix.lower() == PICTURE_SUFFIX

    @property
    def has_sound(self) -> bool:
        return self.modality != VIDEO_ONLY


class Ravdess(Corpus):
    """The folder that the corpus's archives unpack to, at whatever depth: names say all, folders nothing.

    One clip per take; its id is the file name without the modality. The picture is taken from the full take (01),
    else the video without sound (02), the sound from the full take, else the audio file (03). `action_units.npz` in
    the root adds the stream `action_units`.
    """

    citation = (
        "Livingstone, S. R. & Russo, F. A. (2018). The Ryerson Audio-Visual Database of Emotional Speech and Song "
        "(RAVDESS). PLoS ONE 13(5): e0196391."
    )
    licence = "CC BY-NC-SA 4.0: not for commercial use."

    def __init__(self, root: Path, *, channel: Literal["speech", "song"] = "speech") -> None:
        """`channel`: spoken or sung takes."""
        super().__init__(root)
        self.channel = channel

    def clips(self) -> Sequence[Clip]:
        """Every take of the channel, ordered by id. Raises CorpusError with all problems of the folder."""
        if not self.root.is_dir():
            raise CorpusError(Problem(str(self.root), "no such folder", "unpack the corpus's archives into one"))
        paths = list(_media(self.root))
        problems = [*_malformed(paths), *_pointers(paths)]
        takes, clashes = _takes([path for path in paths if NAME.fullmatch(path.stem)])
        rows, table_problems = _action_units(self.root / f"{ACTION_UNITS}.npz")
        refuse([*problems, *clashes, *table_problems], str(self.root))
        own = {take: files for take, files in takes.items() if CHANNELS[take[:2]] == self.channel}
        if not own:
            raise CorpusError(self._nothing(len(takes)))
        return [self._clip(take, files, rows) for take, files in sorted(own.items())]

    def _nothing(self, others: int) -> Problem:
        what = f"no file of {self.channel}, {others} takes of the other channel" if others else "no RAVDESS file"
        return Problem(
            str(self.root), what, f"expected files named {NAMED_AS} at any depth (corpus.channel=speech or song)"
        )

    def _clip(self, take: str, files: Sequence[_File], rows: Mapping[str, FeatureSource]) -> Clip:
        pictures = [file for file in files if file.has_picture]
        sounds = [file for file in files if file.has_sound]
        return Clip(
            id=take,
            labels=_labels(take),
            video=pictures[0].path if pictures else None,
            audio=sounds[0].path if sounds else None,
            features={ACTION_UNITS: rows[take]} if take in rows else {},
            origin=", ".join(file.path.relative_to(self.root).as_posix() for file in files),
        )


def _media(root: Path) -> Iterator[Path]:
    """Files that could be takes; what other systems leave behind (`._x.mp4`, `__MACOSX`) is none."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix.lower() in SUFFIXES and not any(p.startswith(".") or p == "__MACOSX" for p in parts):
            yield path


def _malformed(paths: Sequence[Path]) -> list[Problem]:
    return [
        Problem(str(path), "not a RAVDESS name", f"expected {NAMED_AS}; move other files elsewhere")
        for path in paths
        if not NAME.fullmatch(path.stem)
    ]


def _pointers(paths: Sequence[Path]) -> list[Problem]:
    pointers = [path for path in paths if is_lfs_pointer(path)]
    if not pointers:
        return []
    what = f"{len(pointers)} files are Git LFS pointers, not media, this one the first"
    return [Problem(str(pointers[0]), what, "run `git lfs pull` in that checkout")]


def _takes(paths: Sequence[Path]) -> tuple[dict[str, list[_File]], list[Problem]]:
    """Files by take, in the order of preference: modality, .mp4 before the others. The same file twice counts once."""
    takes: dict[str, list[_File]] = {}
    first: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in sorted(paths, key=lambda path: (path.stem, path.suffix.lower() != PICTURE_SUFFIX, path)):
        known = first.setdefault(path.name, path)
        if known is path:
            takes.setdefault(path.stem[3:], []).append(_File(path, path.stem[:2]))
        elif not filecmp.cmp(known, path, shallow=False):
            problems.append(Problem(str(path), f"another file of this name is {known}", "keep one of the two"))
    return takes, problems


def _labels(take: str) -> dict[str, str]:
    _, emotion, intensity, statement, repetition, actor = take.split("-")
    return {
        SPEAKER: f"actor{actor}",
        EMOTION: EMOTIONS[int(emotion) - 1],
        GENDER: "male" if int(actor) % 2 else "female",
        "intensity": INTENSITIES[intensity],
        SENTENCE: STATEMENTS[statement],
        "repetition": str(int(repetition)),
    }


def _action_units(path: Path) -> tuple[dict[str, FeatureSource], list[Problem]]:
    """Rows of the table of action units by take, whatever modality its `clip` names."""
    if not path.is_file():
        return {}, []
    try:
        with path.open("rb") as bytes_, np.load(bytes_, allow_pickle=False) as file:
            names, rows = np.asarray(file["clip"]).astype(str).tolist(), len(file["au"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        return {}, [Problem(str(path), f"unreadable: {error}", "expected arrays 'clip' [N] of names and 'au' [N, D]")]
    where = f"{path}: 'clip'"
    if len(names) != rows:
        return {}, [Problem(where, f"{len(names)} names for {rows} rows of 'au'")]
    problems = [
        Problem(f"{where}, row {i}", f"'{n}' is no RAVDESS name") for i, n in enumerate(names) if not NAME.fullmatch(n)
    ]
    sources = {name[3:]: FeatureSource(path, "au", row) for row, name in enumerate(names)}
    if len(sources) < len(names):
        problems.append(Problem(where, f"names {len(names) - len(sources)} takes twice"))
    return sources, problems
