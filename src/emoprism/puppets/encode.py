"""Pictures and sound into one mp4 file (H.264 and AAC) whose bytes depend on nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float32, UInt8

VIDEO_OPTIONS = {"preset": "veryfast", "crf": "23", "threads": "1", "bf": "0"}
AUDIO_BITS = 64_000
Image = UInt8[np.ndarray, "H W 3"]


class Mp4:
    """One file being written: RGB pictures of size x size pixels at `fps`, then mono sound at `rate` Hz."""

    def __init__(self, path: Path, fps: int, rate: int, size: int) -> None:
        self.file = av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"})
        self.fps, self.rate, self.count = fps, rate, 0
        self.video = self.file.add_stream("libx264", rate=fps, options=VIDEO_OPTIONS)
        self.video.width = self.video.height = size
        self.video.pix_fmt = "yuv420p"
        self.video.codec_context.thread_count = 1
        self.video.codec_context.time_base = Fraction(1, fps)
        self.audio = self.file.add_stream("aac", rate=rate, layout="mono", options={"flags": "+bitexact"})
        self.audio.codec_context.bit_rate = AUDIO_BITS

    def picture(self, image: Image) -> None:
        """Take the next picture."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = self.count, Fraction(1, self.fps)
        self.file.mux(self.video.encode(frame))
        self.count += 1

    def sound(self, samples: Float32[np.ndarray, "n"]) -> None:
        """Take all of the sound, after the last picture."""
        self.file.mux(self.video.encode(None))
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = self.rate, 0, Fraction(1, self.rate)
        self.file.mux(self.audio.encode(frame))
        self.file.mux(self.audio.encode(None))


def write_mp4(
    path: Path, twin: Path, frames: Iterable[Image], fps: int, sound: Float32[np.ndarray, "n"], rate: int, size: int
) -> bool:
    """Encode the same into `path` and `twin`, each by encoders of its own; whether both came out alike.

    Of thousands of encodings of the same pictures by x264 single ones differ in the last blocks of a picture, one
    thread or not. Two that agree are what it gives.
    """
    with ExitStack() as stack:
        files = [Mp4(place, fps, rate, size) for place in (path, twin)]
        for file in files:
            stack.enter_context(file.file)
        for image in frames:
            for file in files:
                file.picture(image)
        for file in files:
            file.sound(sound)
    alike = path.read_bytes() == twin.read_bytes()
    twin.unlink()
    return alike
