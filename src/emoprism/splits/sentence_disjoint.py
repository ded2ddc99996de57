"""Held-out sentences: does a model know the feeling, or the words it learnt the feeling with?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

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
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER

SALT = 0x5E47
"""Keeps this draw apart from others made with the same seed."""


class SentenceDisjoint(Splitter):
    """Sentences are dealt into folds as speakers are in k_fold; with `speaker_folds`, speakers are dealt as well.

    Then a fold tests the clips of its sentences by its speakers, trains on other sentences by other speakers, and
    leaves out the clips that share only one of the two with the test. Every clip is held out once over all folds.
    """

    def __init__(
        self,
        *,
        folds: Annotated[int, Field(ge=2)] = 2,
        speaker_folds: PositiveInt = 1,
        fold: NonNegativeInt = 0,
        validation: Share = 0.15,
        validate_on: ValidateOn = "clips",
        sentence: str = SENTENCE,
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
        balance: str | None = GENDER,
        nameless: Nameless = "refuse",
    ) -> None:
        """`folds`: of sentences. `speaker_folds`: 1 tests speakers who train too; more make strangers of them.
        `validation`: share of what trains that selects; `validate_on=groups` takes whole sentences. `nameless`: what
        becomes of clips without a sentence, or without a speaker where speakers are dealt.
        """
        self.counts: Mapping[str, int] = {sentence: folds, speaker: speaker_folds}
        self.fold, self.sentence, self.speaker = fold, sentence, speaker
        self.nameless: Nameless = nameless
        self.keys = (stratify, balance)
        self.validation = Validation(validation, validate_on, sentence, speaker, self.keys)

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """`sentences 1 of 2`, or `sentences 1 of 2, speakers 1 of 4`."""
        for key, count in self.counts.items():
            found = {unit.labels[key] for unit in units if key in unit.labels}
            if len(found) < count:
                option = "data.split.folds" if key == self.sentence else "data.split.speaker_folds"
                what = f"{count} folds, but the clips have {len(found)} values of '{key}'"
                raise CorpusError(Problem(option, what, "ask for fewer folds"))
        sentences, speakers = self.counts[self.sentence], self.counts[self.speaker]
        return tuple(
            f"sentences {i + 1} of {sentences}" + (f", speakers {j + 1} of {speakers}" if speakers > 1 else "")
            for i in range(sentences)
            for j in range(speakers)
        )

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError for fewer sentences or speakers than folds, and for clips without."""
        dealt = [key for key, count in self.counts.items() if count > 1]
        for key in dealt:
            units = named(units, key, self.nameless)
        place_of(self.fold, self.folds(units))
        rng = np.random.default_rng([SALT, seed])
        places = np.unravel_index(self.fold, tuple(self.counts.values()))
        inside = [self._inside(units, key, int(place), rng) for key, place in zip(self.counts, places, strict=True)]
        inside = [found for key, found in zip(self.counts, inside, strict=True) if key in dealt]
        held = [unit.id for unit in units if all(unit.id in found for found in inside)]
        rest = [unit for unit in units if not any(unit.id in found for found in inside)]
        if not held or not rest:
            what = f"no clip is left {'to test' if rest else 'to train on'}"
            raise CorpusError(Problem("data.split", what, "sentences and speakers hang together: ask for fewer folds"))
        return with_held_out(units, self.validation.beside(rest, rng), held, self.speaker)

    def _inside(self, units: Sequence[Unit], key: str, place: int, rng: np.random.Generator) -> set[str]:
        """Ids of the clips whose value of `key` is dealt into the fold's place."""
        count = self.counts[key]
        groups = groups_of((unit for unit in units if key in unit.labels), key)
        dealt = deal(groups, self.keys, [1 / count] * count, rng)
        mine = int(rng.permutation(count)[place])
        return {unit.id for name, members in groups.items() if dealt[name] == mine for unit in members}
