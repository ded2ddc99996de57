"""What heads tell and what is true of it: the recipe's tasks, and the truths of clips as those have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int64

from emoprism.errors import CorpusError, Problem, RecipeError
from emoprism.families import TASKS, Choice
from emoprism.models.tasks.base import Task
from emoprism.recipe import Data
from emoprism.training.numbers import level
from emoprism.types import MISSING, NUMBER

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


def classes_told(
    task: Task, read: Float[np.ndarray, "N W"], classes: Sequence[str], levels: Mapping[str, float]
) -> Int64[np.ndarray, "N"] | None:
    """Index into `classes` of every clip by what a head tells of it: the likeliest class, or the level that a number is
    in (MISSING below the first). None where a head tells nothing that is a class.
    """
    chosen = task.chosen(read)
    if chosen is not None or task.kind != NUMBER or not levels:
        return chosen
    place = {word: i for i, word in enumerate(classes)}
    words = [level(float(value), levels) for value in read[:, 0]]
    return np.array([place.get(word or "", MISSING) for word in words], dtype=np.int64)


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
