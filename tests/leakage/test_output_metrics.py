"""Metrics of what is there and of numbers: made by hand, against scikit-learn and numpy, and at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from emoprism.leakage.evidence import output_metrics
from emoprism.leakage.metrics.base import OutputMetric
from emoprism.leakage.metrics.concordance import Concordance
from emoprism.leakage.metrics.correlation import Correlation
from emoprism.leakage.metrics.mean_absolute_error import MeanAbsoluteError
from emoprism.leakage.metrics.negative_nonnegative_accuracy import NegativeNonnegativeAccuracy
from emoprism.leakage.metrics.negative_nonnegative_f1 import NegativeNonnegativeF1
from emoprism.leakage.metrics.negative_positive_accuracy import NegativePositiveAccuracy
from emoprism.leakage.metrics.negative_positive_f1 import NegativePositiveF1
from emoprism.leakage.metrics.presence_f1 import PresenceF1
from emoprism.leakage.metrics.presence_macro_f1 import PresenceMacroF1
from emoprism.leakage.metrics.presence_weighted_accuracy import PresenceWeightedAccuracy
from emoprism.leakage.metrics.seven_class_accuracy import SevenClassAccuracy
from emoprism.types import NUMBER, PRESENCE

NAN = np.nan
PRESENT = [PresenceWeightedAccuracy(), PresenceF1(), PresenceMacroF1()]
MOSEI = {"happy": 0.5381, "sad": 0.2546, "angry": 0.2128, "surprised": 0.0986, "disgusted": 0.1699, "afraid": 0.0816}
"""Shares of the clips in which each emotion is there, from the published code of Shenoy and Sardana 2020."""


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def confusion(tp: int, fn: int, fp: int, tn: int) -> tuple[np.ndarray, np.ndarray]:
    """True and told of one word."""
    true = np.repeat([1, 1, 0, 0], [tp, fn, fp, tn])
    told = np.repeat([0.9, 0.1, 0.9, 0.1], [tp, fn, fp, tn])
    return column(*true), column(*told)


def test_weighted_accuracy_made_by_hand() -> None:
    """P = 4, N = 16: (3 * 16/4 + 12) / (2 * 16) = 24/32."""
    assert PresenceWeightedAccuracy()(*confusion(3, 1, 4, 12)) == 0.75
    assert PresenceWeightedAccuracy()(*confusion(0, 4, 16, 0)) == 0
    assert PresenceWeightedAccuracy()(*confusion(4, 0, 0, 16)) == 1


def test_f1_made_by_hand() -> None:
    """Present: 2 * 3 / (2 * 3 + 4 + 1) = 6/11; absent: 2 * 12 / (2 * 12 + 1 + 4) = 24/29."""
    made = confusion(3, 1, 4, 12)
    assert PresenceF1()(*made) == pytest.approx(6 / 11)
    assert PresenceMacroF1()(*made) == pytest.approx((6 / 11 + 24 / 29) / 2)


def test_words_count_alike_however_rare() -> None:
    common, rare = confusion(10, 0, 0, 10), confusion(0, 1, 0, 19)
    true, told = np.hstack([common[0], rare[0]]), np.hstack([common[1], rare[1]])
    assert PresenceWeightedAccuracy()(true, told) == pytest.approx((1 + 0.5) / 2)
    assert PresenceF1()(true, told) == pytest.approx((1 + 0) / 2)


def test_saying_the_same_of_every_clip() -> None:
    for always in ((4, 0, 16, 0), (0, 4, 0, 16)):
        assert PresenceWeightedAccuracy()(*confusion(*always)) == 0.5
    assert PresenceF1()(*confusion(4, 0, 16, 0)) == pytest.approx(8 / 24), "2 p / (1 + p)"
    assert PresenceF1()(*confusion(0, 4, 0, 16)) == 0


def test_a_word_that_is_true_of_no_clip_or_of_all() -> None:
    never, always, some = confusion(0, 0, 3, 7), confusion(6, 4, 0, 0), confusion(3, 1, 2, 4)
    assert np.isnan(PresenceWeightedAccuracy()(*never)) and np.isnan(PresenceWeightedAccuracy()(*always))
    assert np.isnan(PresenceF1()(*never)) and PresenceF1()(*always) == pytest.approx(0.75)
    assert PresenceMacroF1()(*never) == pytest.approx(14 / 17)
    for other in (never, always):
        both = np.hstack([some[0], other[0]]), np.hstack([some[1], other[1]])
        assert PresenceWeightedAccuracy()(*both) == PresenceWeightedAccuracy()(*some)
    both = np.hstack([some[0], never[0]]), np.hstack([some[1], never[1]])
    assert PresenceF1()(*both) == PresenceF1()(*some)


def test_a_probability_of_one_half_says_absent() -> None:
    assert PresenceF1()(column(1, 1), column(0.5, 0.50001)) == pytest.approx(2 / 3)


@pytest.mark.parametrize("metric", PRESENT)
def test_what_nobody_knows_of_one_word_leaves_the_others(metric: OutputMetric) -> None:
    one, two = confusion(3, 2, 1, 4), confusion(2, 2, 3, 3)
    gone = two[0].copy()
    gone[::3] = NAN
    left = ~np.isnan(gone[:, 0])
    whole = metric(np.hstack([one[0], gone]), np.hstack([one[1], two[1]]))
    assert whole == pytest.approx((metric(*one) + metric(two[0][left], two[1][left])) / 2)


BITS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)


@given(BITS)
@settings(max_examples=60, deadline=None)
def test_presence_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, said = (np.array(part) for part in zip(*pairs, strict=True))
    made = column(*true), column(*(0.2 + 0.6 * said))
    if len(set(true)) == 2:
        assert PresenceWeightedAccuracy()(*made) == pytest.approx(balanced_accuracy_score(true, said))
        assert PresenceMacroF1()(*made) == pytest.approx(f1_score(true, said, average="macro", zero_division=0))
    if true.any():
        assert PresenceF1()(*made) == pytest.approx(f1_score(true, said, zero_division=0))


def test_why_ito_s_f1_is_that_of_presence() -> None:
    """At their baseline's WA of 60.5 %, both recalls alike, what each F1 would be on their corpus (they print 38.8)."""
    clips, recall = 100_000, 0.605
    made = [
        confusion(*(round(clips * part) for part in (p * recall, p * (1 - recall), q * (1 - recall), q * recall)))
        for p, q in ((share, 1 - share) for share in MOSEI.values())
    ]
    values = [[float(metric(*word)) for word in made] for metric in PRESENT]
    by_support = [f1_score(true[:, 0], told[:, 0] > 0.5, average="weighted") for true, told in made]
    assert [round(100 * np.mean(each), 1) for each in (*values, by_support)] == [60.5, 37.2, 53.4, 65.1]


SENTIMENT = column(-3, -1, -0.2, 0, 0, 0.4, 1, 2.6), column(-1, 0.5, -0.1, 0.2, -0.3, 0, 0.7, 3.9)


def test_signs_made_by_hand() -> None:
    """Non-negative: 5 of 8 are, 5 are said to be, 4 of them rightly. Positive, without zeros: 3, 2 and 2 of 6."""
    assert NegativeNonnegativeAccuracy()(*SENTIMENT) == 6 / 8
    assert NegativeNonnegativeF1()(*SENTIMENT) == pytest.approx((5 * 8 / 10 + 3 * 4 / 6) / 8)
    assert NegativePositiveAccuracy()(*SENTIMENT) == pytest.approx(4 / 6)
    assert NegativePositiveF1()(*SENTIMENT) == pytest.approx((3 * 4 / 6 + 3 * 4 / 6) / 6)


def test_seven_classes_made_by_hand() -> None:
    """Right are -0.2 as 0, 0.2 and -0.3 as 0, 0.4 as 0, 0.7 as 1 and 3.9 as 3."""
    assert SevenClassAccuracy()(*SENTIMENT) == 6 / 8
    assert SevenClassAccuracy()(column(0, 2, 2), column(0.5, 1.5, 2.5)) == 1, "halves go to the even neighbour"


NUMBERS = st.lists(st.tuples(st.floats(-3, 3, width=32), st.floats(-4, 4, width=32)), min_size=2, max_size=30)


@given(NUMBERS)
@settings(max_examples=80, deadline=None)
def test_numbers_equal_the_field_s_code(pairs: list[tuple[float, float]]) -> None:
    true, told = (np.array(part, dtype=np.float32) for part in zip(*pairs, strict=True))
    made = column(*true), column(*told)
    assert MeanAbsoluteError()(*made) == pytest.approx(np.abs(true.astype(float) - told).mean())
    assert NegativeNonnegativeAccuracy()(*made) == pytest.approx(accuracy_score(true >= 0, told >= 0))
    weighted = f1_score(true >= 0, told >= 0, average="weighted", zero_division=0)
    assert NegativeNonnegativeF1()(*made) == pytest.approx(weighted)
    rounded = np.round(np.clip(true, -3, 3)) == np.round(np.clip(told, -3, 3))
    assert SevenClassAccuracy()(*made) == pytest.approx(rounded.mean())
    kept = true != 0
    if kept.any():
        assert NegativePositiveAccuracy()(*made) == pytest.approx(accuracy_score(true[kept] > 0, told[kept] > 0))
        weighted = f1_score(true[kept] > 0, told[kept] > 0, average="weighted", zero_division=0)
        assert NegativePositiveF1()(*made) == pytest.approx(weighted)
    else:
        assert np.isnan(NegativePositiveAccuracy()(*made)) and np.isnan(NegativePositiveF1()(*made))
    if np.ptp(true) > 0.01 and np.ptp(told) > 0.01:
        assert Correlation()(*made) == pytest.approx(np.corrcoef(true, told)[0, 1], abs=1e-6)
        (var_true, both), (_, var_told) = np.cov(true, told, bias=True)
        apart = (true.astype(float).mean() - told.astype(float).mean()) ** 2
        assert Concordance()(*made) == pytest.approx(2 * both / (var_true + var_told + apart), abs=1e-6)


def test_correlation_at_its_edges() -> None:
    true = column(-1.1, 0.3, 2.2)
    assert Correlation()(true, 5 - 0.5 * true) == pytest.approx(-1)
    assert Correlation()(true, column(0.1, 0.1, 0.1)) == 0, "the same number for all follows nothing"
    assert np.isnan(Correlation()(column(0.1, 0.1, 0.1), true)), "nothing to follow"
    assert np.isnan(Correlation()(column(1), column(2)))


def test_concordance_by_hand_and_at_its_edges() -> None:
    true = column(1, 2, 3)  # mean 2, variance 2/3
    assert Concordance()(true, true) == pytest.approx(1)
    assert Concordance()(true, true + 1) == pytest.approx(2 * (2 / 3) / (2 / 3 + 2 / 3 + 1)), "a shift costs"
    assert Correlation()(true, true + 1) == pytest.approx(1), "which a correlation does not see"
    assert Concordance()(true, 2 * true - 2) == pytest.approx(2 * (4 / 3) / (2 / 3 + 8 / 3)), "so does another scale"
    assert Concordance()(true, column(2, 2, 2)) == 0
    assert np.isnan(Concordance()(column(0.1, 0.1, 0.1), true))
    unknown = column(1, 2, 3, np.nan), column(2, 3, 4, 9)
    assert Concordance()(*unknown) == Concordance()(true, true + 1), "clips without the truth do not count"


def test_rounding_of_sums_is_no_variation() -> None:
    """Numbers told alike stay alike when the sums of speakers are drawn and added in another order."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=(3000, 1)).astype(np.float32)
    weights = rng.multinomial(20, np.full(20, 0.05), size=50).astype(np.float64)
    for number in rng.uniform(-3, 3, 40):
        speakers = np.zeros((20, 6))
        summands = Correlation().summands(true, np.full((3000, 1), number, dtype=np.float32))
        np.add.at(speakers, rng.integers(0, 20, 3000), summands)
        assert (Correlation().of_sums(weights @ speakers) == 0).all()


@pytest.mark.parametrize("metric", [*output_metrics(PRESENCE).values(), *output_metrics(NUMBER).values()])
def test_no_clip_and_no_truth_have_no_value(metric: OutputMetric) -> None:
    width = {PRESENCE: 2, NUMBER: 1}[metric.kind]
    for clips in (0, 3):
        true = np.full((clips, width), NAN, dtype=np.float32)
        assert np.isnan(metric(true, np.zeros_like(true)))


def test_constant_numbers() -> None:
    true, zero = SENTIMENT[0], np.zeros_like(SENTIMENT[0])
    assert NegativeNonnegativeAccuracy()(true, zero) == 5 / 8
    assert NegativePositiveAccuracy()(true, zero) == 0.5, "0 is told of the negative ones alone"
    assert MeanAbsoluteError()(true, zero) == pytest.approx(np.abs(true).mean())
