"""How few bits may differ before chance is no explanation: thresholds from stated probabilities of a false alarm.

Haitsma & Kalker 2002, section 3.3: were bits independent, the share that differs between unrelated clips (the bit error
rate) would be binomial around one half. Bits of a fingerprint are correlated over time and bands, so the paper widens
the distribution by a factor that it measured; here it is computed for each pair (Bartlett 1946: the variance of
the correlation of two independent series is the sum of the products of their autocorrelations).

Two explanations have to fail. Unrelated sound: half of the bits differ, and every pair at every shift is a chance to be
wrong, so the probability is shared out among all of them (Bonferroni). The same person saying the same words
again: less than half differ, by a share that varies from pair to pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.fft import irfftn, rfftn
from scipy.special import ndtri

from emoprism.split_audit.prints import BITS, LAG, SMOOTH, Fingerprint

FALSE_ALARM = 1e-3
"""Probability that any two unrelated clips of the whole list are called a copy."""
RETAKE_ALARM = 1e-6
"""Probability that two takes of the same words by the same person are called a copy."""
RETAKE_MEAN, RETAKE_SPREAD = 0.42, 0.032
"""Bit error rate of two takes at the shift that suits them best: mean over pairs, and standard deviation beyond the
noise of the bits. Measured on repetitions 1 and 2 of RAVDESS's actors 1 to 12 (benchmarks/split_audit.py prints it);
actors 13 to 24 and emodb are what it was tried on."""
LAGS = 40
"""Correlations are summed to so many steps (0.4 s) either way; they have died down long before."""


@dataclass(frozen=True)
class Threshold:
    """Which bit error rates are copies, for a list of clips with so many `comparisons` (pairs times shifts)."""

    comparisons: float

    @cached_property
    def _unrelated(self) -> float:
        return -float(ndtri(FALSE_ALARM / max(self.comparisons, 1.0)))

    def at(self, bits: Float64[np.ndarray, "K"]) -> Float64[np.ndarray, "K"]:
        """The largest bit error rate of a copy, for `bits` independent bits; 0 or less where none would do."""
        noise = 0.25 / np.maximum(bits, 1e-9)
        unrelated = 0.5 - self._unrelated * np.sqrt(noise)
        retake = RETAKE_MEAN + float(ndtri(RETAKE_ALARM)) * np.sqrt(RETAKE_SPREAD**2 + noise)
        return np.minimum(unrelated, retake)


def dependence(own: Fingerprint) -> Float64[np.ndarray, "lags pairs"]:
    """Autocorrelation of a fingerprint's bits (as -1 and 1) over time and bands, by lag; silent steps do not count."""
    places = np.arange(BITS, dtype=np.uint32)
    known = (own.sounding[:, None] & ((np.uint32(own.bands) >> places) & 1).astype(bool)).astype(np.float64)
    signs = np.where((own.words[:, None] >> places) & 1, known, -known)
    shape = (1 << (len(signs) + LAGS).bit_length(), 2 * BITS)
    sums, counts = (_correlated(values, shape) for values in (signs, known))
    return np.where(counts > 0.5, sums / np.maximum(counts, 1), 0.0)


def independent_bits(
    bits: int, one: Float64[np.ndarray, "lags pairs"], other: Float64[np.ndarray, "lags pairs"]
) -> float:
    """How many independent bits `bits` compared bits are worth; never more than those of white noise would be."""
    return bits / max(float((one * other).sum()), WHITE)


def _correlated(values: Float64[np.ndarray, "F bits"], shape: tuple[int, int]) -> Float64[np.ndarray, "lags pairs"]:
    spectrum: Any = rfftn(values, shape)
    whole = np.asarray(irfftn(spectrum * spectrum.conj(), shape))
    return np.concatenate([whole[-LAGS:], whole[: LAGS + 1]])


def _white() -> float:
    """The sum of squared correlations of the bits of noise without structure.

    Over time those of a Hann window differenced, over bands those of neighbours' differences (1, -1/2); the sign of a
    Gaussian with correlation r correlates by 2/pi asin(r) (Van Vleck & Middleton 1966).
    """
    window = np.hanning(SMOOTH + 2)[1:-1]
    kernel = np.convolve(window, [1.0] + [0.0] * (2 * LAG - 1) + [-1.0])
    time = np.correlate(kernel, kernel, "full")
    band = np.array([-0.5, 1.0, -0.5])
    return float(np.square(2 / np.pi * np.arcsin(np.outer(time / time.max(), band).clip(-1, 1))).sum())


WHITE = _white()
