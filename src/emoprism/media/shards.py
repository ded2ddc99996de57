"""Prepared clips on disk, read: `shard-*.safetensors` beside `clips.csv`, `rejected.csv` and `manifest.json`.

Written by `emoprism.media.writer`; the format is described in docs/media.md. Reading needs no decoder of videos.
Several of them joined (`emoprism.media.join`) have tables of their own and the shards of the others.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped, UInt8
from safetensors import SafetensorError, safe_open

from emoprism.errors import CorpusError, MediaError, Problem, StageError, did_you_mean
from emoprism.media.jpeg import decode_face
from emoprism.stage import MANIFEST, Manifest, read_manifest, sha256
from emoprism.types import FACE, StreamSpec

STAGE = "prepare"
JOINED = "corpus join"
"""The stage that joins prepared directories: a directory like theirs, whose shards lie in theirs."""
CLIPS = "clips.csv"
REJECTED = "rejected.csv"
SHARD = re.compile(r"shard-\d+\.safetensors")
HEADER = "shard"
"""The one entry of a shard's header, in JSON. One, because safetensors writes several in an order of its own."""
KEY = "key"
"""The column of a joined clips.csv that says what a clip is called in its shard."""
NAMED = 5
"""Problems of a kind that an error lists."""
TRACK = "track"
"""Prefix of the tensors that hold the crops of a track by its number."""
LABEL, VALUE, STEPS, NOTE = "label:", "value:", "steps:", "note:"
"""Prefixes of the columns of clips.csv: labels, numbers, lengths of streams, and why a stream is missing."""


@dataclass(frozen=True)
class PreparedClip:
    """One usable clip. `steps` counts the steps of every stream that it has; `notes` say why others are missing.

    `shard` is the path of its shard from the prepared directory, `key` its id there where that is another.
    """

    id: str
    labels: Mapping[str, str]
    split: str | None
    seconds: float
    steps: Mapping[str, int]
    shard: str
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, float] = field(default_factory=dict[str, float])
    key: str = ""

    @property
    def key_in_shard(self) -> str:
        """What its tensors are called by."""
        return self.key or self.id


@dataclass(frozen=True)
class TrackRow:
    """One face through a clip: first and last sampled picture it was found in (seconds), and in how many."""

    track: int
    main: bool
    start: float
    end: float
    frames: int


@dataclass(frozen=True)
class PreparedCorpus:
    """What `emoprism prepare` made of a corpus: clips in order of id, and their streams on request."""

    directory: Path
    manifest: Manifest
    clips: tuple[PreparedClip, ...]
    streams: Mapping[str, StreamSpec]

    @classmethod
    def open(cls, directory: Path) -> PreparedCorpus:
        """Open a finished directory. Raises StageError where it is none, CorpusError where its files disagree."""
        manifest = read_manifest(directory, STAGE, JOINED)
        clips = sorted(_read_clips(directory / CLIPS), key=lambda clip: clip.id)
        _check_shards(directory, manifest, clips)
        missing = sorted({clip.shard for clip in clips if not (directory / clip.shard).is_file()})
        if missing:
            raise CorpusError([Problem(str(directory / name), "no such shard", "prepare again") for name in missing])
        try:
            shapes: dict[str, list[int]] = manifest.facts["streams"]
            streams = {name: StreamSpec(tuple(int(side) for side in shape)) for name, shape in shapes.items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise StageError(Problem(str(directory), "its manifest names no streams", "prepare again")) from None
        return cls(directory, manifest, tuple(clips), streams)

    def read(self, clip: PreparedClip, stream: str, *, size: int | None = None) -> Shaped[np.ndarray, "T ..."]:
        """One stream of a clip, T = 0 where it has none.

        Faces are uint8 [T, size, size, 3] RGB, area-resampled from the stored crop (None: as stored, about
        JPEG quality 92). Everything else is float32 [T, D], and takes no size.
        """
        shape = self._shape(stream)
        if stream == FACE:
            if not clip.steps.get(FACE):
                return np.zeros((0, size or shape[0], size or shape[0], 3), dtype=np.uint8)
            return self._faces(clip, FACE, size or shape[0])
        if not clip.steps.get(stream):
            return np.zeros((0, *shape), dtype=np.float32)
        return self._tensor(clip, f"{clip.key_in_shard}/{stream}")

    def face(self, clip: PreparedClip, step: int, *, size: int) -> UInt8[np.ndarray, "S S 3"]:
        """One crop of the face stream, RGB, where all of them are not needed. `step` is below `clip.steps["face"]`."""
        ends = self._tensor(clip, f"{clip.key_in_shard}/{FACE}.ends")
        first = int(ends[step - 1]) if step else 0
        return self._face(clip, self._tensor(clip, f"{clip.key_in_shard}/{FACE}.jpeg")[first : ends[step]], size)

    def times(self, clip: PreparedClip, stream: str) -> Float64[np.ndarray, "T"]:
        """When each step is, in seconds from the start of the clip."""
        self._shape(stream)
        if not clip.steps.get(stream):
            return np.zeros(0)
        return self._tensor(clip, f"{clip.key_in_shard}/{stream}.times")

    def boxes(self, clip: PreparedClip) -> Shaped[np.ndarray, "T 4"]:
        """Boxes (x0, y0, x1, y1) of the crops, float32 in pixels of the video as it is shown; may reach beyond it."""
        if not clip.steps.get(FACE):
            return np.zeros((0, 4), dtype=np.float32)
        return self._tensor(clip, f"{clip.key_in_shard}/{FACE}.boxes")

    def tracks(self, clip: PreparedClip) -> tuple[TrackRow, ...]:
        """All faces that were followed through a clip, in order of their beginning."""
        rows, _ = read_header(self.directory / clip.shard)
        return tuple(TrackRow(**track) for row in rows if row["clip"] == clip.key_in_shard for track in row["tracks"])

    def read_track(self, clip: PreparedClip, number: int, *, size: int | None = None) -> UInt8[np.ndarray, "T S S 3"]:
        """Crops of one track, RGB. CorpusError where the corpus was not prepared with `tracks=all`."""
        return self._faces(clip, f"{TRACK}{number}", size or self._shape(FACE)[0])

    def _shape(self, stream: str) -> tuple[int, ...]:
        if stream not in self.streams:
            raise CorpusError(
                Problem(str(self.directory), f"has no stream '{stream}'", did_you_mean(stream, self.streams))
            )
        return self.streams[stream].shape

    def _faces(self, clip: PreparedClip, prefix: str, size: int) -> UInt8[np.ndarray, "T S S 3"]:
        data = self._tensor(clip, f"{clip.key_in_shard}/{prefix}.jpeg")
        ends = self._tensor(clip, f"{clip.key_in_shard}/{prefix}.ends").tolist()
        out = np.empty((len(ends), size, size, 3), dtype=np.uint8)
        for row, (first, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            out[row] = self._face(clip, data[first:end], size)
        return out

    def _face(self, clip: PreparedClip, jpeg: UInt8[np.ndarray, "bytes"], size: int) -> UInt8[np.ndarray, "S S 3"]:
        try:
            return decode_face(jpeg, size)
        except MediaError as error:
            where = f"{self.directory / clip.shard}: clip '{clip.id}'"
            raise CorpusError(Problem(where, error.reason, "prepare again")) from None

    def _tensor(self, clip: PreparedClip, key: str) -> np.ndarray:
        path = self.directory / clip.shard
        try:
            with safe_open(path, framework="numpy") as file:
                return file.get_tensor(key)
        except (SafetensorError, OSError) as error:
            raise CorpusError(Problem(f"{path}: {key}", f"cannot be read: {error}", "prepare again")) from None


def _check_shards(directory: Path, manifest: Manifest, clips: Sequence[PreparedClip]) -> None:
    """Raise CorpusError where a table names a file that is no shard of this directory, or of those joined in it."""
    folders = {"."} if manifest.stage == STAGE else _joined(directory, manifest)
    problems: dict[str, Problem] = {}
    for clip in clips:
        path = PurePosixPath(clip.shard)
        if path.is_absolute() or path.parent.as_posix() not in folders or not SHARD.fullmatch(path.name):
            where = f"{directory / CLIPS}: clip '{clip.id}'"
            problem = Problem(where, f"'{clip.shard}' is no shard of this directory", "make it again")
            problems.setdefault(clip.shard, problem)
    if problems:
        raise CorpusError([problems[name] for name in sorted(problems)][:NAMED])


def _joined(directory: Path, manifest: Manifest) -> set[str]:
    """Relative paths of the directories that were joined, which must be as they were then."""
    problems: list[Problem] = []
    for name, ref in manifest.inputs.items():
        folder = directory / ref.path
        fix = f"put it back, or join again: emoprism {JOINED}"
        if PurePosixPath(ref.path).is_absolute() or not (folder / MANIFEST).is_file():
            problems.append(Problem(f"{folder}", f"the corpus '{name}' is not there any more", fix))
        elif sha256(folder / MANIFEST) != ref.sha256:
            problems.append(Problem(f"{folder}", f"the corpus '{name}' is not what it was when it was joined", fix))
    if problems:
        raise CorpusError(problems)
    return {PurePosixPath(ref.path).as_posix() for ref in manifest.inputs.values()}


def read_header(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What a shard says of its clips and of those rejected in it. Raises CorpusError where it is no shard."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
        told = json.loads(header[HEADER])
        return told["clips"], told["rejected"]
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as error:
        fix = "remove the file and prepare again"
        raise CorpusError(Problem(str(path), f"not a shard of prepared clips: {error}", fix)) from None


def _read_clips(path: Path) -> list[PreparedClip]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [_clip(row) for row in rows]
    except FileNotFoundError:
        raise CorpusError(Problem(str(path), "no such file", "prepare again")) from None
    except (KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
        raise CorpusError(Problem(str(path), f"not a table of prepared clips: {error}", "prepare again")) from None


def _clip(row: Mapping[str, str]) -> PreparedClip:
    return PreparedClip(
        id=row["clip"],
        labels=_columns(row, LABEL),
        split=row["split"] or None,
        seconds=float(row["seconds"]),
        steps={name: int(count) for name, count in _columns(row, STEPS).items()},
        shard=row["shard"],
        notes=_columns(row, NOTE),
        values={name: float(number) for name, number in _columns(row, VALUE).items()},
        key=row.get(KEY) or "",
    )


def _columns(row: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The columns with the prefix that are not empty, without the prefix."""
    return {name.removeprefix(prefix): cell for name, cell in row.items() if name.startswith(prefix) and cell}
