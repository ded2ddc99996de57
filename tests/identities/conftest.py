"""A small prepared corpus of people who differ in colour and in pitch of voice; a model that sees just that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.writer import Encoded, encode, finish, write_shard
from emoprism.stage import Stage, csv_text, write_text
from emoprism.types import AUDIO, FACE, Clip

PLUGIN = '''
"""Colours of faces and pitches of voices."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emoprism.pretrained.base import Pretrained
from emoprism.types import AUDIO, FACE


class Colour(Pretrained):
    """The mean colour of a crop; the loudness in bands of a voice. `source` is a file."""

    def __init__(self, source: str, *, kinds: tuple[str, ...] = (FACE, AUDIO)) -> None:
        super().__init__(source)
        self.kinds = kinds

    @property
    def takes(self) -> frozenset[str]:
        return frozenset(self.kinds)

    @property
    def files(self) -> Mapping[str, Path]:
        return {"model": Path(self.source)}

    def faces(self, crops):
        return (crops.mean((1, 2)) - 110).astype(np.float32)

    def voice(self, samples):
        power = np.abs(np.fft.rfft(samples, 16000))[:2000].reshape(20, 100).sum(1)
        return (power / power.sum() - 0.05).astype(np.float32)
'''
RATE = 16_000
COLOURS = ((200, 60, 60), (60, 200, 60), (60, 60, 200), (190, 190, 40), (40, 190, 190), (190, 40, 190))
MORE_COLOURS = ((220, 120, 40), (40, 120, 220), (120, 220, 120), (120, 30, 60), (30, 90, 60), (90, 60, 30))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The file of the plug-in model `colour`."""
    folder = tmp_path / "plugins" / "pretrained"
    folder.mkdir(parents=True)
    (folder / "colour.py").write_text(PLUGIN)
    monkeypatch.setenv("EMOPRISM_PLUGINS", str(folder.parent))
    (tmp_path / "weights.bin").write_bytes(b"none")
    return str(tmp_path / "weights.bin")


def _crops(colour: Sequence[int], frames: int, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, 6, (frames, 1, 1, 3)) + rng.normal(0, 4, (frames, 16, 16, 3))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


def _track(number: int, colour: Sequence[int], start: float, rng: np.random.Generator, *, main: bool) -> FaceTrack:
    frames = 4
    boxes = np.tile(np.array([0, 0, 16, 16], dtype=np.float32), (frames, 1))
    times = start + np.arange(frames) / 3
    return FaceTrack(number, times, boxes, np.ones(frames, np.float32), _crops(colour, frames, rng), main)


def _processed(tracks: tuple[FaceTrack, ...]) -> ProcessedClip:
    main = next((track for track in tracks if track.main), None)
    streams: dict[str, np.ndarray] = {AUDIO: np.zeros((90, 40), dtype=np.float32)}
    times = {AUDIO: np.arange(90) / 100}
    if main is not None:
        streams[FACE], times[FACE] = main.crops, main.times
    boxes = np.zeros((0, 4), np.float32) if main is None else main.boxes
    return ProcessedClip(seconds=1.0, streams=streams, times=times, boxes=boxes, tracks=tracks)


def write_corpus(
    folder: Path, people: int, clips_each: int, *, guests: bool = False, labels: bool = True,
    tracks: str = "all", seed: int = 5, colours: Sequence[Sequence[int]] = COLOURS,
) -> Path:  # fmt: skip
    """Prepared clips beside the wav files they are of. `guests`: in every third clip the next person is seen, too.

    The last clip of each person shows no face.
    """
    rng = np.random.default_rng(seed)
    media = folder / "media"
    media.mkdir(parents=True)
    made: list[Encoded] = []
    rows: list[tuple[str, str]] = []
    for person in range(people):
        for index in range(clips_each):
            name = f"v{index}-{person}"
            hum = np.sin(2 * np.pi * (130 + 240 * person) * np.arange(RATE) / RATE)
            soundfile.write(media / f"{name}.wav", 0.3 * hum + rng.normal(0, 0.01, RATE), RATE)
            rows.append((name, f"{name}.wav"))
            seen = [_track(1, colours[person], 0.0, rng, main=True)] if index < clips_each - 1 else []
            if guests and index % 3 == 0:
                seen.append(_track(2, colours[(person + 1) % people], 0.3, rng, main=not seen))
            told = {"speaker": f"s{person}"} if labels else {}
            made.append(encode(Clip(id=name, labels=told), _processed(tuple(seen)), all_tracks=tracks == "all"))
    write_text(media / "clips.csv", csv_text(["clip", "audio"], rows))
    options = {"corpus": {"name": "manifest"}, "media": {"tracks": tracks, "seconds": 12.0}}
    stage = Stage.begin(folder / "prepared", "prepare", options=options, inputs={"corpus": media})
    names = [f"shard-{number:05d}.safetensors" for number in range(2)]
    for number, name in enumerate(names):
        write_shard(folder / "prepared" / name, made[number::2], [])
    finish(stage, names, {})
    return folder / "prepared"


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    """`make_corpus(name, people, clips_each, ...)`, see write_corpus."""
    return lambda name, *given, **options: write_corpus(tmp_path / name, *given, **options)


@pytest.fixture
def corpus(make_corpus: Callable[..., Path]) -> Path:
    """Six people, five clips each; a clip in three shows a second one beside them."""
    return make_corpus("corpus", 6, 5, guests=True)


@pytest.fixture
def known(make_corpus: Callable[..., Path]) -> Path:
    """Six other people, whose names are known, to calibrate on."""
    return make_corpus("known", 6, 6, seed=9, colours=MORE_COLOURS)


@pytest.fixture
def asked(model: str, known: Path) -> list[str]:
    """Options: faces and voices by the plug-in, calibrated."""
    return [*both(model), f"calibration={known}"]


@pytest.fixture
def quick(model: str) -> list[str]:
    """Options: faces and voices by the plug-in, with thresholds in the place of a calibration."""
    return [*both(model), "threshold.face=0.8", "threshold.voice=0.5"]


def both(model: str) -> list[str]:
    return ["face.name=colour", f"face.source={model}", "voice.name=colour", f"voice.source={model}"]
