"""Clips held out of known speakers (Peri et al. 2021, section 4.1), and speakers left out altogether."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt

from emoprism.errors import CorpusError, Problem
from emoprism.splits._sides import draw_share, refuse_empty, train_knows_all
from emoprism.splits.base import Splitter, Unit
from emoprism.types import EMOTION, SPEAKER, TEST, TRAIN, UNSEEN, VALIDATION

Share = Annotated[float, Field(ge=0, lt=1)]

SALT = 0x5911
"""Keeps this draw apart from others made with the same seed."""


class HeldOut(Splitter):
    """A share of every speaker's clips tests, a share of the rest selects, and some speakers never train.

    The draw is even over emotions within each speaker. Whoever or whatever is tested or selected on occurs in train
    too; a clip without a speaker can only train.
    """

    def __init__(
        self,
        *,
        test: Share = 0.3,
        validation: Share = 0.15,
        unseen: NonNegativeInt = 0,
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
        balance: str | None = "gender",
        dependency_seed: NonNegativeInt | None = None,
        dependency_base: float = 0.25,
        dependency_slope: NonNegativeFloat = 1.6,
    ) -> None:
        """`test`: share of a seen speaker's clips. `validation`: share of what is left of them. `unseen`: speakers
        left out of training, in equal numbers of each value of the attribute `balance` where clips have it.
        `dependency_seed`: thin the corpus first so that emotions depend on speakers, see `thinned`.
        """
        self.test, self.validation, self.unseen = test, validation, unseen
        self.speaker, self.stratify, self.balance = speaker, stratify, balance
        self.dependency_seed = dependency_seed
        self.dependency_base, self.dependency_slope = dependency_base, dependency_slope

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError where clips or speakers are too few for the sides that were asked for."""
        units = self.thinned(sorted(units, key=lambda unit: unit.id))
        rng = np.random.default_rng([SALT, seed])
        strangers = self._strangers(units, rng)
        known = [unit for unit in units if unit.labels.get(self.speaker) not in strangers]
        sides = {unit.id: UNSEEN for unit in units} | {unit.id: TRAIN for unit in known}
        for side, share in ((TEST, self.test), (VALIDATION, self.validation)):
            rest = [unit for unit in known if sides[unit.id] == TRAIN and self.speaker in unit.labels]
            keys = (self.speaker, self.stratify)
            sides |= dict.fromkeys(draw_share(rest, share, keys, rng), side)
        train_knows_all(known, sides, (self.speaker, self.stratify))
        refuse_empty(sides, {TEST: self.test, VALIDATION: self.validation})
        return sides

    def thinned(self, units: Sequence[Unit]) -> list[Unit]:
        """The clips that stay when emotions depend on the speaker, as in the wild: one draw for all splitting seeds.

        Speaker a keeps a clip of emotion e with probability clip(base + slope * P[a, e], 0, 1), where P[a] is drawn
        from a flat Dirichlet over the emotions; speakers, emotions and clips are taken in sorted order.
        """
        if self.dependency_seed is None:
            return list(units)
        rng = np.random.default_rng(self.dependency_seed)
        speakers, emotions = self._values(units, self.speaker), self._values(units, self.stratify)
        preference = rng.dirichlet(np.ones(max(1, len(emotions))), size=len(speakers))
        keep = np.clip(self.dependency_base + self.dependency_slope * preference, 0.0, 1.0)
        return [
            unit
            for unit, draw in zip(units, rng.random(len(units)), strict=True)
            if self.speaker not in unit.labels
            or self.stratify not in unit.labels
            or draw < keep[speakers[unit.labels[self.speaker]], emotions[unit.labels[self.stratify]]]
        ]

    def _values(self, units: Sequence[Unit], key: str) -> dict[str, int]:
        """Place of every value of an attribute in sorted order."""
        values = sorted({unit.labels[key] for unit in units if key in unit.labels})
        return {value: place for place, value in enumerate(values)}

    def _strangers(self, units: Sequence[Unit], rng: np.random.Generator) -> set[str]:
        """The speakers left out of training: one of each group in turn, groups and speakers in a drawn order."""
        if not self.unseen:
            return set()
        groups = self._groups(units)
        self._enough(units, sum(map(len, groups.values())))
        queues = [rng.permutation(groups[name]).tolist() for name in rng.permutation(sorted(groups)).tolist()]
        turns = [queue[i] for i in range(max(map(len, queues))) for queue in queues if i < len(queue)]
        return set(turns[: self.unseen])

    def _groups(self, units: Sequence[Unit]) -> Mapping[str, list[str]]:
        """Speakers by their value of `balance`; those without one are a group of their own."""
        of: dict[str, set[str]] = {}
        for unit in units:
            if self.speaker in unit.labels:
                values = of.setdefault(unit.labels[self.speaker], set())
                values |= {unit.labels[key] for key in [self.balance] if key is not None and key in unit.labels}
        problems = [
            Problem(f"speaker '{name}'", f"has several values of '{self.balance}': {', '.join(sorted(values))}")
            for name, values in sorted(of.items())
            if len(values) > 1
        ]
        if problems:
            raise CorpusError(problems)
        groups: dict[str, list[str]] = {}
        for name, values in sorted(of.items()):
            groups.setdefault("".join(values), []).append(name)
        return groups

    def _enough(self, units: Sequence[Unit], speakers: int) -> None:
        nameless = [unit.id for unit in units if self.speaker not in unit.labels]
        if nameless:
            what = f"{len(nameless)} clips have no '{self.speaker}', the first is '{nameless[0]}'"
            fix = "they might be clips of unseen speakers: label them, leave them out, or set data.split.unseen=0"
            raise CorpusError(Problem("data.split", what, fix))
        if speakers <= self.unseen:
            what = f"unseen={self.unseen}, but there are {speakers} speakers and one at least has to train"
            raise CorpusError(Problem("data.split", what, "ask for fewer unseen speakers"))
