"""Numbers as words: the levels of a recipe, so that splits, probes and audits can ask about a number too."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from emoprism.errors import Problem, did_you_mean
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.recipe import Levels
from emoprism.splits.base import refuse


def level(value: float, begins: Mapping[str, float]) -> str | None:
    """The word of the level that holds the value: the last that begins at it or below; None before the first."""
    place = bisect_right(list(begins.values()), value)
    return list(begins)[place - 1] if place else None


def level_words(clip: PreparedClip, levels: Levels) -> dict[str, str]:
    """The labels that a clip has by its values."""
    found = {name: level(clip.values[name], begins) for name, begins in levels.items() if name in clip.values}
    return {name: word for name, word in found.items() if word is not None}


def refuse_idle_levels(corpus: PreparedCorpus, levels: Levels) -> None:
    """Raise CorpusError for levels of no value, of one that is a label already, and levels that do not rise."""
    refuse([problem for name, begins in levels.items() for problem in _problems(corpus, name, begins)], "data.levels")


def _problems(corpus: PreparedCorpus, name: str, begins: Mapping[str, float]) -> Iterable[Problem]:
    where = f"data.levels.{name}"
    known = {value for clip in corpus.clips for value in clip.values}
    if name not in known:
        yield Problem(where, f"no clip of {corpus.directory} has this value", did_you_mean(name, known))
    if any(name in clip.labels for clip in corpus.clips):
        yield Problem(where, "clips have a label of this name already", "levels are for numbers alone")
    bounds = list(begins.values())
    if not bounds or bounds != sorted(set(bounds)):
        yield Problem(where, f"levels begin at {bounds}", "give one word or more, each beginning above the one before")
