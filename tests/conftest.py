"""Fixtures that several areas share: a small prepared corpus, made of numbers rather than of videos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from emoprism.media.processed import ProcessedClip
from emoprism.media.writer import Encoded, encode, finish, write_shard
from emoprism.stage import Stage
from emoprism.types import AUDIO, FACE, Clip

# No clock decides whether a test passes (a busy machine is no fault), nor does chance: the same examples every time.
settings.register_profile("emoprism", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("emoprism")

EMOTIONS = ("angry", "happy", "neutral")
FACE_SIDE = 16


def _synthetic(speaker: int, emotion: int, generator: np.random.Generator) -> ProcessedClip:
    """A clip whose streams carry the speaker in some dimensions and the emotion in others, under noise."""
    frames, windows = int(generator.integers(2, 5)), int(generator.integers(20, 40))
    audio = generator.normal(0, 1, (windows, 40)).astype(np.float32)
    audio[:, speaker] += 2
    audio[:, 20 + emotion] += 2
    faces = generator.integers(0, 80, (frames, FACE_SIDE, FACE_SIDE, 3), dtype=np.uint8)
    faces[:, 2 * speaker : 2 * speaker + 2, :, 0] += 150
    faces[:, :, 4 * emotion : 4 * emotion + 4, 1] += 150
    units = generator.normal(0, 1, (1, 6)).astype(np.float32)
    units[:, emotion] += 3
    units[:, 3] += speaker
    return ProcessedClip(
        seconds=windows / 100,
        streams={AUDIO: audio, FACE: faces, "action_units": units},
        times={
            AUDIO: np.arange(windows) / 100,
            FACE: np.arange(frames) / 3,
            "action_units": np.zeros(1),
        },
        boxes=np.tile(np.float32([0, 0, FACE_SIDE, FACE_SIDE]), (frames, 1)),
    )


def _write(directory: Path, speakers: int, clips_each: int) -> Path:
    generator = np.random.default_rng(11)
    stage = Stage.begin(directory, "prepare", options={"corpus": "synthetic"}, inputs={})
    made: list[Encoded] = []
    for speaker in range(speakers):
        for index in range(clips_each):
            emotion = index % len(EMOTIONS)
            done = _synthetic(speaker, emotion, generator)
            if (speaker + index) % 7 == 3:  # missing streams are a first-class case
                gone = FACE if index % 2 else AUDIO
                done = ProcessedClip(
                    seconds=done.seconds,
                    streams={name: values for name, values in done.streams.items() if name != gone},
                    times={name: values for name, values in done.times.items() if name != gone},
                    boxes=done.boxes if gone == AUDIO else np.zeros((0, 4), dtype=np.float32),
                )
            labels = {"speaker": f"s{speaker}", "emotion": EMOTIONS[emotion], "gender": "fm"[speaker % 2]}
            values = {"valence": round((emotion - 1) * 0.7 + 0.05 * (index % 5 - 2), 3)}
            made.append(encode(Clip(f"s{speaker}-{index:02d}", labels, values=values), done, all_tracks=False))
    write_shard(directory / "shard-00000.safetensors", made, [])
    finish(stage, ["shard-00000.safetensors"], {})
    return directory


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six speakers, three emotions, 90 clips with the streams audio, face (16 px) and action_units."""
    return _write(tmp_path_factory.mktemp("prepared") / "corpus", speakers=6, clips_each=15)


@pytest.fixture
def make_prepared(tmp_path: Path) -> Callable[[int, int], Path]:
    """Make another such corpus: `make_prepared(speakers, clips_each)`."""
    return lambda speakers, clips_each: _write(tmp_path / "prepared", speakers, clips_each)
