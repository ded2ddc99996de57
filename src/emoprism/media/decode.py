"""Streaming decode of any video or sound file with PyAV: one pass for picture and sound, memory flat in its length.

Files are not trusted: only plain media containers are opened (no playlists, which could name other files or
addresses), and the size of pictures and the time spent are limited. Whatever is wrong becomes a MediaError in words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from emoprism.errors import MediaError
from emoprism.media.picture import AnyPacket, Frame, Grid, Picture
from emoprism.media.sound import Samples, Sound

CONTAINERS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "m4v", "mxf", "nut", "ivf", "dv",
    "wav", "w64", "flac", "mp3", "aac", "ogg", "aiff", "caf", "amr", "au", "wv", "ac3", "eac3",
)  # fmt: skip
"""Names of FFmpeg's demuxers that are opened. Others (hls, concat, image2 ...) may reach beyond the file."""
EXACT_LENGTH = ("mov", "wav", "flac")
"""Containers that state the length of each stream exactly, so that a file cut off can be told."""
NOT_SEEKABLE = ("mp3", "aac", "mpegvideo", "m4v")
"""Containers whose times after a seek are estimates: these are read from their beginning."""
SEEK_FROM = 2.0
"""Clips that start later in the file than this are sought, to half a second before their start."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to decode: seconds [start, end) of the file, the picture at `fps` (None: no picture), sound or not."""

    start: float
    end: float
    fps: float | None
    sound: bool


class Medium:
    """One open media file. Use it in a `with` block; `play` once."""

    def __init__(self, path: Path, deadline: float = float("inf")) -> None:
        """Raises MediaError where the file cannot be opened. `deadline` is on the clock of `time.monotonic`."""
        self.path = path
        self.deadline = deadline
        self.container = _open(path)
        self.origin = (self.container.start_time or 0) / av.time_base
        self.video = next((s for s in self.container.streams.video if _moves(s)), None)
        self.audio = next(iter(self.container.streams.audio), None)
        self._bases = {s.index: float(s.time_base or 1) for s in self.container.streams}
        self.picture_end = self.sound_end = 0.0
        """After `play`: where the streams end, in seconds from the start of the clip."""

    def __enter__(self) -> Medium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.container.close()

    @property
    def seconds(self) -> float | None:
        """Length of the whole file as it states it, None where it does not."""
        return None if self.container.duration is None else self.container.duration / av.time_base

    def play(self, wanted: Wanted) -> Iterator[Frame | Samples]:
        """Sampled frames and pieces of sound as they come, each in order of time."""
        picture = sound = None
        if self.video is not None and wanted.fps is not None:
            picture = Picture(self.video, self.origin, Grid(wanted.fps, wanted.start, wanted.end))
        if self.audio is not None and wanted.sound:
            sound = Sound(self.audio, self.origin, wanted.start)
        if picture is not None or sound is not None:
            yield from self._play(wanted, picture, sound)

    def _play(self, wanted: Wanted, picture: Picture | None, sound: Sound | None) -> Iterator[Frame | Samples]:
        readers = {r.stream.index: r for r in (picture, sound) if r is not None}
        every = list(readers.values())
        self._seek(wanted.start)
        for packet in self._packets([reader.stream for reader in every]):
            reader = readers.get(packet.stream.index)
            if reader is not None and self._past(packet, wanted.end):
                del readers[packet.stream.index]
                yield from reader.flush()
                if not readers:
                    break
            elif reader is not None:
                yield from reader.push(packet)
        for reader in readers.values():
            yield from reader.flush()
            self._check_whole(reader, wanted)
        for reader in every:
            reader.check()
        limit = wanted.end - wanted.start
        self.picture_end = 0.0 if picture is None else min(picture.ended, limit)
        self.sound_end = 0.0 if sound is None else min(sound.ended, limit)

    def _packets(self, streams: list[VideoStream | AudioStream]) -> Iterator[AnyPacket]:
        try:
            for packet in self.container.demux(*streams):
                if time.monotonic() > self.deadline:
                    raise MediaError("took too long to decode")
                if packet.size:
                    yield packet
        except FFmpegError as error:
            raise MediaError(f"{self.path.name} cannot be read on: {_said(error)}") from None

    def _seek(self, start: float) -> None:
        if start > SEEK_FROM and not _one_of(self.container.format.name, NOT_SEEKABLE):
            try:
                self.container.seek(int((start - 0.5 + self.origin) * av.time_base), backward=True)
            except FFmpegError:
                self.container.seek(0)

    def _past(self, packet: AnyPacket, end: float) -> bool:
        """Whether this packet and all that follow in its stream lie behind the end of the clip."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        return stamp is not None and stamp * self._bases[packet.stream.index] - self.origin >= end

    def _check_whole(self, reader: Picture | Sound, wanted: Wanted) -> None:
        """Raise MediaError where the file ends well before the length that it states for the stream."""
        stream = reader.stream
        if stream.duration is None or stream.time_base is None or not _one_of(self.container.format.name, EXACT_LENGTH):
            return
        first = float((stream.start_time or 0) * stream.time_base) - self.origin
        stated = first + float(stream.duration * stream.time_base)
        found = reader.ended + wanted.start
        if found < min(stated, wanted.end) - max(0.5, 0.1 * stated) and stated > wanted.start:
            what = "picture" if isinstance(reader, Picture) else "sound"
            raise MediaError(f"the file is cut off: the {what} ends at {found:.1f} s of {stated:.1f} s")


def _open(path: Path) -> InputContainer:
    if not path.is_file():
        raise MediaError(f"{path.name}: no such file")
    if path.stat().st_size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes)")
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(CONTAINERS)}
    try:
        return av.open(f"file:{path.absolute()}", container_options=options, metadata_errors="replace")
    except (FFmpegError, ValueError) as error:
        raise MediaError(
            f"{path.name} is not a video or sound file, or is cut off or damaged at its start: {_said(error)}"
        ) from None


def _moves(stream: VideoStream) -> bool:
    """Whether it is a video, not the picture on the cover of a sound file."""
    return not stream.disposition & Disposition.attached_pic


def _one_of(format_name: str, names: tuple[str, ...]) -> bool:
    """FFmpeg names a family of containers at once, as in "mov,mp4,m4a"."""
    return not set(names).isdisjoint(format_name.split(","))


def _said(error: Exception) -> str:
    """FFmpeg's own words without the path, so that reasons are the same on every machine."""
    return str(getattr(error, "strerror", None) or error).strip()
