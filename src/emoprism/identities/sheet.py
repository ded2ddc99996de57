"""What people look at to believe it: a picture of each person's faces, and one of the largest persons together."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from emoprism.identities.persons import Told
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.types import FACE

CELL = 96
"""Height and width of one face."""
MARGIN = 190
MOST_FACES = 10
MOST_PERSONS = 24
INK = (30, 30, 30)
Image = UInt8[np.ndarray, "H W 3"]


def spread(items: Sequence[Told]) -> list[Told]:
    """At most MOST_FACES of a person's tracks, evenly from the most to the least certain."""
    seen = sorted((item for item in items if item.row.track is not None), key=lambda item: -item.confidence)
    places = np.unique(np.linspace(0, len(seen) - 1, min(MOST_FACES, len(seen))).round().astype(int)) if seen else []
    return [seen[int(place)] for place in places]


def strip(corpus: PreparedCorpus, clips: dict[str, PreparedClip], name: str, items: Sequence[Told]) -> Image:
    """One row: name, how often and how sure, and faces from the most to the least certain (or that there are none)."""
    row = np.full((CELL, MARGIN + CELL * MOST_FACES, 3), 255, np.uint8)
    videos = len({item.row.clip for item in items})
    sure = float(np.mean([item.confidence for item in items]))
    shown = spread(items)
    for line, text in enumerate((name[:22], f"{videos} clips, {sure:.2f}", "" if shown else "voice only")):
        cv2.putText(row, text, (6, 36 + 20 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)
    for column, item in enumerate(shown):
        left = MARGIN + CELL * column
        row[:, left : left + CELL] = _face(corpus, clips[item.row.clip], item)
    return row


def jpeg(image: Image) -> bytes:
    """An RGB picture as a JPEG file."""
    written, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert written, "OpenCV always has a JPEG encoder"
    return data.tobytes()


def _face(corpus: PreparedCorpus, clip: PreparedClip, item: Told) -> Image:
    """The crop in the middle of a track."""
    assert item.row.track is not None
    crops = corpus.read(clip, FACE) if item.row.main else corpus.read_track(clip, item.row.track)
    return cv2.resize(crops[len(crops) // 2], (CELL, CELL), interpolation=cv2.INTER_AREA)
