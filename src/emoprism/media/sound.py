"""The sound of a media file as mono float32 at 16 kHz: a packet at a time, placed where its time says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError
from jaxtyping import Float32

from emoprism.errors import MediaError
from emoprism.media.picture import TOLERATED, AnyPacket

RATE = 16_000
"""Samples a second of all sound after decoding."""
JUMP = 0.1
"""Seconds by which times may disagree with the count of samples; more is a gap, to be filled with silence."""


@dataclass(frozen=True, slots=True)
class Samples:
    """A piece of sound: `position` in samples at 16 kHz from the start of the clip (negative: before it)."""

    position: int
    values: Float32[np.ndarray, "N"]


class Sound:
    """Turns the packets of one audio stream into pieces of sound, holding one packet at a time."""

    def __init__(self, stream: AudioStream, origin: float, start: float) -> None:
        self.stream, self.origin, self.start = stream, origin, start
        self.context = stream.codec_context
        self.base = float(stream.time_base or 1)
        self.resampler = _resampler()
        self.position = 0
        self.expected: float | None = None
        self.seen = self.bad = 0
        self.ended = 0.0
        """Where the sound ends, in seconds from the start of the clip."""

    def push(self, packet: AnyPacket) -> Iterator[Samples]:
        """Take a packet; yield the sound that is complete now. Raises MediaError for values that are no numbers."""
        self.seen += 1
        try:
            frames = self.context.decode(packet)
        except FFmpegError:
            self.bad += 1
            return
        for frame in frames:
            yield from self._resample(frame)

    def flush(self) -> Iterator[Samples]:
        """Yield what is left when no packet follows."""
        try:
            frames = self.context.decode(None)
        except FFmpegError:
            frames = []
        for frame in frames:
            yield from self._resample(frame)
        yield from self._end_run()

    def check(self) -> None:
        """Raise MediaError where too much was undecodable."""
        if self.bad > TOLERATED * self.seen:
            raise MediaError(f"the sound is damaged: {self.bad} of {self.seen} packets cannot be decoded")

    def _resample(self, frame: AudioFrame) -> Iterator[Samples]:
        time = self.expected if frame.pts is None else frame.pts * self.base - self.origin - self.start
        if time is None:
            time = 0.0
        if self.expected is None or abs(time - self.expected) > JUMP:
            yield from self._end_run()
            self.position = round(time * RATE)
            self.expected = time
        self.expected += frame.samples / frame.sample_rate
        frame.pts = None
        yield from self._pieces(self.resampler.resample(frame))

    def _end_run(self) -> Iterator[Samples]:
        if self.expected is not None:
            yield from self._pieces(self.resampler.resample(None))
            self.resampler = _resampler()

    def _pieces(self, frames: list[AudioFrame]) -> Iterator[Samples]:
        for frame in frames:
            values = frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)
            if not np.isfinite(values).all():
                second = (self.position + int(np.argmax(~np.isfinite(values)))) / RATE
                raise MediaError(
                    f"the sound holds values that are not numbers (NaN or infinite), first at {second:.2f} s"
                )
            yield Samples(self.position, values)
            self.position += len(values)
            self.ended = max(self.ended, self.position / RATE)


class Waveform:
    """Pieces of sound put together: silence where nothing was said to be, nothing outside of [0, seconds)."""

    def __init__(self, seconds: float) -> None:
        self.limit = round(seconds * RATE)
        self.pieces: list[Samples] = []

    def add(self, piece: Samples) -> None:
        """Keep the part of a piece that lies within the clip."""
        first, end = max(piece.position, 0), min(piece.position + len(piece.values), self.limit)
        if end > first:
            self.pieces.append(Samples(first, piece.values[first - piece.position : end - piece.position]))

    def join(self) -> tuple[int, Float32[np.ndarray, "N"]]:
        """Position of the first sample, and all samples from there on. Of pieces that overlap the later one counts."""
        if not self.pieces:
            return 0, np.zeros(0, dtype=np.float32)
        first = min(piece.position for piece in self.pieces)
        end = max(piece.position + len(piece.values) for piece in self.pieces)
        values = np.zeros(end - first, dtype=np.float32)
        for piece in self.pieces:
            values[piece.position - first : piece.position - first + len(piece.values)] = piece.values
        return first, values


def _resampler() -> AudioResampler:
    return AudioResampler(format="flt", layout="mono", rate=RATE)
