"""What must hold of every metric and attacker: emoprism.testing runs it on plug-ins inside and outside the project."""

from __future__ import annotations

import json

import numpy as np

from emoprism.leakage.attackers.base import Attacker, Settings
from emoprism.leakage.fitting import fitting
from emoprism.leakage.metrics.base import Counts, CurveMetric, LabelMetric, OutputMetric
from emoprism.leakage.verification import Curve, curve_of
from emoprism.types import NUMBER, PRESENCE


def check_label_metric(name: str, metric: LabelMetric) -> None:
    """Perfect predictions are best, wrong ones worst; names of classes do not matter; leading axes are independent."""
    rng = np.random.default_rng(0)
    true = np.concatenate([np.arange(4), rng.integers(0, 4, 60)])
    guess = np.where(rng.random(64) < 0.5, true, rng.integers(0, 4, 64))
    best, middle, worst = (metric(true, said, 4) for said in (true, guess, (true + 1) % 4))
    sign = 1 if metric.higher_is_better else -1
    assert sign * best > sign * middle > sign * worst, f"{name}: the better the predictions, the better the value"
    assert all(0 <= value <= 1 for value in (best, middle, worst)), f"{name}: values lie in [0, 1]"
    names = rng.permutation(4)
    assert np.isclose(metric(names[true], names[guess], 4), middle), f"{name}: the order of classes does not matter"
    assert np.isclose(metric(true, guess, 6), middle), f"{name}: a class that nobody has or says does not matter"
    counts = Counts.by_group(true, guess, 4, np.repeat(np.arange(2), 32), 2)
    each = [metric(true[rows], guess[rows], 4) for rows in (slice(0, 32), slice(32, 64))]
    assert np.allclose(metric.of_counts(counts), each), f"{name}: counts [2, C] give the values of both"
    nothing = Counts(np.zeros((1, 4)), np.zeros((1, 4)), np.zeros((1, 4)))
    assert np.isnan(metric.of_counts(nothing)).all(), f"{name}: no clip gives NaN, without a warning"


def check_output_metric(name: str, metric: OutputMetric) -> None:
    """Right outputs are best, wrong ones worst; a clip adds to the sums what it adds alone; an unknown one nothing."""
    assert metric.kind in (PRESENCE, NUMBER), f"{name}: its kind is PRESENCE or NUMBER, not {metric.kind!r}"
    true, right, wrong = _outputs(metric.kind)
    rng = np.random.default_rng(1)
    told = np.where(rng.random(true.shape) < 0.7, right, wrong)
    best, middle, worst = (metric(true, said) for said in (right, told, wrong))
    sign = 1 if metric.higher_is_better else -1
    assert sign * best > sign * middle > sign * worst, f"{name}: the better the outputs, the better the value"
    low, high = metric.bounds
    assert all(low <= value <= high for value in (best, middle, worst)), f"{name}: values lie in its bounds"
    order = rng.permutation(len(true))
    assert np.isclose(metric(true[order], told[order]), middle), f"{name}: the order of clips does not matter"
    turned = (np.roll(values, 1, axis=1) for values in (true, told))
    assert np.isclose(metric(*turned), middle), f"{name}: the order of words does not matter"
    _check_sums(name, metric, true, told)


def _outputs(kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is true of 64 clips, told right and told wrong, as float32."""
    rng = np.random.default_rng(0)
    if kind == NUMBER:
        true = np.concatenate([np.arange(-3, 4), rng.uniform(-3, 3, 57)]).astype(np.float32)[:, None]
        return true, true, -true
    true = (rng.random((64, 3)) < (0.2, 0.5, 0.7)).astype(np.float32)
    return true, 0.8 * true + np.float32(0.1), np.float32(0.9) - 0.8 * true


def _check_sums(name: str, metric: OutputMetric, true: np.ndarray, told: np.ndarray) -> None:
    whole = metric.summands(true, told)
    assert whole.dtype == np.float64, f"{name}: sums are of float64: those of float32 lose clips"
    pieces = slice(0, 24), slice(24, 64)
    parts = np.concatenate([metric.summands(true[rows], told[rows]) for rows in pieces])
    assert (whole == parts).all(), f"{name}: what a clip adds does not depend on other clips"
    sums = np.stack([whole[rows].sum(0) for rows in pieces])
    each = [metric(true[rows], told[rows]) for rows in pieces]
    assert np.allclose(metric.of_sums(sums), each), f"{name}: sums [2, S] give the values of both"
    assert np.allclose(metric.of_sums(np.stack([sums, sums])), [each, each]), f"{name}: sums [2, 2, S] do so twice"
    unknown = metric.summands(np.full_like(true, np.nan), np.full_like(told, np.nan))
    assert (unknown == 0).all(), f"{name}: a clip of which nobody knows the truth adds nothing"
    assert np.isnan(metric.of_sums(unknown[:2])).all(), f"{name}: no clip gives NaN, without a warning"


def check_curve_metric(name: str, metric: CurveMetric) -> None:
    """Separated people are best, reversed scores worst; scale and order do not matter; leading axes are independent."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 24)
    centre, noise = 4 * np.eye(5)[labels], rng.normal(size=(120, 5))  # some pairs beyond 0.1 %
    best, middle, worst = (metric(vectors, labels) for vectors in (centre + noise / 50, centre / 2 + noise, noise))
    sign = 1 if metric.higher_is_better else -1
    assert sign * best > sign * middle > sign * worst, f"{name}: the better people are told apart, the better"
    assert all(0 <= value <= 1 for value in (best, middle, worst)), f"{name}: values lie in [0, 1]"
    order = rng.permutation(120)
    again = metric(3 * (centre / 2 + noise)[order], labels[order])
    assert np.isclose(again, middle, atol=1e-4), f"{name}: neither the length of vectors nor their order matters"
    curve = curve_of(centre / 2 + noise, labels)
    both = Curve(np.repeat(curve.misses, 2, axis=0), np.repeat(curve.false_alarms, 2, axis=0))
    assert np.allclose(metric.of_curve(both), middle, atol=1e-6), f"{name}: curves [2, T] give the values of both"
    nothing = Curve(np.full((1, 5), np.nan), np.full((1, 5), np.nan))
    assert np.isnan(metric.of_curve(nothing)).all(), f"{name}: a curve of no pairs gives NaN, without a warning"


def check_attacks(name: str, attacker: Attacker) -> None:
    """Learns what is plain and nothing from noise; deterministic; each prediction is of its own row alone."""
    rng = np.random.default_rng(0)
    y, truth = np.arange(90) % 3, np.arange(60) % 3
    centre = 3 * rng.normal(size=(3, 6))
    x, new = centre[y] + rng.normal(size=(90, 6)), centre[truth] + rng.normal(size=(60, 6))
    for array in (x, y, new):
        array.flags.writeable = False  # an attacker that changed its input would change that of the next one
    with fitting():
        told = _check_candidates(name, attacker, x, y, new, truth)
        _check_function(name, attacker, x, y, new, told)
        noise = rng.normal(size=(400, 6))
        said = attacker.predict(noise[:200], np.arange(200) % 2, noise[200:], told, 0)
        right = float((said == np.arange(200) % 2).mean())
    assert abs(right - 0.5) < 0.15, f"{name}: reads nothing from noise, whatever it memorises ({right:.2f})"


def _check_candidates(
    name: str, attacker: Attacker, x: np.ndarray, y: np.ndarray, new: np.ndarray, truth: np.ndarray
) -> Settings:
    """Settings of the best candidate on the plain problem."""
    grid = attacker.grid(90, 6, 3)
    assert grid, f"{name}: has settings to choose from"
    assert json.loads(json.dumps(grid)) == grid, f"{name}: settings can be written as JSON"
    found = list(attacker.candidates(x, y, new, 0))
    assert [settings for settings, _ in found] == grid, f"{name}: candidates are the points of the grid, in order"
    for _, said in found:
        assert said.dtype == np.int64 and said.shape == (60,), f"{name}: predicts an int64 class for every row"
        assert set(said.tolist()) <= {0, 1, 2}, f"{name}: predicts classes of train"
    scores = [float((said == truth).mean()) for _, said in found]
    assert max(scores) > 0.9, f"{name}: finds a leak that is plain ({max(scores):.2f})"
    best = int(np.argmax(scores))
    same = attacker.predict(x, y, new, grid[best], 0)
    assert (same == found[best][1]).all(), f"{name}: predicts with chosen settings what it predicted as a candidate"
    return grid[best]


def _check_function(
    name: str, attacker: Attacker, x: np.ndarray, y: np.ndarray, new: np.ndarray, settings: Settings
) -> None:
    one = attacker.predict(x, y, new, settings, 0)
    again = attacker.predict(x, y, new, settings, 0)
    assert (one == again).all(), f"{name}: the same arguments give the same predictions"
    half = attacker.predict(x, y, new[:7], settings, 0)
    assert (half == one[:7]).all(), f"{name}: what it says of a row does not depend on other rows"
