"""Speech-like sound of a known voice: a source-filter synthesiser (Fant, 1960; Klatt, 1980).

Syllables of random vowels and consonants; a glottal source whose pitch, tilt, roughness and breath are factors; formant
resonators whose frequencies scale with the length of the vocal tract. It says nothing: only how it sounds counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from emoprism.puppets.emotions import Prosody
from emoprism.puppets.people import Voice
from emoprism.puppets.plan import Microphone

RATE = 16_000
"""Samples per second."""
CONTROL = 100
"""Steps per second of every control curve."""
VOWELS = {
    "a": (750.0, 1250.0, 2550.0), "e": (500.0, 1850.0, 2500.0), "i": (290.0, 2200.0, 2950.0),
    "o": (480.0, 880.0, 2500.0), "u": (320.0, 780.0, 2350.0), "@": (500.0, 1450.0, 2500.0),
}  # fmt: skip
"""First three formants of an adult male with a tract of 17 cm, Hz (after Fant, 1960)."""
OPENNESS = {"a": 1.0, "e": 0.7, "i": 0.4, "o": 0.7, "u": 0.35, "@": 0.6}
"""How far the jaw drops for a vowel."""
ROUNDED = frozenset("ou")
BANDWIDTHS = (70.0, 90.0, 130.0, 180.0, 250.0)
REFERENCE_TRACT = 17.0
Track = Float64[np.ndarray, "C"]
Sound = Float64[np.ndarray, "n"]


@dataclass(frozen=True, slots=True)
class Syllable:
    """Times in seconds; `onset` is what starts it: a stop, a fricative, a nasal or nothing."""

    start: float
    length: float
    vowel: str
    onset: str
    accent: float
    last: bool
    """Whether a pause follows."""


@dataclass(frozen=True)
class Speech:
    """The sound, float32 [n] at RATE within -1 to 1, and its control curves at CONTROL steps a second."""

    sound: Float32[np.ndarray, "n"]
    f0: Track
    """Hz; meaningful where the voice sounds."""
    loudness: Track
    """Amplitude of the voice, 0 to about 1, before the gain of the microphone."""
    openness: Track
    """How far the jaw would drop for the vowel at hand, 0 to 1."""
    rounding: Track


def speak(
    voice: Voice, prosody: Prosody, f0: float, microphone: Microphone, seconds: float, rng: np.random.Generator
) -> Speech:
    """Synthesise one clip. `f0` is its median fundamental frequency in Hz."""
    syllables = script(voice.rate * 2**prosody.tempo, seconds, rng)
    times = np.arange(int(np.ceil(seconds * CONTROL)) + 1) / CONTROL
    loudness = _loudness(syllables, times)
    pitch = _melody(voice, prosody, f0, syllables, times, rng)
    count = round(seconds * RATE)
    voiced = _source(pitch, loudness, voice, prosody, count, rng)
    spoken = _resonate(voiced, _formants(syllables, times, voice.tract), times)
    spoken = spoken + _consonants(syllables, voice.tract, count, rng)
    level = 0.09 * 10 ** ((0.7 * prosody.energy + microphone.gain) / 20)
    loud = float(np.sqrt(np.mean(spoken**2))) + 1e-9
    sound = _record(spoken * (level / loud), microphone, rng)
    opened = _vowel_track(syllables, times, OPENNESS)
    rounding = _vowel_track(syllables, times, {vowel: float(vowel in ROUNDED) for vowel in VOWELS})
    return Speech(sound, pitch, loudness, opened, rounding)


def script(rate: float, seconds: float, rng: np.random.Generator) -> list[Syllable]:
    """Syllables at about `rate` a second in phrases of four to nine, with pauses between them."""
    syllables: list[Syllable] = []
    time, left = float(rng.uniform(0.05, 0.25)), int(rng.integers(4, 10))
    while True:
        length = float(np.clip(rng.normal(1, 0.2), 0.6, 1.6)) / rate
        if time + length > seconds - 0.08:
            break
        left -= 1
        vowel, onset = str(rng.choice(list(VOWELS))), str(rng.choice(["stop", "fricative", "nasal", "none"]))
        syllables.append(Syllable(time, length, vowel, onset, float(rng.normal(0, 1)), last=left == 0))
        time += length
        if left == 0:
            time, left = time + float(rng.uniform(0.15, 0.35)), int(rng.integers(4, 10))
    return syllables


def _loudness(syllables: list[Syllable], times: Track) -> Track:
    """Amplitude of the voice: a hump per syllable, softened consonants between."""
    level = np.zeros_like(times)
    for one in syllables:
        place = (times - one.start) / one.length
        hump = np.clip(np.sin(np.pi * np.clip(place, 0, 1)), 0, 1) ** 0.5
        floor = 0.35 if one.onset in ("nasal", "none") else 0.0
        inside = (place >= 0) & (place < 1)
        shaped = (floor + (1 - floor) * hump) * np.exp(0.12 * one.accent)
        level = np.where(inside, np.maximum(level, shaped), level)
    return gaussian_filter1d(level, 1.2)


def _melody(
    voice: Voice, prosody: Prosody, f0: float, syllables: list[Syllable], times: Track, rng: np.random.Generator
) -> Track:
    """F0 in Hz: accents, declination, a final rise or fall, and drift, around the median `f0`."""
    excursion = voice.liveliness * 2**prosody.range
    semitones = excursion * 0.35 * gaussian_filter1d(rng.normal(0, 1, len(times)), 12) * 5
    for one in syllables:
        middle, width = one.start + 0.45 * one.length, 0.45 * one.length
        semitones = semitones + excursion * one.accent * np.exp(-(((times - middle) / width) ** 2))
        if one.last:
            ramp = np.clip((times - one.start + one.length) / (2 * one.length), 0, 1)
            semitones = semitones + np.where(times < one.start + one.length + 0.05, prosody.rise * ramp**2, 0)
    speaking = np.zeros(len(times), bool)
    for one in syllables:
        speaking |= (times >= one.start) & (times < one.start + one.length)
    middle = float(np.median(semitones[speaking])) if speaking.any() else 0.0
    return f0 * 2 ** (np.clip(gaussian_filter1d(semitones - middle, 1.5), -12, 12) / 12)


def _source(
    pitch: Track, loudness: Track, voice: Voice, prosody: Prosody, count: int, rng: np.random.Generator
) -> Sound:
    """The glottal source: Rosenberg's pulse (1971), differentiated, tilted, disturbed, with breath on top."""
    at = np.arange(count) * CONTROL / RATE
    steps = np.arange(len(pitch))
    cycles = np.cumsum(np.interp(at, steps, pitch)) / RATE
    cycle = cycles.astype(np.int64)
    rough = prosody.roughness
    jitter = rng.normal(0, 0.004 + 0.03 * rough, int(cycle[-1]) + 2)
    shimmer = np.exp(rng.normal(0, 0.02 + 0.25 * rough, int(cycle[-1]) + 2))
    phase = np.mod(cycles + np.interp(cycles, np.arange(len(jitter)), jitter), 1.0)
    flow = _pulse(phase) * shimmer[cycle]
    corner = float(np.clip(voice.tilt * 2**prosody.effort, 300, 6000))
    decay = np.exp(-2 * np.pi * corner / RATE)
    tilted = lfilter([1 - decay], [1, -decay], np.diff(flow, prepend=0.0) * 8)
    breath = voice.breath + 0.6 * prosody.breath
    noise = rng.normal(0, 0.05, count) * (0.4 + 0.6 * (phase < 0.6)) * breath
    return (tilted + noise) * np.interp(at, steps, loudness)


def _pulse(phase: Sound) -> Sound:
    rising, falling = 0.4, 0.16
    up = 0.5 * (1 - np.cos(np.pi * phase / rising))
    down = np.cos(0.5 * np.pi * (phase - rising) / falling)
    return np.where(phase < rising, up, np.where(phase < rising + falling, down, 0.0))


def _vowel_track(syllables: list[Syllable], times: Track, value: dict[str, float]) -> Track:
    """A value per vowel as a smooth curve."""
    track = np.full(len(times), value["@"] * 0.5)
    for one in syllables:
        track[(times >= one.start) & (times < one.start + one.length)] = value[one.vowel]
    return gaussian_filter1d(track, 3.0)


def _formants(syllables: list[Syllable], times: Track, tract: float) -> Float64[np.ndarray, "C 5"]:
    """Five formants in Hz over time, gliding from vowel to vowel, scaled by the length of the tract."""
    scale = REFERENCE_TRACT / tract
    tracks = [_vowel_track_from(syllables, times, number) for number in range(3)]
    high = [np.full(len(times), frequency) for frequency in (3500.0, 4500.0)]
    return np.minimum(np.stack([*tracks, *high], axis=1) * scale, 0.47 * RATE)


def _vowel_track_from(syllables: list[Syllable], times: Track, number: int) -> Track:
    track = np.full(len(times), VOWELS["@"][number])
    for one in syllables:
        track[(times >= one.start) & (times < one.start + one.length)] = VOWELS[one.vowel][number]
    return gaussian_filter1d(track, 2.5)


def _resonate(source: Sound, formants: Float64[np.ndarray, "C 5"], times: Track) -> Sound:
    """A cascade of second-order resonators (Klatt, 1980, eq. 1), retuned a hundred times a second."""
    step = RATE // CONTROL
    radius = np.exp(-np.pi * np.array(BANDWIDTHS) / RATE)
    second = -2 * radius * np.cos(2 * np.pi * formants / RATE)
    third = np.broadcast_to(radius**2, second.shape)
    sections = np.zeros((len(times), len(BANDWIDTHS), 6))
    sections[..., 0] = 1 + second + third
    sections[..., 3] = 1
    sections[..., 4], sections[..., 5] = second, third
    state = np.zeros((len(BANDWIDTHS), 2))
    blocks: list[Sound] = []
    for start in range(0, len(source), step):
        block, state = sosfilt(sections[start // step], source[start : start + step], zi=state)
        blocks.append(block)
    return np.concatenate(blocks)


def _consonants(syllables: list[Syllable], tract: float, count: int, rng: np.random.Generator) -> Sound:
    """Bursts and hisses at the start of syllables, higher for a shorter tract."""
    out = np.zeros(count)
    centre = np.clip(3800 * REFERENCE_TRACT / tract, 2000, 5800)
    band = butter(2, [centre * 0.6, centre * 1.3], "bandpass", fs=RATE, output="sos")
    hiss = sosfilt(band, rng.normal(0, 1, count))
    for one in syllables:
        length = {"stop": 0.015, "fricative": 0.07}.get(one.onset, 0.0)
        start, stop = int(one.start * RATE), int((one.start + length) * RATE)
        if stop > start:
            out[start:stop] += 0.06 * hiss[start:stop] * np.hanning(stop - start)[: len(out[start:stop])]
    return out


def _record(sound: Sound, microphone: Microphone, rng: np.random.Generator) -> Float32[np.ndarray, "n"]:
    """The room and the microphone: reverberation, background noise, soft limiting."""
    length = int(microphone.room * RATE)
    tail = rng.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    tail = tail / (np.linalg.norm(tail) + 1e-9)
    wet = fftconvolve(sound, tail)[: len(sound)]
    mixed = (1 - microphone.wet) * sound + microphone.wet * wet
    hum = lfilter([0.3], [1, -0.7], rng.normal(0, 10 ** (microphone.noise / 20), len(sound)))
    return np.tanh(mixed + hum).astype(np.float32)
