"""A clip after all decoding: what `prepare` stores and `predict` computes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64, Shaped


@dataclass(frozen=True)
class FaceTrack:
    """One face through a clip: when and where it was found, before crops are taken.

    `times` are seconds from the start of the clip, `boxes` (x0, y0, x1, y1) in pixels of the shown picture, smoothed.
    """

    number: int
    times: Float64[np.ndarray, "T"]
    boxes: Float32[np.ndarray, "T 4"]
    scores: Float32[np.ndarray, "T"]
    main: bool = False


@dataclass(frozen=True)
class ProcessedClip:
    """Streams of one clip. `streams["face"]` is uint8 [T, S, S, 3] RGB, every other float32 [T, D].

    `times[s]` are seconds from the start of the clip, one per step. `boxes` are the crops' boxes, one per face
    step. `tracks` are all faces that were followed, the main one included. `notes` say per stream why it is missing.
    """

    seconds: float
    streams: Mapping[str, Shaped[np.ndarray, "T ..."]]
    times: Mapping[str, Float64[np.ndarray, "T"]]
    boxes: Float32[np.ndarray, "T 4"]
    tracks: tuple[FaceTrack, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    size: tuple[int, int] | None = None
    """Width and height of the shown picture, None without a video."""
