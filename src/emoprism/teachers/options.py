"""The user's options of `emoprism label`, and the teacher that they name, tried out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import PositiveFloat

from emoprism.errors import InputError, Problem
from emoprism.families import PRETRAINED, Choice, PretrainedChoice
from emoprism.pretrained.base import Pretrained
from emoprism.recipe import Strict, check_model, with_overrides
from emoprism.stage import sha256
from emoprism.teachers.classes import our_classes, suggest_orders
from emoprism.teachers.pooling import Frames, Outputs, kind_of
from emoprism.types import FACE

SIDE = 96
"""Side in pixels of the pictures that a teacher is tried on."""


class LabelOptions(Strict):
    """Which teacher, and what is made of its answers. `model=NAME` is its kind, with options `model.KEY=VALUE`."""

    model: PretrainedChoice = Choice(name="onnx")
    source: str
    """File, directory or name of the teacher, as the kind of model wants it."""
    map: dict[str, str] = {}
    """The teacher's class -> ours, or `none`, for names that do not say it themselves."""
    outputs: Literal["auto", "logits", "probabilities"] = "auto"
    """What the teacher answers with; it is tried out on a few pictures where nothing is said."""
    frames: Frames = "mean"
    """How frames become a clip: the mean of probabilities, or the largest logits (`pooling.pool`)."""
    keep_frames: bool = False
    """Also keep what the teacher said of every frame, as `frames/*.npz`."""
    timeout: PositiveFloat = 120.0
    """A clip that takes the teacher longer than so many seconds is given up."""

    @classmethod
    def read(cls, arguments: Sequence[str]) -> LabelOptions:
        """From `key=value` arguments. Raises RecipeError with everything that is wrong with them."""
        kind_first = sorted(map(_named, arguments), key=lambda argument: not argument.startswith("model.name="))
        return check_model(cls, with_overrides({"model": {"name": "onnx"}}, kind_first), "")


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher that answered: its classes with ours, what its answers are, and what identifies it."""

    classes: Mapping[str, str]
    outputs: Outputs
    told: Mapping[str, Any]
    """For the manifest: hashes of its files, by name."""
    libraries: tuple[str, ...]


def try_teacher(options: LabelOptions) -> Teacher:
    """Open the teacher and ask it about a few pictures, so that what is wrong with it is known before anything else."""
    model = _open(options.model.model_dump_json(), options.source)
    if FACE not in model.takes:
        raise InputError(Problem(options.source, "does not take faces", "name a face-emotion model"))
    rows = model.faces(_pictures())
    if not model.classes:
        raise InputError(Problem(options.source, "does not name its classes", suggest_orders(rows.shape[1])))
    classes = our_classes(model.classes, options.map)
    hashes = {name: sha256(path) for name, path in model.files.items()}
    return Teacher(classes, kind_of(rows, options.outputs, options.source), hashes, model.libraries)


def find_teacher(options: LabelOptions) -> Pretrained:
    """The model of these options, opened once per worker."""
    return _opened(options.model.model_dump_json(), options.source)


@lru_cache(maxsize=1)
def _opened(choice: str, source: str) -> Pretrained:
    return _open(choice, source)


def _open(choice: str, source: str) -> Pretrained:
    tree: dict[str, Any] = json.loads(choice)
    return PRETRAINED.make(tree.pop("name"), source, options=tree)


def for_manifest(options: LabelOptions, teacher: Teacher) -> dict[str, Any]:
    """What decides the outcome, without places on this machine."""
    asked = options.model_dump(mode="json")
    asked["source"] = Path(options.source).name if Path(options.source).exists() else options.source
    return asked | {"teacher_sha256": dict(teacher.told)}


def _pictures() -> np.ndarray:
    """Noise, black, white and a gradient: nothing that a teacher could be right about."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    ramp = np.broadcast_to(np.linspace(0, 255, SIDE).astype(np.uint8)[:, None, None], noise.shape)
    return np.stack([noise, np.zeros_like(noise), np.full_like(noise, 255), ramp])


def _named(argument: str) -> str:
    """`model=NAME` as `model.name=NAME`, so that it goes together with `model.KEY=VALUE`."""
    key, _, value = argument.partition("=")
    return f"model.name={value}" if key == "model" and not value.lstrip().startswith("{") else argument
