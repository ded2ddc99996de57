from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoprism.errors import RecipeError
from emoprism.puppets.emotions import ACTION_UNITS, EMOTIONS, EXPRESSIONS, Prosody, expressions_of
from emoprism.puppets.people import draw_people
from emoprism.puppets.plan import LEAST, MOST, ClipPlan, action_units, draw_clips, draw_scene, express, frequencies
from emoprism.puppets.settings import PuppetSettings
from emoprism.recipe import check_model


def plans(**settings: object) -> list[ClipPlan]:
    asked = PuppetSettings.model_validate(settings)
    return draw_clips(asked, draw_people(asked.speakers, asked.seed, asked.style))


def mutual_information(clips: list[ClipPlan]) -> float:
    """Between speaker and emotion, in nats."""
    joint = np.zeros((max(c.person for c in clips) + 1, len(EMOTIONS)))
    for clip in clips:
        joint[clip.person, EMOTIONS.index(clip.emotion_true)] += 1 / len(clips)
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    return float(np.sum(np.where(joint > 0, joint * np.log(np.maximum(joint, 1e-12) / apart), 0)))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_entanglement_ties_emotions_to_speakers_and_zero_does_not(seed: int) -> None:
    none, half, full = (mutual_information(plans(clips=600, entanglement=e, seed=seed)) for e in (0.0, 0.5, 1.0))
    assert none < 0.005, "at most rounding"
    assert half > 10 * none + 0.02
    assert full > 2 * half


def test_concentration_makes_speakers_of_one_emotion() -> None:
    even, odd = (frequencies(PuppetSettings(entanglement=1, concentration=c)).max(axis=1).mean() for c in (20.0, 0.05))
    assert odd > 0.9 > 0.5 > even


@given(st.integers(2, 40), st.floats(0, 1), st.integers(0, 99))
def test_frequencies_are_distributions(speakers: int, entanglement: float, seed: int) -> None:
    shares = frequencies(PuppetSettings(speakers=speakers, entanglement=entanglement, seed=seed))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares >= (1 - entanglement) / len(EMOTIONS) - 1e-12).all()


def test_clips_are_spread_evenly_and_counts_follow_the_frequencies() -> None:
    settings = PuppetSettings(speakers=7, clips=250, entanglement=0.8)
    clips, shares = plans(**settings.model_dump()), frequencies(settings)
    counts = Counter(clip.person for clip in clips)
    assert sorted(counts.values()) == [35, 35, 36, 36, 36, 36, 36]
    for person, count in counts.items():
        for column, emotion in enumerate(EMOTIONS):
            shown = sum(clip.person == person and clip.emotion_true == emotion for clip in clips)
            assert abs(shown - count * shares[person, column]) < 1 + 1e-9
    assert len({clip.id for clip in clips}) == 250
    assert [clip.id for clip in clips] == sorted(clip.id for clip in clips)


def test_order_of_takes_says_nothing_of_the_emotion() -> None:
    clips = plans(clips=600, entanglement=0)
    same = np.mean([a.emotion_true == b.emotion_true for a, b in pairwise(clips)])
    assert 0.1 < same < 0.3, "neighbours agree by chance: a fifth of the time"


def test_label_noise_rate_and_that_the_truth_is_kept() -> None:
    noisy, clean = plans(clips=1500, label_noise=0.2), plans(clips=1500)
    assert [c.emotion_true for c in noisy] == [c.emotion_true for c in clean]
    assert all(c.emotion == c.emotion_true for c in clean)
    wrong = [(c.emotion_true, c.emotion) for c in noisy if c.emotion != c.emotion_true]
    assert abs(len(wrong) / len(noisy) - 0.2) < 0.035
    assert len(set(wrong)) == 20, "every class is mistaken for every other"
    assert [c.action_units for c in noisy] == [c.action_units for c in clean], "noise is in the label alone"
    assert all(c.emotion != c.emotion_true for c in plans(clips=100, label_noise=1))


def test_every_class_has_its_expressions() -> None:
    assert [expressions_of(emotion) for emotion in EMOTIONS[:4]] == [("neutral",), ("happy",), ("sad",), ("angry",)]
    assert expressions_of("other") == ("fearful", "disgust", "surprised")
    for clip in plans(clips=100):
        assert EXPRESSIONS[clip.expression].emotion == clip.emotion_true
        assert np.sign(clip.valence) == np.sign(EXPRESSIONS[clip.expression].valence)


def test_known_factors_carry_the_emotion_and_people_differ_in_how() -> None:
    clips = plans(clips=900, entanglement=0)
    smile, scowl = ACTION_UNITS.index(12), ACTION_UNITS.index(4)

    def mean(emotion: str, column: int) -> float:
        return float(np.mean([c.action_units[column] for c in clips if c.emotion_true == emotion]))

    assert mean("happy", smile) > 3 * mean("neutral", smile)
    assert mean("angry", scowl) > 3 * mean("neutral", scowl)
    level = {e: np.mean([c.prosody.energy for c in clips if c.emotion_true == e]) for e in EMOTIONS}
    assert level["angry"] > level["neutral"] + 1 > level["sad"] + 2
    smiles = [
        np.mean([c.action_units[smile] for c in clips if c.person == p and c.emotion_true == "happy"])
        for p in range(24)
    ]
    assert np.std(smiles) > 0.1


def test_no_expressiveness_leaves_no_trace_of_the_emotion() -> None:
    person = draw_people(2, 0)[0]
    rng = np.random.default_rng(0)
    for name in EXPRESSIONS:
        assert action_units(person, name, 0.0) == person.style.rest
        same = [express(person, name, 0.0, np.random.default_rng(3)) for _ in range(2)]
        assert same[0] == express(person, "neutral", 1.0, np.random.default_rng(3)) == same[1]
    assert express(person, "angry", 1.0, rng).roughness >= 0
    assert all(c.valence == 0 == c.arousal for c in plans(clips=50, expressiveness=0))


def test_people() -> None:
    people = draw_people(24, 0)
    men = [p for p in people if p.gender == "male"]
    women = [p for p in people if p.gender == "female"]
    assert len(men) == len(women) == 12
    assert max(p.voice.f0 for p in men) < min(p.voice.f0 for p in women) + 20
    assert np.mean([p.voice.tract for p in men]) > np.mean([p.voice.tract for p in women]) + 1.5
    assert not any(p.face.beard for p in women)
    assert any(p.face.beard for p in men)
    assert len({p.face for p in people}) == len({p.voice for p in people}) == 24
    assert draw_people(24, 0) == people != draw_people(24, 1)
    assert len({p.face.hair_style for p in people}) == 7
    widths = np.sort([p.face.width for p in people])
    assert np.diff(widths).max() < 2.01 * (0.84 - 0.68) / 24, "one person per quantile"


def test_no_style_means_everybody_expresses_alike() -> None:
    one, other = (p.style for p in draw_people(2, 0, style=0.0))
    assert set(one.action_units) == set(other.prosody) == {1.0}
    assert set(one.rest) == {0.0}
    assert len(one.prosody) == len(Prosody._fields)


def test_no_nuisance_and_no_motion_give_one_studio() -> None:
    plain = PuppetSettings(nuisance=0, motion=0)
    first, second = (draw_scene(np.random.default_rng(seed), plain) for seed in (0, 1))
    assert first == second
    assert first.grain == 0
    assert first.turn == (0, 0, 0)
    assert draw_scene(np.random.default_rng(0), PuppetSettings()) != draw_scene(
        np.random.default_rng(1), PuppetSettings()
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_the_strongest_settings_stay_within_what_a_face_and_a_voice_can_do(seed: int) -> None:
    for clip in plans(clips=200, expressiveness=3, style=3, motion=3, nuisance=3, seed=seed):
        assert all(low <= value <= high for low, value, high in zip(LEAST, clip.prosody, MOST, strict=True))
        assert all(0 <= value <= 1.3 for value in clip.action_units)
        assert abs(clip.valence) <= 1 >= abs(clip.arousal)
        assert 0.1 < clip.scene.scale < 0.4
        assert clip.scene.exposure >= 0.6
        assert clip.microphone.wet <= 1


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"speakers": 30, "clips": 20}, "too few for 30 speakers"),
        ({"label_noise": 1.5}, "label_noise"),
        ({"size": 250}, "multiple of 16"),
        ({"entanglment": 0.5}, "did you mean 'entanglement'?"),
        ({"speakers": 1}, "speakers"),
        ({"seconds": "long"}, "seconds"),
    ],
)
def test_settings_that_are_none(given_: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError, match=says.replace("?", r"\?")):
        check_model(PuppetSettings, given_, "corpus puppets")
