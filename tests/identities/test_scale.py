"""Likeness as a likelihood ratio: true on people that it was not learnt on."""

from __future__ import annotations

import numpy as np
import pytest

from emoprism.errors import CorpusError
from emoprism.identities.embedders import mean_face
from emoprism.identities.scale import Scale, Whitening, calibrate, learn_scale, unit_length


def draw(speakers: int, each: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Sixteen numbers of each speaker; eight more, far louder, of nobody."""
    rng = np.random.default_rng(seed)
    names = np.repeat(np.arange(speakers), each)
    own = rng.normal(0, 1, (speakers, 16))[names] + rng.normal(0, 0.7, (len(names), 16))
    return np.concatenate([own, rng.normal(0, 2, (len(names), 8))], axis=1), [f"s{n}" for n in names]


def separation(scale: Scale, vectors: np.ndarray, names: list[str]) -> float:
    """How many standard deviations the cosines of one person's pairs are above others'."""
    unit = scale.whitening(vectors)
    rows, columns = np.triu_indices(len(unit), 1)
    cosines = (unit @ unit.T)[rows, columns]
    same = np.array(names)[rows] == np.array(names)[columns]
    return float((cosines[same].mean() - cosines[~same].mean()) / cosines[~same].std())


def test_log_likelihood_ratios_are_right_about_new_people() -> None:
    scale = learn_scale(*draw(30, 8, 0), np.ones(240, dtype=np.bool_), "x")
    vectors, names = draw(30, 8, 1)
    unit = scale.whitening(vectors)
    rows, columns = np.triu_indices(len(unit), 1)
    ratio = scale.slope * (unit @ unit.T)[rows, columns] + scale.offset
    same = np.array(names)[rows] == np.array(names)[columns]
    assert scale.slope > 0
    for low, high in ((-2.5, -1.5), (-0.5, 0.5), (1.5, 2.5)):
        near = (ratio > low) & (ratio < high)
        odds = (near & same).sum() / same.sum() / ((near & ~same).sum() / (~same).sum())
        assert np.log(odds) == pytest.approx((low + high) / 2, abs=0.6)


def test_whitening_shrinks_what_varies_within_a_person() -> None:
    vectors, names = draw(30, 8, 2)
    plain = Scale.of_threshold(24, 0.5, 10.0)
    learnt = learn_scale(*draw(30, 8, 0), np.ones(240, dtype=np.bool_), "x")
    assert separation(learnt, vectors, names) > 1.2 * separation(plain, vectors, names)


def test_people_that_trained_whiten_and_strangers_calibrate() -> None:
    vectors, names = draw(20, 8, 3)
    strangers = np.array([name in {f"s{n}" for n in range(6)} for name in names])
    scale = learn_scale(vectors, names, strangers, "x")
    only = Whitening.fit(vectors[~strangers], [n for n, s in zip(names, strangers, strict=True) if not s])
    assert np.array_equal(scale.whitening.matrix, only.matrix)


def test_too_few_speakers_are_refused_in_words() -> None:
    vectors, names = draw(3, 8, 0)
    with pytest.raises(CorpusError, match="3 speakers with two clips or more to calibrate on, expected 4"):
        learn_scale(vectors, names, np.ones(24, dtype=np.bool_), "runs/a: its faces")


def test_likeness_that_tells_nothing_counts_for_nothing() -> None:
    rng = np.random.default_rng(0)
    names = np.repeat([f"s{n}" for n in range(8)], 2)
    opposed = rng.normal(0, 1, (8, 4)).repeat(2, axis=0) * np.tile([1, -1], 8)[:, None]
    assert calibrate([(unit_length(opposed), names)]) == (0.0, 0.0)


def test_zeros_stay_zeros() -> None:
    vectors, names = draw(10, 4, 0)
    white = Whitening.fit(vectors, names)
    assert not white(np.zeros((2, 24))).any()
    assert np.linalg.norm(white(vectors), axis=1) == pytest.approx(1.0)
    assert not unit_length(np.zeros((1, 3))).any()


def test_a_crop_that_is_no_face_does_not_count() -> None:
    rng = np.random.default_rng(0)
    good = np.ones((9, 8)) + rng.normal(0, 0.05, (9, 8))
    bad = np.array([[1.0, -1.0] * 4])
    assert mean_face(np.concatenate([good, bad])) == pytest.approx(mean_face(good), abs=1e-9)
    assert mean_face(good[:1]) == pytest.approx(unit_length(good[:1])[0])
