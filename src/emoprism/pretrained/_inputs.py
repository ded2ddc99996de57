"""What every model's input has in common: crops of its size, sound of a length that it can take, numbers as answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32, Shaped, UInt8

from emoprism.errors import MediaError
from emoprism.pretrained.base import VOICE_RATE

SHORTEST = VOICE_RATE
"""Samples that a voice has at least: convolutions over time of any usual model fit in a second."""
LONGEST = 30 * VOICE_RATE
"""Samples that a model is given at a time: the memory of attention grows with the square of the length."""


def resized(crops: UInt8[np.ndarray, "T S S 3"], height: int, width: int) -> UInt8[np.ndarray, "T H W 3"]:
    """Crops of another size, by the mean of an area where they get smaller, as prepared crops are read."""
    import cv2

    if crops.shape[1:3] == (height, width):
        return crops
    smaller = height * width < crops.shape[1] * crops.shape[2]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    out = np.empty((len(crops), height, width, 3), dtype=np.uint8)
    for row, crop in enumerate(crops):
        out[row] = cv2.resize(crop, (width, height), interpolation=how)
    return out


def lengths(values: Shaped[np.ndarray, "N ..."], shortest: int, longest: int) -> Iterator[Shaped[np.ndarray, "M ..."]]:
    """The same steps in parts of `shortest` to `longest`: repeated where too few, in equal windows where too many.

    Windows are all `longest` steps long, evenly spaced from the first step to the last, and overlap as they must.
    """
    if len(values) < shortest:
        yield np.resize(values, (shortest, *values.shape[1:]))
        return
    count = -(-len(values) // longest)
    for number in range(count):
        first = number * (len(values) - longest) // (count - 1) if count > 1 else 0
        yield values[first : first + longest]


def finite(vectors: Float32[np.ndarray, "*shape"], source: str) -> Float32[np.ndarray, "*shape"]:
    """The vectors themselves. MediaError where they hold what is no number."""
    if not np.isfinite(vectors).all():
        raise MediaError(f"{source} answers with numbers that are not finite")
    return vectors
