"""Mutual information and its chance level, against cases known by hand, against scikit-learn, against brute force."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score
from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

from emoprism.inspection.attributes import Attribute
from emoprism.inspection.information import (
    entangle,
    entropy,
    expected_information,
    mutual_information,
    shuffled_information,
)
from emoprism.inspection.words import degree, sentence


def attribute(name: str, codes: list[int]) -> Attribute:
    values = np.array(codes, dtype=np.int64)
    return Attribute(name, tuple(f"{name}{i}" for i in range(int(values.max()) + 1)), values)


def compare(known: list[int], told: list[int], times: int = 200, seed: int = 0):
    found = entangle(attribute("speaker", known), attribute("emotion", told), times, seed)
    assert found is not None
    return found


def test_independent_labels_tell_nothing() -> None:
    found = compare([0, 0, 1, 1] * 25, [0, 1, 0, 1] * 25)
    assert found.bits == 0 and found.told_bits == 1 and found.beyond == 0
    assert found.p == 1.0 and found.chance > 0
    assert degree(found) == "balanced" and "balanced by design" in sentence(found)


def test_identical_labels_tell_everything_and_both_ways() -> None:
    found = compare([0, 1, 2, 3] * 10, [3, 2, 1, 0] * 10)
    assert found.bits == pytest.approx(2) and found.share == pytest.approx(1) and found.beyond == pytest.approx(1)
    assert found.fixed and found.fixed_back and found.p == pytest.approx(1 / 201)
    assert "two names for one thing" in sentence(found)


def test_what_settles_is_not_settled_back() -> None:
    found = compare([0, 1, 2, 3] * 10, [0, 0, 1, 1] * 10)
    assert found.fixed and not found.fixed_back
    assert found.bits == pytest.approx(1) and found.back < 0.55
    assert sentence(found) == "The speaker settles the emotion."


def test_a_table_known_by_hand() -> None:
    """Cells 3, 1 / 1, 3 of 8: 1 bit less the entropy of (3/4, 1/4)."""
    found = compare([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 1, 0])
    assert found.bits == pytest.approx(1 - entropy(np.array([3, 1])))
    assert found.bits == pytest.approx(0.1887218755)


@pytest.mark.parametrize(
    ("known", "told"), [([0, 0, 0, 1, 1, 2], [0, 1, 1, 2, 2, 0]), ([0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1])]
)
def test_the_mean_by_chance_is_that_of_all_pairings(known: list[int], told: list[int]) -> None:
    a, b = np.array(known), np.array(told)
    every = [mutual_information(a, np.array(order)) for order in permutations(b.tolist())]
    assert expected_information(np.bincount(a), np.bincount(b)) == pytest.approx(np.mean(every), abs=1e-12)


@pytest.mark.parametrize(("n", "rows", "columns"), [(20, 2, 3), (300, 24, 8), (1500, 40, 500), (50, 50, 50), (9, 1, 4)])
def test_against_scikit_learn(n: int, rows: int, columns: int) -> None:
    generator = np.random.default_rng(n)
    a = np.unique(generator.integers(0, rows, n) ** 2 // rows, return_inverse=True)[1]
    b = np.unique(generator.integers(0, columns, n), return_inverse=True)[1]
    theirs = expected_mutual_information(contingency_matrix(a, b, sparse=True), n) / np.log(2)
    assert expected_information(np.bincount(a), np.bincount(b)) == pytest.approx(theirs, abs=1e-9)
    assert mutual_information(a, b) == pytest.approx(mutual_info_score(a, b) / np.log(2), abs=1e-9)


def test_shuffles_have_the_exact_mean_and_the_stated_quantile() -> None:
    generator = np.random.default_rng(3)
    a, b = generator.integers(0, 6, 400), generator.integers(0, 5, 400)
    chance = shuffled_information(a, b, 2000, generator)
    exact = expected_information(np.bincount(a), np.bincount(b))
    assert chance.mean() == pytest.approx(exact, abs=4 * chance.std() / np.sqrt(2000))
    found = compare(a.tolist(), b.tolist(), times=2000)
    assert found.chance == pytest.approx(exact)
    assert found.chance_95 is not None
    assert np.mean(chance > found.chance_95) == pytest.approx(0.05, abs=0.02)


def test_p_values_of_unrelated_labels_are_spread_evenly() -> None:
    """The control of the test: were p too small too often, chance would be taken for something."""
    generator = np.random.default_rng(5)
    ps = [
        compare(generator.integers(0, 4, 120).tolist(), generator.integers(0, 3, 120).tolist(), 99, seed).p
        for seed in range(120)
    ]
    assert 0.005 <= np.mean(np.array(ps) <= 0.05) <= 0.1
    assert 0.38 <= np.mean(np.array(ps) <= 0.5) <= 0.62


def test_what_depends_is_found() -> None:
    generator = np.random.default_rng(6)
    a = generator.integers(0, 4, 400)
    b = np.where(generator.random(400) < 0.5, a, generator.integers(0, 4, 400))
    found = compare(a.tolist(), b.tolist())
    assert found.p is not None and found.p < 0.01 and degree(found) == "clearly"
    assert "p ≤ 0.005" in sentence(found) and "clearly entangled" in sentence(found)


def test_large_sparse_tables_count_the_same_as_dense_ones() -> None:
    generator = np.random.default_rng(8)
    a = np.arange(2000) % 1000  # 1000 x 1000 cells for 2000 clips: counted by sorting
    b = np.unique(generator.integers(0, 1000, 2000), return_inverse=True)[1]
    assert mutual_information(a, b) == pytest.approx(mutual_info_score(a, b) / np.log(2))


def test_clips_without_a_label_are_left_out_of_the_pair() -> None:
    whole = compare([0, 0, 1, 1], [0, 1, 1, 1])
    gaps = compare([0, 0, 1, 1, -1, 1], [0, 1, 1, 1, 0, -1])
    assert gaps == whole and gaps.clips == 4
    assert entangle(attribute("a", [0, -1]), attribute("b", [-1, 0]), 5, 0) is None


def test_without_shuffles_chance_is_its_mean_alone() -> None:
    found = compare([0, 0, 1, 1], [0, 1, 1, 1], times=0)
    assert found.chance_95 is None and found.p is None and found.chance > 0
    assert "shuffles" not in sentence(found)


def test_draws_depend_on_the_seed_and_on_the_names() -> None:
    generator = np.random.default_rng(9)
    a, b = generator.integers(0, 5, 80).tolist(), generator.integers(0, 5, 80).tolist()
    assert compare(a, b) == compare(a, b)
    assert compare(a, b).chance_95 != compare(a, b, seed=1).chance_95
    other = entangle(attribute("speaker", a), attribute("gender", b), 200, 0)
    assert other is not None and other.chance_95 != compare(a, b).chance_95


def test_one_value_has_nothing_to_tell() -> None:
    found = compare([0, 1, 0, 1], [0, 0, 0, 0])
    assert (found.bits, found.told_bits, found.share, found.beyond) == (0, 0, 0, 0)
    assert sentence(found) == "The emotion has one value only in these clips, so there is nothing to tell."
