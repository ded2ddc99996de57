from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoprism.puppets.anatomy import build_rig
from emoprism.puppets.draw import Painter
from emoprism.puppets.emotions import ACTION_UNITS
from emoprism.puppets.hair import HAIR_STYLES
from emoprism.puppets.people import Person, draw_people
from emoprism.puppets.performance import Performance, mouth_opening, perform, rotations
from emoprism.puppets.plan import ClipPlan, draw_clips, draw_scene
from emoprism.puppets.rig import CHANNELS
from emoprism.puppets.settings import PuppetSettings
from emoprism.puppets.speech import Speech

PLAIN = PuppetSettings(speakers=2, clips=20, motion=0, nuisance=0, fps=25)
PERSON: Person = draw_people(2, 0)[1]
UPRIGHT = np.eye(3)[None]


def posed(channel: str | None = None, weight: float = 1.0) -> dict[str, np.ndarray]:
    """The curves of a face from the front, in its own unit, with one channel at work."""
    rig = build_rig(PERSON.face)
    channels = np.zeros((1, len(CHANNELS)))
    if channel:
        channels[0, CHANNELS.index(channel)] = weight
    points = rig.pose(channels, UPRIGHT, np.zeros((1, 2)), 1.0)[0]
    return {name: points[rows] for name, rows in rig.curves.items()}


@pytest.mark.parametrize(
    ("unit", "curve", "row", "axis", "sign"),
    [
        ("AU1", "brow_left", 0, 1, -1),
        ("AU2", "brow_left", 8, 1, -1),
        ("AU4", "brow_right", 0, 1, 1),
        ("AU4", "brow_right", 0, 0, -1),
        ("AU5", "lid_left", 6, 1, -1),
        ("AU6", "lower_left", 6, 1, -1),
        ("AU7", "lower_right", 6, 1, -1),
        ("AU9", "nostril_left", 0, 1, -1),
        ("AU12", "mouth_top", 0, 1, -1),
        ("AU12", "mouth_top", 0, 0, -1),
        ("AU12", "mouth_top", -1, 0, 1),
        ("AU15", "mouth_top", -1, 1, 1),
        ("AU17", "lip_bottom", 8, 1, -1),
        ("AU20", "mouth_top", -1, 0, 1),
        ("AU23", "lip_top", 8, 1, 1),
        ("AU23", "lip_bottom", 8, 1, -1),
        ("AU25", "mouth_bottom", 8, 1, 1),
        ("AU26", "mouth_bottom", 8, 1, 1),
        ("jaw", "mouth_bottom", 8, 1, 1),
        ("round", "mouth_top", -1, 0, -1),
        ("blink", "lid_left", 6, 1, 1),
        ("gaze_x", "iris_left", 0, 0, 1),
        ("gaze_y", "pupil_right", 0, 1, 1),
    ],
)  # fmt: skip
def test_what_each_channel_moves_and_where_to(unit: str, curve: str, row: int, axis: int, sign: int) -> None:
    shift = (posed(unit)[curve] - posed()[curve])[row, axis]
    assert shift * sign > 0.005
    np.testing.assert_allclose((posed(unit, 0.5)[curve] - posed()[curve])[row, axis], shift / 2, rtol=1e-9)


def test_every_action_unit_is_in_the_rig_and_both_halves_mirror() -> None:
    rig = build_rig(PERSON.face)
    assert (np.abs(rig.deltas).max(axis=(1, 2)) > 0).all()
    left, right = rig.base[rig.curves["brow_left"]], rig.base[rig.curves["brow_right"]]
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=1e-12)


def test_a_closed_eye_is_closed_and_a_neutral_one_open() -> None:
    def opening(curves: dict[str, np.ndarray]) -> float:
        return float((curves["lower_left"] - curves["lid_left"])[6, 1])

    assert opening(posed()) > 0.08
    assert abs(opening(posed("blink"))) < 0.02


def test_rotations_turn_the_nose_where_they_say() -> None:
    turns = rotations(np.array([[0.0, 0, 0], [20, 0, 0], [0, 20, 0], [0, 0, 20], [90, 0, 0]]))
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), turns.shape), atol=1e-12)
    nose = turns @ np.array([0.0, 0.0, 1.0])
    np.testing.assert_allclose(nose[0], [0, 0, 1], atol=1e-12)
    assert nose[1, 0] > 0.3
    assert nose[2, 1] > 0.3
    np.testing.assert_allclose(turns[4], rotations(np.array([[35.0, 0, 0]]))[0], err_msg="no further than 35 degrees")
    assert (turns[3] @ np.array([1.0, 0, 0]))[1] > 0.3


def performance_of(plan: ClipPlan, settings: PuppetSettings = PLAIN, seed: int = 0) -> Performance:
    silent = Speech(np.zeros(48000, np.float32), np.zeros(301), np.zeros(301), np.zeros(301))
    return perform(PERSON, plan, silent, settings, np.random.default_rng(seed))


def test_an_expression_comes_stays_and_goes() -> None:
    plan = next(p for p in draw_clips(PLAIN, draw_people(2, 0)) if p.expression == "happy")
    smile = ACTION_UNITS.index(12)
    plan = replace(plan, action_units=tuple(float(unit == 12) for unit in ACTION_UNITS))
    curve = performance_of(plan).channels[:, smile]
    assert curve[0] < 0.3
    assert 0.8 < curve[25:50].mean() < 1.2
    assert np.max(np.abs(np.diff(curve))) < 0.4, "no jumps"
    assert max(performance_of(plan, seed=s).channels[-1, smile] < 0.7 for s in range(5)), "it goes in some clips"
    still = performance_of(replace(plan, action_units=PERSON.style.rest)).channels[:, : len(ACTION_UNITS)]
    np.testing.assert_allclose(still, np.broadcast_to(PERSON.style.rest, still.shape))


def test_head_motion_has_its_knob_and_emotion_its_nod() -> None:
    clips = draw_clips(PLAIN, draw_people(2, 0))
    neutral = next(p for p in clips if p.expression == "neutral")
    still = performance_of(neutral)
    assert np.ptp(still.centre, axis=0).max() == 0
    np.testing.assert_allclose(still.rotation, np.broadcast_to(np.eye(3), still.rotation.shape), atol=1e-12)
    lively = performance_of(neutral, PLAIN.model_copy(update={"motion": 1.0}))
    assert np.ptp(lively.rotation[:, 0, 2]) > 0.02
    sad = performance_of(next(p for p in clips if p.expression == "sad"))
    assert (sad.rotation[:, 1, 2] > 0.02).all(), "a sad head hangs"


def test_the_mouth_follows_the_voice_and_rests_in_silence() -> None:
    times = np.arange(60) / 20
    wave = 0.5 + 0.5 * np.sin(np.arange(301) / 8)
    speech = Speech(np.zeros(48000, np.float32), wave, np.ones(301), np.zeros(301))
    opening = mouth_opening(speech, times)
    assert np.corrcoef(opening, np.interp(times, np.arange(301) / 100, wave))[0, 1] > 0.99
    assert mouth_opening(replace(speech, loudness=np.zeros(301)), times).max() == 0
    narrow = mouth_opening(replace(speech, openness=np.zeros(301)), times)
    assert 0 < narrow.max() < 0.5 * opening.max()


def picture(person: Person, unit: str | None = None, centre: tuple[float, float] = (0.5, 0.47)) -> np.ndarray:
    rng = np.random.default_rng(0)
    painter = Painter(person, draw_scene(rng, PLAIN), 160, rng)
    channels = np.zeros((1, len(CHANNELS)))
    if unit:
        channels[0, CHANNELS.index(unit)] = 1
    return next(painter.pictures(Performance(channels, UPRIGHT, np.array([centre])))).astype(np.int16)


@pytest.mark.parametrize("unit", [*(f"AU{unit}" for unit in ACTION_UNITS), "blink", "jaw", "round"])
def test_every_action_unit_can_be_seen(unit: str) -> None:
    assert (np.abs(picture(PERSON, unit) - picture(PERSON)).max(axis=2) > 12).sum() >= 5


def test_people_look_different_and_one_looks_like_herself() -> None:
    people = draw_people(8, 1)
    faces = [picture(person) for person in people]
    np.testing.assert_array_equal(faces[0], picture(people[0]))
    apart = [np.abs(a - b).mean() for i, a in enumerate(faces) for b in faces[:i]]
    assert min(apart) > 2
    smile = np.abs(picture(people[0], "AU12") - faces[0]).mean()
    assert smile < min(apart)


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_every_hair_style_beard_and_glasses(style: str) -> None:
    plain = replace(PERSON, face=replace(PERSON.face, hair_style=style, glasses=False, beard=0.0, skin=(240, 200, 170)))
    bearded = replace(plain, face=replace(plain.face, beard=1.0))
    glasses = replace(plain, face=replace(plain.face, glasses=True))
    shown = picture(plain)
    for other in (bearded, glasses):
        assert (np.abs(picture(other) - shown).max(axis=2) > 25).sum() > 20


@pytest.mark.parametrize("centre", [(-1.0, 0.5), (2.0, 2.0), (0.0, 0.0), (0.98, 0.5), (0.5, -0.4)])
def test_a_head_at_the_edge_or_outside_is_drawn_as_far_as_it_can_be_seen(centre: tuple[float, float]) -> None:
    assert picture(PERSON, "AU12", centre).shape == (160, 160, 3)
