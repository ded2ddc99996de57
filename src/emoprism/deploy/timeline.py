"""A trained model along a medium of any length: parts of a minute at a time, so that memory is flat in its length.

Two kinds of span are predicted. `segments` are as long as training clips and follow one another: the clip's prediction
is their mean, and a medium that fits into one segment is treated exactly as `embed` treats the same clip.
`windows` are short and overlap: emotion over time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from emoprism.deploy.trained import Trained
from emoprism.errors import MediaError
from emoprism.media.decode import Medium
from emoprism.media.detectors.base import overlap
from emoprism.media.jpeg import as_stored
from emoprism.media.options import PrepareOptions
from emoprism.media.process import process_clip
from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.training.dataset import collate, exact_steps
from emoprism.types import FACE, Clip

PART_SECONDS = 60.0
SAME_FACE = 0.3
"""Overlap (intersection over union) from which on a face at the end of a part is the face that begins the next."""
SEAM_SECONDS = 1.0
"""Parts sample their pictures each from their own beginning: so far apart two sightings of one face may be."""
TAIL = 0.05
"""What is left over at the end of a medium is no segment of its own if it is shorter than this share of one."""
Streams = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Span:
    """A stretch of a medium in seconds, for one track of it (None: no face, the sound alone)."""

    kind: str
    start: float
    end: float
    track: int | None


@dataclass(frozen=True)
class Prediction:
    """What the model tells of a span (probabilities, or a number), and embeddings; none where nothing was to be had."""

    span: Span
    told: Mapping[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    embeddings: Mapping[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    steps: Mapping[str, int] = field(default_factory=dict[str, int])
    """Steps of each stream that it rests on: 0 faces means that it was made from the sound alone."""


@dataclass(frozen=True)
class Sighting:
    """A face track within one part: its number over the whole medium, times and boxes in the medium's own terms."""

    track: int
    main: bool
    times: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True)
class Part:
    """A minute (or what is left) of a medium, predicted."""

    seconds: float
    predictions: tuple[Prediction, ...]
    sightings: tuple[Sighting, ...]
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Pace:
    """Seconds: `segment` is the training clip's length, `window` and `hop` are those of the timeline."""

    segment: float
    window: float
    hop: float

    @property
    def part(self) -> float:
        """Whole segments to about a minute."""
        return self.segment * max(1, round(PART_SECONDS / self.segment))

    @property
    def overlap(self) -> float:
        """How far a part reaches into the next, so that windows that begin in it are whole."""
        return max(0.0, self.window - self.hop)


def predict_parts(trained: Trained, media: Path, pace: Pace, *, every_track: bool) -> Iterator[tuple[Part, int]]:
    """The parts of a medium in order, each with how many there are (0 where the file does not say).

    Raises MediaError where the medium cannot be used at all; a later part that cannot be is a note.
    """
    options = PrepareOptions.of_manifest(trained.prepare).model_copy(update={"require": "any"})
    options = options.model_copy(update={"seconds": pace.part + pace.overlap})
    with Medium(media) as medium:
        known = medium.seconds
    count = 0 if known is None else max(1, math.ceil((known - TAIL * pace.segment) / pace.part))
    faces = Faces()
    number = 0
    while True:
        done = _process(media, options, frozenset(trained.recipe.data.streams), pace, number)
        yield _predict_part(trained, done, pace, number, faces, every_track=every_track), count
        number += 1
        if number >= count and (known is not None or done.seconds < pace.part):
            return


def _process(media: Path, options: PrepareOptions, wanted: frozenset[str], pace: Pace, number: int) -> ProcessedClip:
    start = number * pace.part
    clip = Clip(media.stem, {}, video=media, audio=media, start=start, end=start + pace.part + pace.overlap)
    try:
        return process_clip(clip, options, wanted)
    except MediaError as error:
        if number == 0:
            raise
        note = {"medium": f"from {start:.0f} s on: {error.reason}"}
        return ProcessedClip(0.0, {}, {}, np.zeros((0, 4), dtype=np.float32), notes=note)


def _predict_part(
    trained: Trained, done: ProcessedClip, pace: Pace, number: int, faces: Faces, *, every_track: bool
) -> Part:
    offset = number * pace.part
    own = min(done.seconds, pace.part)
    tracks: list[FaceTrack | None] = [track for track in done.tracks if every_track or track.main]
    numbers = faces.follow(done.tracks, offset)
    predictions: list[Prediction] = []
    for track in tracks or [None]:
        spans = [
            Span(kind, start, end, None if track is None else numbers[track.number])
            for kind, start, end in spans_of(own, done.seconds, pace)
        ]
        found = predict_spans(trained, done, track, spans)
        predictions += [_shift(item, offset) for item in found]
    sightings = tuple(Sighting(numbers[t.number], t.main, t.times + offset, t.boxes) for t in done.tracks)
    return Part(own, tuple(predictions), sightings, done.notes)


def spans_of(own: float, seconds: float, pace: Pace) -> list[tuple[str, float, float]]:
    """Segments and windows that begin within the first `own` seconds of a part that is `seconds` long.

    What is left over at the end is left out of the segments if it is short. A medium shorter than a window is one
    window; a window is never shorter than half of what was asked otherwise.
    """
    if own <= 0:
        return []
    starts = np.arange(0, max(own - TAIL * pace.segment, 1e-9), pace.segment)
    spans = [("segment", float(start), float(min(start + pace.segment, own))) for start in starts]
    for start in np.arange(0, own, pace.hop):
        end = min(float(start) + pace.window, seconds)
        if start == 0 or end - start >= pace.window / 2:
            spans.append(("window", float(start), float(end)))
    return spans


def _shift(prediction: Prediction, offset: float) -> Prediction:
    span = prediction.span
    return replace(prediction, span=replace(span, start=span.start + offset, end=span.end + offset))


@torch.no_grad()
def predict_spans(
    trained: Trained, done: ProcessedClip, track: FaceTrack | None, spans: Sequence[Span]
) -> list[Prediction]:
    """The model on every span, in one batch. A span without any step of any stream tells nothing."""
    if not spans:
        return []
    streams, times = _streams_of(trained, done, track)
    cut = [
        {name: values[_within(times[name], done.reach.get(name, 0.0), span)] for name, values in streams.items()}
        for span in spans
    ]
    data = trained.recipe.data
    batch = {
        name: collate([exact_steps(part[name], data.exact_steps.get(name)) for part in cut]) for name in data.streams
    }
    vectors = trained.model.embed(batch)
    told = {name: values.numpy() for name, values in trained.model.heads.read(vectors).items()}
    return [
        Prediction(
            span,
            {name: values[row] for name, values in told.items()} if any(map(len, part.values())) else {},
            {name: values[row].numpy() for name, values in vectors.items()} if any(map(len, part.values())) else {},
            {name: len(values) for name, values in part.items()},
        )
        for row, (span, part) in enumerate(zip(spans, cut, strict=True))
    ]


def _within(times: np.ndarray, reach: float, span: Span) -> np.ndarray:
    """Which steps belong to a span: pictures by their moment, windows of sound where they lie in it whole."""
    if reach:
        half = reach - 1e-9
        return (times - half >= span.start) & (times + half <= span.end)
    return (times >= span.start) & (times < span.end)


def _streams_of(trained: Trained, done: ProcessedClip, track: FaceTrack | None) -> tuple[Streams, Streams]:
    """The streams that the model reads, faces of one track at its size; empty ones for what the medium lacks."""
    streams: dict[str, np.ndarray] = {}
    times: dict[str, np.ndarray] = {}
    for name in trained.recipe.data.streams:
        shape = trained.model.streams[name].shape
        streams[name], times[name] = np.zeros((0, *shape), dtype=np.float32), np.zeros(0)
    size = trained.model.image_size
    if size is not None and FACE in streams:
        crops = np.zeros((0, size, size, 3), dtype=np.uint8) if track is None else as_stored(track.crops, size)
        streams[FACE], times[FACE] = crops, np.zeros(0) if track is None else track.times
    for name in streams.keys() & done.streams.keys() - {FACE}:
        streams[name], times[name] = done.streams[name], done.times[name]
    return streams, times


class Faces:
    """Numbers of tracks over a whole medium: a face that stays from one part into the next keeps its number."""

    def __init__(self) -> None:
        self.count = 0
        self.last: list[tuple[int, np.ndarray, np.ndarray]] = []

    def follow(self, tracks: Sequence[FaceTrack], offset: float) -> dict[int, int]:
        """Numbers of the tracks of the next part, which begins at `offset` seconds."""
        numbers: dict[int, int] = {}
        for track in tracks:
            numbers[track.number] = self._known(track, offset, set(numbers.values()))
        self.last = [(numbers[t.number], t.times + offset, t.boxes) for t in tracks]
        return numbers

    def _known(self, track: FaceTrack, offset: float, taken: set[int]) -> int:
        for number, times, boxes in self.last:
            if number not in taken and _shared_overlap(times, boxes, track.times + offset, track.boxes) >= SAME_FACE:
                return number
        self.count += 1
        return self.count


def _shared_overlap(times: np.ndarray, boxes: np.ndarray, other_times: np.ndarray, other_boxes: np.ndarray) -> float:
    """Mean intersection over union of two tracks where they come nearest to each other in time; 0 beyond SEAM."""
    gaps = np.abs(times[:, None] - other_times[None])
    nearest = float(gaps.min())
    if nearest > SEAM_SECONDS:
        return 0.0
    pairs = np.argwhere(gaps <= nearest + 1e-3)
    return float(np.mean([overlap(boxes[i], other_boxes[j][None])[0] for i, j in pairs]))
