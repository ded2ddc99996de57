"""Do two systems predict the classes equally often? (Stuart 1955, Maxwell 1970), for predictions of the same clips."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64


class Homogeneity(NamedTuple):
    """The statistic, its degrees of freedom and the probability of one as large where the margins are equal."""

    statistic: float
    freedom: int
    p_value: float


def stuart_maxwell(one: Int64[np.ndarray, "N"], other: Int64[np.ndarray, "N"], classes: int) -> Homogeneity:
    """Test of marginal homogeneity of two predictions of N clips, by statsmodels.

    The two can be compared only where they disagree. A class on which they never do (as one that neither predicts)
    makes the covariance singular; so do classes that are mixed up among themselves but not with the others. So the
    classes fall into groups linked by disagreement, each group is tested, and independent chi-squared statistics add
    up with their degrees of freedom. No disagreement at all: statistic 0, p = 1.
    """
    from scipy.stats import chi2

    table = np.zeros((classes, classes))
    np.add.at(table, (one, other), 1)
    tests = [_homogeneity(table[np.ix_(group, group)]) for group in _linked(table)]
    statistic, freedom = sum(test.statistic for test in tests), sum(int(test.df) for test in tests)
    p_value = float(chi2.sf(statistic, freedom)) if freedom else 1.0
    return Homogeneity(float(statistic), freedom, p_value)


def _linked(table: Float64[np.ndarray, "C C"]) -> list[np.ndarray]:
    """Groups of at least two classes that disagreements connect."""
    from scipy.sparse.csgraph import connected_components

    apart = table * (1 - np.eye(len(table)))
    count, group = connected_components(apart, directed=False)
    members = [np.flatnonzero(group == i) for i in range(count)]
    return [classes for classes in members if len(classes) > 1]


def _homogeneity(table: Float64[np.ndarray, "C C"]) -> Any:
    from statsmodels.stats.contingency_tables import SquareTable

    # Zero cells are honest counts here: statsmodels would by default add a half to every cell.
    return SquareTable(table, shift_zeros=False).homogeneity(method="stuart_maxwell")
