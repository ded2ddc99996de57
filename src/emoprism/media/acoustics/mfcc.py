"""The stream `mfcc`: 40 mel-frequency cepstral coefficients as Ito et al. 2021 (section 4.1)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from emoprism.media.acoustics.base import Acoustics, Vectors
from emoprism.media.audio import log_mel, log_mel_times
from emoprism.media.sound import RATE
from emoprism.types import MFCC

SLOW_RATE = 8000
WINDOW, HOP = 640, 160
"""80 ms and 20 ms at 8 kHz."""


class Mfcc(Acoustics):
    """40 coefficients a step: windows of 80 ms every 20 ms at 8 kHz.

    The orthonormal DCT-II (Davis & Mermelstein 1980) of the log energies of 40 mel bands up to 4 kHz. The paper gives
    windows, rate and the number of coefficients; it does not give the number of bands, here as many as coefficients,
    nor any liftering, here none.
    """

    def names(self) -> tuple[str, ...]:
        """`mfcc`."""
        return (MFCC,)

    def streams(self, samples: Float32[np.ndarray, "N"], wanted: frozenset[str] | None = None) -> dict[str, Vectors]:
        """See Acoustics."""
        if wanted is not None and MFCC not in wanted:
            return {}
        import soxr
        from scipy.fft import dct

        slow = np.asarray(soxr.resample(samples, RATE, SLOW_RATE), dtype=np.float32)
        mels = log_mel(slow if len(slow) else samples[:1], WINDOW, HOP, SLOW_RATE)
        values = np.asarray(dct(mels, type=2, norm="ortho", axis=1), dtype=np.float32)
        return {MFCC: Vectors(values, log_mel_times(len(values), WINDOW, HOP, SLOW_RATE), WINDOW / 2 / SLOW_RATE)}
