"""Fingerprints: what they do not hear (level, band gains, silence), and what they do."""

from __future__ import annotations

import numpy as np
import pytest

from emoprism.media.audio import log_mel
from emoprism.split_audit.chance import WHITE, Threshold, dependence, independent_bits
from emoprism.split_audit.prints import BITS, EDGE, describe, fingerprint

from .conftest import Tape

LOUD = 1e-3
"""Samples of which so little is silence that the floor of log-mels plays no part."""


def errors(one: np.ndarray, other: np.ndarray, shift: int = 0) -> float:
    """Bit error rate of two sounds, the second `shift` steps ahead."""
    a, b = fingerprint(log_mel(one)), fingerprint(log_mel(other))
    count = min(len(a.words), len(b.words) - shift)
    both = a.sounding[:count] & b.sounding[shift : shift + count]
    return float(np.bitwise_count((a.words[:count] ^ b.words[shift : shift + count])[both]).mean() / BITS)


@pytest.mark.parametrize("decibels", [-30.0, -12.0, 6.0])
def test_the_level_is_not_heard(tape: Tape, decibels: float) -> None:
    samples = tape.speech(0)
    assert errors(samples, (samples * 10 ** (decibels / 20)).astype(np.float32)) < 0.01


def test_a_gain_of_every_band_drops_out(tape: Tape) -> None:
    log_mels = log_mel(tape.speech(0)) + 8  # clear of the floor
    tilted = log_mels + np.linspace(0, 3, 40, dtype=np.float32)
    one, other = fingerprint(log_mels), fingerprint(tilted.astype(np.float32))
    both = one.sounding & other.sounding
    assert np.bitwise_count((one.words ^ other.words)[both]).mean() / BITS < 0.005


@pytest.mark.parametrize("samples", [0, 40, 80, 120, 160])
def test_a_trim_by_part_of_a_step_changes_little(tape: Tape, samples: int) -> None:
    sound = tape.speech(1)
    best = min(errors(sound[samples:], sound, shift) for shift in (0, 1))
    assert best < (0.001 if samples in (0, 160) else 0.12)


def test_other_speech_differs_in_half_of_its_bits(tape: Tape) -> None:
    rates = [errors(tape.speech(i), tape.speech(j)) for i in range(6) for j in range(i)]
    assert abs(np.mean(rates) - 0.5) < 0.03


def test_silence_is_masked_and_counted(tape: Tape) -> None:
    spoken = tape.speech(0)
    quiet = np.random.default_rng(0).normal(0, 1e-4, tape.rate).astype(np.float32)
    padded = describe(log_mel(np.concatenate([quiet, spoken, quiet])))
    alone = describe(log_mel(spoken))
    assert padded.loudness is not None
    assert alone.loudness is not None
    assert abs(padded.loudness.leading - alone.loudness.leading - 1) < 0.03
    assert abs(padded.loudness.trailing - alone.loudness.trailing - 1) < 0.05
    assert abs(padded.loudness.level - alone.loudness.level) < 0.5
    assert not padded.fingerprint.sounding[:80].any()


def test_sound_of_nothing_has_no_fingerprint() -> None:
    for log_mels in (np.zeros((0, 40), np.float32), log_mel(np.zeros(16_000, np.float32))):
        nothing = describe(log_mels)
        assert nothing.digest is None
        assert nothing.loudness is None
        assert len(nothing.fingerprint.words) == 0
    assert len(fingerprint(np.zeros((2 * EDGE, 40), np.float32)).words) == 0


def test_empty_bands_count_for_nothing() -> None:
    rng = np.random.default_rng(0)
    narrow = rng.normal(0, 1, (300, 40)).astype(np.float32)
    narrow[:, 12:] = np.log(1e-10)
    found = fingerprint(narrow)
    assert found.bands == sum(1 << k for k in range(8)), "bits of bands 3 to 11"
    assert not (found.words & ~np.uint32(found.bands)).any()


def test_noise_is_worth_the_bits_that_theory_gives_it() -> None:
    rng = np.random.default_rng(0)
    own = dependence(fingerprint(np.log(rng.exponential(size=(4000, 40))).astype(np.float32)))
    assert abs(float(np.square(own).sum()) / WHITE - 1) < 0.35
    assert independent_bits(1000, own, own) <= 1000 / WHITE


def test_thresholds_fall_with_fewer_bits_and_more_comparisons() -> None:
    bits = np.array([50.0, 100.0, 400.0, 2000.0])
    few, many = Threshold(1e3).at(bits), Threshold(1e12).at(bits)
    assert (np.diff(few) > 0).all()
    assert (many <= few).all()
    assert few.max() < 0.35
    assert Threshold(1e9).at(np.array([20.0]))[0] < 0


def test_false_alarms_of_unrelated_bits_are_as_rare_as_stated() -> None:
    """The binomial argument, at a probability that can be counted."""
    rng = np.random.default_rng(0)
    rates = rng.binomial(400, 0.5, 200_000) / 400
    comparisons = 1e-3 / 1e-3  # a single one, at the probability of FALSE_ALARM
    assert (rates <= Threshold(comparisons).at(np.array([400.0]))[0]).mean() < 1.3e-3
