"""The training game: who may change what.

Each owner has its own parameters and its own optimiser. A move's loss sends gradients to the owners that the move names
and to nobody else; they step; the method resumes and sees them moved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

from emoprism.disentangle.base import Disentangler, Move
from emoprism.errors import GameError, did_you_mean
from emoprism.models.base import Batch, Model
from emoprism.models.ranks import average_gradients
from emoprism.recipe import Player


class Game:
    """A model, a method and an optimiser per owner, for so many epochs in all.

    Raises GameError where parameters have no owner, or two.
    """

    def __init__(
        self,
        model: Model,
        method: Disentangler,
        players: Mapping[str, Player],
        *,
        epochs: int = 1,
        autocast: torch.dtype | None = None,
    ) -> None:
        self.epochs = epochs
        self.model = model
        self.method = method
        self.autocast = autocast
        owners = method.players(model)
        _check_owners(owners, model, method)
        _check_players(owners, players)
        self.parameters = {name: [p for p in owner.parameters() if p.requires_grad] for name, owner in owners.items()}
        self.players = {name: players[name] for name in owners}
        self.optimisers = {
            name: torch.optim.Adam(
                parameters,
                lr=self.players[name].learning_rate,
                weight_decay=self.players[name].weight_decay,
                foreach=True,
            )
            for name, parameters in self.parameters.items()
        }

    def begin_epoch(self, epoch: int) -> dict[str, float]:
        """Set every owner's learning rate for the epoch; returns the rates."""
        rates = {name: player.rate(epoch, self.epochs) for name, player in self.players.items()}
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = rates[name]
        return rates

    def step(self, batch: Batch) -> dict[str, float]:
        """Play all moves of one batch; returns the value of each move's loss by its name."""
        values: dict[str, float] = {}
        moves = self.method.moves(self.model, batch)
        device = next(self.model.parameters()).device.type
        while True:
            with torch.autocast(device, dtype=self.autocast, enabled=self.autocast is not None):
                move = next(moves, None)
            if move is None:
                return values
            values[move.name] = self._play(move)

    def _play(self, move: Move) -> float:
        movers = [p for name in move.by for p in self._owned_by(name, move)]
        value = float(move.loss.detach())
        if not math.isfinite(value):
            raise GameError(f"the loss '{move.name}' is {value}; lower the learning rates or check the data")
        if not move.loss.requires_grad:
            raise GameError(f"the loss '{move.name}' depends on no parameter, so {_list(move.by)} cannot lower it")
        for parameter in movers:
            parameter.grad = None
        move.loss.backward(inputs=movers)
        if all(parameter.grad is None for parameter in movers):
            raise GameError(f"the loss '{move.name}' reaches no parameter of {_list(move.by)}; was it detached?")
        average_gradients(movers)
        for name in move.by:
            self.optimisers[name].step()
        return value

    def _owned_by(self, name: str, move: Move) -> list[nn.Parameter]:
        if name not in self.parameters:
            raise GameError(f"the move '{move.name}' names the owner '{name}'; {did_you_mean(name, self.parameters)}")
        return self.parameters[name]


def _check_owners(owners: Mapping[str, nn.Module], model: Model, method: Disentangler) -> None:
    owner_of: dict[int, str] = {}
    for name, owner in owners.items():
        trained = [p for p in owner.parameters() if p.requires_grad]
        if not trained:
            raise GameError(f"the owner '{name}' has no parameters to train")
        for parameter in trained:
            other = owner_of.setdefault(id(parameter), name)
            if other != name:
                raise GameError(f"a parameter of '{name}' belongs to '{other}' too; owners must be disjoint")
    for where, module in (("model", model), ("method", method)):
        for key, parameter in module.named_parameters():
            if parameter.requires_grad and id(parameter) not in owner_of:
                raise GameError(f"the {where}'s parameter '{key}' has no owner, so nothing would ever train it")


def _check_players(owners: Mapping[str, nn.Module], players: Mapping[str, Player]) -> None:
    for name in owners:
        if name not in players:
            raise GameError(f"the recipe gives no optimiser for the owner '{name}'; add players.{name}")


def _list(names: tuple[str, ...]) -> str:
    return " and ".join(f"'{name}'" for name in names)
