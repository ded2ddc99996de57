"""What a recipe asks for, put together without a corpus: what makes no sense is known before anything is read.

Model and method are constructed as for training, on torch's `meta` device, where tensors have shapes and no numbers.
Every word of the recipe's options counts as an attribute of the corpus: whether it is one, the corpus will say.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from emoprism.families import DISENTANGLERS, MODELS, TASKS, Choice
from emoprism.types import FACE, StreamSpec

PICTURE, VECTOR = StreamSpec((224, 224, 3)), StreamSpec((40,))
CLASSES = ("one", "two")


def rehearse(
    streams: Sequence[str],
    tasks: Mapping[str, Choice],
    model: Choice,
    method: Choice,
    players: Mapping[str, object],
) -> None:
    """Raise ValueError with the reason where streams, tasks, model, method and optimisers do not go together."""
    # Found by its name, as the plug-ins are: who reads a recipe need not know torch.
    on_paper = importlib.import_module(f"{MODELS.package}.base").on_paper
    named = {*_words(model.options), *_words(method.options), *tasks}
    specs = {name: PICTURE if name == FACE else VECTOR for name in streams}
    with on_paper():
        told = {name: _task(name, tasks.get(name, Choice(name="one_of"))) for name in sorted(named)}
        built = MODELS.make(model.name, specs, told, options=model.options)
        playing = DISENTANGLERS.make(method.name, built.dimensions, told, options=method.options)
    for owner in playing.players(built):
        if owner not in players:
            raise ValueError(f"the method '{method.name}' needs an optimiser for '{owner}': add players.{owner}")


def _task(name: str, choice: Choice) -> object:
    try:
        return TASKS.make(choice.name, name, CLASSES, options=choice.options)
    except ValueError as error:
        raise ValueError(f"data.tasks.{name}: {error}") from None


def _words(value: object) -> Iterator[str]:
    """Every word in a tree of options, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, below in cast("Mapping[str, Any]", value).items():
            yield key
            yield from _words(below)
    elif isinstance(value, Sequence):
        for below in cast("Sequence[Any]", value):
            yield from _words(below)
