"""Right and wrong on another corpus: which emotions are right for each of its clips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emoprism.errors import Problem, StageError
from emoprism.experiments.study import Cross
from emoprism.leakage.evidence import Judged
from emoprism.media.shards import PreparedClip
from emoprism.types import EMOTION, NO, SPEAKER, YES

WRONG, RIGHT = 0, 1


@dataclass(frozen=True)
class Rights:
    """Of every clip that can be scored the classes that are right, and how many have none and are left out."""

    of: Mapping[str, frozenset[str]]
    speakers: Mapping[str, str]
    left_out: int
    classes: tuple[str, ...]
    """Those that may be predicted."""

    def judge(self, clips: Sequence[str], predicted: Sequence[str]) -> Judged:
        """Predictions as `right` or `wrong`, clips that cannot be scored left out. Accuracy is the share of right."""
        kept = [(clip, word) for clip, word in zip(clips, predicted, strict=True) if clip in self.of]
        told = [RIGHT if word in self.of[clip] else WRONG for clip, word in kept]
        names = tuple(clip for clip, _ in kept)
        return Judged(
            clips=names,
            speakers=tuple(self.speakers[name] for name in names),
            true=np.full(len(names), RIGHT, dtype=np.int64),
            predicted=np.array(told, dtype=np.int64),
            classes=("wrong", "right"),
        )

    def chance(self) -> float:
        """Expected accuracy of saying each class equally often."""
        return float(np.mean([len(right & set(self.classes)) / len(self.classes) for right in self.of.values()]))

    def constant(self) -> tuple[str, float]:
        """The class that is right most often, and how often: what always saying it would reach."""
        shares = {word: float(np.mean([word in right for right in self.of.values()])) for word in self.classes}
        best = max(shares, key=lambda word: (shares[word], word))
        return best, shares[best]


def rights_of(clips: Iterable[PreparedClip], classes: Sequence[str], cross: Cross, where: str) -> Rights:
    """The rule of `cross` for every clip; `classes` are those that the models know.

    A clip for which no class is right is left out: its emotion is mapped to nothing, unknown to the models, or (as one
    that is rated for fear alone, where the models know none) not there. Raises StageError where that leaves none.
    """
    every = list(clips)
    told = {clip.id: _right(clip, classes, cross) for clip in every}
    scored = {name: right for name, right in told.items() if right}
    if not scored:
        known = ", ".join(classes)
        what = f"for none of its {len(every)} clips one of {known} is right by the rule '{cross.score}'"
        raise StageError(Problem(where, what, "see cross.maps and cross.positive of the study"))
    shared = set[str]().union(*scored.values())
    asked = tuple(word for word in classes if cross.among == "all" or word in shared)
    speakers = {clip.id: clip.labels.get(SPEAKER, f"clip {clip.id}") for clip in every}
    return Rights(scored, speakers, len(every) - len(scored), asked)


def _right(clip: PreparedClip, classes: Sequence[str], cross: Cross) -> frozenset[str]:
    emotion = _mapped(clip, cross)
    if emotion is None and EMOTION in clip.labels:
        return frozenset()
    if cross.score == "label":
        return frozenset(word for word in classes if word == emotion)
    return frozenset(word for word in classes if _positive(clip, word, cross.positive.get(word, word), emotion))


def _mapped(clip: PreparedClip, cross: Cross) -> str | None:
    word = clip.labels.get(EMOTION)
    return None if word is None else cross.maps.get(EMOTION, {}).get(word, word)


def _positive(clip: PreparedClip, word: str, name: str, emotion: str | None) -> bool:
    if clip.labels.get(name) in (YES, NO):
        return clip.labels[name] == YES
    return clip.values[name] > 0 if name in clip.values else emotion == word
