"""What acoustic features are: a waveform in, streams of vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64


@dataclass(frozen=True, slots=True)
class Vectors:
    """One stream of a clip: `values` float32 [T, D], `times` the centre of each step's window in seconds.

    `reach` is half the length of a window: a step tells of [time - reach, time + reach].
    """

    values: Float32[np.ndarray, "T D"]
    times: Float64[np.ndarray, "T"]
    reach: float


class Acoustics(ABC):
    """One kind of features. Keyword-only arguments are the user's options."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the streams it makes, the first one the features of the sound as it is."""

    @abstractmethod
    def streams(self, samples: Float32[np.ndarray, "N"], wanted: frozenset[str] | None = None) -> dict[str, Vectors]:
        """The streams of mono sound at 16 kHz in [-1, 1], N >= 1; those `wanted` alone, where that is given.

        Every stream has one step at least, and as many values in each step whatever the sound.
        """
