"""The one way from a clip to its streams, for `prepare` and `predict` alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from emoprism.arrays.base import AbsentError
from emoprism.errors import MediaError
from emoprism.media.acoustics.base import Vectors
from emoprism.media.audio import WINDOW, log_mel, log_mel_times
from emoprism.media.decode import Medium, Wanted
from emoprism.media.features import read_features
from emoprism.media.options import PrepareOptions, find_acoustics, find_detector
from emoprism.media.picture import Frame, Region
from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.sound import RATE, Waveform
from emoprism.media.tracks import Tracker
from emoprism.types import AUDIO, FACE, Clip, FeatureSource


def process_clip(clip: Clip, options: PrepareOptions, wanted: frozenset[str] | None = None) -> ProcessedClip:
    """Decode, find and follow faces, cut crops, compute log-mels, read features.

    Of `options.acoustics` only the streams `wanted` are computed, where that is given.

    Raises MediaError where the clip cannot be used: a file that is missing, no medium, damaged or cut off; values that
    are not numbers; or nothing left of what `options.require` asks for. A stream that is merely absent is a note.
    """
    gathered = _Gathered(clip, options, wanted)
    for path, start, picture, sound in _passes(clip):
        gathered.decode(path, start, picture=picture, sound=sound)
    gathered.add_sound()
    gathered.add_faces()
    for name, source in sorted(clip.features.items()):
        gathered.add_features(name, source)
    _require(options, gathered)
    return ProcessedClip(
        seconds=gathered.seconds,
        streams=gathered.streams,
        times=gathered.times,
        boxes=gathered.boxes,
        tracks=gathered.tracks,
        notes=gathered.notes,
        reach=gathered.reach,
        filled=gathered.filled,
    )


def _passes(clip: Clip) -> Iterator[tuple[Path, float, bool, bool]]:
    """Files to decode, where the clip begins in them, whether their picture and their sound are wanted: once where
    both are at the same place of the same file.
    """
    start = clip.start or 0.0
    audio_start = start if clip.audio_start is None else clip.audio_start
    together = clip.video == clip.audio and audio_start == start
    if clip.video is not None:
        yield clip.video, start, True, together
    if clip.audio is not None and not together:
        yield clip.audio, audio_start, False, True


def _require(options: PrepareOptions, gathered: _Gathered) -> None:
    needed = {"any": (), "face": (FACE,), "audio": (AUDIO,), "both": (FACE, AUDIO)}[options.require]
    missing = [name for name in needed if name not in gathered.streams]
    if not gathered.streams or missing:
        said = [note for name, note in sorted(gathered.notes.items()) if not needed or name in missing]
        raise MediaError("; ".join(said) or "it names neither a video, nor a sound, nor features")


def plain_log_mel(samples: Float32[np.ndarray, "N"]) -> Vectors:
    """The stream `audio`."""
    values = log_mel(samples)
    return Vectors(values, log_mel_times(len(values)), WINDOW / 2 / RATE)


@dataclass
class _Gathered:
    """What is known of a clip so far."""

    clip: Clip
    options: PrepareOptions
    wanted: frozenset[str] | None = None
    streams: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    times: dict[str, Float64[np.ndarray, "_"]] = field(default_factory=dict[str, np.ndarray])
    boxes: Float32[np.ndarray, "F 4"] = field(default_factory=lambda: np.zeros((0, 4), dtype=np.float32))
    tracks: tuple[FaceTrack, ...] = ()
    notes: dict[str, str] = field(default_factory=dict[str, str])
    reach: dict[str, float] = field(default_factory=dict[str, float])
    filled: dict[str, int] = field(default_factory=dict[str, int])
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """The part of the files that the clip is, and empty hands."""
        self.start = self.clip.start or 0.0
        stop = float("inf") if self.clip.end is None else self.clip.end
        if stop <= self.start:
            raise MediaError(f"it ends at {stop:g} s, before it starts at {self.start:g} s")
        self.length = min(stop - self.start, self.options.seconds)
        self.whole = stop - self.start
        self.deadline = time.monotonic() + self.options.timeout
        self.tracker = Tracker(self.options.crop, self.options.margin)
        self.region = Region(*self.clip.region) if self.clip.region else None
        self.waveform = Waveform(self.length)
        if self.clip.video is None:
            self.notes[FACE] = "the corpus names no video for it"
        if self.clip.audio is None:
            self.notes[AUDIO] = "the corpus names no sound for it"

    def decode(self, path: Path, start: float, *, picture: bool, sound: bool) -> None:
        """One pass through a file: faces of sampled pictures go to the tracker, sound to the waveform."""
        wanted = Wanted(start, start + self.length, self.options.fps if picture else None, sound)
        with Medium(path, self.deadline) as medium:
            if medium.seconds is not None:
                self.whole = min(self.whole, max(medium.seconds - start, 0.0))
            for item in medium.play(wanted):
                if isinstance(item, Frame):
                    seen = item if self.region is None else self.region.cut(item)
                    self.tracker.add(seen, find_detector(self.options).detect(seen.image))
                else:
                    self.waveform.add(item)
            if picture and medium.video is None:
                self.notes[FACE] = f"{path.name} holds no picture"
            if sound and medium.audio is None:
                self.notes[AUDIO] = f"{path.name} has no sound track"
            self.seconds = max(self.seconds, medium.picture_end, medium.sound_end)

    def add_sound(self) -> None:
        """The waveform as log-mel vectors and whatever other features are wanted."""
        first, samples = self.waveform.join()
        if not len(samples):
            self.notes.setdefault(AUDIO, f"there is no sound in it{self._between()}")
            return
        self._add_vectors(AUDIO, plain_log_mel(samples), first)
        for kind in find_acoustics(self.options):
            for name, vectors in kind.streams(samples, self.wanted).items():
                self._add_vectors(name, vectors, first)

    def _add_vectors(self, name: str, vectors: Vectors, first: int) -> None:
        self.streams[name], self.times[name] = vectors.values, vectors.times + first / RATE
        self.reach[name] = vectors.reach

    def add_faces(self) -> None:
        """The main track's crops as the face stream."""
        self.tracks = tuple(self.tracker.finish(self.options.track_frames))
        main = next((track for track in self.tracks if track.main), None)
        if main is not None:
            self.streams[FACE], self.times[FACE], self.boxes = main.crops, main.times, main.boxes
        elif self.tracker.frames:
            seen = "1 sampled picture" if self.tracker.frames == 1 else f"{self.tracker.frames} sampled pictures"
            once = " for longer than a moment" if self.tracker.tracks else ""
            self.notes[FACE] = f"no face was found in {seen}{once}"
        else:
            self.notes.setdefault(FACE, f"there is no picture in it{self._between()}")

    def add_features(self, name: str, source: FeatureSource) -> None:
        """A pre-extracted stream. One that does not say when its steps are is spread evenly over the clip as it was
        before truncation, and cut where that is.
        """
        try:
            read = read_features(source, self.options.seconds)
        except AbsentError as error:
            self.notes[name] = error.reason
            return
        values, times = read.values, read.times
        if times is None:
            spacing = self.whole / len(values) if np.isfinite(self.whole) and self.whole > 0 else 1.0
            times = np.arange(len(values), dtype=np.float64) * spacing
            kept = times < self.options.seconds if np.isfinite(self.whole) else np.ones(len(values), dtype=np.bool_)
            values, times = values[kept], times[kept]
        self.streams[name], self.times[name] = values, times
        if read.reach:
            self.reach[name] = read.reach
        if read.filled:
            self.filled[name] = read.filled
        if self.seconds == 0 and np.isfinite(self.whole):
            self.seconds = min(self.whole, self.options.seconds)
        elif read.times is not None and np.isinf(self.whole):
            self.seconds = max(self.seconds, float(times[-1]) + read.reach)

    def _between(self) -> str:
        start, end = self.clip.start, self.clip.end
        if start is None and end is None:
            return ""
        return f" between {start or 0:g} s and {'its end' if end is None else f'{end:g} s'}"
