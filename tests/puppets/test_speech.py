from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from jaxtyping import Float32
from scipy.ndimage import gaussian_filter1d

from emoprism.puppets.emotions import Prosody
from emoprism.puppets.people import Voice
from emoprism.puppets.plan import Microphone
from emoprism.puppets.speech import RATE, Speech, speak
from emoprism.puppets.utterance import CONTROL, VOWELS, Syllable, formants, loudness, melody, utter

VOICE = Voice(f0=120.0, tract=17.0, tilt=1500.0, breath=0.05, rate=4.5, liveliness=1.5)
DRY = Microphone(gain=0.0, noise=-70.0, room=0.05, wet=0.0)
Sound = Float32[np.ndarray, "n"]
Measure = Callable[[np.ndarray], float]


def say(
    voice: Voice = VOICE, microphone: Microphone = DRY, seed: int = 0, f0: float = 120.0, **prosody: float
) -> Speech:
    return speak(voice, Prosody(**prosody), f0, microphone, 3.0, np.random.default_rng(seed))


def power(sound: Sound, low: float, high: float) -> float:
    """Share of the power between two frequencies, decibels."""
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    inside = spectrum[(frequencies >= low) & (frequencies < high)].sum()
    return float(10 * np.log10(inside / spectrum.sum()))


@pytest.mark.parametrize("f0", [85.0, 120.0, 180.0, 260.0, 330.0])
def test_the_sound_has_the_pitch_that_was_asked_for(f0: float, f0_of: Measure) -> None:
    errors = [12 * np.log2(f0_of(say(f0=f0, seed=seed).sound) / f0) for seed in range(3)]
    assert np.median(np.abs(errors)) < 0.7, "within two thirds of a semitone"


def test_pitch_range_widens_the_melody_and_nothing_else() -> None:
    syllables = utter(4.5, 3.0, np.random.default_rng(1))
    times = np.arange(301) / CONTROL
    low, high = (melody(syllables, times, excursion, 0.0, np.random.default_rng(2)) for excursion in (1.0, 2.0))
    np.testing.assert_allclose(high, 2 * low)
    rising = melody(syllables, times, 1.0, 4.0, np.random.default_rng(2)) - low
    end = next(one for one in syllables if one.place == 1)
    at_end, at_start = (int((moment) * CONTROL) for moment in (end.start + 0.9 * end.length, end.start - end.length))
    assert rising[at_end] - rising[at_start] > 1.5


def test_a_longer_tract_lowers_the_formants() -> None:
    def centroid(tract: float) -> float:
        voice = Voice(120.0, tract, 1500.0, 0.05, 4.5, 1.5)
        sound = np.concatenate([say(voice, seed=seed).sound for seed in range(4)])
        spectrum = gaussian_filter1d(np.abs(np.fft.rfft(sound)), 300)
        f = np.fft.rfftfreq(len(sound), 1 / RATE)
        band = (f > 900) & (f < 4500)
        return float(np.sum(f[band] * spectrum[band]) / np.sum(spectrum[band]))

    short, long = centroid(14.0), centroid(18.0)
    assert short > 1.04 * long
    tuned = formants([Syllable(0.0, 1.0, VOWELS["a"], "none", 0.0, 0.0)], np.arange(100) / CONTROL)
    np.testing.assert_allclose(tuned[50], VOWELS["a"].formants)


def test_energy_is_level_and_pitch_stays(f0_of: Measure) -> None:
    quiet, loud = say(energy=-4.0), say(energy=6.0)
    ratio = 20 * np.log10(np.std(loud.sound) / np.std(quiet.sound))
    assert 4 < ratio < 7.5
    assert abs(f0_of(loud.sound) / f0_of(quiet.sound) - 1) < 0.01


def test_effort_brightens_and_breath_hisses() -> None:
    lax, tense = say(effort=-1.0), say(effort=1.0)
    assert power(tense.sound, 1500, 4000) > power(lax.sound, 1500, 4000) + 4
    assert power(say(breath=1.0).sound, 2500, 5000) > power(say(breath=0.3).sound, 2500, 5000) + 3


def test_roughness_disturbs_the_period() -> None:
    def periodicity(speech: Speech) -> float:
        best = []
        for start in range(0, len(speech.sound) - 800, 320):
            window = speech.sound[start : start + 800] * np.hanning(800)
            similar = np.fft.irfft(np.abs(np.fft.rfft(window, 2048)) ** 2)
            if similar[0] > 0.1:
                best.append(similar[RATE // 450 : RATE // 65].max() / similar[0])
        return float(np.median(best))

    assert periodicity(say(roughness=0.0)) > periodicity(say(roughness=0.8)) + 0.02


def test_tempo_is_syllables_a_second() -> None:
    counts = [
        np.mean([len(utter(rate, 10.0, np.random.default_rng(seed))) for seed in range(5)]) for rate in (3.0, 6.0)
    ]
    assert 1.6 < counts[1] / counts[0] < 2.1


def test_voice_is_silent_in_pauses_and_the_control_curves_agree() -> None:
    speech = say(seed=3)
    heard = np.sqrt(gaussian_filter1d(speech.sound.astype(np.float64) ** 2, 160))[:: RATE // CONTROL]
    level = speech.loudness[: len(heard)]
    assert np.corrcoef(heard, level)[0, 1] > 0.6
    assert np.corrcoef(np.roll(heard, 60), level)[0, 1] < 0.4
    assert heard[level < 0.01].max() < 0.15 * heard.max()
    for curve in (speech.loudness, speech.openness, speech.rounding):
        assert curve.min() >= 0
        assert curve.max() <= 1.6


def test_room_and_microphone() -> None:
    dry, wet = say(), say(microphone=Microphone(gain=0.0, noise=-70.0, room=0.3, wet=0.5))
    assert not np.allclose(dry.sound, wet.sound, atol=0.01)
    hissing = say(microphone=Microphone(gain=0.0, noise=-40.0, room=0.05, wet=0.0))
    assert np.std(hissing.sound[:400]) > 5 * np.std(dry.sound[:400])
    louder = say(microphone=Microphone(gain=6.0, noise=-70.0, room=0.05, wet=0.0))
    assert np.std(louder.sound) > 1.5 * np.std(dry.sound)
    assert np.abs(say(energy=10.0, microphone=Microphone(4.0, -46.0, 0.2, 0.2)).sound).max() <= 1


@pytest.mark.parametrize("seconds", [0.5, 0.7, 1.3])
def test_even_a_short_clip_says_something(seconds: float) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        speech = speak(VOICE, Prosody(tempo=-1.5), 100.0, DRY, seconds, rng)
        assert len(speech.sound) == round(seconds * RATE)
        assert np.isfinite(speech.sound).all()
        assert np.std(speech.sound) > 0.01


def test_loudness_dips_between_syllables_that_begin_with_a_stop() -> None:
    two = [
        Syllable(0.1 + 0.3 * k, 0.3, VOWELS["a"], onset, 0.0, 0.0) for k, onset in enumerate(("none", "stop", "nasal"))
    ]
    level = loudness(two, np.arange(110) / CONTROL)
    assert level[40] < level[70] < 0.8 < level[55]
    assert level[5] < 0.05
