"""Every error a user can meet, each naming the thing, what was expected and the next step.

::

    EmoprismError
    ├── InputError        what was given cannot be used: a list of Problems, all of a file at once
    │   ├── CorpusError       a corpus folder or manifest
    │   ├── RecipeError       a recipe or an override
    │   ├── StageError        a stage directory: not one, of the wrong stage, or made otherwise
    │   ├── CheckpointError   weights that cannot be read or do not fit
    │   └── EmbeddingsError   a set of embeddings given to the audit
    ├── MediaError        one clip cannot be used; `reason` is the sentence that goes to rejected.csv
    ├── PluginError       no plug-in of that name, or a file that does not define one
    └── GameError         a method broke the rules of the training game (a programming error of a plug-in)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `where` (file, row, column or key), `what`, and the next step `fix`."""

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n    -> {self.fix}" if self.fix else text


class EmoprismError(Exception):
    """Base of all errors that the command line shows without a traceback."""


class InputError(EmoprismError):
    """Input that cannot be used, with every problem found in it."""

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Travel between processes with the problems, not only with their text."""
        return type(self), (self.problems,)


class CorpusError(InputError):
    """A corpus folder or a manifest is not what it should be."""


class RecipeError(InputError):
    """A recipe, or an override of one, is not what it should be."""


class StageError(InputError):
    """A directory is not the output of the stage that was expected, or was made with other inputs."""


class CheckpointError(InputError):
    """Weights that cannot be read, or that do not fit the model they are meant for."""


class EmbeddingsError(InputError):
    """A set of embeddings that cannot be audited."""


class MediaError(EmoprismError):
    """One clip cannot be used. `reason` is a sentence in words, as it stands in rejected.csv."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class PluginError(EmoprismError):
    """A plug-in that does not exist, or a file that does not define exactly one."""


class GameError(EmoprismError):
    """A method broke a rule of the training game: an unowned parameter, a loss that reaches nobody."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that suggests the nearest known name, or lists them all.

    >>> did_you_mean("confusoin", ["confusion", "none"])
    "did you mean 'confusion'?"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(names)}" if names else "none is known"
