"""RAVDESS: 24 actors speak (and sing) two sentences in eight emotions (Livingstone & Russo 2018)."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from emoprism.corpora._folder import Folder
from emoprism.corpora._names import folded
from emoprism.corpora._takes import without_copies
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER, Clip, FeatureSource

SUFFIXES = (".mp4", ".wav", ".flac")
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

    The archives are `Video_Speech_Actor_01.zip` to `_24.zip` (modalities 01 and 02), `Video_Song_Actor_01.zip` on,
    `Audio_Speech_Actors_01-24.zip` and `Audio_Song_Actors_01-24.zip` (03), each of folders `Actor_01` to `Actor_24`.

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
        folder = Folder(self.root, expected=f"files named {NAMED_AS} at any depth")
        paths = folder.files(*SUFFIXES)
        folder.problems += _malformed(paths)
        takes = _takes([path for path in paths if NAME.fullmatch(path.stem)], folder.problems)
        rows, problems = _action_units(folder.find(f"{ACTION_UNITS}.npz"))
        folder.problems += problems
        folder.check(media=paths)
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


def _malformed(paths: Sequence[Path]) -> list[Problem]:
    return [
        Problem(str(path), "not a RAVDESS name", f"expected {NAMED_AS}; move other files elsewhere")
        for path in paths
        if not NAME.fullmatch(path.stem)
    ]


def _takes(paths: Sequence[Path], problems: list[Problem]) -> dict[str, list[_File]]:
    """Files by take, in the order of preference: modality, .mp4 before the others. The same file twice counts once."""
    takes: dict[str, list[_File]] = {}
    ordered = sorted(paths, key=lambda path: (path.stem, path.suffix.lower() != PICTURE_SUFFIX, path))
    for path in without_copies(ordered, lambda path: folded(path.name), problems):
        takes.setdefault(path.stem[3:], []).append(_File(path, path.stem[:2]))
    return takes


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


def _action_units(path: Path | None) -> tuple[dict[str, FeatureSource], list[Problem]]:
    """Rows of the table of action units by take, whatever modality its `clip` names."""
    if path is None:
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
