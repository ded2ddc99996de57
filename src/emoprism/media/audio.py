"""Log-mel vectors: 40 mel bands of 25 ms windows every 10 ms at 16 kHz, natural logarithm.

librosa's definition with its defaults otherwise (McFee et al. 2015): periodic Hann window, power spectrum of as many
points as the window has samples, Slaney's mel scale (Slaney 1998, Auditory Toolbox: linear below 1 kHz) from 0 to
half the rate, triangles of unit area, no padding (`center=False`): `log(maximum(librosa.feature.melspectrogram(...,
n_fft=400, hop_length=160, n_mels=40, center=False), 1e-10))`. 12 seconds give 1198 vectors.
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


def log_mel(
    samples: Float32[np.ndarray, "N"], window: int = WINDOW, hop: int = HOP, rate: int = RATE
) -> Float32[np.ndarray, "T 40"]:
    """Log-mel vectors of mono sound: 1 + (N - window) // hop of them; at least one if there is any sound."""
    windows = windowed(samples, window, hop)
    if len(windows) == 0:
        return np.zeros((0, MELS), dtype=np.float32)
    blocks = (windows[first : first + BLOCK] for first in range(0, len(windows), BLOCK))
    return np.concatenate([_block(block, rate) for block in blocks])


def windowed(samples: Float32[np.ndarray, "N"], window: int, hop: int) -> Float32[np.ndarray, "T W"]:
    """A view of the windows that lie in the sound whole; a single one, filled up with silence, where none does."""
    if len(samples) == 0:
        return np.zeros((0, window), dtype=np.float32)
    if len(samples) < window:
        samples = np.pad(samples, (0, window - len(samples)))
    return np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]


def log_mel_times(count: int, window: int = WINDOW, hop: int = HOP, rate: int = RATE) -> Float64[np.ndarray, "T"]:
    """Centres of the windows, in seconds from the first sample."""
    return (np.arange(count, dtype=np.float64) * hop + window / 2) / rate


def _block(windows: Float32[np.ndarray, "T W"], rate: int) -> Float32[np.ndarray, "T 40"]:
    from scipy.fft import rfft

    spectrum: Any = rfft(windows * _hann(windows.shape[1]), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.log(np.maximum(power @ mel_filters(windows.shape[1], rate).T, np.float32(FLOOR)))


@cache
def _hann(window: int) -> Float32[np.ndarray, "W"]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


@cache
def mel_filters(window: int = WINDOW, rate: int = RATE) -> Float32[np.ndarray, "40 F"]:
    """Triangles over the bins of the power spectrum, each of unit area in Hz (Slaney's normalisation)."""
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(np.array([rate / 2]))[0]), MELS + 2))
    bins = np.linspace(0, rate / 2, window // 2 + 1)
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
