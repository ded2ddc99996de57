"""The picture of a media file as sampled frames: a packet at a time, only what a sample needs is decoded."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8

from emoprism.errors import MediaError

if TYPE_CHECKING:
    AnyPacket = Packet[Any]
else:
    AnyPacket = Packet  # generic for type checkers only

LOOK_AHEAD = 32
"""Packets seen before one is decoded. Pictures come at most 16 places out of order (H.264, A.3.1)."""
SKIPPING_CODECS = frozenset({"h264"})
"""Codecs whose unreferenced pictures may be left undecoded with no effect on any other picture. Not HEVC, where a
picture that its own temporal layer does not refer to may be referred to by a higher one."""
LONGEST_SIDE = 1280
"""Pictures longer than this are scaled down to it before faces are sought and cut out."""
LARGEST_PIXELS = 40_000_000
"""Pictures of more pixels are refused: 8K is 33 million."""
TOLERATED = 0.05
"""Share of packets that may be undecodable before the whole clip is refused."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture as it is to be shown, upright: `time` in seconds from the start of the clip, RGB uint8 [H, W, 3].

    One pixel of `image` is `scale` pixels of the shown picture. `image` may be a part of it, which begins at `left`,
    `top` in pixels of the shown picture.
    """

    time: float
    image: UInt8[np.ndarray, "H W 3"]
    scale: float = 1.0
    left: float = 0.0
    top: float = 0.0


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the shown picture, in shares of its width and height: 0 <= x0 < x1 <= 1, and y likewise."""

    x0: float
    y0: float
    x1: float
    y1: float

    def cut(self, frame: Frame) -> Frame:
        """The part of a frame, at least a pixel wide and high, at the same time."""
        height, width = frame.image.shape[:2]
        left, top = min(round(self.x0 * width), width - 1), min(round(self.y0 * height), height - 1)
        right, bottom = max(round(self.x1 * width), left + 1), max(round(self.y1 * height), top + 1)
        image = np.ascontiguousarray(frame.image[top:bottom, left:right])
        return Frame(frame.time, image, frame.scale, frame.left + left * frame.scale, frame.top + top * frame.scale)


class Grid:
    """Sampling times: time is cut into cells of 1/fps from the start of the clip; each gives its first picture."""

    def __init__(self, fps: float, start: float, end: float) -> None:
        self.fps, self.start, self.end = fps, start, end
        self.last = -1

    def cell(self, time: float) -> int | None:
        """Number of the cell that a time of the file lies in, None outside of the clip."""
        if not self.start - 1e-6 <= time < self.end - 1e-6:
            return None
        return max(math.floor((time - self.start) * self.fps + 1e-6), 0)

    def take(self, time: float) -> bool:
        """Whether a picture shown at this time is the first of its cell. Times are asked in order."""
        cell = self.cell(time)
        if cell is None or cell <= self.last:
            return False
        self.last = cell
        return True


class Picture:
    """Turns the packets of one video stream into sampled frames, holding a few packets and one picture at a time."""

    def __init__(self, stream: VideoStream, origin: float, grid: Grid) -> None:
        self.stream, self.origin, self.grid = stream, origin, grid
        self.context = stream.codec_context
        self.context.thread_type = "NONE"
        self.context.thread_count = 1
        self.context.options = {"max_pixels": str(LARGEST_PIXELS)}
        self.base = float(stream.time_base or 1)
        self.skips = self.context.name in SKIPPING_CODECS
        self.queue: deque[AnyPacket] = deque()
        self.first: dict[int, int] = {}
        self.seen = self.bad = 0
        self.ended = 0.0
        """Where the last picture ends, in seconds from the start of the clip."""
        _check_size(self.context.width, self.context.height)

    def push(self, packet: AnyPacket) -> Iterator[Frame]:
        """Take a packet in decoding order; yield the sampled frames that are complete now."""
        time = self._time(packet.pts)
        if time is not None and packet.pts is not None:
            length = (packet.duration or 0) * self.base
            self.ended = max(self.ended, time + length - self.grid.start)
            cell = self.grid.cell(time)
            if cell is not None:
                self.first[cell] = min(packet.pts, self.first.get(cell, packet.pts))
        self.queue.append(packet)
        if len(self.queue) > LOOK_AHEAD:
            yield from self._decode(self.queue.popleft())

    def flush(self) -> Iterator[Frame]:
        """Yield what is left when no packet follows."""
        while self.queue:
            yield from self._decode(self.queue.popleft())
        self.context.skip_frame = "DEFAULT"
        yield from self._decode(None)

    def check(self) -> None:
        """Raise MediaError where too much was undecodable."""
        if self.bad > TOLERATED * self.seen:
            raise MediaError(f"the picture is damaged: {self.bad} of {self.seen} packets cannot be decoded")

    def _time(self, pts: int | None) -> float | None:
        return None if pts is None else pts * self.base - self.origin

    def _decode(self, packet: AnyPacket | None) -> Iterator[Frame]:
        if packet is not None:
            self.seen += 1
            if self.skips:
                self.context.skip_frame = "DEFAULT" if self._needed(packet) else "NONREF"
        try:
            frames = self.context.decode(packet)
        except FFmpegError:
            self.bad += 1
            return
        for frame in frames:
            time = self._time(frame.pts)
            if time is not None and self.grid.take(time):
                yield self._frame(frame, max(time - self.grid.start, 0.0))

    def _needed(self, packet: AnyPacket) -> bool:
        """Whether the packet's own picture is sampled; others only matter if referred to."""
        time = self._time(packet.pts)
        if time is None:
            return True
        cell = self.grid.cell(time)
        return cell is not None and self.first.get(cell) == packet.pts

    def _frame(self, frame: VideoFrame, time: float) -> Frame:
        _check_size(frame.width, frame.height)
        aspect = float(self.stream.sample_aspect_ratio or 1) or 1.0
        width, height = frame.width * min(max(aspect, 0.25), 4.0), float(frame.height)
        scale = max(1.0, max(width, height) / LONGEST_SIDE)
        size = max(round(width / scale), 1), max(round(height / scale), 1)
        small = frame.reformat(*size, format="rgb24", interpolation="AREA" if scale > 1 else "FAST_BILINEAR")
        turned = np.rot90(small.to_ndarray(), round(frame.rotation / 90) % 4)
        return Frame(time, np.ascontiguousarray(turned), scale)


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST_PIXELS:
        raise MediaError(
            f"the picture is too large: {width}x{height}, at most {LARGEST_PIXELS // 10**6} million pixels"
        )
