"""Speech-like sound of a known voice: a source-filter synthesiser (Fant, 1960; Klatt, 1980).

A glottal source whose pitch, tilt, roughness and breath are factors, through formant resonators whose frequencies scale
with the length of the vocal tract. It says nothing: only how it sounds counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from emoprism.puppets.emotions import Prosody
from emoprism.puppets.people import Voice
from emoprism.puppets.plan import Microphone
from emoprism.puppets.utterance import (
    CONTROL,
    NEUTRAL,
    VOWELS,
    Syllable,
    Track,
    formants,
    glide,
    loudness,
    melody,
    utter,
)

RATE = 16_000
"""Samples per second."""
RETUNE = 400
"""How many times a second the resonators are tuned: seldom enough to be cheap, often enough not to click."""
HIGH_FORMANTS = (3500.0, 4500.0)
BANDWIDTHS = (70.0, 90.0, 130.0, 180.0, 250.0)
REFERENCE_TRACT = 17.0
"""Length of the vocal tract that the formants of VOWELS belong to, cm."""
OPENING, CLOSING = 0.40, 0.16
"""Shares of the glottal cycle (Rosenberg, 1971, pulse C)."""
LEVEL = 0.09
"""Root mean square of a neutral clip, of full scale."""
Sound = Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class Speech:
    """The sound, float32 [n] at RATE within -1 to 1, and its control curves at CONTROL steps a second."""

    sound: Float32[np.ndarray, "n"]
    loudness: Track
    """Amplitude of the voice, 0 to about 1, before any gain."""
    openness: Track
    """How far the jaw drops for the vowel at hand, 0 to 1."""
    rounding: Track


def speak(
    voice: Voice, prosody: Prosody, f0: float, microphone: Microphone, seconds: float, rng: np.random.Generator
) -> Speech:
    """Synthesise one clip. `f0` is its median fundamental frequency in Hz."""
    syllables = utter(voice.rate * 2**prosody.tempo, seconds, rng)
    times = np.arange(int(np.ceil(seconds * CONTROL)) + 1) / CONTROL
    level = loudness(syllables, times)
    pitch = melody(syllables, times, voice.liveliness * 2**prosody.range, prosody.rise, rng)
    samples = np.arange(round(seconds * RATE)) / RATE
    source = _source(f0 * 2 ** (np.interp(samples, times, pitch) / 12), voice, prosody, rng)
    spoken = _resonate(source * np.interp(samples, times, level), formants(syllables, times), voice.tract)
    spoken = spoken + _consonants(syllables, voice.tract, len(samples), rng)
    gain = LEVEL * 10 ** ((0.7 * prosody.energy + microphone.gain) / 20)
    sound = _record(spoken * gain / float(np.sqrt(np.mean(spoken**2))), microphone, rng)
    opened = glide(syllables, [one.vowel.openness for one in syllables], 0.5 * VOWELS[NEUTRAL].openness, times)
    rounded = glide(syllables, [one.vowel.rounding for one in syllables], 0.0, times)
    return Speech(sound, level, opened, rounded)


def _source(f0: Sound, voice: Voice, prosody: Prosody, rng: np.random.Generator) -> Sound:
    """The glottal source: Rosenberg's pulse, differentiated, disturbed from cycle to cycle, tilted, and breath."""
    cycles = np.cumsum(f0) / RATE
    cycle = cycles.astype(np.int64)
    jitter = rng.normal(0, 0.004 + 0.03 * prosody.roughness, int(cycle[-1]) + 2)
    shimmer = np.exp(rng.normal(0, 0.02 + 0.25 * prosody.roughness, int(cycle[-1]) + 2))
    phase = np.mod(cycles + np.interp(cycles, np.arange(len(jitter)), jitter), 1.0)
    corner = float(np.clip(voice.tilt * 2**prosody.effort, 300, 6000))
    decay = float(np.exp(-2 * np.pi * corner / RATE))
    flow = np.diff(_pulse(phase) * shimmer[cycle], prepend=0.0)
    tilted = np.asarray(lfilter([8 * (1 - decay)], [1, -decay], flow))
    breath = (voice.breath + 0.6 * prosody.breath) * np.where(phase < OPENING + CLOSING, 1.0, 0.4)
    return tilted + breath * rng.normal(0, 0.3, len(f0))


def _pulse(phase: Sound) -> Sound:
    up = 0.5 * (1 - np.cos(np.pi * phase / OPENING))
    down = np.cos(0.5 * np.pi * (phase - OPENING) / CLOSING)
    return np.where(phase < OPENING, up, np.where(phase < OPENING + CLOSING, down, 0.0))


def _resonate(source: Sound, low: Float64[np.ndarray, "C 3"], tract: float) -> Sound:
    """A cascade of second-order resonators (Klatt, 1980, eqs. 1 and 2) for five formants, `low` three and two high."""
    block = RATE // RETUNE
    starts = range(0, len(source), block)
    moments = np.array(starts) * CONTROL / RATE
    moving = [np.interp(moments, np.arange(len(low)), track) for track in low.T]
    still = [np.full(len(moments), frequency) for frequency in HIGH_FORMANTS]
    frequency = np.minimum(np.stack([*moving, *still], axis=1) * REFERENCE_TRACT / tract, 0.47 * RATE)
    radius = np.exp(-np.pi * np.array(BANDWIDTHS) / RATE)
    sections = np.zeros((*frequency.shape, 6))
    sections[..., 3], sections[..., 5] = 1, radius**2
    sections[..., 4] = -2 * radius * np.cos(2 * np.pi * frequency / RATE)
    sections[..., 0] = sections[..., 3:].sum(axis=-1)
    out, state = np.zeros_like(source), np.zeros((len(BANDWIDTHS), 2))
    for start, tuned in zip(starts, sections, strict=True):
        part = slice(start, start + block)
        out[part], state = sosfilt(tuned, source[part], zi=state)
    return out


def _consonants(syllables: Sequence[Syllable], tract: float, count: int, rng: np.random.Generator) -> Sound:
    """Bursts and hisses at the start of syllables, higher for a shorter tract."""
    centre = float(np.clip(3800 * REFERENCE_TRACT / tract, 2000, 5800))
    band = butter(2, [0.6 * centre, 1.3 * centre], "bandpass", fs=RATE, output="sos")
    hiss = np.asarray(sosfilt(band, rng.normal(0, 0.06, count)))
    envelope = np.zeros(count)
    for one in syllables:
        length = {"stop": 0.015, "fricative": 0.07}.get(one.onset, 0.0)
        start, stop = int(one.start * RATE), min(int((one.start + length) * RATE), count)
        envelope[start:stop] = np.hanning(stop - start)
    return envelope * hiss


def _record(sound: Sound, microphone: Microphone, rng: np.random.Generator) -> Float32[np.ndarray, "n"]:
    """The room and the microphone: reverberation, background noise, soft limiting."""
    length = int(microphone.room * RATE)
    tail = rng.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    wet = fftconvolve(sound, tail / np.linalg.norm(tail))[: len(sound)]
    heard = (1 - microphone.wet) * sound + microphone.wet * wet
    noise = rng.normal(0, 10 ** (microphone.noise / 20), len(sound))
    return np.tanh(heard + np.asarray(lfilter([0.3], [1, -0.7], noise))).astype(np.float32)
