"""Marginal homogeneity: the formula, the 2 x 2 case of McNemar, and tables that statsmodels alone cannot invert."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from emoprism.leakage.stuart_maxwell import stuart_maxwell


def _both(table: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices((len(table), len(table)))
    times = np.array(table).ravel()
    return np.repeat(rows.ravel(), times), np.repeat(columns.ravel(), times)


def _by_hand(table: np.ndarray) -> float:
    """d' V^-1 d with the last class left out (Stuart 1955; Maxwell 1970, in counts)."""
    d = (table.sum(1) - table.sum(0))[:-1]
    v = -(table + table.T)
    np.fill_diagonal(v, table.sum(1) + table.sum(0) - 2 * np.diag(table))
    return float(d @ np.linalg.solve(v[:-1, :-1], d))


@pytest.mark.parametrize("table", [[[20, 5, 2], [9, 30, 4], [1, 8, 15]], [[20, 5, 0], [9, 0, 4], [1, 8, 15]]])
def test_equals_the_formula_zero_cells_included(table: list[list[int]]) -> None:
    test = stuart_maxwell(*_both(table), 3)
    assert test.statistic == pytest.approx(_by_hand(np.array(table, dtype=float)))
    assert test.freedom == 2 and test.p_value == pytest.approx(chi2.sf(test.statistic, 2))


def test_two_classes_are_mcnemar() -> None:
    assert stuart_maxwell(*_both([[5, 9], [2, 7]]), 2).statistic == pytest.approx((9 - 2) ** 2 / (9 + 2))


def test_no_disagreement_is_no_difference() -> None:
    same = np.array([0, 1, 2, 2])
    assert stuart_maxwell(same, same, 4) == (0.0, 0, 1.0)


def test_classes_that_nobody_predicts_or_all_agree_on_change_nothing() -> None:
    small = stuart_maxwell(*_both([[20, 5, 2], [9, 30, 4], [1, 8, 15]]), 3)
    wide = stuart_maxwell(*_both([[20, 5, 2, 0, 0], [9, 30, 4, 0, 0], [1, 8, 15, 0, 0], [0] * 3 + [11, 0], [0] * 5]), 5)
    assert wide == pytest.approx(small)


def test_classes_mixed_up_only_among_themselves_add_up() -> None:
    test = stuart_maxwell(*_both([[5, 9, 0, 0], [2, 7, 0, 0], [0, 0, 4, 1], [0, 0, 6, 3]]), 4)
    assert test.freedom == 2 and test.statistic == pytest.approx(49 / 11 + 25 / 7)


def test_one_system_that_says_one_class_differs() -> None:
    said = np.arange(60) % 3
    test = stuart_maxwell(np.zeros(60, dtype=np.int64), said, 3)
    assert test.p_value < 1e-6
    assert stuart_maxwell(np.roll(said, 1), said, 3).p_value > 0.99, "all disagree, yet each class is as frequent"


def test_p_values_are_uniform_where_margins_are_equal() -> None:
    rng = np.random.default_rng(0)
    p = [stuart_maxwell(*rng.integers(0, 3, (2, 200)), 3).p_value for _ in range(600)]
    assert 0.025 < np.mean(np.array(p) < 0.05) < 0.08
