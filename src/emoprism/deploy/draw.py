"""The video with its tracks and predictions drawn, and its sound, as an mp4 file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from emoprism.deploy.timeline import Prediction, Sighting
from emoprism.errors import MediaError
from emoprism.media.decode import Medium, Wanted
from emoprism.media.picture import Frame
from emoprism.media.sound import RATE, Samples
from emoprism.models.tasks.base import Task

FPS = 25
GAP_SECONDS = 0.75
"""A face that was not sampled for longer than this is not drawn."""
MAIN, OTHER, INK = (0, 158, 115), (153, 153, 153), (255, 255, 255)


def draw(
    media: Path,
    out: Path,
    predictions: Sequence[Prediction],
    sightings: Sequence[Sighting],
    task: Task,
) -> None:
    """Write `media` to `out` with boxes around faces and the likeliest class of the moment. Memory is flat.

    Raises MediaError for a medium without a picture.
    """
    windows = [p for p in predictions if p.span.kind == "window" and p.told]
    with Medium(media) as medium, av.open(str(out), "w", format="mp4") as file:
        if medium.video is None:
            raise MediaError("it has no picture to draw on")
        writer = _Writer(file, with_sound=medium.audio is not None)
        for item in medium.play(Wanted(0.0, float("inf"), float(FPS), sound=medium.audio is not None)):
            if isinstance(item, Frame):
                image = np.ascontiguousarray(item.image)
                _annotate(image, item, windows, sightings, task)
                writer.picture(image, item.time)
            else:
                writer.sound(item)
        writer.close()


def _annotate(
    image: np.ndarray,
    frame: Frame,
    windows: Sequence[Prediction],
    sightings: Sequence[Sighting],
    task: Task,
) -> None:
    import cv2

    drawn: set[int] = set()
    for seen in sightings:
        box = box_at(seen, frame.time)
        if box is None or seen.track in drawn:
            continue
        drawn.add(seen.track)
        x0, y0, x1, y1 = (round(float(side) / frame.scale) for side in box)
        colour = MAIN if seen.main else OTHER
        cv2.rectangle(image, (x0, y0), (x1, y1), colour, 2, cv2.LINE_AA)
        label = label_at(windows, seen.track, frame.time, task)
        _write(image, f"#{seen.track} {label}".strip(), x0, max(y0, 18), colour)
    if not drawn:
        _write(image, label_at(windows, None, frame.time, task), 8, 24, OTHER)


def box_at(seen: Sighting, time: float) -> np.ndarray | None:
    """The box of a track at a moment, between the sampled ones linearly; None while the face is away."""
    nearest = float(np.abs(seen.times - time).min())
    inside = seen.times[0] <= time <= seen.times[-1]
    if nearest > GAP_SECONDS or (not inside and nearest > GAP_SECONDS / 2):
        return None
    return np.array([np.interp(time, seen.times, seen.boxes[:, side]) for side in range(4)])


def label_at(windows: Sequence[Prediction], track: int | None, time: float, task: Task) -> str:
    """The likeliest class of the window whose middle is nearest to a moment, with its probability."""
    own = [w for w in windows if w.span.track == track and w.span.start <= time <= w.span.end]
    if not own:
        return ""
    best = min(own, key=lambda w: abs((w.span.start + w.span.end) / 2 - time))
    values = best.told[task.attribute]
    return task.caption(values)


def _write(image: np.ndarray, text: str, x: int, y: int, colour: tuple[int, int, int]) -> None:
    import cv2

    if not text:
        return
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    cv2.rectangle(image, (x, y - height - 6), (x + width + 6, y), colour, -1)
    cv2.putText(image, text, (x + 3, y - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)


class _Writer:
    """H.264 and AAC as they come; the picture's size is that of the first frame, made even."""

    def __init__(self, file: Any, *, with_sound: bool) -> None:
        self.file = file
        self.video: Any = None
        self.audio: Any = file.add_stream("aac", rate=RATE, layout="mono") if with_sound else None
        self.waiting: list[Samples] = []
        self.last = -1

    def picture(self, image: np.ndarray, time: float) -> None:
        height, width = (side - side % 2 for side in image.shape[:2])
        if self.video is None:
            self.video = self.file.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
            self.video.width, self.video.height, self.video.pix_fmt = width, height, "yuv420p"
            self.video.codec_context.time_base = Fraction(1, FPS)
            self.shape = (height, width)
            for piece in self.waiting:
                self._encode(piece)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[: self.shape[0], : self.shape[1]]), "rgb24")
        self.last = max(self.last + 1, round(time * FPS))
        frame.pts, frame.time_base = self.last, Fraction(1, FPS)
        self.file.mux(self.video.encode(frame))

    def sound(self, piece: Samples) -> None:
        if piece.position < 0:
            return
        if self.video is None:  # all streams must be known before the first packet is written
            self.waiting.append(piece)
        else:
            self._encode(piece)

    def _encode(self, piece: Samples) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece.values[None]), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, piece.position, Fraction(1, RATE)
        self.file.mux(self.audio.encode(frame))

    def close(self) -> None:
        for stream in (self.video, self.audio):
            if stream is not None and (stream is not self.audio or self.video is not None):
                self.file.mux(stream.encode(None))
