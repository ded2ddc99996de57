"""The numbers of a recipe: values of the corpus, by other names and scales where it says so, and as words besides."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from emoprism.errors import Problem, did_you_mean
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.recipe import Measured, Numbers
from emoprism.splits.base import refuse


def values_of(clip: PreparedClip, numbers: Numbers) -> dict[str, float]:
    """The clip's values, those of the recipe besides."""
    found = {
        name: one.times * clip.values[one.value or name]
        for name, one in numbers.items()
        if (one.value or name) in clip.values
    }
    return {**clip.values, **found}


def level(value: float, begins: Mapping[str, float]) -> str | None:
    """The word of the level that holds the value: the last that begins at it or below; None before the first."""
    place = bisect_right(list(begins.values()), value)
    return list(begins)[place - 1] if place else None


def levels_of(numbers: Numbers) -> dict[str, dict[str, float]]:
    """Of each number that has them."""
    return {name: one.levels for name, one in numbers.items() if one.levels}


def level_words(values: Mapping[str, float], numbers: Numbers) -> dict[str, str]:
    """The labels that a clip with these values has by the levels of its numbers."""
    found = {name: level(values[name], one.levels) for name, one in numbers.items() if name in values}
    return {name: word for name, word in found.items() if word is not None}


def refuse_idle_numbers(corpus: PreparedCorpus, numbers: Numbers) -> None:
    """Raise CorpusError for numbers that no clip has, levels that a label has the name of, and such as do not rise."""
    refuse([problem for name, one in numbers.items() for problem in _problems(corpus, name, one)], "data.numbers")


def _problems(corpus: PreparedCorpus, name: str, one: Measured) -> Iterator[Problem]:
    where, wanted = f"data.numbers.{name}", one.value or name
    known = {value for clip in corpus.clips for value in clip.values}
    if wanted not in known:
        yield Problem(where, f"no clip of {corpus.directory} has the value '{wanted}'", did_you_mean(wanted, known))
    if one.levels and any(name in clip.labels for clip in corpus.clips):
        yield Problem(f"{where}.levels", "clips have a label of this name already", "give the number another name")
    bounds = list(one.levels.values())
    if bounds != sorted(set(bounds)):
        yield Problem(f"{where}.levels", f"they begin at {bounds}", "each begins above the one before")
