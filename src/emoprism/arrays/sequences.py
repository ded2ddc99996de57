"""Computational sequences of CMU-MultimodalSDK (.csd): features with their times, a video each, in one HDF5 file.

::

    /<name>/data/<video>/features     [T, D]
    /<name>/data/<video>/intervals    [T, 2]    when each step begins and ends, in seconds of the video
    /<name>/metadata/...

What was aligned before it was written has entries `<video>[<n>]`, a word or a sentence each, in times of the video.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped

from emoprism.arrays.base import AbsentError
from emoprism.arrays.hdf5 import Hdf5File, follow, is_dataset, own
from emoprism.errors import MediaError

PART = re.compile(r"(?P<video>.+)\[\d+\]")
OVERLAP = 1e-5
"""Seconds that a step and a span must share, as in the SDK (its epsilon of 10e-6)."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Features [T, D] of a video and when each step begins and ends, in seconds of the video, in order of time."""

    features: Shaped[np.ndarray, "T D"]
    intervals: Float64[np.ndarray, "T 2"]


class Sequence(Hdf5File):
    """One .csd file. Raises MediaError where it is none."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.name, self.entries = _contents(str(path), path.stat().st_mtime_ns)

    def steps(self, video: str, start: float = -np.inf, end: float = np.inf) -> Steps:
        """The steps that share more than a moment with start to end, as the SDK's `align` takes them for a segment.

        Their times are cut to the span. Steps that two entries of a video repeat count once. Raises AbsentError where
        there are none, MediaError where an entry is not what it should be.
        """
        keys = self.keys(video)
        if not keys:
            raise AbsentError(f"{self.path.name} has no '{video}'")
        with self.opened() as file:
            data = own(own(file, self.name), "data")
            parts = [self._part(own(data, key), key, start, end) for key in keys]
        widths = {part.features.shape[1] for part in parts}
        if len(widths) > 1:
            raise MediaError(f"{self.path.name}: entries of '{video}' have {sorted(widths)} features")
        joined = _in_order(parts) if len(parts) > 1 else parts[0]
        if not len(joined.features):
            span = "" if np.isinf([start, end]).all() else f" between {start:g} s and {end:g} s"
            raise AbsentError(f"{self.path.name} has no steps of '{video}'{span}")
        return joined

    def keys(self, video: str) -> tuple[str, ...]:
        """The entries of a video, or the one entry that is called so; none where there is neither."""
        match = PART.fullmatch(video)
        if match and video in self.entries.get(match["video"], ()):
            return (video,)
        return self.entries.get(video, ())

    def _part(self, group: Any, key: str, start: float, end: float) -> Steps:
        features, intervals = own(group, "features"), own(group, "intervals")
        if not _fit(features, intervals):
            expected = "expected 'features' [T, D] and 'intervals' [T, 2] of numbers"
            raise MediaError(f"{self.path.name}: '{key}' is no entry of a computational sequence; {expected}")
        times = self.taken(intervals, f"{key}/intervals").astype(np.float64)
        shared = np.minimum(times[:, 1], end) - np.maximum(times[:, 0], start)
        rows = np.flatnonzero(shared > OVERLAP)
        if not len(rows):
            return Steps(np.zeros((0, features.shape[1])), np.zeros((0, 2)))
        first, last = int(rows[0]), int(rows[-1]) + 1
        values = self.taken(features, f"{key}/features", slice(first, last))[rows - first]
        order = np.argsort(times[rows, 0], kind="stable")
        return Steps(values[order], np.clip(times[rows][order], start, end))


def name_of(path: Path) -> str:
    """What the sequence in a file is called ("COVAREP"). Raises MediaError where the file is none."""
    return Sequence(path).name


@lru_cache(maxsize=16)
def _contents(path: str, _changed: int) -> tuple[str, Mapping[str, tuple[str, ...]]]:
    """The name of the sequence, and the entries of every video, in order of their numbers."""
    file = Hdf5File(Path(path))
    with file.opened() as root:
        names = [name for name in root if follow(root, f"{name}/data") is not None]
        if len(names) != 1:
            held = ", ".join(repr(name) for name in list(root)[:5]) or "nothing"
            expected = "expected one group <name>/data/<video>/features"
            raise MediaError(f"{file.path.name} is no computational sequence: it holds {held}; {expected}")
        data = own(root[names[0]], "data")
        keys = sorted(data) if hasattr(data, "keys") else []
    entries: dict[str, list[str]] = {}
    for key in keys:
        match = PART.fullmatch(key)
        entries.setdefault(match["video"] if match else key, []).append(key)
    return names[0], {video: tuple(parts) for video, parts in entries.items()}


def _fit(features: Any, intervals: Any) -> bool:
    if not is_dataset(features) or not is_dataset(intervals):
        return False
    numbers = features.dtype.kind in "fiub" and intervals.dtype.kind in "fiu"
    return numbers and features.ndim == 2 and intervals.shape == (features.shape[0], 2)


def _in_order(parts: list[Steps]) -> Steps:
    """All steps in order of time. Entries that overlap, as sentences do, hold the steps between them twice."""
    features = np.concatenate([part.features for part in parts])
    intervals = np.concatenate([part.intervals for part in parts])
    _, once = np.unique(intervals.round(6), axis=0, return_index=True)
    return Steps(features[once], intervals[once])
