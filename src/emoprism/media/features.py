"""Pre-extracted streams in files of others (emoprism.arrays) as float32 [T, D]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Shaped

from emoprism.arrays import base
from emoprism.arrays.base import AbsentError
from emoprism.arrays.files import PARQUET, SEQUENCE, open_arrays
from emoprism.errors import MediaError
from emoprism.types import FeatureSource

LARGEST_VALUE = 1e15
"""Values further from 0 than this are taken as no numbers: the sums of their squares, as normalisations make them, are
none in float32."""


@dataclass(frozen=True, slots=True)
class Features:
    """The stream of one clip, float32 [T, D].

    `times` are the middles of its steps in seconds from the start of the clip, where the file says when they are, and
    `reach` is half the length of a step. `filled` counts the values that were no numbers and are 0.
    """

    values: Float32[np.ndarray, "T D"]
    times: Float64[np.ndarray, "T"] | None = None
    reach: float = 0.0
    filled: int = 0


def read_features(source: FeatureSource, seconds: float = np.inf) -> Features:
    """The stream of one clip, of a computational sequence the first `seconds` of it.

    Raises AbsentError where the file is sound and has nothing of the clip, MediaError where it holds no array of
    numbers [T, D] or [D], or values that are no numbers and are not to be filled.
    """
    values, intervals = _read(source, seconds)
    numbers, filled = _numbers(_steps(values, source), source)
    if intervals is None:
        return Features(numbers, filled=filled)
    start = source.span[0] if source.span else 0.0
    reach = float(np.median(intervals[:, 1] - intervals[:, 0])) / 2
    return Features(numbers, intervals.mean(axis=1) - start, reach, filled)


def _read(source: FeatureSource, seconds: float) -> tuple[Shaped[np.ndarray, "..."], Float64[np.ndarray, "T 2"] | None]:
    suffix = source.path.suffix.lower()
    if suffix == SEQUENCE and source.array is not None and "/" not in source.array:
        from emoprism.arrays.sequences import Sequence

        start, end = source.span or (0.0, np.inf)
        found = Sequence(source.path).steps(source.array, start, min(end, start + seconds))
        return found.features, found.intervals
    if suffix in PARQUET and source.array is None:
        from emoprism.arrays.parquet import ParquetFile

        return ParquetFile(source.path).table(source.row, source.key), None
    return open_arrays(source.path).read(source.array or "", source.row), None


def _steps(values: Shaped[np.ndarray, "..."], source: FeatureSource) -> Shaped[np.ndarray, "T D"]:
    """The real steps of an array, one of it where it has no dimension for them."""
    place = _place(source)
    if values.dtype.kind not in "fiub":
        raise MediaError(f"{place} holds values of type {values.dtype}, expected numbers")
    if values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or 0 in values.shape:
        raise MediaError(f"{place} has shape {list(values.shape)} for a clip, expected [T, D] or [D], none of them 0")
    if values.size * 4 > base.LARGEST_BYTES:
        raise MediaError(f"{place} is too large for a clip: {list(values.shape)}")
    if source.length is not None:
        if not 0 <= source.length <= len(values):
            raise MediaError(f"{place} has {len(values)} steps, and its length is said to be {source.length}")
        values = values[: source.length]
    if source.padded:
        rows = np.flatnonzero(values.any(axis=1))
        values = values[rows[0] : rows[-1] + 1] if len(rows) else values[:0]
    if not len(values):
        raise AbsentError(f"{place} holds nothing but padding for it")
    return values


def _numbers(values: Shaped[np.ndarray, "T D"], source: FeatureSource) -> tuple[Float32[np.ndarray, "T D"], int]:
    """Values as float32, and how many of them were filled."""
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = np.array(values, dtype=np.float32, order="C")
        wrong = ~(np.abs(numbers) <= LARGEST_VALUE)
    if wrong.any() and not source.fill:
        step, column = np.argwhere(wrong)[0].tolist()
        what = f"holds a value that is not a number (NaN, infinite or beyond 1e15): step {step}, column {column}"
        fix = "a table of clips takes them as 0 with corpus.fill=true"
        raise MediaError(f"{_place(source)} {what}; {fix}")
    numbers[wrong] = 0
    return numbers, int(wrong.sum())


def _place(source: FeatureSource) -> str:
    key = f"#{source.key[0]}={source.key[1]}" if source.key else f"#{source.array}" if source.array else ""
    return source.path.name + key
