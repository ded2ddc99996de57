"""Prepared corpora of a few clips each, written as `prepare` writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.writer import Rejection, encode, finish, write_shard
from emoprism.stage import Stage
from emoprism.types import AUDIO, FACE, Clip

SIDE = 16


@dataclass(frozen=True)
class Made:
    """A clip to be: its labels, and what it has. `shade` is the grey of its faces."""

    labels: Mapping[str, str]
    seconds: float = 1.0
    values: Mapping[str, float] = field(default_factory=dict[str, float])
    split: str | None = None
    faces: int = 1
    shade: int = 128
    sound: bool = True
    note: str = "no face was found in 3 sampled pictures"


def _processed(made: Made) -> ProcessedClip:
    streams: dict[str, np.ndarray] = {}
    times: dict[str, np.ndarray] = {}
    notes: dict[str, str] = {}
    boxes = np.zeros((0, 4), dtype=np.float32)
    tracks: tuple[FaceTrack, ...] = ()
    if made.sound:
        streams[AUDIO], times[AUDIO] = np.full((20, 40), -6, dtype=np.float32), np.arange(20) / 100
    if made.faces:
        crops = np.full((3, SIDE, SIDE, 3), made.shade, dtype=np.uint8)
        streams[FACE], times[FACE], boxes = crops, np.arange(3) / 3, np.zeros((3, 4), dtype=np.float32)
        scores = np.ones(3, dtype=np.float32)
        tracks = tuple(FaceTrack(i, times[FACE], boxes, scores, crops, main=i == 0) for i in range(made.faces))
    else:
        notes[FACE] = made.note
    return ProcessedClip(made.seconds, streams, times, boxes, tracks, notes)


def write_corpus(
    directory: Path,
    clips: Sequence[Made],
    rejected: Sequence[tuple[str, str, str]] = (),
    facts: Mapping[str, Any] | None = None,
) -> Path:
    stage = Stage.begin(
        directory, "prepare", options={"corpus": {"name": "made"}, "media": {"seconds": 12.0}}, inputs={}
    )
    encoded = [
        encode(
            Clip(id=f"clip-{i:03d}", labels=made.labels, values=made.values, split=made.split, origin=f"row {i + 2}"),
            _processed(made),
        )
        for i, made in enumerate(clips)
    ]
    write_shard(directory / "shard-00000.safetensors", encoded, [Rejection(*row) for row in rejected])
    finish(stage, ["shard-00000.safetensors"], facts or {"citation": "Ann 2020", "licence": "free"})
    return directory


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Path]:
    """Write a corpus: `corpus(clips, rejected, facts)`."""
    return lambda *given, **named: write_corpus(tmp_path / "made", *given, **named)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Write one of several corpora: `make(name, clips)`."""
    return lambda name, *given: write_corpus(tmp_path / name, *given)


@pytest.fixture
def made() -> type[Made]:
    return Made
