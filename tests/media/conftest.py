"""Small media made on the spot: a cartoon face that the real detector finds, tones, and files that are wrong."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

RATE = 44_100


def draw_face(image: np.ndarray, x: float, y: float, radius: float) -> None:
    """Head, eyes, brows, nose and mouth, in place."""

    def oval(dx: float, dy: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        centre = int(x + dx * radius), int(y + dy * radius)
        axes = max(int(width * radius), 1), max(int(height * radius), 1)
        cv2.ellipse(image, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval(0, -0.15, 0.85, 1.1, (60, 40, 30))
    oval(0, 0, 0.75, 1.0, (220, 170, 145))
    for side in (-1, 1):
        oval(0.3 * side, -0.15, 0.15, 0.08, (250, 250, 250))
        oval(0.3 * side, -0.15, 0.06, 0.07, (40, 30, 20))
        oval(0.3 * side, -0.36, 0.18, 0.04, (60, 40, 30))
    oval(0, 0.1, 0.07, 0.2, (205, 150, 125))
    oval(0, 0.5, 0.28, 0.09, (170, 70, 70))
    oval(0, 0.5, 0.2, 0.02, (90, 30, 30))


Faces = Callable[[float], Sequence[tuple[float, float, float]]]


def one_face(_: float) -> list[tuple[float, float, float]]:
    """One face in the middle of a 96x96 picture."""
    return [(48, 50, 30)]


def picture(size: tuple[int, int], faces: Sequence[tuple[float, float, float]]) -> np.ndarray:
    image = np.full((size[1], size[0], 3), (120, 130, 140), np.uint8)
    for face in faces:
        draw_face(image, *face)
    return image


def write_video(
    path: Path,
    *,
    seconds: float = 1.0,
    fps: int = 12,
    size: tuple[int, int] = (96, 96),
    faces: Faces | None = one_face,
    sound: float | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    noise: float = 0.0,
    container: dict[str, str] | None = None,
) -> Path:
    """A video of cartoon faces; `sound` is how many seconds of tone go with it."""
    generator = np.random.default_rng(0)
    with av.open(str(path), "w", container_options=container or {}) as out:
        stream = out.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        audio = out.add_stream("aac", rate=RATE, layout="mono") if sound else None
        for number in range(round(seconds * fps)):
            image = picture(size, faces(number / fps) if faces else [])
            if noise:
                image = np.clip(image + generator.normal(0, noise, image.shape), 0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode(None))
        if audio is not None and sound:
            frame = av.AudioFrame.from_ndarray(tone(sound)[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            out.mux(audio.encode(frame))
            out.mux(audio.encode(None))
    return path


def tone(seconds: float, rate: int = RATE, hertz: float = 440.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    """32-bit float WAV, which can hold what is not a number."""
    import soundfile

    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A manifest of clips."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Make:
    """All of the above, as one fixture."""

    face = staticmethod(draw_face)
    picture = staticmethod(picture)
    video = staticmethod(write_video)
    wav = staticmethod(write_wav)
    tone = staticmethod(tone)
    table = staticmethod(write_table)
    rows = staticmethod(read_rows)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of a face with sound, H.264 and AAC."""
    return write_video(tmp_path_factory.mktemp("talking") / "talking.mp4", sound=1.0)


@pytest.fixture(scope="session")
def shared_clips() -> Path:
    """Real videos beside the checkout."""
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "clips"
    if not folder.is_dir():
        pytest.skip(f"no real videos: {folder} is absent")
    return folder
