"""Pitch after Ghahremani et al. 2014, "A pitch extraction algorithm tuned for automatic speech recognition" (Kaldi's).

For every frame the normalised cross-correlation (NCCF) of a window with itself a lag later, at 4 kHz, lags spaced
evenly in logarithm; then the path of lags over the whole sound with the least sum of local and transition costs, by
dynamic programming. There is no decision on voicing: where there is no pitch, the path goes on to where there is one,
and the NCCF says how periodic the frame is.

As in the paper: band below 1 kHz, the ballast under quiet frames in the search alone, the factor that favours short
lags, the penalty for jumps. Otherwise: the grid of lags is four times as coarse (2 %), and the lag found is refined by
a parabola through its neighbours; the search looks at the whole sound.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64

from emoprism.media.sound import RATE

SLOW_RATE = 4000
"""Samples a second at which lags are measured."""
BAND = 1000.0
STEP = 0.02
"""Ratio between neighbouring lags, less 1."""
BALLAST = 0.7
"""7000 in the paper, for windows of 100 samples of unit power: a share of the squared mean energy of a window."""
SHORT_LAGS = 10.0
"""`soft_min_f0` in Hz: the larger, the less lags far above 1 / soft_min_f0 are favoured."""
JUMPS = 0.1
"""`penalty_factor` on the squared logarithm of the ratio of neighbouring lags."""
REACH = 5
"""Samples on each side that a correlation between samples is interpolated from (`upsample_filter_width`)."""
LEAD = 10
"""Slow samples (2.5 ms) that a window begins early, half a usual lag, so that the pair of windows is centred."""
SMALLEST = 1e-10


def pitch(
    samples: Float32[np.ndarray, "N"], window: int, hop: int, lowest: float = 50.0, highest: float = 600.0
) -> tuple[Float32[np.ndarray, "T"], Float32[np.ndarray, "T"]]:
    """Fundamental frequency in Hz and NCCF in [-1, 1] of every window of mono sound at 16 kHz, as `windowed` cuts it.

    `window` and `hop` are samples at 16 kHz, multiples of 4; `lowest` and `highest` bound the frequency.
    """
    count = max(1, 1 + (len(samples) - window) // hop) if len(samples) else 0
    if count == 0:
        return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32)
    slow, step = _slowed(samples), hop * SLOW_RATE // RATE
    lags = _lags(lowest, highest)
    plain, ballasted = _correlations(slow, count, window * SLOW_RATE // RATE, step, lags)
    path = _cheapest_path(1 - ballasted * (1 - SHORT_LAGS * lags / SLOW_RATE).astype(np.float32))
    lag, height = _refined(plain, path, lags)
    return (SLOW_RATE / lag).astype(np.float32), np.clip(height, -1, 1).astype(np.float32)


def _slowed(samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "M"]:
    """A quarter of the rate, nothing above 1 kHz."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, 1, RATE // SLOW_RATE, window=_low_pass()), dtype=np.float32)


@cache
def _low_pass() -> Float32[np.ndarray, "taps"]:
    from scipy.signal import firwin

    return np.asarray(firwin(129, BAND, fs=RATE, window="hamming"), dtype=np.float32)


@cache
def _lags(lowest: float, highest: float) -> Float64[np.ndarray, "L"]:
    """In slow samples, evenly spaced in logarithm."""
    shortest, longest = SLOW_RATE / highest, SLOW_RATE / lowest
    return shortest * (1 + STEP) ** np.arange(int(np.log(longest / shortest) / np.log1p(STEP)) + 1)


def _correlations(
    slow: Float32[np.ndarray, "M"], count: int, width: int, step: int, lags: Float64[np.ndarray, "L"]
) -> tuple[Float32[np.ndarray, "T L"], Float32[np.ndarray, "T L"]]:
    """The NCCF at every lag, without and with the ballast."""
    from scipy.fft import irfft, next_fast_len, rfft

    first, last = int(lags[0]) - REACH, int(np.ceil(lags[-1])) + REACH
    length = width + last
    padded = np.pad(slow, (LEAD, max(0, (count - 1) * step + length - len(slow))))
    segments = np.lib.stride_tricks.sliding_window_view(padded, length)[::step][:count]
    segments = segments - segments[:, :width].mean(axis=1, keepdims=True)
    size = next_fast_len(length, real=True)
    heads: Any = rfft(segments[:, :width], size, axis=1)
    whole: Any = rfft(segments, size, axis=1)
    products: Any = irfft(np.conj(heads) * whole, size, axis=1)
    sums = np.cumsum(np.square(segments), axis=1, dtype=np.float64)
    energies = sums[:, width - 1 :] - np.pad(sums[:, :-width], ((0, 0), (1, 0)))
    mean_energy = float(np.mean(np.square(slow))) * width
    near = slice(max(first, 0), last + 1)
    norms = energies[:, :1] * energies[:, near]
    weights = _interpolation(float(lags[0]), len(lags), near.start, last)

    def correlation(ballast: float) -> Float32[np.ndarray, "T L"]:
        return (products[:, near] / np.sqrt(norms + ballast + SMALLEST).astype(np.float32)) @ weights

    return correlation(0.0), correlation(BALLAST * mean_energy * mean_energy)


@cache
def _interpolation(shortest: float, count: int, first: int, last: int) -> Float32[np.ndarray, "K L"]:
    """Weights that make values at fractional lags of those at whole ones: a sinc under a Hann window."""
    lags = shortest * (1 + STEP) ** np.arange(count)
    distance = np.arange(first, last + 1)[:, None] - lags[None]
    bell = np.where(np.abs(distance) < REACH, 0.5 + 0.5 * np.cos(np.pi * distance / REACH), 0.0)
    return (np.sinc(distance) * bell).astype(np.float32)


def _cheapest_path(local: Float32[np.ndarray, "T L"]) -> Int64[np.ndarray, "T"]:
    """Index of the lag of every frame, by dynamic programming over all pairs of neighbouring lags."""
    count, size = local.shape
    places = np.arange(size, dtype=np.float32)
    jumps = np.float32(JUMPS * np.log1p(STEP) ** 2) * np.square(places[:, None] - places[None])
    back = np.zeros((count, size), dtype=np.int64)
    totals = np.empty_like(jumps)
    cost = local[0].copy()
    for frame in range(1, count):
        np.add(jumps, cost[None], out=totals)
        totals.argmin(axis=1, out=back[frame])
        cost = totals[np.arange(size), back[frame]] + local[frame]
        cost -= cost.min()
    path = np.zeros(count, dtype=np.int64)
    path[-1] = int(cost.argmin())
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path


def _refined(
    values: Float32[np.ndarray, "T L"], path: Int64[np.ndarray, "T"], lags: Float64[np.ndarray, "L"]
) -> tuple[Float64[np.ndarray, "T"], Float64[np.ndarray, "T"]]:
    """Lag and height of the top of the parabola through the NCCF at the lag of the path and its two neighbours."""
    rows, middle = np.arange(len(path)), np.clip(path, 1, values.shape[1] - 2)
    low, mid, high = (values[rows, middle + shift].astype(np.float64) for shift in (-1, 0, 1))
    bend = low - 2 * mid + high
    shift = np.where(bend < -1e-9, 0.5 * (low - high) / np.where(bend < -1e-9, bend, 1.0), 0.0)
    on_top = (np.abs(shift) <= 1) & (middle == path)
    shift = np.where(on_top, shift, 0.0)
    height = np.where(on_top, mid - 0.25 * (low - high) * shift, values[rows, path])
    return lags[path] * (1 + STEP) ** shift, height
