"""Pictures and sound into one mp4 file (H.264 and AAC) whose bytes depend on nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from jaxtyping import Float32, UInt8

VIDEO_OPTIONS = {"preset": "veryfast", "crf": "23", "threads": "1", "bf": "0"}
AUDIO_BITS = 64_000
Image = UInt8[np.ndarray, "H W 3"]


def write_mp4(
    path: Path, frames: Iterable[Image], fps: int, sound: Float32[np.ndarray, "n"], rate: int, size: int
) -> None:
    """Encode RGB `frames` of size x size pixels at `fps` and mono `sound` at `rate` Hz into `path`."""
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"}) as file:
        video = file.add_stream("libx264", rate=fps, options=VIDEO_OPTIONS)
        video.width = video.height = size
        video.pix_fmt = "yuv420p"
        video.codec_context.thread_count = 1
        video.codec_context.time_base = Fraction(1, fps)
        audio = file.add_stream("aac", rate=rate, layout="mono", options={"flags": "+bitexact"})
        audio.codec_context.bit_rate = AUDIO_BITS
        for number, image in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, fps)
            file.mux(video.encode(picture))
        file.mux(video.encode(None))
        samples = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        samples.sample_rate, samples.pts, samples.time_base = rate, 0, Fraction(1, rate)
        file.mux(audio.encode(samples))
        file.mux(audio.encode(None))
