"""All pairs are counted, each once and exactly, however they are cut into blocks; rates equal those of a list."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_curve
from threadpoolctl import threadpool_limits

from emoprism.leakage import scores, verification
from emoprism.leakage.evidence import PairEvidence
from emoprism.leakage.intervals import interval
from emoprism.leakage.metrics.eer import EqualErrorRate
from emoprism.leakage.metrics.tpr_at_fpr_1_percent import TprAtFpr1Percent
from emoprism.leakage.metrics.tpr_at_fpr_1_permille import TprAtFpr1Permille
from emoprism.leakage.scores import HALF, PairCounts, count_pairs
from emoprism.leakage.verification import Curve, SpeakerPairs, curve_of, misses_at

EXACT = np.array(
    [*np.eye(4), *-np.eye(4), *product((-1, 1), repeat=4), np.zeros(4)],
    dtype=np.float64,
)
"""Vectors of lengths 0, 1 and 2: their cosines are multiples of a quarter, without any rounding."""


def crowd(seed: int = 0, clips: int = 400, people: int = 20, signal: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, people, clips)
    vectors = signal * rng.normal(size=(people, 16))[labels] + rng.normal(size=(clips, 16))
    return vectors.astype(np.float32), labels


def listed(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of all pairs of labelled clips, one by one, and whether they are of one person."""
    lengths = [max(float(np.linalg.norm(v)), 1e-9) for v in vectors]
    rows = [
        (float(vectors[i] @ vectors[j]) / lengths[i] / lengths[j], labels[i] == labels[j])
        for i, j in combinations(np.flatnonzero(labels != -1), 2)
    ]
    score, same = zip(*rows, strict=True) if rows else ((), ())
    return np.array(score, dtype=np.float64), np.array(same, dtype=bool)


def equal(one: PairCounts, other: PairCounts) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("steps", "same", "other"))


@given(st.lists(st.tuples(st.integers(0, len(EXACT) - 1), st.integers(-1, 4)), max_size=40), st.booleans())
@settings(max_examples=20, deadline=None)
def test_counts_and_rates_equal_a_list_of_all_pairs(clips: list[tuple[int, int]], dense: bool) -> None:
    """With ties, zero vectors, clips without a label, people of one clip, no pair of a kind and no clip at all."""
    vectors = EXACT[[place for place, _ in clips]].reshape(-1, 4) * np.arange(1, len(clips) + 1)[:, None]
    labels = np.array([label for _, label in clips], dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "FEW", -1 if dense else scores.FEW)
        counts = count_pairs(vectors, labels)
    score, same = listed(vectors, labels)
    assert (counts.same.sum(), counts.other.sum()) == (same.sum(), (~same).sum())
    assert (np.diff(counts.steps) > 0).all()
    step = np.round((score + 1) * HALF).astype(np.int64)
    for kind, chosen in ((counts.same, same), (counts.other, ~same)):
        for start, number in zip(counts.steps, kind[::-1].cumsum()[::-1], strict=True):
            assert number == (step[chosen] >= start).sum()
    if same.any() and not same.all():
        curve = verification.exact_curve(counts)
        rate, found, _ = roc_curve(same, score, drop_intermediate=False)
        for asked in (0.001, 0.01, 0.1, 0.37, 0.9):
            assert misses_at(curve, asked)[0] == pytest.approx(1 - np.interp(asked, rate, found), abs=1e-12)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.25])
def test_misses_at_a_rate_equal_the_roc_of_all_pairs(rate: float) -> None:
    vectors, labels = crowd(clips=150)
    score, same = listed(vectors.astype(np.float64), labels)
    false_alarm, hit, _ = roc_curve(same, score, drop_intermediate=False)
    expected = 1 - np.interp(rate, false_alarm, hit)
    assert misses_at(curve_of(vectors, labels), rate)[0] == pytest.approx(expected, abs=1e-9)


def test_true_positive_rates_of_hand_made_pairs() -> None:
    """A thousand pairs of strangers, and of one person three pairs that score above all, all but 5 and half of them."""
    same = np.zeros((1, 2001))
    same[0, [2000, 1990, 1000]] = 1
    other = np.zeros((1, 2001))
    other[0, np.arange(1, 2001, 2)] = 1
    curve = verification.rates(same, other)
    assert TprAtFpr1Percent().of_curve(curve) == pytest.approx(2 / 3)
    assert TprAtFpr1Permille().of_curve(curve) == pytest.approx(1 / 3)
    assert misses_at(curve, 0.5)[0] == pytest.approx(0.0)
    assert misses_at(curve, 0.499)[0] == pytest.approx(1 / 3)


def test_tied_scores_count_in_part() -> None:
    labels = np.array([0, 0, 1, 1])
    assert TprAtFpr1Percent()(np.ones((4, 2)), labels) == pytest.approx(0.01)
    assert TprAtFpr1Permille()(np.eye(2)[labels], labels) == 1


@pytest.mark.parametrize("metric", [TprAtFpr1Percent(), TprAtFpr1Permille()])
def test_one_kind_of_pairs_has_no_rate(metric: TprAtFpr1Percent) -> None:
    nan = np.full((2, 5), np.nan)
    some = np.linspace(0, 1, 5) * np.ones((2, 1))
    assert np.isnan(metric.of_curve(Curve(nan, 1 - some))).all()
    assert np.isnan(metric.of_curve(Curve(some, nan))).all()


def test_scores_are_told_apart_as_finely_as_float32() -> None:
    """A pair of one person scores 4e-7 above one of strangers: no error at all, and all with steps five times that."""
    near = 0.6 - 4e-7
    vectors = np.array([[1, 0], [0.6, 0.8], [near, -np.sqrt(1 - near**2)]])
    labels = np.array([0, 0, 1])
    assert EqualErrorRate()(vectors, labels) == 0
    rough = np.round(vectors / 2e-6) * 2e-6  # the control: what is that much rougher cannot tell
    rough[2, 0] = rough[1, 0]
    assert EqualErrorRate()(rough, labels) > 0


def test_counts_depend_neither_on_the_table_nor_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labels = crowd()
    monkeypatch.setattr(scores, "ROWS", 64)
    monkeypatch.setattr(scores, "COLUMNS", 100)
    expected = count_pairs(vectors, labels)
    for threads, few, room in ((1, -1, scores.NO_MORE), (2, -1, 6400), (4, scores.FEW, 0), (3, 0, 6400)):
        monkeypatch.setattr(scores, "threads", lambda count=threads: count)
        monkeypatch.setattr(scores, "FEW", few)
        monkeypatch.setattr(scores, "NO_MORE", room)
        assert equal(count_pairs(vectors, labels), expected), (threads, few)
    changed = vectors.copy()
    changed[0] += 1  # the control
    assert not equal(count_pairs(changed, labels), expected)


@given(st.integers(20, 300), st.integers(20, 700), st.integers(0, 10))
@settings(max_examples=8, deadline=None)
def test_blocks_move_a_rate_by_rounding_alone(rows: int, columns: int, seed: int) -> None:
    vectors, labels = crowd(seed, clips=150)
    expected = [metric(vectors, labels) for metric in (EqualErrorRate(), TprAtFpr1Percent())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "ROWS", rows)
        patch.setattr(scores, "COLUMNS", columns)
        order = np.random.default_rng(seed).permutation(150)
        found = [metric(vectors[order], labels[order]) for metric in (EqualErrorRate(), TprAtFpr1Percent())]
    assert found == pytest.approx(expected, abs=2e-5)


def test_vectors_of_any_length_are_compared() -> None:
    """Squares of the largest and smallest numbers overflow and vanish; the vectors are as good as any."""
    vectors, labels = crowd(clips=60, people=4)
    lengths = np.geomspace(1e-300, 1e300, 60)[:, None]
    assert EqualErrorRate()(vectors * lengths, labels) == pytest.approx(EqualErrorRate()(vectors, labels), abs=1e-5)


def test_threads_are_those_that_libraries_were_given() -> None:
    with threadpool_limits(limits=1):
        assert scores.threads() == 1
    assert 1 <= scores.threads() <= scores.THREADS


@pytest.mark.parametrize(("pairwise", "spread"), [(128, 4096), (128, 100), (0, 4096), (0, 100)])
def test_speaker_pairs_give_the_rates_of_all_clips(pairwise: int, spread: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether every two speakers are told apart or not, and whether all clips are compared or some."""
    monkeypatch.setattr(verification, "PAIRWISE", pairwise)
    monkeypatch.setattr(verification, "SPREAD", spread)
    vectors, labels = crowd(clips=700)
    pairs = SpeakerPairs.of(vectors, labels, tuple(f"s{i}" for i in range(20)))
    once = np.ones((1, 20))
    for metric, far in ((EqualErrorRate(), 2e-3), (TprAtFpr1Percent(), 5e-3), (TprAtFpr1Permille(), 1e-2)):
        assert pairs.values(once, metric.of_curve)[0] == pytest.approx(metric(vectors, labels), abs=far)
    assert (pairs.same == np.rint(pairs.same)).all() and (pairs.other == np.rint(pairs.other)).all()


@pytest.mark.parametrize("metric", [EqualErrorRate(), TprAtFpr1Percent()])
def test_intervals_of_many_speakers_are_those_of_all_pairs_of_them(
    metric: EqualErrorRate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum over pairs of speakers, to first order, against the sum itself; some clips against all."""
    vectors, labels = crowd(clips=900, people=60)
    names = tuple(f"s{i}" for i in range(60))

    def bounds() -> tuple[float, float]:
        found = interval([PairEvidence(SpeakerPairs.of(vectors, labels, names), metric)], 300, 0)
        assert found is not None
        return found

    low, high = bounds()
    monkeypatch.setattr(verification, "PAIRWISE", 40)
    monkeypatch.setattr(verification, "SPREAD", 300)
    assert bounds() == pytest.approx((low, high), abs=0.15 * (high - low))
    blind = np.random.default_rng(0).permutation(labels)  # the control: an interval of other pairs is another
    other = interval([PairEvidence(SpeakerPairs.of(vectors, blind, names), metric)], 300, 0)
    assert other is not None
    assert abs(other[0] - low) > high - low
