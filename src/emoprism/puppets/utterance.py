"""What a puppet says: syllables in phrases, and the curves that they draw over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64
from scipy.ndimage import gaussian_filter1d

CONTROL: Final = 100
"""Steps per second of every control curve."""
NEUTRAL: Final = "@"
"""The vowel of a tract at rest."""
ONSETS: Final = ("stop", "fricative", "nasal", "none")
Track = Float64[np.ndarray, "C"]


@dataclass(frozen=True, slots=True)
class Vowel:
    """Formants in Hz of an adult male with a tract of 17 cm (after Fant, 1960), and what the mouth does."""

    formants: tuple[float, float, float]
    openness: float
    """How far the jaw drops, 0 to 1."""
    rounding: float = 0.0
    """How far the lips are rounded, 0 to 1."""


VOWELS: Final[Mapping[str, Vowel]] = MappingProxyType(
    {
        "a": Vowel((750.0, 1250.0, 2550.0), 1.0),
        "e": Vowel((500.0, 1850.0, 2500.0), 0.7),
        "i": Vowel((290.0, 2200.0, 2950.0), 0.4),
        "o": Vowel((480.0, 880.0, 2500.0), 0.7, rounding=1.0),
        "u": Vowel((320.0, 780.0, 2350.0), 0.35, rounding=1.0),
        NEUTRAL: Vowel((500.0, 1450.0, 2500.0), 0.6),
    }
)


@dataclass(frozen=True, slots=True)
class Syllable:
    """Start and length in seconds; `onset` is the consonant it begins with."""

    start: float
    length: float
    vowel: Vowel
    onset: str
    accent: float
    """Prominence in pitch and level, of unit variance."""
    place: float
    """Where in its phrase, from 0 (first) to 1 (last)."""

    def covers(self, times: Track) -> Bool[np.ndarray, "C"]:
        """Which of `times` lie within the syllable."""
        return (times >= self.start) & (times < self.start + self.length)


def utter(rate: float, seconds: float, rng: np.random.Generator) -> list[Syllable]:
    """Syllables at about `rate` a second in phrases of four to nine, with pauses between them; at least one."""
    syllables: list[Syllable] = []
    time, end = float(rng.uniform(0.02, 0.08)) * seconds, seconds - 0.05
    while True:
        count = int(rng.integers(4, 10))
        for number in range(count):
            length = float(np.clip(rng.normal(1, 0.2), 0.6, 1.6)) / rate
            if time + length > end and syllables:
                return syllables
            vowel, onset = VOWELS[str(rng.choice(list(VOWELS)))], str(rng.choice(ONSETS))
            accent, length = float(rng.normal(0, 1)), min(length, end - time)
            syllables.append(Syllable(time, length, vowel, onset, accent, number / (count - 1)))
            time += length
        time += float(rng.uniform(0.15, 0.35))


def loudness(syllables: Sequence[Syllable], times: Track) -> Track:
    """Amplitude of the voice, 0 to about 1: a hump per syllable, with softer dips at nasals and between vowels."""
    level = np.zeros_like(times)
    for one in syllables:
        floor = 0.35 if one.onset in ("nasal", "none") else 0.0
        hump = np.sqrt(np.sin(np.pi * np.clip((times - one.start) / one.length, 0, 1)).clip(0))
        shaped = (floor + (1 - floor) * hump) * np.exp(0.12 * one.accent)
        level = np.where(one.covers(times), shaped, level)
    return gaussian_filter1d(level, 1.2)


def glide(syllables: Sequence[Syllable], values: Sequence[float], between: float, times: Track) -> Track:
    """A curve that glides from one syllable's value to the next one's, and to `between` in pauses."""
    track = np.full(len(times), between)
    for one, value in zip(syllables, values, strict=True):
        track[one.covers(times)] = value
    return gaussian_filter1d(track, 2.5)


def formants(syllables: Sequence[Syllable], times: Track) -> Float64[np.ndarray, "C 3"]:
    """The first three formants over time, Hz, for a tract of 17 cm."""
    rest = VOWELS[NEUTRAL].formants
    tracks = [glide(syllables, [one.vowel.formants[k] for one in syllables], rest[k], times) for k in range(3)]
    return np.stack(tracks, axis=1)


def melody(
    syllables: Sequence[Syllable], times: Track, excursion: float, rise: float, rng: np.random.Generator
) -> Track:
    """Pitch over time, semitones around its median: accents, declination, the end of phrases, and drift.

    `excursion` is the size of an accent, `rise` that of the movement at the end of a phrase, both in semitones.
    """
    pitch = 0.4 * excursion * 6 * gaussian_filter1d(rng.normal(0, 1, len(times)), 12)
    speaking = np.zeros(len(times), bool)
    for one in syllables:
        middle, width = one.start + 0.45 * one.length, 0.45 * one.length
        pitch = pitch + excursion * one.accent * np.exp(-(((times - middle) / width) ** 2))
        pitch = pitch - np.where(one.covers(times), 0.8 * excursion * one.place, 0.0)
        if one.place == 1:
            ramp = (times - one.start + one.length) / (2 * one.length)
            pitch = pitch + np.where(ramp <= 1.1, rise * np.clip(ramp, 0, 1) ** 2, 0.0)
        speaking |= one.covers(times)
    pitch = gaussian_filter1d(pitch, 2.0)
    return np.clip(pitch - np.median(pitch[speaking]), -12, 12)
