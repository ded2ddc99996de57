"""Log-mel vectors against the definition, written out as sums in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoprism.media.audio import HOP, MELS, WINDOW, hz_to_mel, log_mel, log_mel_times, mel_filters, mel_to_hz


def slaney(hz: float) -> float:
    return hz / (200 / 3) if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def slaney_inverse(mel: float) -> float:
    return mel * 200 / 3 if mel < 15 else 1000 * math.exp((mel - 15) * math.log(6.4) / 27)


def by_definition(samples: np.ndarray) -> np.ndarray:
    """One window at a time, one sum per band: a direct Fourier transform, no FFT, no shared code."""
    top = slaney(8000.0)
    edges = [slaney_inverse(top * i / 41) for i in range(42)]
    n = np.arange(400)
    hann = 0.5 * (1 - np.cos(2 * np.pi * n / 400))
    basis = np.exp(-2j * np.pi * np.outer(np.arange(201), n) / 400)
    rows = []
    for first in range(0, len(samples) - 399, 160):
        power = np.abs(basis @ (samples[first : first + 400].astype(np.float64) * hann)) ** 2
        row = []
        for low, mid, high in zip(edges, edges[1:], edges[2:], strict=False):
            total = 0.0
            for k in range(201):
                hz = k * 40.0
                weight = min((hz - low) / (mid - low), (high - hz) / (high - mid))
                total += max(weight, 0.0) * 2 / (high - low) * power[k]
            row.append(math.log(max(total, 1e-10)))
        rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("kind", ["noise", "tone", "quiet"])
def test_equals_the_definition(kind: str) -> None:
    generator = np.random.default_rng(3)
    signal = {
        "noise": generator.normal(0, 0.1, 2000),
        "tone": 0.5 * np.sin(2 * np.pi * 1234 * np.arange(2000) / 16_000),
        "quiet": generator.normal(0, 1e-4, 2000),
    }[kind].astype(np.float32)
    # A pure tone leaves bands that hold nothing but the rounding of float32: those are compared as power.
    ours, exact = log_mel(signal), by_definition(signal)
    assert ours.shape == exact.shape == (11, 40)
    assert np.allclose(np.exp(ours), np.exp(exact), rtol=2e-4, atol=1e-9)
    if kind == "noise":
        assert np.abs(ours - exact).max() < 1e-4


def test_the_comparison_can_fail() -> None:
    signal = np.random.default_rng(3).normal(0, 0.1, 2000).astype(np.float32)
    assert np.abs(log_mel(signal) - by_definition(np.roll(signal, 40))).max() > 0.1


def test_a_tone_is_loudest_in_its_band() -> None:
    for hertz in (200, 1000, 4000):
        tone = np.sin(2 * np.pi * hertz * np.arange(16_000) / 16_000).astype(np.float32)
        centres = mel_to_hz(np.linspace(0, float(hz_to_mel(np.array([8000.0]))[0]), MELS + 2))[1:-1]
        loudest = centres[log_mel(tone).mean(axis=0).argmax()]
        assert abs(loudest - hertz) <= max(70, 0.08 * hertz)


@given(st.integers(0, 40_000))
def test_number_of_vectors(samples: int) -> None:
    expected = 0 if samples == 0 else max(1, 1 + (samples - WINDOW) // HOP)
    values = log_mel(np.zeros(samples, dtype=np.float32))
    assert values.shape == (expected, MELS) and values.dtype == np.float32
    times = log_mel_times(expected)
    assert len(times) == expected
    assert np.allclose(np.diff(times), 0.01)


def test_silence_is_the_floor_and_short_sound_is_padded() -> None:
    assert np.allclose(log_mel(np.zeros(800, dtype=np.float32)), math.log(1e-10))
    short = np.full(10, 0.5, dtype=np.float32)
    assert np.array_equal(log_mel(short), log_mel(np.pad(short, (0, 390))))


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    whole = log_mel(signal)
    monkeypatch.setattr("emoprism.media.audio.BLOCK", 7)
    assert np.allclose(log_mel(signal), whole, atol=1e-5)


def test_filters_have_unit_area_and_the_scale_inverts() -> None:
    filters = mel_filters()
    assert filters.shape == (40, 201) and (filters >= 0).all() and (filters.max(axis=1) > 0).all()
    hz = np.array([0.0, 150.0, 999.0, 1000.0, 3000.0, 8000.0])
    assert np.allclose(mel_to_hz(hz_to_mel(hz)), hz)
    assert np.allclose(filters[20:].sum(axis=1) * 40, 1, atol=0.05)
