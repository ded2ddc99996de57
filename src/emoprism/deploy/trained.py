"""A trained run, opened for inference: the model with its selected weights, its classes and its recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from emoprism.embeddings import RECIPE
from emoprism.errors import CheckpointError, Problem
from emoprism.models.base import Model
from emoprism.models.tasks.base import Task
from emoprism.recipe import Recipe, load_recipe
from emoprism.stage import Manifest, read_manifest
from emoprism.training.checkpoint import load_module, load_tensors
from emoprism.training.run import RUN, WEIGHTS, build
from emoprism.training.targets import make_tasks
from emoprism.types import StreamSpec


@dataclass(frozen=True)
class Trained:
    """What a run directory holds. `classes[a]` are the classes of attribute `a` that it was trained on, in order."""

    directory: Path
    manifest: Manifest
    recipe: Recipe
    model: Model
    classes: Mapping[str, tuple[str, ...]]
    streams: Mapping[str, StreamSpec]
    """What the model reads."""
    prepare: Mapping[str, Any]
    """Options that the training clips were prepared with; predictions prepare new media the same way."""

    @property
    def tasks(self) -> Mapping[str, Task]:
        """What each head tells."""
        return self.model.heads.tasks

    @classmethod
    def open(cls, directory: Path) -> Trained:
        """Rebuild the model and load its weights. Raises StageError or CheckpointError with the next step."""
        manifest = read_manifest(directory, "train")
        recipe = load_recipe(directory / RECIPE)
        facts = _facts(directory / RUN)
        classes = {name: tuple(words) for name, words in facts["classes"].items()}
        streams = {name: StreamSpec(tuple(shape)) for name, shape in facts["streams"].items()}
        torch.set_num_threads(recipe.training.threads)
        model, _ = build(recipe, streams, make_tasks(recipe.data, classes))
        tensors, _ = load_tensors(directory / WEIGHTS)
        load_module(model, tensors, directory / WEIGHTS)
        return cls(directory, manifest, recipe, model.eval(), classes, streams, facts["prepare"])


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return {key: facts[key] for key in ("classes", "streams", "prepare")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(Problem(str(path), f"cannot be read: {error}", "train again with --overwrite")) from None
