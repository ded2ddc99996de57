"""Weights and optimiser states as safetensors, written whole or not at all. Never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from emoprism.errors import CheckpointError, Problem
from emoprism.stage import replacing
from emoprism.training.game import Game

MODEL, METHOD, OPTIMISER = "model.", "method.", "optimiser."


def save_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Tensors by name, with `facts` as JSON in the header."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(plain, temporary, metadata={"facts": json.dumps(facts)})


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_tensors` wrote. Raises CheckpointError for a missing, empty or damaged file."""
    if not path.is_file():
        raise CheckpointError(Problem(str(path), "no such file", "make it with emoprism train"))
    if path.stat().st_size == 0:
        raise CheckpointError(Problem(str(path), "the file is empty (0 bytes)", "train again with --overwrite"))
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise CheckpointError(Problem(str(path), f"not a safetensors file: {error}", "train again")) from None


def load_module(module: nn.Module, tensors: Mapping[str, Tensor], where: Path) -> None:
    """Put tensors into a module. Raises CheckpointError that names what is missing, left over or of another shape."""
    own = module.state_dict()
    problems = [Problem(f"{where}: {name}", "missing") for name in own.keys() - tensors.keys()]
    problems += [Problem(f"{where}: {name}", "the model has no such tensor") for name in tensors.keys() - own.keys()]
    for name in own.keys() & tensors.keys():
        if own[name].shape != tensors[name].shape:
            shapes = f"shape {list(tensors[name].shape)}, the model has {list(own[name].shape)}"
            problems.append(Problem(f"{where}: {name}", shapes))
    if problems:
        raise CheckpointError(sorted(problems, key=str))
    module.load_state_dict(dict(tensors))


def save_game(path: Path, game: Game, facts: Mapping[str, Any]) -> None:
    """The whole state of training after an epoch: model, method, every owner's optimiser."""
    tensors = {MODEL + name: value for name, value in game.model.state_dict().items()}
    tensors |= {METHOD + name: value for name, value in game.method.state_dict().items()}
    for owner, optimiser in game.optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= {f"{OPTIMISER}{owner}.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    save_tensors(path, tensors, facts)


def load_game(path: Path, game: Game) -> dict[str, Any]:
    """Restore what `save_game` wrote; returns its facts."""
    tensors, facts = load_tensors(path)
    load_module(game.model, _below(tensors, MODEL), path)
    load_module(game.method, _below(tensors, METHOD), path)
    for owner, optimiser in game.optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(tensors, f"{OPTIMISER}{owner}.").items():
            index, _, key = name.partition(".")
            state.setdefault(int(index), {})[key] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return facts


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
