"""Log-mel vectors: 40 mel bands of 25 ms windows every 10 ms at 16 kHz, natural logarithm.

librosa's definition with its defaults otherwise (McFee et al. 2015): periodic Hann window, power spectrum of 400
points, Slaney's mel scale (Slaney 1998, Auditory Toolbox: linear below 1 kHz) from 0 to 8 kHz, triangles of unit area,
no padding (`center=False`): `log(maximum(librosa.feature.melspectrogram(..., n_fft=400, hop_length=160, n_mels=40,
center=False), 1e-10))`. 12 seconds give 1198 vectors.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from emoprism.media.sound import RATE

MELS = 40
WINDOW = 400
HOP = 160
FLOOR = 1e-10
"""Power below which the logarithm is cut off: about the rounding noise of 16-bit sound."""
BLOCK = 4096
"""Windows transformed at a time, so that memory is flat in the length of the sound."""
LINEAR_STEP = 200 / 3
BREAK = 1000.0
LOG_STEP = np.log(6.4) / 27


def log_mel(samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "T 40"]:
    """Log-mel vectors of mono sound at 16 kHz: 1 + (N - 400) // 160 of them; at least one if there is any sound."""
    if len(samples) == 0:
        return np.zeros((0, MELS), dtype=np.float32)
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    return np.concatenate([_block(windows[first : first + BLOCK]) for first in range(0, len(windows), BLOCK)])


def log_mel_times(count: int) -> Float64[np.ndarray, "T"]:
    """Centres of the windows, in seconds from the first sample."""
    return (np.arange(count, dtype=np.float64) * HOP + WINDOW / 2) / RATE


def _block(windows: Float32[np.ndarray, "T 400"]) -> Float32[np.ndarray, "T 40"]:
    from scipy.fft import rfft

    spectrum: Any = rfft(windows * _hann(), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.log(np.maximum(power @ mel_filters().T, np.float32(FLOOR)))


@cache
def _hann() -> Float32[np.ndarray, "400"]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@cache
def mel_filters() -> Float32[np.ndarray, "40 201"]:
    """Triangles over the bins of the power spectrum, each of unit area in Hz (Slaney's normalisation)."""
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(np.array([RATE / 2]))[0]), MELS + 2))
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def hz_to_mel(hz: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Slaney's scale: 3 mels per 200 Hz up to 1 kHz, logarithmic above (27 mels per factor of 6.4)."""
    above = BREAK / LINEAR_STEP + np.log(np.maximum(hz, BREAK) / BREAK) / LOG_STEP
    return np.where(hz < BREAK, hz / LINEAR_STEP, above)


def mel_to_hz(mel: Float64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """The inverse of `hz_to_mel`."""
    above = BREAK * np.exp(LOG_STEP * (mel - BREAK / LINEAR_STEP))
    return np.where(mel < BREAK / LINEAR_STEP, mel * LINEAR_STEP, above)
