"""Who the puppets are: face, voice and expressive style of each person, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from emoprism.puppets.emotions import ACTION_UNITS, Prosody
from emoprism.puppets.hair import HAIR_STYLES

SKIN_TONES = ((246, 214, 190), (232, 190, 158), (214, 165, 128), (186, 134, 98), (146, 98, 68), (104, 68, 48))
HAIR_COLOURS = ((38, 30, 28), (78, 52, 36), (126, 82, 48), (206, 166, 100), (150, 66, 36), (158, 154, 152))
EYE_COLOURS = ((92, 62, 40), (70, 110, 140), (84, 122, 78), (58, 42, 32))

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Face:
    """Geometry in units of the distance from the middle of the face to the chin, and colours in RGB."""

    width: float
    jaw: float
    chin: float
    forehead: float
    eye_spacing: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    brow_height: float
    brow_thickness: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    mouth_height: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    ears: float
    skin: RGB
    hair: RGB
    iris: RGB
    hair_style: str
    beard: float
    """Darkness of a beard, 0 for none."""
    glasses: bool


@dataclass(frozen=True, slots=True)
class Voice:
    """The neutral voice."""

    f0: float
    """Median fundamental frequency, Hz."""
    tract: float
    """Vocal-tract length, cm; formants scale with 17 / tract."""
    tilt: float
    """Corner frequency of the glottal source's spectral tilt, Hz."""
    breath: float
    rate: float
    """Syllables per second."""
    liveliness: float
    """Standard deviation of F0, semitones."""


@dataclass(frozen=True, slots=True)
class Style:
    """How this person expresses: a gain per action unit and prosodic dimension, and the face at rest."""

    action_units: tuple[float, ...]
    prosody: tuple[float, ...]
    rest: tuple[float, ...]
    """Action units of the neutral face, in the order of ACTION_UNITS."""
    motion: float
    """Gain of head motion."""
    blinks: float
    """Per second."""


@dataclass(frozen=True, slots=True)
class Person:
    """One speaker."""

    id: str
    gender: str
    face: Face
    voice: Voice
    style: Style


def draw_people(count: int, seed: int, style: float = 1.0) -> list[Person]:
    """`count` people, half of them with a female-like, half with a male-like voice.

    Every factor is spread evenly over its range (one person per quantile, Latin hypercube: McKay et al., 1979), so that
    even few people differ in each. `style` scales how far they differ in expression.
    """
    rng = np.random.default_rng([seed, 1])
    genders = ["female" if index % 2 == 0 else "male" for index in range(count)]
    faces = _faces(rng, genders)
    voices = _voices(rng, genders)
    digits = max(2, len(str(count)))
    return [
        Person(f"p{index + 1:0{digits}d}", genders[index], faces[index], voices[index], _style(rng, style))
        for index in range(count)
    ]


def _spread(rng: np.random.Generator, count: int, low: float, high: float) -> Float64[np.ndarray, "N"]:
    return low + (high - low) * (rng.permutation(count) + rng.random(count)) / count


def _faces(rng: np.random.Generator, genders: list[str]) -> list[Face]:
    n = len(genders)
    ranges = {
        "width": (0.68, 0.84), "jaw": (0.60, 0.86), "chin": (0.92, 1.08), "forehead": (0.98, 1.12),
        "eye_spacing": (0.29, 0.37), "eye_width": (0.125, 0.165), "eye_height": (0.050, 0.080),
        "eye_tilt": (-0.18, 0.18), "brow_height": (0.20, 0.28), "brow_thickness": (0.030, 0.070),
        "brow_tilt": (-0.10, 0.14), "nose_length": (0.36, 0.50), "nose_width": (0.11, 0.19),
        "mouth_height": (0.55, 0.64), "mouth_width": (0.21, 0.32), "upper_lip": (0.030, 0.065),
        "lower_lip": (0.040, 0.085), "ears": (0.16, 0.26),
    }  # fmt: skip
    geometry = {name: _spread(rng, n, *limits) for name, limits in ranges.items()}
    tone, hair, iris, style = (_spread(rng, n, 0.0, 1.0) for _ in range(4))
    beard, glasses = rng.random(n), _spread(rng, n, 0.0, 1.0)
    return [
        Face(
            **{name: float(values[i]) for name, values in geometry.items()},
            skin=_between(SKIN_TONES, tone[i]),
            hair=HAIR_COLOURS[int(hair[i] * len(HAIR_COLOURS))],
            iris=EYE_COLOURS[int(iris[i] * len(EYE_COLOURS))],
            hair_style=tuple(HAIR_STYLES)[int(style[i] * len(HAIR_STYLES))],
            beard=float(beard[i]) if gender == "male" and beard[i] > 0.6 else 0.0,
            glasses=bool(glasses[i] < 0.25),
        )
        for i, gender in enumerate(genders)
    ]


def _between(colours: tuple[RGB, ...], position: float) -> RGB:
    """A colour on the line through `colours`, position 0 to 1."""
    places = np.linspace(0, 1, len(colours))
    red, green, blue = (round(float(np.interp(position, places, c))) for c in zip(*colours, strict=True))
    return red, green, blue


def _voices(rng: np.random.Generator, genders: list[str]) -> list[Voice]:
    n = len(genders)
    level, tract = _spread(rng, n, -1.0, 1.0), _spread(rng, n, -1.0, 1.0)
    tilt, breath = _spread(rng, n, 900.0, 2400.0), _spread(rng, n, 0.02, 0.25)
    rate, liveliness = _spread(rng, n, 3.6, 5.2), _spread(rng, n, 1.2, 2.6)
    voices: list[Voice] = []
    for i, gender in enumerate(genders):
        f0, length = (112.0, 17.2) if gender == "male" else (205.0, 14.7)
        voices.append(
            Voice(
                f0=float(f0 * 2 ** (level[i] * 0.35)),
                tract=float(length + 1.1 * tract[i]),
                tilt=float(tilt[i]),
                breath=float(breath[i]),
                rate=float(rate[i]),
                liveliness=float(liveliness[i]),
            )
        )
    return voices


def _style(rng: np.random.Generator, spread: float) -> Style:
    units = np.exp(rng.normal(0, 0.35 * spread, len(ACTION_UNITS)))
    prosody = np.exp(rng.normal(0, 0.35 * spread, len(Prosody._fields)))
    rest = np.clip(rng.normal(0, 0.12 * spread, len(ACTION_UNITS)), 0, 0.4)
    motion, blinks = np.exp(rng.normal(0, 0.3)), rng.uniform(0.15, 0.5)
    return Style(
        tuple(map(float, units)), tuple(map(float, prosody)), tuple(map(float, rest)), float(motion), float(blinks)
    )
