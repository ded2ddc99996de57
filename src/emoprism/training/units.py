"""Prepared clips as splitters and training see them: labels mapped and merged, clips without a place left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emoprism.errors import Problem, did_you_mean
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.recipe import LabelMaps, Merge, Numbers
from emoprism.splits.base import Unit, refuse
from emoprism.training.numbers import level_words, refuse_idle_numbers, values_of
from emoprism.types import CORPUS

__all__ = ["mapped", "units_of"]

NO_NUMBERS: Numbers = {}


def units_of(corpus: PreparedCorpus, maps: LabelMaps, merge: Merge, numbers: Numbers = NO_NUMBERS) -> list[Unit]:
    """The clips in order of id, with the labels that `maps` (corpus by corpus), `merge` and levels of `numbers` give.

    A clip with a label that is mapped to nothing is left out. Raises CorpusError for maps of corpora, attributes or
    labels that no clip has: a label spelt otherwise would go unmapped without a word.
    """
    _refuse_idle(corpus, maps)
    refuse_idle_numbers(corpus, numbers)
    units: list[Unit] = []
    for clip in corpus.clips:
        labels = mapped(clip.labels, maps.get(clip.labels.get(CORPUS, ""), {}))
        if labels is not None:
            merged = {name: merge.get(name, {}).get(word, word) for name, word in labels.items()}
            units.append(Unit(clip.id, merged | level_words(values_of(clip, numbers), numbers), clip.split))
    return units


def mapped(labels: Mapping[str, str], maps: Mapping[str, Mapping[str, str | None]]) -> dict[str, str] | None:
    """Labels as `maps` (attribute -> word -> word) has them; None where a word leads to null: the clip is left out."""
    found: dict[str, str] = {}
    for name, word in labels.items():
        told = maps.get(name, {}).get(word, word)
        if told is None:
            return None
        found[name] = told
    return found


def _refuse_idle(corpus: PreparedCorpus, maps: LabelMaps) -> None:
    known = _words(corpus.clips) if maps else {}
    problems: list[Problem] = []
    for name, attributes in maps.items():
        if name not in known:
            problems.append(Problem(f"data.maps.{name}", "no clip is of this corpus", did_you_mean(name, known)))
            continue
        for attribute, words in attributes.items():
            where, found = f"data.maps.{name}.{attribute}", known[name].get(attribute, set[str]())
            if not found:
                problems.append(Problem(where, "no clip has this label", did_you_mean(attribute, known[name])))
                continue
            problems += [
                Problem(f"{where}.{word}", "no clip has this label", did_you_mean(word, found))
                for word in sorted(words.keys() - found)
            ]
    refuse(problems, "data.maps")


def _words(clips: Iterable[PreparedClip]) -> dict[str, dict[str, set[str]]]:
    """Corpus -> attribute -> labels that occur."""
    words: dict[str, dict[str, set[str]]] = {}
    for clip in clips:
        if CORPUS in clip.labels:
            found = words.setdefault(clip.labels[CORPUS], {})
            for name, word in clip.labels.items():
                found.setdefault(name, set()).add(word)
    return words
