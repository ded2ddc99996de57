"""One speaker tests, everybody else trains: as many folds as there are speakers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import NonNegativeInt

from emoprism.errors import CorpusError, Problem
from emoprism.splits._folds import Nameless, Share, ValidateOn, Validation, named, place_of, with_held_out
from emoprism.splits.base import Splitter, Unit
from emoprism.types import EMOTION, GENDER, SPEAKER

SALT = 0x1050
"""Keeps this draw apart from others made with the same seed."""


class LeaveOneSpeakerOut(Splitter):
    """Fold f holds out the f-th speaker in alphabetical order; the seed only draws validation."""

    def __init__(
        self,
        *,
        fold: NonNegativeInt = 0,
        validation: Share = 0.15,
        validate_on: ValidateOn = "clips",
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
        balance: str | None = GENDER,
        nameless: Nameless = "refuse",
    ) -> None:
        """`validation`: share of the other speakers' clips that selects; `validate_on=groups` takes whole speakers, as
        even over `stratify` and `balance` as can be. `nameless`: what becomes of clips without a speaker.
        """
        self.fold, self.speaker = fold, speaker
        self.nameless: Nameless = nameless
        self.validation = Validation(validation, validate_on, speaker, speaker, (stratify, balance))

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """The speakers."""
        speakers = sorted({unit.labels[self.speaker] for unit in units if self.speaker in unit.labels})
        if len(speakers) < 2:
            what = f"the clips are of {len(speakers)} speaker{'s' * (len(speakers) != 1)}"
            raise CorpusError(Problem("data.split", what, "one at least has to train"))
        return tuple(speakers)

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError where there is no such fold, and for clips that have no speaker."""
        units = named(units, self.speaker, self.nameless)
        stranger = place_of(self.fold, self.folds(units))
        held = [unit.id for unit in units if unit.labels[self.speaker] == stranger]
        rest = [unit for unit in units if unit.labels[self.speaker] != stranger]
        sides = self.validation.beside(rest, np.random.default_rng([SALT, seed]))
        return with_held_out(units, sides, held, self.speaker)
