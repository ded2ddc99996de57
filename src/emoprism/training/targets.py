"""What heads tell and what is true of it: the recipe's tasks, and the truths of clips as those have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emoprism.errors import CorpusError, Problem, RecipeError
from emoprism.families import TASKS, Choice
from emoprism.models.tasks.base import Task
from emoprism.recipe import Data

ONE_OF = Choice(name="one_of")
"""The task of an attribute that the recipe gives no other."""


def make_tasks(data: Data, classes: Mapping[str, Sequence[str]]) -> dict[str, Task]:
    """The recipe's tasks, and of every other attribute the choice of one of its classes (those of train).

    Raises RecipeError with the reason for a task that makes no sense for the attribute.
    """
    chosen = {name: data.tasks.get(name, ONE_OF) for name in sorted({*classes, *data.tasks})}
    tasks: dict[str, Task] = {}
    problems: list[Problem] = []
    for name, choice in chosen.items():
        try:
            tasks[name] = TASKS.make(choice.name, name, tuple(classes.get(name, ())), options=choice.options)
        except ValueError as error:
            problems.append(Problem(f"data.tasks.{name}", str(error)))
    if problems:
        raise RecipeError(problems)
    return tasks


def targets_of(
    tasks: Mapping[str, Task],
    indices: Mapping[str, np.ndarray],
    labels: Sequence[Mapping[str, str]],
    values: Sequence[Mapping[str, float]],
) -> dict[str, np.ndarray]:
    """What is true of every clip by task: class indices as they are, [N]; anything else float32 [N, W].

    Raises CorpusError for truths that a task cannot read.
    """
    targets = {name: indices[name] for name, task in tasks.items() if not task.kind}
    problems: list[Problem] = []
    for name, task in tasks.items():
        if not task.kind:
            continue
        try:
            targets[name] = task.targets(labels, values)
        except ValueError as error:
            problems.append(Problem(f"data.tasks.{name}", str(error)))
    if problems:
        raise CorpusError(problems)
    return targets


def refuse_silence(tasks: Mapping[str, Task], targets: Mapping[str, np.ndarray]) -> None:
    """Raise CorpusError for what a head is to tell and no clip says anything of."""
    problems = [
        Problem(f"data.tasks.{name}", f"no clip says anything of '{word}'", "name labels and values that clips have")
        for name, task in tasks.items()
        if task.kind
        for word, column in zip(task.words, targets[name].T, strict=True)
        if np.isnan(column).all()
    ]
    if problems:
        raise CorpusError(problems)
