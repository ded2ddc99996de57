"""Metrics of labels equal scikit-learn's; verification equals a list of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score, roc_curve

from emoprism.leakage import scores
from emoprism.leakage.metrics.accuracy import Accuracy
from emoprism.leakage.metrics.base import Counts
from emoprism.leakage.metrics.eer import EqualErrorRate
from emoprism.leakage.metrics.macro_f1 import MacroF1
from emoprism.leakage.metrics.unweighted_accuracy import UnweightedAccuracy
from emoprism.leakage.verification import SpeakerPairs, curve_of

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_equal_to_scikit_learn_over_classes_that_occur(pairs: list[tuple[int, int]]) -> None:
    true, said = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    present = np.unique(true)
    assert Accuracy()(true, said, 5) == pytest.approx(accuracy_score(true, said))
    assert MacroF1()(true, said, 5) == pytest.approx(
        f1_score(true, said, labels=present, average="macro", zero_division=0)
    )
    assert UnweightedAccuracy()(true, said, 5) == pytest.approx(
        recall_score(true, said, labels=present, average="macro", zero_division=0)
    )


def test_a_class_that_is_only_predicted_has_no_f1_of_its_own() -> None:
    true, said = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])
    assert MacroF1()(true, said, 3) == pytest.approx((1 + 2 / 3) / 2)
    assert f1_score(true, said, average="macro", zero_division=0) == pytest.approx((1 + 2 / 3) / 3)


def test_always_neutral_scores_what_the_paper_calls_random() -> None:
    """Peri et al. 2021, 4.3: 17.4 % for all samples predicted neutral, so 77 % of their clips are neutral."""
    true = np.repeat(np.arange(5), [770, 58, 58, 57, 57])
    assert MacroF1()(true, np.zeros(1000, dtype=np.int64), 5) == pytest.approx(0.174, abs=5e-4)


def test_no_clip_has_no_score() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(ValueError, match="at least one clip"):
        Accuracy()(nothing, nothing, 3)


@given(PAIRS, st.lists(st.floats(0, 3), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_weighted_groups_are_repeated_clips(pairs: list[tuple[int, int]], weights: list[float]) -> None:
    true, said = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    group = np.arange(len(true)) % 3
    whole = np.round(weights).astype(np.int64)
    repeated = np.repeat(np.arange(len(true)), whole[group])
    counts = Counts.by_group(true, said, 5, group, 3).weighted(whole[None].astype(np.float64))
    if len(repeated):
        assert MacroF1().of_counts(counts)[0] == pytest.approx(MacroF1()(true[repeated], said[repeated], 5))
    else:
        assert np.isnan(MacroF1().of_counts(counts)[0])


def _pairs(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    i, j = np.triu_indices(len(labels), 1)
    # The same steps of the score as the implementation's, so that ties are the same.
    score = np.floor(((unit @ unit.T)[i, j] + 1) * scores.HALF)
    return score, labels[i] == labels[j]


def _roc_eer(score: np.ndarray, same: np.ndarray) -> float:
    false_alarm, hit, _ = roc_curve(same, score, drop_intermediate=False)
    miss = 1 - hit
    k = int(np.argmax(false_alarm >= miss))
    gap = (false_alarm - miss)[k - 1 : k + 1]
    share = -gap[0] / (gap[1] - gap[0])
    return float(miss[k - 1] + share * (miss[k] - miss[k - 1]))


@pytest.mark.parametrize(("seed", "signal"), [(0, 0.0), (1, 0.3), (2, 1.0), (3, 3.0)])
def test_eer_equals_the_roc_of_all_pairs(seed: int, signal: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 7, 130)
    vectors = signal * rng.normal(size=(7, 12))[labels] + rng.normal(size=(130, 12))
    expected = _roc_eer(*_pairs(vectors, labels))
    assert EqualErrorRate()(vectors, labels) == pytest.approx(expected, abs=1e-9)
    monkeypatch.setattr(scores, "ROWS", 17)
    assert EqualErrorRate()(vectors, labels) == pytest.approx(expected, abs=1e-9)


def test_eer_of_perfect_tied_and_reversed_scores() -> None:
    labels = np.array([0, 0, 1, 1])
    assert EqualErrorRate()(np.eye(2)[labels], labels) == 0
    assert EqualErrorRate()(np.ones((4, 2)), labels) == pytest.approx(0.5)
    assert EqualErrorRate()(np.eye(2)[[0, 1, 0, 1]], labels) > 0.6


def test_a_zero_vector_is_no_error_and_an_unlabelled_clip_is_left_out() -> None:
    labels = np.array([0, 0, 1, 1, -1])
    vectors = np.concatenate([np.eye(2)[labels[:4]], np.zeros((1, 2))])
    assert EqualErrorRate()(vectors, labels) == 0
    assert np.isfinite(EqualErrorRate()(np.zeros((4, 2)), labels[:4]))


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [-1, -1, 0]])
def test_verification_needs_pairs_of_both_kinds(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="same person and pairs of different"):
        EqualErrorRate()(np.eye(3), np.array(labels))


def test_curve_runs_from_all_accepted_to_none() -> None:
    rng = np.random.default_rng(0)
    curve = curve_of(rng.normal(size=(40, 4)), np.arange(40) % 4)
    assert (curve.misses[0, 0], curve.false_alarms[0, 0]) == (0, 1)
    assert (curve.misses[0, -1], curve.false_alarms[0, -1]) == pytest.approx((1, 0))
    assert (np.diff(curve.misses) >= 0).all() and (np.diff(curve.false_alarms) <= 1e-12).all()


def test_speaker_pairs_of_any_weights_equal_a_naive_resample() -> None:
    """A speaker drawn m times: its own pairs m-fold, pairs with one drawn n times m * n-fold."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 5, 80)
    vectors = (rng.normal(size=(5, 6))[labels] + rng.normal(size=(80, 6))).astype(np.float32)
    pairs = SpeakerPairs.of(vectors, labels, tuple("abcde"))
    assert pairs.same.sum() + pairs.other.sum() == 80 * 79 / 2
    weights = np.array([[1, 1, 1, 1, 1], [2, 0, 1, 2, 0], [0, 5, 0, 0, 0], [3, 1, 0, 1, 0]], dtype=np.float64)
    score, same = _pairs(vectors.astype(np.float64), labels)
    i, j = np.triu_indices(80, 1)
    for row, value in zip(weights, pairs.values(weights, EqualErrorRate().of_curve), strict=True):
        times = np.where(same, row[labels[i]], row[labels[i]] * row[labels[j]]).astype(np.int64)
        if (row > 0).sum() < 2:
            assert np.isnan(value)
        else:
            naive = _roc_eer(np.repeat(score, times), np.repeat(same, times))
            assert value == pytest.approx(naive, abs=3e-3)
