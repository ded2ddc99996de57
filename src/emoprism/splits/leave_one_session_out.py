"""One session out, its speakers validation and test in turn (Li et al. 2020, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.splits._folds import Nameless, Share, Validation, deal, groups_of, named, place_of, with_held_out
from emoprism.splits.base import Splitter, Unit, refuse
from emoprism.types import EMOTION, GENDER, SESSION, SPEAKER, TRAIN, VALIDATION

SALT = 0x1E55
"""Keeps this draw apart from others made with the same seed."""
Listed = tuple[tuple[str, ...], ...]


class LeaveOneSessionOut(Splitter):
    """The speakers of all other sessions train; of the held-out one, one part validates and the other tests.

    Then the other way round: the five sessions of IEMOCAP with two speakers each make ten folds, and neither who
    selects nor who tests has trained. A session of more than two is parted by turns along its speakers, ordered by
    `balance` and name. Corpora without sessions are given `groups` of speakers in place of them; where those are
    drawn, their parts are drawn as even as the groups.
    """

    def __init__(
        self,
        *,
        fold: NonNegativeInt = 0,
        paired: bool = True,
        groups: PositiveInt | Listed | None = None,
        groups_seed: NonNegativeInt | None = None,
        validation: Share = 0.15,
        session: str = SESSION,
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
        balance: str | None = GENDER,
        nameless: Nameless = "refuse",
    ) -> None:
        """`paired=false`: all speakers of the session test, and a share `validation` of the training clips selects.
        `groups`: speakers as lists, or into how many groups they are drawn, as even over `stratify` and `balance` as
        can be; by `groups_seed` where it is given (the same groups for all seeds), else by the seed.
        """
        self.fold, self.paired, self.groups, self.groups_seed = fold, paired, groups, groups_seed
        self.session, self.speaker = session, speaker
        self.nameless: Nameless = nameless
        self.stratify, self.balance = stratify, balance
        self.validation = Validation(validation, "clips", speaker, speaker, (stratify, balance))

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """`Session1-1`, `Session1-2` and so on; the session alone where it is not paired."""
        names = self._names(units)
        if len(names) < 2:
            what = f"there {'is one session' if names else 'are no sessions'} to leave out"
            raise CorpusError(Problem("data.split", what, "one at least has to train"))
        return tuple(f"{name}-{part}" for name in names for part in (1, 2)) if self.paired else tuple(names)

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError for speakers in no session or several, and for sessions of one speaker."""
        units = named(units, self.speaker, self.nameless)
        place_of(self.fold, self.folds(units))
        sessions = self._sessions(units, seed)
        out = sessions[self._names(units)[self.fold // 2 if self.paired else self.fold]]
        held = {unit.id for unit in units if unit.labels[self.speaker] in out[0] + out[1]}
        rest = [unit for unit in units if unit.id not in held]
        if not self.paired:
            sides = self.validation.beside(rest, np.random.default_rng([SALT, seed]))
            return with_held_out(units, sides, sorted(held), self.speaker)
        chosen = {unit.id for unit in units if unit.labels[self.speaker] in out[self.fold % 2]}
        sides = {unit.id: TRAIN for unit in rest} | dict.fromkeys(sorted(chosen), VALIDATION)
        return with_held_out(units, sides, sorted(held - chosen), self.speaker)

    def _names(self, units: Sequence[Unit]) -> list[str]:
        if self.groups is None:
            return sorted({unit.labels[self.session] for unit in units if self.session in unit.labels})
        count = self.groups if isinstance(self.groups, int) else len(self.groups)
        return [f"group{number + 1}" for number in range(count)]

    def _sessions(self, units: Sequence[Unit], seed: int) -> Mapping[str, tuple[list[str], list[str]]]:
        """The speakers of every session in two parts."""
        speakers = groups_of(units, self.speaker)
        if isinstance(self.groups, int):
            return self._drawn(speakers, self.groups, self.groups_seed if self.groups_seed is not None else seed)
        sessions = self._labelled(speakers) if self.groups is None else self._listed(speakers, self.groups)
        lone = [
            Problem(f"session '{name}'", f"has one speaker, '{found[0]}'", "set data.split.paired=false, or groups")
            for name, found in sessions.items()
            if self.paired and len(found) == 1
        ]
        refuse(lone, "data.split")
        first = {name: members[0].labels.get(self.balance or "", "") for name, members in speakers.items()}
        ordered = {name: sorted(found, key=lambda who: (first[who], who)) for name, found in sessions.items()}
        return {name: (found[::2], found[1::2]) for name, found in ordered.items()}

    def _labelled(self, speakers: Mapping[str, Sequence[Unit]]) -> dict[str, list[str]]:
        problems: list[Problem] = []
        sessions: dict[str, list[str]] = {}
        for name, members in speakers.items():
            found = sorted({unit.labels.get(self.session, "") for unit in members})
            if len(found) > 1 or not found[0]:
                words = " and ".join(f"'{session}'" if session else "none" for session in found)
                fix = "leaving the session out must leave the speaker out; set data.split.groups"
                problems.append(Problem(f"speaker '{name}'", f"is in session {words}", fix))
            sessions.setdefault(found[0], []).append(name)
        refuse(problems, "data.split")
        return sessions

    def _drawn(
        self, speakers: Mapping[str, Sequence[Unit]], count: int, seed: int
    ) -> dict[str, tuple[list[str], list[str]]]:
        if len(speakers) < 2 * count:
            what = f"groups={count} of {len(speakers)} speakers, where {2 * count} at least are needed"
            raise CorpusError(Problem("data.split.groups", what, "ask for fewer groups"))
        rng = np.random.default_rng([SALT, 1, seed])
        dealt = deal(speakers, (self.stratify, self.balance), [0.5 / count] * (2 * count), rng)
        parts = [[who for who in speakers if dealt[who] == place] for place in rng.permutation(2 * count).tolist()]
        parts.sort(key=lambda part: sum(len(speakers[who]) for who in part))  # the smallest goes with the largest
        order = rng.permutation(count).tolist()
        return {f"group{n + 1}": (parts[place], parts[-1 - place]) for n, place in enumerate(order)}

    def _listed(self, speakers: Mapping[str, Sequence[Unit]], groups: Listed) -> dict[str, list[str]]:
        listed = [who for group in groups for who in group]
        where = "data.split.groups"
        problems = [
            Problem(where, f"no clip is of a speaker '{who}'", did_you_mean(who, speakers))
            for who in sorted(set(listed) - set(speakers))
        ]
        problems += [Problem(where, f"'{who}' stands in no group") for who in speakers if who not in listed]
        problems += [Problem(where, f"'{who}' stands there twice") for who in speakers if listed.count(who) > 1]
        problems += [Problem(where, f"group {n} is empty") for n, group in enumerate(groups, start=1) if not group]
        refuse(problems, where)
        return {f"group{number}": list(group) for number, group in enumerate(groups, start=1)}
