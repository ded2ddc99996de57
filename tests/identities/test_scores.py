"""Agreement of persons with speakers: by hand, and as scikit-learn counts pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.cluster import pair_confusion_matrix

from emoprism.identities.scores import agreement, harmonic


def test_by_hand() -> None:
    got = agreement(["p", "p", "p", "q", "q"], ["a", "a", "b", "b", "b"])
    assert got.pairwise_precision == pytest.approx(2 / 4)
    assert got.pairwise_recall == pytest.approx(2 / 4)
    assert got.bcubed_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert got.bcubed_recall == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    assert (got.persons, got.people, got.clips) == (2, 2, 5)


def test_perfect_and_worst() -> None:
    assert agreement(["x", "x", "y"], ["b", "b", "a"]).pairwise_f1 == 1.0
    assert agreement(["x", "y", "z"], ["a", "a", "a"]).pairwise_recall == 0.0
    assert agreement(["x", "x"], ["a", "b"]).pairwise_f1 == 0.0
    assert agreement([], []).clips == 0


def test_unknown_is_nobody_else() -> None:
    got = agreement(["", "", "p", "p"], ["a", "a", "b", "b"])
    assert got.pairwise_precision == 1.0
    assert got.pairwise_recall == pytest.approx(1 / 2)
    assert got.persons == 1


@pytest.mark.parametrize("seed", range(5))
def test_pairs_as_scikit_learn_counts_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, known = rng.integers(0, 6, 60), rng.integers(0, 9, 60)
    (_, fp), (fn, tp) = pair_confusion_matrix(known, found)
    got = agreement([f"p{n}" for n in found], [f"s{n}" for n in known])
    assert got.pairwise_precision == pytest.approx(tp / (tp + fp))
    assert got.pairwise_recall == pytest.approx(tp / (tp + fn))
    assert got.pairwise_f1 == pytest.approx(harmonic(tp / (tp + fp), tp / (tp + fn)))
