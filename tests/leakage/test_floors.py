"""What can be told without an embedding."""

from __future__ import annotations

import numpy as np
import pytest

from emoprism.families import ATTACKERS
from emoprism.leakage.attack import Labelled, attack
from emoprism.leakage.floors import majority, one_hot, uniform_guessing
from emoprism.leakage.metrics.accuracy import Accuracy
from emoprism.leakage.metrics.macro_f1 import MacroF1
from emoprism.leakage.metrics.unweighted_accuracy import UnweightedAccuracy


def test_one_hot_of_strangers_and_unknowns_is_zero() -> None:
    assert one_hot(np.array([1, 0, 5, -1]), np.array([0, 1])).tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]


def test_expected_scores_of_guessing_equal_guesses_made() -> None:
    rng = np.random.default_rng(0)
    true, train = np.repeat(np.arange(4), [50, 30, 15, 5]), np.array([0, 1, 2, 3, 3, -1])
    counts = uniform_guessing(train, true, 4)
    made = [Accuracy()(true, rng.integers(0, 4, 100), 4) for _ in range(400)]
    assert Accuracy().of_counts(counts)[0] == pytest.approx(0.25) == pytest.approx(np.mean(made), abs=0.015)
    assert UnweightedAccuracy().of_counts(counts)[0] == pytest.approx(0.25)
    f1 = [MacroF1()(true, rng.integers(0, 4, 100), 4) for _ in range(400)]
    assert MacroF1().of_counts(counts)[0] == pytest.approx(np.mean(f1), abs=0.02)


def test_guessing_names_only_classes_of_train() -> None:
    counts = uniform_guessing(np.array([0, 1]), np.array([0, 1, 2]), 3)
    assert counts.predicted[0].tolist() == [1.5, 1.5, 0]
    assert Accuracy().of_counts(counts)[0] == pytest.approx(1 / 3)


def test_majority_is_the_commonest_of_train_not_of_test() -> None:
    counts = majority(np.array([2, 2, 0, -1, -1, -1]), np.array([0, 0, 2]), 3)
    assert Accuracy().of_counts(counts)[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("name", ATTACKERS.names())
def test_the_label_alone_tells_what_it_depends_on_and_no_more(name: str) -> None:
    """Speakers show one emotion 80 % of the time: every attacker reads 80 % off the name; independent labels: none."""
    rng = np.random.default_rng(0)
    speaker = rng.integers(0, 6, 600)
    habit = np.where(rng.random(600) < 0.8, speaker % 3, (speaker + 1) % 3)
    x = one_hot(speaker, np.arange(6))
    told = attack(ATTACKERS.make(name), Labelled(x[:400], habit[:400]), x[400:])
    assert (told.predicted == speaker[400:] % 3).all()
    free = rng.integers(0, 3, 600)
    told = attack(ATTACKERS.make(name), Labelled(x[:400], free[:400]), x[400:])
    assert abs(float((told.predicted == free[400:]).mean()) - 1 / 3) < 0.12
