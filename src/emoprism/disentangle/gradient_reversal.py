"""Gradient reversal: Ganin & Lempitsky 2015, as Peri et al. 2021 (3.2) put it between embeddings and branches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from jaxtyping import Float
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from emoprism.disentangle.base import ACTIVATIONS, ALL_OTHERS, Activation, Adversary, Disentangler, Move
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.base import Task


class GradientReversal(Disentangler):
    """Model and adversary step together on one loss; what the adversary sends back to the model changes its sign.

    With E the embeddings, L_p the tasks' losses, L_a the adversary's and R the reversal,

        L = L_p(E) + L_a(R(E)),    R(E) = E,    dR/dE = -weight * I    (Ganin & Lempitsky 2015, 3.2)

    so that the adversary descends L_a, and the model descends L_p - weight * L_a. Peri et al. give neither `weight`
    (Ganin & Lempitsky raise it from 0 to 1 over training; here it is constant) nor the adversary's `hidden` units.
    With `protect={emotion: [speaker]}` only the emotion embedding is cleaned, as in the DAT system of Li et al. 2020.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        *,
        weight: NonNegativeFloat = 1.0,
        hidden: PositiveInt | tuple[PositiveInt, ...] = 256,
        protect: dict[str, tuple[str, ...]] = ALL_OTHERS,
        activation: Activation = "relu",
    ) -> None:
        super().__init__(dimensions, tasks)
        self.weight = weight
        self.adversary = Adversary(dimensions, tasks, hidden, protect, ACTIVATIONS[activation])

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """One move by both: primary losses plus the adversary's, seen through the reversal."""
        embedded = model(batch)
        primary = model.heads.loss(embedded, batch.labels)
        reverted = {name: reverse(vectors, self.weight) for name, vectors in embedded.items()}
        auxiliary = self.adversary.loss(reverted, batch.labels)
        yield Move(primary + auxiliary, by=("model", "adversary"), name="primary + auxiliary")


def reverse(values: Float[Tensor, "*shape"], weight: float) -> Float[Tensor, "*shape"]:
    """`values` unchanged; on the way back gradients are multiplied by -weight."""
    reversed_: Tensor = _Reverse.apply(values, weight)
    return reversed_


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * grads[0], None
