"""The split that the corpus itself declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.splits._sides import draw_share, refuse_empty, refuse_overlaps, train_knows_all
from emoprism.splits.base import Splitter, Unit
from emoprism.types import EMOTION, SPEAKER, SPLITS, TRAIN, VALIDATION

NAMED = 5
"""Clips that an error names before it only counts the rest."""
SALT = 0x61CE


class Given(Splitter):
    """Every clip goes where its corpus puts it (the column `split` of a table of clips).

    Where the corpus declares no validation side, a share of train is taken for it: a draw by the seed, even over
    speakers and emotions. All other sides are the same for every seed.
    """

    def __init__(
        self,
        *,
        validation: Annotated[float, Field(ge=0, lt=1)] = 0.15,
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
    ) -> None:
        """`validation`: share of train that selects where the corpus declares no validation clips."""
        self.validation, self.speaker, self.stratify = validation, speaker, stratify

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError for clips without a split and for speakers on both sides of 'unseen'."""
        _all_given(units)
        sides = {unit.id: unit.given for unit in sorted(units, key=lambda unit: unit.id) if unit.given is not None}
        refuse_overlaps(units, sides, self.speaker)
        if VALIDATION not in sides.values():
            train = [unit for unit in units if sides[unit.id] == TRAIN]
            keys = (self.speaker, self.stratify)
            drawn = draw_share(train, self.validation, keys, np.random.default_rng([SALT, seed]))
            chosen = dict.fromkeys(sides.keys() & {unit.id for unit in train}, TRAIN) | dict.fromkeys(drawn, VALIDATION)
            train_knows_all(train, chosen, keys)
            sides |= chosen
            refuse_empty(sides, {VALIDATION: self.validation})
        return sides


def _all_given(units: Sequence[Unit]) -> None:
    without = [unit.id for unit in units if unit.given is None]
    problems = [
        Problem(f"clip '{unit.id}'", f"unknown split '{unit.given}'", did_you_mean(unit.given, SPLITS))
        for unit in units
        if unit.given is not None and unit.given not in SPLITS
    ]
    if without:
        named = ", ".join(without[:NAMED]) + (f" and {len(without) - NAMED} more" if len(without) > NAMED else "")
        what = f"{len(without)} of {len(units)} clips have no split: {named}"
        problems.append(Problem("data.split", what, "fill the column 'split', or set data.split=held_out"))
    if problems:
        raise CorpusError(problems)
