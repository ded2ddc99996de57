"""Real media of a fraction of a second, made on the spot, of whatever kind a file's suffix asks for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

RATE = 16_000
CODECS = {  # picture, sound
    ".mp4": ("libx264", "aac"),
    ".avi": ("mpeg4", "libmp3lame"),
    ".flv": ("flv1", "libmp3lame"),
    ".mov": ("libx264", "aac"),
    ".wav": (None, "pcm_s16le"),
    ".flac": (None, "flac"),
    ".mp3": (None, "libmp3lame"),
    ".m4a": (None, "aac"),
}
FORMATS = {"fltp": np.float32, "s16p": np.int16, "s16": np.int16, "s32p": np.int32}


def write_medium(path: Path, seconds: float = 0.5, hertz: float = 300.0) -> Path:
    """A grey picture (where the kind has one) and a tone."""
    picture, sound = CODECS[path.suffix.lower()]
    rate = 44_100 if path.suffix.lower() == ".flv" else RATE
    with av.open(str(path), "w") as out:
        video = None
        if picture:
            video = out.add_stream(picture, rate=12)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = out.add_stream(sound, rate=rate, layout="mono")
        for number in range(round(seconds * 12) if video else 0):
            image = np.full((48, 64, 3), 60 + 10 * number, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        if video:
            out.mux(video.encode(None))
        wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
        kind = audio.codec_context.format.name if audio.codec_context.format else "s16"
        samples = wave if FORMATS[kind] is np.float32 else wave * np.iinfo(FORMATS[kind]).max
        frame = av.AudioFrame.from_ndarray(samples.astype(FORMATS[kind])[None], format=kind, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    return path


Medium = Callable[[Path], Path]


@pytest.fixture(scope="session")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Medium:
    """`medium(path)` writes half a second of picture and tone (or tone alone) of the kind that the suffix says.

    All of one kind are the same bytes; folders are made as needed.
    """
    store = tmp_path_factory.mktemp("media")

    def put(path: Path) -> Path:
        original = store / f"half-second{path.suffix.lower()}"
        if not original.is_file():
            write_medium(original)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, path)
        return path

    return put
