"""Faces followed through a clip: detections of sampled frames joined into tracks, and the crops that they give.

Works forwards only and keeps crops, not frames. The rules, all of them:

- A face goes on a track where its centre is within REACH box sizes of the track's last one and its size within a
  factor of GROWTH; of all pairs the set with the smallest sum of distances is taken (Kuhn 1955, Hungarian method).
- A track that is not found for longer than GAP seconds has ended; the same face later is another track.
- Boxes are made square and smoothed: a new box counts CENTRE in the centre and SIZE in the logarithm of the size.
- A track counts when it was found in at least `least` sampled frames (in all, where the clip has fewer).
- The main track is the one of the largest sum of box areas over the frames it was found in: large and long. Equal
  sums: the one that began first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, UInt8

from emoprism.media.detectors.base import Detection
from emoprism.media.picture import Frame
from emoprism.media.processed import FaceTrack

REACH = 1.0
GROWTH = 2.0
GAP = 1.0
CENTRE = 0.8
SIZE = 0.4
MOST_FACES = 16
"""Faces followed at a time: the largest ones of a frame. It bounds the memory that a crowd takes."""


@dataclass(frozen=True, slots=True)
class Square:
    """A square box in pixels: centre and side."""

    x: float
    y: float
    side: float

    @classmethod
    def of(cls, detection: Detection) -> Square:
        """The square around a detection's box: its centre, and the larger of its sides."""
        x0, y0, x1, y1 = detection.box
        return cls((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0, 1.0))

    def towards(self, new: Square) -> Square:
        """This box, moved and resized most of the way to a new one."""
        side = self.side ** (1 - SIZE) * new.side**SIZE
        return Square(self.x + CENTRE * (new.x - self.x), self.y + CENTRE * (new.y - self.y), side)

    def corners(self) -> tuple[float, float, float, float]:
        """(x0, y0, x1, y1)."""
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half


@dataclass(slots=True)
class _Track:
    number: int
    last: Square
    times: list[float] = field(default_factory=list[float])
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list[tuple[float, float, float, float]])
    scores: list[float] = field(default_factory=list[float])
    crops: list[UInt8[np.ndarray, "S S 3"]] = field(default_factory=list[np.ndarray])

    def weight(self) -> float:
        """Sum of the areas of its boxes."""
        return sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in self.boxes)


class Tracker:
    """Takes the faces of one sampled frame after the other. `side` is that of the crops, `margin` adds to each edge."""

    def __init__(self, side: int, margin: float) -> None:
        self.side, self.margin = side, margin
        self.tracks: list[_Track] = []
        self.open: list[_Track] = []
        self.frames = 0

    def add(self, frame: Frame, detections: Sequence[Detection]) -> None:
        """Join the faces of a frame to tracks, and cut their crops out of it."""
        self.frames += 1
        squares = sorted(((Square.of(d), d.score) for d in detections), key=lambda pair: (-pair[0].side, -pair[1]))
        squares = squares[:MOST_FACES]
        self.open = [track for track in self.open if frame.time - track.times[-1] <= GAP + 1e-6]
        joined = assign([track.last for track in self.open], [square for square, _ in squares])
        for face, (square, score) in enumerate(squares):
            track = self._track(joined.get(face), square)
            track.times.append(frame.time)
            track.scores.append(score)
            self._cut(track, frame)

    def finish(self, least: int) -> list[FaceTrack]:
        """All tracks that count, in order of their beginning, numbered from 1; exactly one of them is the main one."""
        kept = [track for track in self.tracks if len(track.times) >= min(least, self.frames)]
        main = max(kept, key=lambda track: (track.weight(), -track.number), default=None)
        return [_finished(number, track, main=track is main) for number, track in enumerate(kept, start=1)]

    def _track(self, known: int | None, square: Square) -> _Track:
        if known is not None:
            track = self.open[known]
            track.last = track.last.towards(square)
            return track
        track = _Track(len(self.tracks), square)
        self.tracks.append(track)
        self.open.append(track)
        return track

    def _cut(self, track: _Track, frame: Frame) -> None:
        box = Square(track.last.x, track.last.y, track.last.side * (1 + 2 * self.margin))
        track.crops.append(crop(frame.image, box, self.side))
        x0, y0, x1, y1 = box.corners()
        left, top, scale = frame.left, frame.top, frame.scale
        track.boxes.append((left + x0 * scale, top + y0 * scale, left + x1 * scale, top + y1 * scale))


def assign(tracks: Sequence[Square], faces: Sequence[Square]) -> dict[int, int]:
    """Which face (key) goes on which track (value): one to one, only pairs within reach, least sum of distances."""
    if not tracks or not faces:
        return {}
    from scipy.optimize import linear_sum_assignment

    cost = _distances(tracks, faces)
    refused = 1e3
    rows, columns = linear_sum_assignment(np.where(np.isfinite(cost), cost, refused))
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {face: track for track, face in pairs if np.isfinite(cost[track, face])}


def _distances(tracks: Sequence[Square], faces: Sequence[Square]) -> Float64[np.ndarray, "tracks faces"]:
    """Distance of centres in mean box sizes plus the difference in size, infinite where a pair is out of reach."""
    a = np.array([(s.x, s.y, s.side) for s in tracks], dtype=np.float64)[:, None]
    b = np.array([(s.x, s.y, s.side) for s in faces], dtype=np.float64)[None]
    moved = np.hypot(a[..., 0] - b[..., 0], a[..., 1] - b[..., 1]) / ((a[..., 2] + b[..., 2]) / 2)
    grown = np.abs(np.log(a[..., 2] / b[..., 2])) / np.log(GROWTH)
    return np.where((moved <= REACH) & (grown <= 1), moved + grown, np.inf)


def crop(image: UInt8[np.ndarray, "H W 3"], box: Square, side: int) -> UInt8[np.ndarray, "S S 3"]:
    """The square cut out and resampled to side x side pixels; beyond the picture's edge, its edge pixels go on."""
    import cv2

    length = max(round(box.side), 1)
    x0, y0 = round(box.x - length / 2), round(box.y - length / 2)
    height, width = image.shape[:2]
    xs, ys = (min(max(v, 0), n - 1) for v, n in ((x0, width), (y0, height)))
    xe, ye = max(min(x0 + length, width), xs + 1), max(min(y0 + length, height), ys + 1)
    inside = image[ys:ye, xs:xe]
    above, left = min(max(ys - y0, 0), length - 1), min(max(xs - x0, 0), length - 1)
    inside = inside[: length - above, : length - left]
    below, right = length - above - inside.shape[0], length - left - inside.shape[1]
    if above or below or left or right:
        inside = cv2.copyMakeBorder(inside, above, below, left, right, cv2.BORDER_REPLICATE)
    return cv2.resize(inside, (side, side), interpolation=cv2.INTER_AREA if length > 1.5 * side else cv2.INTER_LINEAR)


def _finished(number: int, track: _Track, *, main: bool) -> FaceTrack:
    return FaceTrack(
        number=number,
        times=np.array(track.times, dtype=np.float64),
        boxes=np.array(track.boxes, dtype=np.float32),
        scores=np.array(track.scores, dtype=np.float32),
        crops=np.stack(track.crops),
        main=main,
    )
