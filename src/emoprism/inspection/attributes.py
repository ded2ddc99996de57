"""The labels of all clips as numbers, and which of them say enough to be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from emoprism.errors import Problem, RecipeError, did_you_mean
from emoprism.inspection.options import InspectOptions
from emoprism.media.shards import PreparedClip
from emoprism.types import CORPUS, EMOTION, GENDER, MISSING, SENTENCE, SESSION, SOURCE, SPEAKER

ORDER = (SPEAKER, EMOTION, GENDER, SENTENCE, SESSION, SOURCE, CORPUS)
"""Attributes with a meaning of their own come first."""
FEW = 20
"""An attribute of so few values is shown however few clips there are."""
KEYS = ("primary", "secondary")
"""Options that name one attribute each."""
MOST = 12
"""Attributes shown unless others are asked for: their pairs are compared, and pairs are many."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of N clips: `codes` are indices into `classes`, MISSING where a clip has no such label."""

    name: str
    classes: tuple[str, ...]
    codes: Int64[np.ndarray, "N"]

    @property
    def counts(self) -> Int64[np.ndarray, "C"]:
        """Clips of each class."""
        return np.bincount(self.codes[self.codes != MISSING], minlength=len(self.classes)).astype(np.int64)

    @property
    def missing(self) -> int:
        """Clips without the label."""
        return int(np.count_nonzero(self.codes == MISSING))

    @property
    def nearly_unique(self) -> bool:
        """Whether there is more than one value for every two clips, so that counting them says nothing."""
        return len(self.classes) > max(FEW, (len(self.codes) - self.missing) / 2)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The attributes that are shown, and why others are not."""

    shown: Mapping[str, Attribute]
    left_out: Mapping[str, str]


def attributes_of(clips: Sequence[PreparedClip]) -> dict[str, Attribute]:
    """Every label that any clip has: those with a meaning of their own first, then by name."""
    names = sorted({name for clip in clips for name in clip.labels})
    names.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return {name: _attribute(name, [clip.labels.get(name) for clip in clips]) for name in names}


def _attribute(name: str, labels: Sequence[str | None]) -> Attribute:
    classes = sorted({label for label in labels if label is not None}, key=as_counted)
    index: dict[str | None, int] = {label: i for i, label in enumerate(classes)}
    return Attribute(name, tuple(classes), np.array([index.get(label, MISSING) for label in labels], dtype=np.int64))


def as_counted(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts "actor2" before "actor10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return tuple((0, int(part), part) if part[0] in "0123456789" else (1, 0, part) for part in parts)


def choose(found: Mapping[str, Attribute], options: InspectOptions, directory: Path) -> Chosen:
    """What to show. Raises RecipeError where an attribute that was asked for is in no clip."""
    _check_asked(found, options, directory)
    first = [name for name in (options.secondary, options.primary) if name in found]
    rest = [name for name in options.attributes or found if name not in first]
    asked = {*options.attributes, *(getattr(options, key) for key in KEYS if key in options.model_fields_set)}
    shown: dict[str, Attribute] = {}
    left_out: dict[str, str] = {}
    for name in [*first, *dict.fromkeys(rest)]:
        attribute = found[name]
        known = len(attribute.codes) - attribute.missing
        if attribute.nearly_unique and name not in asked:
            left_out[name] = f"{len(attribute.classes):,} values in {known:,} clips, nearly one a clip"
        elif len(shown) == MOST and not options.attributes:
            left_out[name] = f"beyond the first {MOST}; attributes=[{name}] shows it"
        else:
            shown[name] = attribute
    return Chosen(shown, left_out | {name: "not asked for" for name in found if name not in {**shown, **left_out}})


def _check_asked(found: Mapping[str, Attribute], options: InspectOptions, directory: Path) -> None:
    asked = [("attributes", name) for name in options.attributes]
    asked += [(key, getattr(options, key)) for key in KEYS if key in options.model_fields_set]
    problems = [
        Problem(f"corpus inspect: {key}", f"no clip of {directory} has a label '{name}'", did_you_mean(name, found))
        for key, name in asked
        if name not in found
    ]
    if problems:
        raise RecipeError(problems)
