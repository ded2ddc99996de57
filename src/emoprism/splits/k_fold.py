"""Folds of whole speakers, or other groups, with even shares of every label: each group tests once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeInt

from emoprism.errors import CorpusError, Problem
from emoprism.splits._folds import (
    Nameless,
    Share,
    ValidateOn,
    Validation,
    deal,
    groups_of,
    named,
    place_of,
    with_held_out,
)
from emoprism.splits.base import Splitter, Unit
from emoprism.types import EMOTION, GENDER, SPEAKER

SALT = 0xF01D
"""Keeps this draw apart from others made with the same seed."""


class KFold(Splitter):
    """Cross-validation over groups: fold f is held out, the other folds train and select.

    Groups are dealt so that folds have even shares of clips, of each label of `stratify` and of `balance`
    (`emoprism.splits._folds.deal` states the bound). The folds of one seed hold out every clip once.
    """

    def __init__(
        self,
        *,
        folds: Annotated[int, Field(ge=2)] = 5,
        fold: NonNegativeInt = 0,
        group: str = SPEAKER,
        validation: Share = 0.15,
        validate_on: ValidateOn = "clips",
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
        balance: str | None = GENDER,
        nameless: Nameless = "refuse",
    ) -> None:
        """`group`: the attribute that is on one side only. `validation`: share of what is not held out that selects;
        `validate_on=clips` takes it from every speaker, `validate_on=groups` takes whole groups. `nameless`: what
        becomes of clips without a `group`.
        """
        self.count, self.fold, self.group, self.speaker = folds, fold, group, speaker
        self.keys = (stratify, balance)
        self.nameless: Nameless = nameless
        self.validation = Validation(validation, validate_on, group, speaker, self.keys)

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """`fold 1 of 5` and so on."""
        groups = {unit.labels[self.group] for unit in units if self.group in unit.labels}
        if len(groups) < self.count:
            what = f"folds={self.count}, but the clips have {len(groups)} values of '{self.group}'"
            raise CorpusError(Problem("data.split.folds", what, "ask for fewer folds"))
        return tuple(f"fold {number + 1} of {self.count}" for number in range(self.count))

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError for fewer groups than folds, and for clips that have no group."""
        units = named(units, self.group, self.nameless)
        place_of(self.fold, self.folds(units))
        rng = np.random.default_rng([SALT, seed])
        groups = groups_of(units, self.group)
        dealt = deal(groups, self.keys, [1 / self.count] * self.count, rng)
        mine = int(rng.permutation(self.count)[self.fold])  # or fold 0 always had the largest group
        held = [unit.id for name, members in groups.items() if dealt[name] == mine for unit in members]
        rest = [unit for name, members in groups.items() if dealt[name] != mine for unit in members]
        return with_held_out(units, self.validation.beside(rest, rng), held, self.speaker)
