"""Errors name the thing, what was expected and the next step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoprism import errors
from emoprism.errors import CorpusError, EmoprismError, InputError, MediaError, Problem, did_you_mean


def test_a_problem_says_where_what_and_what_next() -> None:
    assert str(Problem("a.csv, row 3", "empty", "fill it")) == "a.csv, row 3: empty\n    -> fill it"
    assert str(Problem("a.csv", "empty")) == "a.csv: empty"
    assert str(Problem("", "empty")) == "empty"


def test_an_error_holds_all_its_problems() -> None:
    one, two = Problem("a", "x"), Problem("b", "y")
    assert CorpusError(one).problems == (one,)
    assert CorpusError([one, two]).problems == (one, two)
    assert str(CorpusError([one, two])) == "a: x\nb: y"


def test_a_media_error_is_its_reason() -> None:
    assert MediaError("no face").reason == str(MediaError("no face")) == "no face"


def test_the_tree_stands_as_drawn() -> None:
    drawn = str(errors.__doc__).split("::")[1].split()
    named = [word for word in drawn if word.endswith("Error")]
    assert set(named) == {name for name in vars(errors) if name.endswith("Error")}
    inputs = named[named.index("InputError") + 1 : named.index("MediaError")]
    assert all(issubclass(getattr(errors, name), InputError) for name in inputs)
    assert all(issubclass(getattr(errors, name), EmoprismError) for name in named)


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("confusoin", ["confusion", "none"], "did you mean 'confusion'?"),
        ("zzz", ["b", "a"], "known: a, b"),
        ("zzz", [], "none is known"),
    ],
)
def test_suggestions(name: str, known: list[str], words: str) -> None:
    assert did_you_mean(name, known) == words


@given(st.text(), st.lists(st.text()))
def test_a_suggestion_never_fails(name: str, known: list[str]) -> None:
    assert did_you_mean(name, known)
