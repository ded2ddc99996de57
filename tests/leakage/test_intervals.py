"""The bootstrap over speakers equals a plain loop, covers what it should, and draws speakers jointly over seeds."""

from __future__ import annotations

import time

import numpy as np
import pytest

from emoprism.leakage.evidence import Judged, LabelEvidence, SumEvidence, columns, counts_by_speaker, point
from emoprism.leakage.intervals import draws, interval
from emoprism.leakage.metrics.accuracy import Accuracy
from emoprism.leakage.metrics.base import LabelMetric
from emoprism.leakage.metrics.macro_f1 import MacroF1


def _judged(
    rng: np.random.Generator, speakers: list[str], each: int, *, spread: float = 1.0, classes: int = 3
) -> Judged:
    """Clips whose share told right varies from speaker to speaker."""
    right = np.repeat(rng.beta(6 / spread, 4 / spread, len(speakers)), each)
    true = rng.integers(0, classes, len(right))
    said = np.where(rng.random(len(right)) < right, true, (true + 1) % classes)
    names = tuple(f"c{i}" for i in range(len(right)))
    return Judged(names, tuple(np.repeat(speakers, each).tolist()), true, said, tuple("abc"[:classes]))


def _evidence(judged: Judged, metric: LabelMetric) -> LabelEvidence:
    return LabelEvidence(*counts_by_speaker(judged), metric)


@pytest.mark.parametrize("metric", [MacroF1(), Accuracy()])
def test_equals_a_loop_over_resampled_clips(metric: LabelMetric) -> None:
    judged = _judged(np.random.default_rng(0), ["b", "a", "d", "c"], 9)
    names = sorted(set(judged.speakers))
    values: list[float] = []
    for times in draws(4, 200, seed=5):
        drawn = [name for name, count in zip(names, times.astype(int), strict=True) for _ in range(count)]
        rows = np.concatenate([np.flatnonzero(np.array(judged.speakers) == name) for name in drawn])
        values.append(metric(judged.true[rows], judged.predicted[rows], 3))
    assert interval([_evidence(judged, metric)], 200, 5) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))
    assert point(_evidence(judged, metric)) == pytest.approx(metric(judged.true, judged.predicted, 3))


def test_covers_the_truth_where_clips_alone_would_not() -> None:
    """Accuracy differs between speakers: drawing speakers covers the mean about 95 % of the time, clips far less."""
    rng = np.random.default_rng(1)
    inside = {"speakers": 0, "clips": 0}
    for trial in range(100):
        judged = _judged(rng, [f"s{i:02d}" for i in range(30)], 20, spread=4)
        alone = Judged(judged.clips, judged.clips, judged.true, judged.predicted, judged.classes)
        for unit, evidence in (("speakers", judged), ("clips", alone)):
            bounds = interval([_evidence(evidence, Accuracy())], 300, trial)
            assert bounds is not None
            inside[unit] += bounds[0] <= 0.6 <= bounds[1]
    assert 0.88 <= inside["speakers"] / 100 <= 0.99
    assert inside["clips"] / 100 < 0.75


def test_one_draw_of_speakers_serves_every_seed() -> None:
    """Two seeds that are the same clips say nothing new: the interval of one. Independent ones would narrow it."""
    judged = _judged(np.random.default_rng(2), [f"s{i}" for i in range(12)], 10)
    one = interval([_evidence(judged, Accuracy())], 500, 0)
    assert interval([_evidence(judged, Accuracy())] * 2, 500, 0) == pytest.approx(one)


def test_seeds_with_speakers_of_their_own_are_left_out_of_draws_without_them() -> None:
    rng = np.random.default_rng(3)
    first, second = (_judged(rng, names, 10) for names in (["a", "b"], ["c", "d"]))
    bounds = interval([_evidence(j, Accuracy()) for j in (first, second)], 400, 0)
    assert bounds is not None and 0 <= bounds[0] <= bounds[1] <= 1


def test_no_interval_of_one_speaker_or_of_no_resample() -> None:
    judged = _judged(np.random.default_rng(0), ["a"], 9)
    assert interval([_evidence(judged, Accuracy())], 100, 0) is None
    two = _judged(np.random.default_rng(0), ["a", "b"], 9)
    assert interval([_evidence(two, Accuracy())], 0, 0) is None
    assert interval([_evidence(two, Accuracy())], 100, 0) is not None


def test_evidence_that_is_never_defined_has_no_interval() -> None:
    class Undefined(LabelEvidence):
        def values(self, weights: np.ndarray) -> np.ndarray:
            return np.full(len(weights), np.nan)

    judged = _judged(np.random.default_rng(0), ["a", "b"], 9)
    assert interval([Undefined(*counts_by_speaker(judged), Accuracy())], 50, 0) is None


def test_a_sum_is_measured_on_the_same_draw_of_speakers() -> None:
    rng = np.random.default_rng(4)
    one, other = _judged(rng, ["a", "b", "c"], 8), _judged(rng, ["b", "c", "d"], 8)
    parts = (_evidence(one, MacroF1()), _evidence(other, Accuracy()))
    total = SumEvidence(parts)
    assert total.speakers == ("a", "b", "c", "d")
    weights = np.array([[1.0, 2, 0, 1], [0, 1, 1, 1]])
    expected = sum(part.values(columns(weights, total.speakers, part)) for part in parts)
    assert total.values(weights) == pytest.approx(expected)


def test_a_thousand_resamples_are_quick() -> None:
    judged = _judged(np.random.default_rng(0), [f"s{i}" for i in range(24)], 40)
    evidence = _evidence(judged, MacroF1())
    interval([evidence], 10, 0)
    start = time.perf_counter()
    interval([evidence], 1000, 0)
    assert time.perf_counter() - start < 0.2
