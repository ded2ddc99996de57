"""What only the shards know, of a sample of the clips: how loud they are, how silent, and how many faces they show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from emoprism import console
from emoprism.media.audio import MELS, WINDOW, hz_to_mel, mel_to_hz
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.media.sound import RATE
from emoprism.split_audit.prints import SILENT
from emoprism.types import AUDIO, FACE

DIGITAL = -80.0
"""Decibels below which any step counts as silent."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """`rows` index the clips that were looked at, in order. nan: no sound. `faces`: tracks of a clip with a face."""

    rows: Int64[np.ndarray, "M"]
    level: Float64[np.ndarray, "M"]
    silence: Float64[np.ndarray, "M"]
    faces: Int64[np.ndarray, "M"]


def look(corpus: PreparedCorpus, most: int, seed: int) -> Sampled:
    """Read at most so many clips, drawn by the seed where there are more."""
    rows = drawn(len(corpus.clips), most, np.random.default_rng([seed, 1]))
    audible = corpus.streams.get(AUDIO) is not None and corpus.streams[AUDIO].shape == (MELS,)
    level, silence = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    faces = np.zeros(len(rows), dtype=np.int64)
    clips = [corpus.clips[row] for row in rows.tolist()]
    for i, clip in enumerate(console.track(clips, "look at clips", len(clips)) if clips else ()):
        if audible and clip.steps.get(AUDIO):
            steps = corpus.read(clip, AUDIO)
            level[i], silence[i] = loudness(steps), silent_share(steps)
        faces[i] = _faces(corpus, clip)
    return Sampled(rows, level, silence, faces)


def drawn(count: int, most: int, generator: np.random.Generator) -> Int64[np.ndarray, "M"]:
    """`most` different numbers below `count` in order, or all of them."""
    if count <= most:
        return np.arange(count, dtype=np.int64)
    return np.sort(generator.choice(count, most, replace=False)).astype(np.int64)


def _faces(corpus: PreparedCorpus, clip: PreparedClip) -> int:
    return len(corpus.tracks(clip)) if clip.steps.get(FACE) else 0


def power(log_mel: Float32[np.ndarray, "T 40"]) -> Float64[np.ndarray, "T"]:
    """Mean square of each step's samples, 1 for a square wave of full scale, as its log-mel vector tells it.

    A mel value is the power spectrum's mean over its band in bins of 40 Hz; bands are a hop of the scale wide. By
    Parseval and with the Hann window's own power, 3/8 (Harris 1978, table I), that is the mean square, short
    of what lies below the first band's middle.
    """
    edges = mel_to_hz(np.linspace(0.0, float(hz_to_mel(np.array([RATE / 2]))[0]), MELS + 2))
    width = (edges[2:] - edges[:-2]) / 2
    total = np.exp(log_mel.astype(np.float64)) @ width
    return total * 2 / (WINDOW * WINDOW * 3 / 8)


def loudness(log_mel: Float32[np.ndarray, "T 40"]) -> float:
    """Level of a clip in decibels, 0 for a square wave of full scale; nan for no steps."""
    return float(10 * np.log10(power(log_mel).mean())) if len(log_mel) else float("nan")


def silent_share(log_mel: Float32[np.ndarray, "T 40"]) -> float:
    """Share of the steps that are SILENT below the loudest one, or below DIGITAL; nan for no steps."""
    if not len(log_mel):
        return float("nan")
    level = 10 * np.log10(power(log_mel))
    return float(np.mean(level < max(level.max() - SILENT, DIGITAL)))
