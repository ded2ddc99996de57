"""Two processes equal one, in float64 to the last digits: every method, every parameter, every batch statistic."""

import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file
from torch import Tensor

from emoprism.families import DISENTANGLERS
from emoprism.models import ranks
from emoprism.recipe import Data, Player, Recipe
from emoprism.training import game as games
from emoprism.training.dataset import Batches, Store, label_clips, open_prepared, stream_specs
from emoprism.training.game import Game
from emoprism.training.run import build

DATA = Data(streams=("audio", "action_units"))
PLAYERS = (Player(learning_rate=0.01), Player(learning_rate=0.02))
"""Of the model or a part of it, and of an adversary."""
OWNERS = ("model", "adversary", "encoder", "emotion", "speaker")


def recipe(method: str) -> Recipe:
    encoders = {"audio": {"name": "conv1d", "channels": [12, 12]}, "action_units": {"name": "features", "hidden": [8]}}
    model = {"name": "multitask", "embeddings": {"emotion": 6, "speaker": 6}, "encoders": encoders}
    tree = {"name": method, "label": method, "data": DATA.model_dump(), "model": model, "method": method}
    return Recipe.model_validate(tree | {"players": dict.fromkeys(OWNERS, PLAYERS[0])})


def trained(prepared: Path, method: str) -> dict[str, Tensor]:
    """Weights and gradients after three batches of training."""
    torch.set_num_threads(1)
    corpus = open_prepared(prepared)
    labelled = label_clips(corpus, DATA, 0)
    model, opponent = build(recipe(method), stream_specs(corpus, DATA), labelled.tasks)
    owners = opponent.players(model)
    game = Game(model.double().train(), opponent.double(), {name: PLAYERS[name == "adversary"] for name in owners})
    # An odd number of clips, so that the two processes get different shares.
    batches = Batches(labelled, Store(corpus, DATA, None), DATA, 17, 0).epoch(0, torch.device("cpu"))
    for epoch in range(3):  # methods may play another game in every other epoch
        game.step(replace(next(batches), epoch=epoch))
    tensors = {f"{name}.grad": p.grad for name, p in model.named_parameters() if p.grad is not None}
    return tensors | model.state_dict() | {f"method.{k}": v for k, v in opponent.state_dict().items()}


def process(rank: int, port: int, prepared: Path, out: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    results = {method: trained(prepared, method) for method in DISENTANGLERS.names()}
    games.average_gradients = lambda parameters: None  # negative control
    results["not averaged"] = trained(prepared, "confusion")
    if rank == 0:
        flat = {f"{method}/{name}": value for method, found in results.items() for name, value in found.items()}
        save_file({name: value.contiguous() for name, value in flat.items()}, out)
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def together(prepared, tmp_path_factory) -> dict[str, Tensor]:
    out = tmp_path_factory.mktemp("ranks") / "together.safetensors"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(process, (port, prepared, out), nprocs=2)
    return load_file(out)


def furthest(one: Mapping[str, Tensor], together: Mapping[str, Tensor], prefix: str) -> float:
    return max(float((value - together[f"{prefix}/{name}"]).abs().max()) for name, value in one.items())


@pytest.mark.parametrize("method", DISENTANGLERS.names())
def test_two_processes_equal_one(method, prepared, together):
    assert furthest(trained(prepared, method), together, method) < 1e-12


def test_without_averaging_they_do_not(prepared, together):
    assert furthest(trained(prepared, "confusion"), together, "not averaged") > 1e-3


def test_alone_nothing_is_gathered_or_summed():
    rows = torch.ones(3, 2)
    assert ranks.gather_rows(rows) is rows
    assert ranks.sum_over_ranks(rows) is rows
    assert ranks.rows_of_rank(3) == slice(0, 3)
    ranks.average_gradients([rows])
