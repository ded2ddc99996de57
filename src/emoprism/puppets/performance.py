"""What a face does in the course of a clip: action units with onset, apex and offset, blinks, head motion, lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.ndimage import gaussian_filter1d

from emoprism.puppets.emotions import ACTION_UNITS, EXPRESSIONS
from emoprism.puppets.people import Person
from emoprism.puppets.plan import ClipPlan
from emoprism.puppets.rig import CHANNELS
from emoprism.puppets.settings import PuppetSettings
from emoprism.puppets.speech import Speech
from emoprism.puppets.utterance import CONTROL

Track = Float64[np.ndarray, "T"]


@dataclass(frozen=True)
class Performance:
    """Weights of the rig's channels [T, K], head rotations [T, 3, 3] and the head's place [T, 2] in picture shares."""

    channels: Float64[np.ndarray, "T K"]
    rotation: Float64[np.ndarray, "T 3 3"]
    centre: Float64[np.ndarray, "T 2"]


def perform(
    person: Person, plan: ClipPlan, speech: Speech, settings: PuppetSettings, rng: np.random.Generator
) -> Performance:
    """The performance of one clip, in step with its speech."""
    fps, motion = settings.fps, settings.motion
    frames = max(2, round(settings.seconds * fps))
    times = (np.arange(frames) + 0.5) / fps
    channels = np.zeros((frames, len(CHANNELS)))
    peaks, rest = np.array(plan.action_units), np.array(person.style.rest)
    course = _course(frames, len(ACTION_UNITS), times, rng)
    channels[:, : len(ACTION_UNITS)] = rest + (peaks - rest) * course
    named = {name: column for column, name in enumerate(CHANNELS)}
    channels[:, named["jaw"]] = mouth_opening(speech, times)
    channels[:, named["round"]] = 0.8 * np.interp(times, np.arange(len(speech.rounding)) / CONTROL, speech.rounding)
    channels[:, named["blink"]] = _blinks(times, person.style.blinks, rng)
    channels[:, [named["gaze_x"], named["gaze_y"]]] = np.clip(0.5 * _wander(rng, frames, 2, 0.6 * fps), -1, 1)
    turn = np.array(plan.scene.turn) + _sway(person, plan, speech, times, settings, rng)
    drift = 0.008 * motion * person.style.motion * _wander(rng, frames, 2, 0.5 * fps)
    return Performance(channels, rotations(turn), np.array(plan.scene.centre) + drift)


def mouth_opening(speech: Speech, times: Track) -> Track:
    """How far speech opens the mouth, 0 to 1: the voice's envelope times the openness of the vowel."""
    steps = np.arange(len(speech.loudness)) / CONTROL
    opened = np.clip(speech.loudness, 0, 1.2) * (0.35 + 0.65 * speech.openness)
    return np.clip(np.interp(times, steps, gaussian_filter1d(opened, 1.5)), 0, 1)


def _course(frames: int, units: int, times: Track, rng: np.random.Generator) -> Float64[np.ndarray, "T U"]:
    """Onset, apex and offset: every unit sets in a little before or after the others and breathes at the apex."""
    length = float(times[-1])
    begin = rng.uniform(0.0, 0.15 * length) + rng.normal(0, 0.02 * length, units)
    rise = rng.uniform(0.10, 0.25) * length
    end = rng.uniform(0.75, 1.05) * length + rng.normal(0, 0.03 * length, units)
    fall, release = 0.25 * length, rng.uniform(0.3, 0.9)
    on = _smoothstep((times[:, None] - begin) / rise)
    off = _smoothstep((times[:, None] - end) / fall)
    breathing = 1 + 0.12 * _wander(rng, frames, units, 0.3 * frames / length)
    return on * (1 - release * off) * breathing


def _smoothstep(x: Float64[np.ndarray, "T U"]) -> Float64[np.ndarray, "T U"]:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _wander(rng: np.random.Generator, frames: int, count: int, memory: float) -> Float64[np.ndarray, "T U"]:
    """Smooth random curves of unit variance whose values forget each other over `memory` frames."""
    width = max(0.5, memory / 2)
    margin = int(4 * width) + 1
    smooth = gaussian_filter1d(rng.normal(0, 1, (frames + 2 * margin, count)), width, axis=0)
    return smooth[margin : margin + frames] * np.sqrt(2 * np.sqrt(np.pi) * width)


def _blinks(times: Track, rate: float, rng: np.random.Generator) -> Track:
    """Eyelid closure, 0 to 1: a quarter of a second each, at random times."""
    closed = np.zeros_like(times)
    for moment in rng.uniform(0, times[-1], rng.poisson(rate * times[-1])):
        closed = np.maximum(closed, np.clip(1.4 - np.abs(times - moment) / 0.09, 0, 1))
    return closed


def _sway(
    person: Person, plan: ClipPlan, speech: Speech, times: Track, settings: PuppetSettings, rng: np.random.Generator
) -> Float64[np.ndarray, "T 3"]:
    """Yaw, pitch and roll in degrees: drift, beats with the voice, and the pose that goes with the emotion."""
    shown = EXPRESSIONS[plan.expression]
    lively = settings.motion * person.style.motion * (1 + 0.4 * plan.arousal)
    sway = lively * _wander(rng, len(times), 3, 0.7 * settings.fps) * np.array([3.0, 2.0, 1.5])
    beat = np.interp(times, np.arange(len(speech.loudness)) / CONTROL, gaussian_filter1d(speech.loudness, 8.0))
    sway[:, 1] += lively * 3.0 * (beat - beat.mean()) + shown.nod * plan.intensity
    return sway


def rotations(degrees: Float64[np.ndarray, "T 3"]) -> Float64[np.ndarray, "T 3 3"]:
    """Rotation matrices of (yaw, pitch, roll): positive yaw turns to the right of the picture, pitch down."""
    yaw, pitch, roll = np.radians(np.clip(degrees, -35, 35)).T
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)
    around_y = _matrix([np.cos(yaw), zero, np.sin(yaw), zero, one, zero, -np.sin(yaw), zero, np.cos(yaw)])
    around_x = _matrix([one, zero, zero, zero, np.cos(pitch), np.sin(pitch), zero, -np.sin(pitch), np.cos(pitch)])
    around_z = _matrix([np.cos(roll), -np.sin(roll), zero, np.sin(roll), np.cos(roll), zero, zero, zero, one])
    return around_z @ around_x @ around_y


def _matrix(entries: list[Track]) -> Float64[np.ndarray, "T 3 3"]:
    return np.stack(entries, axis=1).reshape(-1, 3, 3)
