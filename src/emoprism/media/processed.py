"""A clip after all decoding: what `prepare` stores and `predict` computes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64, Shaped, UInt8


@dataclass(frozen=True)
class FaceTrack:
    """One face through a clip, at the sampled frames in which it was found.

    `times` are seconds from the start of the clip, `boxes` (x0, y0, x1, y1) those of the crops, in pixels of the
    shown picture (they may reach beyond it), `scores` the detector's, `crops` RGB.
    """

    number: int
    times: Float64[np.ndarray, "T"]
    boxes: Float32[np.ndarray, "T 4"]
    scores: Float32[np.ndarray, "T"]
    crops: UInt8[np.ndarray, "T S S 3"]
    main: bool = False


@dataclass(frozen=True)
class ProcessedClip:
    """Streams of one clip. `streams["face"]` is uint8 [T, S, S, 3] RGB, every other float32 [T, D].

    `times[s]` are seconds from the start of the clip, one per step. `boxes` are those of the face crops. `tracks` are
    all faces that were followed, the main one (whose crops are the face stream) among them. `notes` say per stream
    why it is missing. `seconds` is how long the clip is, after truncation. `reach[s]` is half the length of what a step
    tells of, in seconds, where that is more than a moment. `filled[s]` counts the values of a pre-extracted stream that
    were no numbers and are 0 now.
    """

    seconds: float
    streams: Mapping[str, Shaped[np.ndarray, "_ ..."]]
    times: Mapping[str, Float64[np.ndarray, "_"]]
    boxes: Float32[np.ndarray, "F 4"]
    tracks: tuple[FaceTrack, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    reach: Mapping[str, float] = field(default_factory=dict[str, float])
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
