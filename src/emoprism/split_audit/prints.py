"""Audio fingerprints of log-mels, and what their loudness says: lengths of silence and the level.

After Haitsma & Kalker 2002 ("A Highly Robust Audio Fingerprinting System", ISMIR, eq. 1): a bit per band and step, the
sign of how the difference of two neighbouring bands changes over time. Two things differ here, because prepared
clips hold log-mels of 25 ms every 10 ms: powers are smoothed over time first, so that a trim by part of a step changes
little, and the difference is one of logarithms, so that any constant gain, of the whole or of a band, drops out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float32, Float64, UInt32

from emoprism.media.audio import FLOOR

FIRST_BAND, LAST_BAND = 3, 29
"""Bands 3 to 29 of 40, about 220 Hz to 3.9 kHz: what telephones and low bit rates keep."""
BITS = LAST_BAND - FIRST_BAND
"""Bits of a sub-fingerprint: a difference for every pair of neighbouring bands."""
SMOOTH = 9
"""Steps of the Hann window that powers are smoothed with: 90 ms, against trims by part of a 10 ms step."""
LAG = 2
"""Differences over time are taken between LAG steps later and LAG steps earlier."""
EDGE = SMOOTH // 2 + LAG
"""Steps at each end of the log-mels that have no sub-fingerprint."""
SILENT = 35.0
"""Decibels below a clip's loudest (smoothed) step from which on a step counts as silence."""
EMPTY = 10.0
"""A band whose median, over sounding steps, is within so many decibels of the log-mels' floor holds no sound."""
STEP = 0.01
"""Seconds from one log-mel vector to the next."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Sub-fingerprints of one clip, BITS bits each; `bands` are the bits that mean anything, those of empty bands not.

    Word i belongs to log-mel vector i + EDGE. `sounding` is False where the clip is silent.
    """

    words: UInt32[np.ndarray, "F"]
    sounding: Bool[np.ndarray, "F"]
    bands: int


@dataclass(frozen=True, slots=True)
class Loudness:
    """What the loudness over time says: seconds of silence before and after the sound, silence's share, level in dB.

    `level` is the mean power of the sounding steps, in decibels of an arbitrary reference.
    """

    leading: float
    trailing: float
    silent: float
    level: float


@dataclass(frozen=True, slots=True)
class Sound:
    """All that the audit keeps of a clip's sound. `digest` is equal for equal log-mels; None where all is silence."""

    digest: str | None
    fingerprint: Fingerprint
    loudness: Loudness | None


def describe(log_mels: Float32[np.ndarray, "T 40"]) -> Sound:
    """Digest, fingerprint and loudness of one clip's log-mels (media/audio.py); of no sound, empty ones."""
    power = np.exp(log_mels)
    total = power.sum(1, dtype=np.float64)
    if not len(total) or total.max() <= 2 * FLOOR * power.shape[1]:
        return Sound(None, fingerprint(log_mels[:0]), None)
    digest = hashlib.blake2b(np.ascontiguousarray(log_mels).tobytes(), digest_size=16).hexdigest()
    return Sound(digest, fingerprint(log_mels), _loudness(total))


def fingerprint(log_mels: Float32[np.ndarray, "T 40"]) -> Fingerprint:
    """The T - 2 * EDGE sub-fingerprints of log-mels; none of shorter ones."""
    if len(log_mels) <= 2 * EDGE:
        return Fingerprint(np.zeros(0, np.uint32), np.zeros(0, bool), 0)
    smooth = _smoothed(np.exp(log_mels[:, FIRST_BAND : LAST_BAND + 1]))
    logs = np.log(smooth)
    slope = logs[:, :-1] - logs[:, 1:]
    bits = slope[2 * LAG :] > slope[: -2 * LAG]
    inner = smooth[LAG:-LAG]
    sounding = _sounding(inner.sum(1, dtype=np.float64))
    bands = _filled(logs[LAG:-LAG][sounding]) & (bits[sounding].any(0) & ~bits[sounding].all(0))
    words = (bits & bands) @ _places()
    return Fingerprint(words, sounding, int(bands @ _places()))


def _smoothed(power: Float32[np.ndarray, "T B"]) -> Float32[np.ndarray, "S B"]:
    """Hann-weighted means over SMOOTH steps, where all of them exist."""
    weights = np.hanning(SMOOTH + 2)[1:-1]
    weights = (weights / weights.sum()).astype(np.float32)
    count = len(power) - SMOOTH + 1
    out = weights[0] * power[:count]
    for place in range(1, SMOOTH):
        out += weights[place] * power[place : place + count]
    return out


def _sounding(power: Float64[np.ndarray, "F"]) -> Bool[np.ndarray, "F"]:
    return power > power.max() * 10 ** (-SILENT / 10)


def _filled(logs: Float32[np.ndarray, "F B"]) -> Bool[np.ndarray, "bits"]:
    """Bits both bands of which hold sound: empty ones would agree with those of any other narrow-band recording."""
    filled = np.median(logs, axis=0) > np.log(FLOOR) + EMPTY * np.log(10) / 10
    return filled[:-1] & filled[1:]


@cache
def _places() -> UInt32[np.ndarray, "bits"]:
    return np.left_shift(np.uint32(1), np.arange(BITS, dtype=np.uint32))


def _loudness(total: Float64[np.ndarray, "T"]) -> Loudness:
    """Of the power of every step, not smoothed, so that short clips have a loudness too."""
    heard = np.flatnonzero(_sounding(total))
    mean = float(total[heard].mean())
    return Loudness(
        leading=float(heard[0]) * STEP,
        trailing=float(len(total) - 1 - heard[-1]) * STEP,
        silent=1 - len(heard) / len(total),
        level=10 * float(np.log10(mean)),
    )
