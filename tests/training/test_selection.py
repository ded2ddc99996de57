"""The epoch that a run keeps, and which weights may be thrown away on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoprism.training.selection import Candidate, alive, select

fractions = st.floats(0, 1, allow_nan=False)
scores = st.lists(st.tuples(fractions, st.floats(0, 2, allow_nan=False)), min_size=1, max_size=12)


def test_the_least_leaking_epoch_among_the_useful_ones_wins():
    candidates = [Candidate(0, 0.20, 0.1), Candidate(1, 0.90, 1.5), Candidate(2, 0.89, 0.8), Candidate(3, 0.80, 0.4)]
    assert select(candidates, 0.02).epoch == 2
    # Without a bound on utility the untrained network would win: the bound is what the rule adds to the paper's.
    assert select(candidates, 1.0).epoch == 0


def test_equal_scores_keep_the_later_epoch():
    assert select([Candidate(0, 0.5, 0.5), Candidate(1, 0.5, 0.5)], 0.02).epoch == 1


@given(scores, st.sampled_from([0.0, 0.02, 0.3]))
def test_throwing_candidates_away_never_changes_the_choice(values, tolerance):
    candidates = [Candidate(epoch, utility, combined) for epoch, (utility, combined) in enumerate(values)]
    kept: list[Candidate] = []
    for candidate in candidates:
        kept = alive([*kept, candidate], tolerance)
    assert select(kept, tolerance) == select(candidates, tolerance)


@given(scores)
def test_the_choice_is_useful_and_none_useful_leaks_less(values):
    candidates = [Candidate(epoch, utility, combined) for epoch, (utility, combined) in enumerate(values)]
    choice = select(candidates, 0.05)
    best = max(c.utility for c in candidates)
    assert choice.utility >= best - 0.05
    assert choice.combined == pytest.approx(min(c.combined for c in candidates if c.utility >= best - 0.05))
