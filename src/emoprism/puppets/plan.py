"""Who says what and how: every factor of every clip, drawn before anything is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.puppets.emotions import ACTION_UNITS, EMOTIONS, EXPRESSIONS, Prosody, expressions_of
from emoprism.puppets.people import RGB, Person
from emoprism.puppets.settings import PuppetSettings

VARIATION: Final = Prosody(0.8, 0.2, 0.1, 1.0, 0.2, 0.04, 0.05, 0.6)
"""Standard deviation of prosody from clip to clip."""
LEAST: Final = Prosody(-8.0, -2.0, -1.0, -12.0, -2.0, 0.0, 0.0, -12.0)
MOST: Final = Prosody(12.0, 2.0, 1.0, 12.0, 2.0, 1.0, 1.0, 12.0)
"""Bounds of what a voice can do, however strong an expression and a style."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is neither person nor emotion in the picture."""

    azimuth: float
    """Where the light comes from, radians, positive from the right."""
    elevation: float
    ambient: float
    """Share of light without direction."""
    warmth: float
    """Colour of the light: gain of red, and loss of blue, over white."""
    exposure: float
    backdrop: tuple[RGB, RGB]
    clothes: RGB
    grain: float
    """Standard deviation of camera noise, grey levels."""
    blur: float
    """Standard deviation of camera blur, pixels."""
    scale: float
    """Distance from the middle of the face to the chin, share of the picture's height."""
    centre: tuple[float, float]
    """Middle of the face, share of the picture's width and height."""
    turn: tuple[float, float, float]
    """Mean yaw, pitch and roll of the head, degrees."""


@dataclass(frozen=True, slots=True)
class Microphone:
    """What is neither person nor emotion in the sound."""

    gain: float
    """Decibels."""
    noise: float
    """Level of background noise below full scale, decibels."""
    room: float
    """Reverberation time, seconds."""
    wet: float
    """Share of reverberated sound."""


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """One clip: whom it shows, how they feel, and every factor that goes into picture and sound."""

    id: str
    index: int
    person: int
    emotion: str
    """The label, which label noise may have changed."""
    emotion_true: str
    expression: str
    intensity: float
    valence: float
    arousal: float
    action_units: tuple[float, ...]
    """At the apex, in the order of ACTION_UNITS."""
    prosody: Prosody
    f0: float
    """Median fundamental frequency of the speech, Hz."""
    scene: Scene
    microphone: Microphone


def frequencies(settings: PuppetSettings) -> Float64[np.ndarray, "S C"]:
    """How often each speaker shows each emotion: a mix of the uniform and a Dirichlet draw per speaker."""
    rng = np.random.default_rng([settings.seed, 2])
    own = rng.dirichlet(np.full(len(EMOTIONS), settings.concentration), settings.speakers)
    return (1 - settings.entanglement) / len(EMOTIONS) + settings.entanglement * own


def draw_clips(settings: PuppetSettings, people: list[Person]) -> list[ClipPlan]:
    """The plan of every clip, ordered by person."""
    rng = np.random.default_rng([settings.seed, 3])
    shares = frequencies(settings)
    counts = np.full(settings.speakers, settings.clips // settings.speakers)
    counts[: settings.clips % settings.speakers] += 1
    digits = max(3, len(str(counts.max())))
    plans: list[ClipPlan] = []
    for number, person in enumerate(people):
        for take, emotion in enumerate(_emotions(rng, shares[number], int(counts[number]))):
            name = f"{person.id}-{take + 1:0{digits}d}"
            plans.append(_clip(settings, person, number, EMOTIONS[emotion], name, len(plans)))
    return plans


def _emotions(rng: np.random.Generator, shares: Float64[np.ndarray, "C"], count: int) -> Int64[np.ndarray, "N"]:
    """`count` emotions in these proportions, up to rounding: systematic sampling, then shuffled.

    Independent draws would tie emotions to speakers by chance even at entanglement 0.
    """
    places = (np.arange(count) + rng.random()) / count
    order = rng.permutation(len(shares))
    bounds = np.cumsum(shares[order])
    drawn = order[np.minimum(np.searchsorted(bounds, places, side="right"), len(shares) - 1)]
    return rng.permutation(drawn).astype(np.int64)


def _clip(settings: PuppetSettings, person: Person, number: int, emotion: str, name: str, index: int) -> ClipPlan:
    rng = np.random.default_rng([settings.seed, 4, index])
    expression = str(rng.choice(expressions_of(emotion)))
    intensity = float(rng.uniform(0.35, 1.0)) * settings.expressiveness
    shown = EXPRESSIONS[expression]
    units = action_units(person, expression, intensity, rng)
    prosody = express(person, expression, intensity, rng)
    return ClipPlan(
        id=name,
        index=index,
        person=number,
        emotion=_noisy(rng, emotion, settings.label_noise),
        emotion_true=emotion,
        expression=expression,
        intensity=intensity,
        valence=shown.valence * min(intensity, 1.0),
        arousal=shown.arousal * min(intensity, 1.0),
        action_units=units,
        prosody=prosody,
        f0=person.voice.f0 * 2 ** (prosody.pitch / 12),
        scene=draw_scene(rng, settings),
        microphone=_microphone(rng, settings.nuisance),
    )


def _noisy(rng: np.random.Generator, emotion: str, rate: float) -> str:
    flip, other = rng.random() < rate, int(rng.integers(len(EMOTIONS) - 1))
    return [name for name in EMOTIONS if name != emotion][other] if flip else emotion


def action_units(
    person: Person, expression: str, intensity: float, rng: np.random.Generator | None = None
) -> tuple[float, ...]:
    """Action units at the apex: the prototype as this person shows it, on top of the face at rest.

    With `rng` every unit varies from clip to clip, and units that no emotion asked for come and go, as in speech.
    """
    prototype = EXPRESSIONS[expression].action_units
    shown = np.array([prototype.get(unit, 0.0) for unit in ACTION_UNITS]) * intensity
    shown = shown * np.array(person.style.action_units)
    if rng is not None:
        shown = shown * np.exp(rng.normal(0, 0.25, len(shown)))
        shown = shown + 0.35 * rng.random(len(shown)) * (rng.random(len(shown)) < 0.15)
    return tuple(float(value) for value in np.clip(shown + np.array(person.style.rest), 0, 1.3))


def express(person: Person, expression: str, intensity: float, rng: np.random.Generator) -> Prosody:
    """Prosody of one clip: the emotion's as this person uses it, and how it varies from clip to clip."""
    prototype = np.array(EXPRESSIONS[expression].prosody)
    values = prototype * intensity * np.array(person.style.prosody) + rng.normal(0, 1, len(prototype)) * VARIATION
    return Prosody(*(float(value) for value in np.clip(values, LEAST, MOST)))


def draw_scene(rng: np.random.Generator, settings: PuppetSettings) -> Scene:
    """Light, camera and pose of one clip. `nuisance` 0 gives the same plain studio every time."""
    n, m = settings.nuisance, settings.motion
    hue = rng.uniform(70, 190, (2, 3))
    dyed = rng.uniform(30, 210, 3)
    return Scene(
        azimuth=float(n * rng.uniform(-0.8, 0.8)),
        elevation=float(0.55 + n * rng.uniform(-0.25, 0.35)),
        ambient=float(np.clip(0.62 + n * rng.uniform(-0.10, 0.14), 0.4, 0.9)),
        warmth=float(n * rng.uniform(-0.08, 0.10)),
        exposure=float(np.clip(1 + n * rng.uniform(-0.16, 0.12), 0.6, 1.25)),
        backdrop=(_rgb(130 + n * (hue[0] - 130)), _rgb(130 + n * (hue[1] - 130))),
        clothes=_rgb(90 + n * (dyed - 90)),
        grain=float(n * rng.uniform(1.0, 4.0)),
        blur=float(0.35 + n * rng.uniform(0.0, 0.45)),
        scale=float(0.265 + n * rng.uniform(-0.03, 0.03)),
        centre=(float(0.5 + n * rng.uniform(-0.05, 0.05)), float(0.47 + n * rng.uniform(-0.03, 0.03))),
        turn=(float(m * rng.normal(0, 7)), float(m * rng.normal(0, 3)), float(m * rng.normal(0, 3))),
    )


def _rgb(colour: Float64[np.ndarray, "3"]) -> RGB:
    red, green, blue = (int(value) for value in np.clip(colour, 0, 255))
    return red, green, blue


def _microphone(rng: np.random.Generator, nuisance: float) -> Microphone:
    return Microphone(
        gain=float(nuisance * rng.uniform(-4, 4)),
        noise=float(-60 + nuisance * rng.uniform(0, 14)),
        room=float(0.05 + nuisance * rng.uniform(0, 0.25)),
        wet=float(nuisance * rng.uniform(0, 0.25)),
    )
