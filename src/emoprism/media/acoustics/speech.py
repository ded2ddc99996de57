"""The stream `speech`: log-mels, pitch and energy as Li et al. 2020 (section 5), also of the sound sped up or down."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from jaxtyping import Float32
from pydantic import Field, PositiveFloat

from emoprism.media.acoustics.base import Acoustics, Vectors
from emoprism.media.audio import FLOOR, log_mel, log_mel_times, windowed
from emoprism.media.pitch import pitch
from emoprism.media.sound import RATE

SPEECH = "speech"
WINDOW, HOP = 640, 160
"""40 ms and 10 ms."""
Speed = Annotated[float, Field(ge=0.5, le=2.0)]


class Speech(Acoustics):
    """43 values a step: 40 log-mel energies, f0 in Hz, NCCF, log energy; windows of 40 ms every 10 ms.

    Nothing is normalised, neither per speaker nor per clip, as in the paper. `speeds` adds the streams `speech@0.9`
    and so on, the features of the sound played so many times as fast (pitch goes with it: Ko et al. 2015, "Audio
    augmentation for speech recognition"); the paper trains on 0.8, 0.9, 1.1 and 1.2. `lowest` and `highest` bound f0.
    """

    def __init__(
        self, *, speeds: tuple[Speed, ...] = (), lowest: PositiveFloat = 50.0, highest: PositiveFloat = 600.0
    ) -> None:
        if not 20 <= lowest < highest / 2 or highest > 900:
            raise ValueError(
                f"pitch is sought from {lowest:g} to {highest:g} Hz; expected 20 <= lowest < highest / 2 <= 450"
            )
        self.speeds, self.lowest, self.highest = speeds, lowest, highest

    def names(self) -> tuple[str, ...]:
        """`speech`, and `speech@SPEED` for each speed."""
        return (SPEECH, *(f"{SPEECH}@{speed:g}" for speed in self.speeds))

    def streams(self, samples: Float32[np.ndarray, "N"], wanted: frozenset[str] | None = None) -> dict[str, Vectors]:
        """See Acoustics. Times are those of the sound before it was sped up."""
        asked = zip(self.names(), (1.0, *self.speeds), strict=True)
        return {name: self._vectors(samples, speed) for name, speed in asked if wanted is None or name in wanted}

    def _vectors(self, samples: Float32[np.ndarray, "N"], speed: float) -> Vectors:
        played = at_speed(samples, speed)
        mels = log_mel(played, WINDOW, HOP)
        hertz, periodicity = pitch(played, WINDOW, HOP, self.lowest, self.highest)
        values = np.concatenate([mels, hertz[:, None], periodicity[:, None], log_energy(played)[:, None]], axis=1)
        times = log_mel_times(len(values), WINDOW, HOP) * speed
        return Vectors(values, times, WINDOW / 2 / RATE * speed)


def log_energy(samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "T"]:
    """Natural logarithm of the mean square of every window."""
    windows = windowed(samples, WINDOW, HOP)
    return np.log(np.maximum(np.einsum("tw,tw->t", windows, windows) / WINDOW, np.float32(FLOOR)))


def at_speed(samples: Float32[np.ndarray, "N"], speed: float) -> Float32[np.ndarray, "M"]:
    """The sound played `speed` times as fast: N / speed samples, about; one at least."""
    if speed == 1.0:
        return samples
    import soxr

    played = np.asarray(soxr.resample(samples, RATE * speed, RATE), dtype=np.float32)
    return played if len(played) else samples[:1]
