"""Trained on some corpora, tested on others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, NonNegativeInt

from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.splits._folds import Nameless, Share, ValidateOn, Validation, named, place_of
from emoprism.splits._sides import labels_in
from emoprism.splits.base import Splitter, Unit, refuse
from emoprism.types import CORPUS, EMOTION, GENDER, SPEAKER, TRAIN, UNSEEN

SALT = 0xC0C0
"""Keeps this draw apart from others made with the same seed."""


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]


class CrossCorpus(Splitter):
    """The clips of the corpora `test` are of strangers; those of `train` train and select; others are left out.

    Without `test` every corpus that does not train tests in turn, a fold each; without `train` all others train. What
    corpora call by different names is made one by the recipe's `data.maps` before the clips are split.
    """

    def __init__(
        self,
        *,
        train: Names = (),
        test: Names = (),
        fold: NonNegativeInt = 0,
        validation: Share = 0.15,
        validate_on: ValidateOn = "clips",
        known: Names = (EMOTION,),
        corpus: str = CORPUS,
        speaker: str = SPEAKER,
        stratify: str = EMOTION,
        balance: str | None = GENDER,
        nameless: Nameless = "refuse",
    ) -> None:
        """`validation`: share of the training clips that selects; `validate_on=groups` takes whole speakers. `known`:
        attributes of which every label that is tested must train. `nameless`: what becomes of clips without a corpus.
        """
        self.train, self.test, self.fold, self.known = train, test, fold, known
        self.corpus, self.speaker = corpus, speaker
        self.nameless: Nameless = nameless
        self.validation = Validation(validation, validate_on, speaker, speaker, (stratify, balance))

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:
        """The corpora that test."""
        corpora = self._corpora(units)
        if len(corpora) < 2:
            fix = "join several: emoprism corpus join OUT NAME=PREPARED NAME=PREPARED"
            raise CorpusError(Problem("data.split", f"the clips are of {len(corpora)} corpus", fix))
        tested = ("+".join(self.test),) if self.test else tuple(name for name in corpora if name not in self.train)
        if not tested:
            raise CorpusError(Problem("data.split.train", "no corpus is left to test", "name fewer"))
        return tested

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """See Splitter. Raises CorpusError for corpora that are not there, and speakers and labels on wrong sides."""
        units = named(units, self.corpus, self.nameless)
        name = place_of(self.fold, self.folds(units))
        tested = self.test or (name,)
        trained = self.train or tuple(corpus for corpus in self._corpora(units) if corpus not in tested)
        self._refuse_names(units, trained, tested)
        held = [unit for unit in units if unit.labels[self.corpus] in tested]
        rest = [unit for unit in units if unit.labels[self.corpus] in trained]
        self._refuse_speakers(rest, held)
        sides = self.validation.beside(rest, np.random.default_rng([SALT, seed]))
        self._refuse_labels(rest, held, sides)
        return sides | {unit.id: UNSEEN for unit in held}

    def _corpora(self, units: Sequence[Unit]) -> list[str]:
        return sorted({unit.labels[self.corpus] for unit in units if self.corpus in unit.labels})

    def _refuse_names(self, units: Sequence[Unit], trained: Sequence[str], tested: Sequence[str]) -> None:
        known = self._corpora(units)
        problems = [
            Problem(f"data.split.{option}", f"no clip is of a corpus '{name}'", did_you_mean(name, known))
            for option, names in (("train", trained), ("test", tested))
            for name in names
            if name not in known
        ]
        both = sorted(set(trained) & set(tested))
        problems += [Problem("data.split", f"'{name}' is to train and to test", "name it once") for name in both]
        if not trained:
            problems.append(Problem("data.split.test", "no corpus is left to train on", "name fewer"))
        refuse(problems, "data.split")

    def _refuse_speakers(self, rest: Sequence[Unit], held: Sequence[Unit]) -> None:
        train, test = ({unit.labels.get(self.speaker) for unit in side} for side in (rest, held))
        problems = [
            Problem(
                f"speaker '{name}'", "has clips in corpora that train and in corpora that test", "see docs/splits.md"
            )
            for name in sorted(name for name in train & test if name is not None)
        ]
        refuse(problems, "data.split")

    def _refuse_labels(self, rest: Sequence[Unit], held: Sequence[Unit], sides: dict[str, str]) -> None:
        trained = labels_in(rest, sides, TRAIN, self.known)
        problems: dict[tuple[str, str, str], Problem] = {}
        for unit in held:
            for key in self.known:
                word = unit.labels.get(key)
                if word is not None and (key, word) not in trained:
                    corpus = unit.labels[self.corpus]
                    fix = f"map it, or leave its clips out: data.maps.{corpus}.{key}={{{word}: null}}"
                    what = f"the {key} '{word}' is tested and never trained"
                    problems[corpus, key, word] = Problem(f"corpus '{corpus}'", what, fix)
        refuse([problems[key] for key in sorted(problems)], "data.split")
