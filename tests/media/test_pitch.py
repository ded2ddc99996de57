"""Pitch against tones of known frequency, and against Praat (Boersma 1993) on real speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import parselmouth
import pytest
import soundfile
from scipy.signal import lfilter

from emoprism.media.pitch import pitch

RATE, WINDOW, HOP = 16_000, 640, 160
REAL = Path(__file__).parents[2].parent / "shared" / "data"


def centres(count: int) -> np.ndarray:
    return (np.arange(count) * HOP + WINDOW / 2) / RATE


def voice(hertz: np.ndarray) -> np.ndarray:
    """Pulses at a frequency given for every sample, through two formants."""
    pulses = np.diff(np.floor(np.cumsum(hertz) / RATE), prepend=0.0)
    for formant, width in ((600, 90), (1400, 120)):
        r = np.exp(-np.pi * width / RATE)
        pulses = lfilter([1.0], [1, -2 * r * np.cos(2 * np.pi * formant / RATE), r * r], pulses)
    return (0.3 * pulses / np.abs(pulses).max()).astype(np.float32)


@pytest.mark.parametrize("hertz", [70.0, 110.0, 183.0, 240.0, 391.0, 520.0])
def test_a_steady_voice(hertz: float) -> None:
    found, periodicity = pitch(voice(np.full(RATE, hertz)), WINDOW, HOP)
    inner = slice(5, -5)
    assert np.abs(found[inner] / hertz - 1).max() < 0.01
    assert periodicity[inner].min() > 0.9


def test_a_gliding_voice_is_followed_in_time() -> None:
    track = np.linspace(120, 240, 2 * RATE)
    found, _ = pitch(voice(track), WINDOW, HOP)
    expected = np.interp(centres(len(found)), np.arange(2 * RATE) / RATE, track)
    assert np.abs(found / expected - 1)[5:-5].max() < 0.02


def test_noise_is_not_periodic_and_a_voice_in_it_is() -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert np.median(pitch(noise, WINDOW, HOP)[1]) < 0.6
    assert np.median(pitch(noise + voice(np.full(RATE, 150.0)), WINDOW, HOP)[1]) > 0.7


def test_loudness_changes_nothing() -> None:
    sound = voice(np.linspace(100, 200, RATE))
    loud, quiet = pitch(sound, WINDOW, HOP)[0], pitch(0.01 * sound, WINDOW, HOP)[0]
    np.testing.assert_allclose(loud, quiet, rtol=1e-3)


@pytest.mark.parametrize("count", [0, 1, 100, 639, 640, 801])
def test_a_value_for_every_window(count: int) -> None:
    found, periodicity = pitch(np.zeros(count, np.float32), WINDOW, HOP)
    expected = 0 if count == 0 else max(1, 1 + (count - WINDOW) // HOP)
    assert len(found) == len(periodicity) == expected
    assert np.isfinite(found).all() and np.isfinite(periodicity).all()


def praat(samples: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Praat's autocorrelation and cross-correlation methods at these times, NaN where it hears no voice."""
    sound = parselmouth.Sound(samples.astype(np.float64), RATE)
    asked = {"time_step": 0.01, "pitch_floor": 60, "pitch_ceiling": 600}
    found = (sound.to_pitch_ac(**asked), sound.to_pitch_cc(**asked))
    return tuple(np.array([p.get_value_at_time(t) for t in times]) for p in found)


@pytest.mark.parametrize(("corpus", "every"), [("ravdess", 60), ("emodb", 30)])
def test_real_speech_beside_praat(corpus: str, every: int) -> None:
    """On the frames that Praat's own two methods agree to be voiced, at the same pitch to 3 %."""
    files = sorted((REAL / corpus / "audio").glob("*.flac"))[::every]
    if not files:
        pytest.skip(f"needs {REAL / corpus}")
    ours, theirs, other, sure = [], [], [], []
    for path in files:
        samples, _ = soundfile.read(path, dtype="float32")
        found, periodicity = pitch(samples, WINDOW, HOP)
        first, second = praat(samples, centres(len(found)))
        voiced = np.isfinite(first) & np.isfinite(second)
        ours.append(found[voiced])
        theirs.append(first[voiced])
        other.append(second[voiced])
        sure.append(periodicity[voiced] > 0.9)
    ours, theirs, other, sure = map(np.concatenate, (ours, theirs, other, sure))
    deviation = np.abs(ours / theirs - 1)
    agreed = np.abs(other / theirs - 1) < 0.03
    within = (deviation[agreed] < 0.03).mean()
    assert agreed.sum() > 1500
    assert np.median(deviation[agreed]) < 0.01
    assert within > 0.9, f"Praat's own two methods agree on {agreed.mean():.0%} of the frames"
    assert (deviation[agreed] > 0.2).mean() < 0.04, "gross errors: octaves, and unvoiced frames taken for voiced"
    assert (deviation[agreed & sure] < 0.03).mean() > 0.96, "where it is periodic without doubt"
    shifted = np.abs(np.roll(ours, 20) / theirs - 1)  # a negative control: the same values elsewhere in time
    assert (shifted[agreed] < 0.03).mean() < 0.5
