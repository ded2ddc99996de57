"""Speech to fingerprint, made on the spot, and the ways in which it is copied."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from jaxtyping import Float32

from emoprism.puppets.emotions import Prosody
from emoprism.puppets.people import draw_people
from emoprism.puppets.plan import Microphone
from emoprism.puppets.speech import RATE, speak

Samples = Float32[np.ndarray, "n"]
PEOPLE = 6


@cache
def speech(number: int, seconds: float = 3.0) -> np.ndarray:
    """Clip `number` of some puppets, 16 kHz: every clip says something else."""
    person = draw_people(PEOPLE, seed=3)[number % PEOPLE]
    microphone = Microphone(gain=0.0, noise=-55.0, room=0.1, wet=0.1)
    rng = np.random.default_rng([7, number])
    return speak(person.voice, Prosody(), 110.0 + 20 * (number % PEOPLE), microphone, seconds, rng).sound


def encoded(samples: np.ndarray, codec: str, container: str, bits: int) -> bytes:
    """Mono sound at 16 kHz in a file of a lossy codec."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        stream.codec_context.bit_rate = bits
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def trimmed(samples: np.ndarray, before: float, after: float) -> np.ndarray:
    return samples[round(before * RATE) : len(samples) - round(after * RATE)]


class Tape:
    """What tests make sound with."""

    rate = RATE
    speech = staticmethod(speech)
    encoded = staticmethod(encoded)
    trimmed = staticmethod(trimmed)

    def write(self, path: Path, samples: np.ndarray) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, RATE)
        return path


@pytest.fixture(scope="session")
def tape() -> Tape:
    return Tape()


@pytest.fixture
def listed(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a table: `listed(name, text)`."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
