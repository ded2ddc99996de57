"""From frames to a clip: always a distribution, and the one that is written down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emoprism.corpora._imdb import pooled
from emoprism.errors import InputError, MediaError
from emoprism.teachers.pooling import check_kind, kind_of, pool

EYE = np.eye(8)
LOGITS = arrays(np.float32, st.tuples(st.integers(1, 6), st.just(8)), elements=st.floats(-20, 20, width=32))


@given(LOGITS, st.sampled_from(["mean", "max"]))
def test_logits_are_pooled_as_the_released_ones_are(rows, frames):
    shares = pool(rows, "logits", frames, EYE)
    assert np.allclose(shares, pooled(rows.astype(np.float64), frames))
    assert shares.sum() == pytest.approx(1)


@given(LOGITS)
def test_probabilities_of_a_teacher_that_ends_in_a_softmax_mean_the_same(rows):
    exact = np.exp(rows.astype(np.float64) - rows.max(1, keepdims=True))
    shares = (exact / exact.sum(1, keepdims=True)).astype(np.float32)
    assert kind_of(shares, "auto", "t") == "probabilities"
    assert np.allclose(pool(shares, "probabilities", "mean", EYE), pool(rows, "logits", "mean", EYE), atol=1e-6)
    one = rows[:1]
    assert np.allclose(pool(shares[:1], "probabilities", "max", EYE), pool(one, "logits", "mean", EYE), atol=1e-6)


def test_mean_and_max_differ_where_one_frame_is_sure():
    rows = np.zeros((5, 8), dtype=np.float32)
    rows[:4, 0], rows[4, 1] = 3.0, 4.0
    assert pool(rows, "logits", "mean", EYE).argmax() == 0
    assert pool(rows, "logits", "max", EYE).argmax() == 1


def test_what_is_left_out_leaves_a_distribution_or_a_reason():
    rows = np.log(np.array([[0.5, 0.3, 0.2]], dtype=np.float32))
    some = np.zeros((3, 8))
    some[0, 3] = some[1, 4] = 1
    assert np.allclose(pool(rows, "logits", "mean", some)[[3, 4]], [0.625, 0.375])
    with pytest.raises(MediaError, match="a class that is left out"):
        pool(np.array([[0.0, 0.0, 1.0]], dtype=np.float32), "probabilities", "mean", some)


def test_answers_that_are_neither_are_asked_about():
    sigmoids = np.array([[0.9, 0.8, 0.1]], dtype=np.float32)
    with pytest.raises(InputError, match=r"do not sum to 1.*\n.*set outputs=logits"):
        kind_of(sigmoids, "auto", "teacher")
    assert kind_of(sigmoids, "logits", "teacher") == "logits"
    with pytest.raises(InputError, match="they are no probabilities"):
        kind_of(np.array([[3.0, -1.0]], dtype=np.float32), "probabilities", "teacher")
    assert kind_of(np.array([[3.0, -1.0]], dtype=np.float32), "auto", "teacher") == "logits"
    with pytest.raises(InputError, match="something else to others"):
        check_kind(sigmoids, "probabilities", "teacher")
