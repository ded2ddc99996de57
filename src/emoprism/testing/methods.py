"""The contract of disentanglement methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emoprism.testing.networks import EXAMPLE_CLASSES, example_batch, example_stream, example_tasks
from emoprism.testing.plugins import check_plugin

if TYPE_CHECKING:
    from emoprism.disentangle.base import Disentangler
    from emoprism.models.base import Batch, Model


def check_disentangler(name: str, **options: Any) -> None:
    """A method, on a small multitask model: playable on any batch, everybody moves, and only movers change."""
    from emoprism.families import DISENTANGLERS

    check_plugin(DISENTANGLERS, name)
    batch = example_batch({"vectors": example_stream((5,))})
    unlabelled = _relabelled(batch, -1)
    for case in (batch, unlabelled, _relabelled(batch, 0)):
        _check_moves(name, options, case)
    assert _play(name, options, batch) == _play(name, options, batch), f"{name}: the same seed plays the same game"
    for attributes in (["emotion"], ["speaker"]):
        try:
            _small_game(name, options, attributes)
        except ValueError as error:
            assert str(error), f"{name}: says in words why a model that embeds {attributes} makes no sense to it"


def _check_moves(name: str, options: Mapping[str, Any], batch: Batch) -> None:
    """Every move of two epochs changes nobody but its movers, and every owner has moved in the end."""
    from dataclasses import replace

    import torch

    model, method = _small_game(name, options, list(EXAMPLE_CLASSES))
    owners = {owner: list(module.parameters()) for owner, module in method.players(model).items()}
    moved: set[str] = set()
    for epoch in (0, 1):
        for move in method.moves(model, replace(batch, epoch=epoch)):
            assert bool(move.loss.isfinite()), f"{name}: the loss '{move.name}' is finite"
            assert set(move.by) <= owners.keys(), f"{name}: movers are among its players"
            movers = [p for owner in move.by for p in owners[owner]]
            gradients = torch.autograd.grad(move.loss, movers, allow_unused=True)
            assert any(g is not None for g in gradients), f"{name}: '{move.name}' reaches its movers"
            assert all(g is None or bool(g.isfinite().all()) for g in gradients), f"{name}: gradients are finite"
            moved |= set(move.by)
    assert moved == owners.keys(), f"{name}: every owner moves within two epochs"
    assert all(p.requires_grad for own in owners.values() for p in own), f"{name}: switches no requires_grad"
    assert all(p.grad is None for own in owners.values() for p in own), f"{name}: leaves gradients to the game"


def _relabelled(batch: Batch, label: int) -> Batch:
    from dataclasses import replace

    return replace(batch, labels={name: values.new_full(values.shape, label) for name, values in batch.labels.items()})


def _small_game(name: str, options: Mapping[str, Any], attributes: Iterable[str]) -> tuple[Model, Disentangler]:
    import torch

    from emoprism.families import DISENTANGLERS, MODELS
    from emoprism.types import StreamSpec

    torch.manual_seed(0)
    embeddings = dict.fromkeys(attributes, 6)
    house = {"vectors": StreamSpec((5,))}, example_tasks()
    model: Model = MODELS.make("multitask", *house, options={"embeddings": embeddings})
    return model, DISENTANGLERS.make(name, model.dimensions, example_tasks(), options=options)


def _play(name: str, options: Mapping[str, Any], batch: Batch) -> list[dict[str, float]]:
    """Five steps of the game itself; GameError where the method breaks a rule of it."""
    from emoprism.recipe import Player
    from emoprism.training.game import Game

    model, method = _small_game(name, options, list(EXAMPLE_CLASSES))
    game = Game(model, method, dict.fromkeys(method.players(model), Player(learning_rate=0.01)))
    return [game.step(batch) for _ in range(5)]
