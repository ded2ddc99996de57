"""Clips as the auditor sees them: an id, a side, labels in words and plain numbers, a column each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

from emoprism.types import MISSING, SPLITS


@dataclass(frozen=True)
class Labels:
    """One attribute of N clips: indices into sorted words, MISSING where a clip has none."""

    words: tuple[str, ...]
    index: Int64[np.ndarray, "N"]

    @classmethod
    def of(cls, column: Sequence[str | None]) -> Labels:
        """From a word for each clip; None or "" where it has none."""
        words = sorted({word for word in column if word})
        place = {word: i for i, word in enumerate(words)}
        return cls(tuple(words), np.array([place[w] if w else MISSING for w in column], dtype=np.int64))


@dataclass(frozen=True)
class Listing:
    """The clips of a split. `numbers` are quantities that shortcuts may use, NaN where unknown."""

    clips: tuple[str, ...]
    sides: tuple[str, ...]
    labels: Mapping[str, Labels]
    numbers: Mapping[str, Float64[np.ndarray, "N"]] = field(default_factory=dict[str, np.ndarray])

    @classmethod
    def of(
        cls,
        clips: Sequence[str],
        sides: Sequence[str],
        labels: Sequence[Mapping[str, str]],
        numbers: Mapping[str, Float64[np.ndarray, "N"]] | None = None,
    ) -> Listing:
        """From the labels of each clip."""
        names = sorted({name for row in labels for name in row})
        columns = {name: Labels.of([row.get(name) for row in labels]) for name in names}
        return cls(tuple(clips), tuple(sides), columns, numbers or {})

    @cached_property
    def side(self) -> Int64[np.ndarray, "N"]:
        """The side of each clip, as its place in SPLITS."""
        place = {name: i for i, name in enumerate(SPLITS)}
        return np.array([place[name] for name in self.sides], dtype=np.int64)

    def on(self, *sides: str) -> Bool[np.ndarray, "N"]:
        """Which clips are on one of these sides."""
        return np.isin(self.side, [SPLITS.index(name) for name in sides])

    def counts(self) -> dict[str, int]:
        """Clips per side, of sides that have any."""
        return {name: int(self.on(name).sum()) for name in SPLITS if self.on(name).any()}
