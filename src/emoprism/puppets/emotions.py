"""What an emotion does to a face and to a voice: action units and prosody, as departures from neutral.

Action units of the prototypes follow EMFACS (Friesen & Ekman, 1983), their prosody the directions that Scherer (2003,
"Vocal communication of emotion", table 2) and Juslin & Laukka (2003, table 11) summarise. The sizes are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

ACTION_UNITS: Final = (1, 2, 4, 5, 6, 7, 9, 12, 15, 17, 20, 23, 25, 26)
"""FACS numbers: brows 1 2 4, lids 5 6 7, nose 9, lip corners 12 15 20, chin 17, lips 23 25, jaw 26."""

EMOTIONS: Final = ("neutral", "happy", "sad", "angry", "other")


class Prosody(NamedTuple):
    """How a voice departs from the speaker's neutral one; all zeros is neutral."""

    pitch: float = 0.0
    """Level of F0, semitones."""
    range: float = 0.0
    """Excursion of F0, octaves of its factor (1 doubles the excursion)."""
    tempo: float = 0.0
    """Syllable rate, octaves of its factor."""
    energy: float = 0.0
    """Level, decibels."""
    effort: float = 0.0
    """Spectral tilt of the glottal source: octaves of its corner frequency, positive is brighter, tenser."""
    roughness: float = 0.0
    """Cycle-to-cycle disturbance of period (jitter) and amplitude (shimmer), 0 to 1."""
    breath: float = 0.0
    """Aspiration noise, 0 to 1."""
    rise: float = 0.0
    """Rise of F0 at the end of a phrase, semitones."""


@dataclass(frozen=True)
class Expression:
    """One way to show an emotion, at intensity 1 by a person of average style."""

    emotion: str
    valence: float
    """-1 (unpleasant) to 1 (pleasant), after Russell (1980)."""
    arousal: float
    """-1 (calm) to 1 (excited)."""
    action_units: Mapping[int, float]
    prosody: Prosody
    nod: float = 0.0
    """Pitch of the head, degrees, positive is downwards."""


EXPRESSIONS: Final[Mapping[str, Expression]] = MappingProxyType(
    {
        "neutral": Expression("neutral", 0.0, 0.0, {}, Prosody()),
        "happy": Expression(
            "happy", 0.8, 0.5, {6: 0.8, 12: 1.0, 25: 0.45},
            Prosody(pitch=3.0, range=0.6, tempo=0.12, energy=3.0, effort=0.3, rise=1.0), nod=-2.0,
        ),
        "sad": Expression(
            "sad", -0.7, -0.5, {1: 0.9, 4: 0.5, 15: 1.0, 17: 0.5},
            Prosody(pitch=-1.5, range=-0.7, tempo=-0.3, energy=-4.0, effort=-0.7, breath=0.45), nod=7.0,
        ),
        "angry": Expression(
            "angry", -0.7, 0.7, {4: 1.0, 5: 0.45, 7: 0.8, 17: 0.3, 23: 0.9},
            Prosody(pitch=2.0, range=0.4, tempo=0.15, energy=5.0, effort=0.9, roughness=0.5, rise=-1.0), nod=3.0,
        ),
        "fearful": Expression(
            "other", -0.6, 0.6, {1: 0.9, 2: 0.6, 4: 0.6, 5: 0.8, 20: 1.0, 25: 0.4},
            Prosody(pitch=4.0, range=-0.2, tempo=0.3, energy=0.0, effort=0.1, roughness=0.3, breath=0.35),
        ),
        "disgust": Expression(
            "other", -0.8, 0.1, {4: 0.4, 7: 0.5, 9: 1.0, 15: 0.5, 17: 0.6},
            Prosody(pitch=-1.0, range=0.1, tempo=-0.25, energy=0.5, effort=0.3, roughness=0.35, rise=-1.5), nod=-3.0,
        ),
        "surprised": Expression(
            "other", 0.1, 0.7, {1: 0.9, 2: 1.0, 5: 0.8, 25: 0.4, 26: 0.7},
            Prosody(pitch=4.0, range=0.8, tempo=0.0, energy=2.0, effort=0.1, rise=4.0), nod=-4.0,
        ),
    }
)  # fmt: skip
"""By name. The class `other` is the mix of fearful, disgust and surprised, as Peri et al. (2021) merge theirs."""


def expressions_of(emotion: str) -> tuple[str, ...]:
    """Names of the expressions that show this emotion class."""
    return tuple(name for name, expression in EXPRESSIONS.items() if expression.emotion == emotion)
