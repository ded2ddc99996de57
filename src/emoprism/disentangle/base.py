"""What a method is: a generator of moves.

A disentangler yields `Move(loss, by=("adversary",))`; the game sends the gradients of the loss to those owners alone,
lets them step, and resumes the generator, which then sees the players that have already moved. A method holds no
optimiser and switches no `requires_grad`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoprism.models.base import Batch, Embedded, Labels, Model, cross_entropy


@dataclass(frozen=True, slots=True)
class Move:
    """`loss`, to be lowered by the owners named in `by` and by nobody else."""

    loss: Float[Tensor, ""]
    by: tuple[str, ...]
    name: str = "loss"
    """How training curves call it."""


class Disentangler(nn.Module, ABC):
    """A training method. Subclasses take `dimensions` and `classes` from the house; keyword-only arguments are options.

    `dimensions` are the widths of the model's embeddings, `classes` the class counts of their attributes. Raise
    ValueError, with the reason in words, from the constructor where a model makes no sense for the method.
    """

    def __init__(self, dimensions: Mapping[str, int], classes: Mapping[str, int]) -> None:
        super().__init__()
        self.dimensions = dict(dimensions)
        self.classes = dict(classes)

    def players(self, model: Model) -> Mapping[str, nn.Module]:
        """Owners by name, their parameters disjoint, each with its own optimiser."""
        adversary = getattr(self, "adversary", None)
        return {"model": model} | ({"adversary": adversary} if isinstance(adversary, nn.Module) else {})

    @abstractmethod
    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """The moves of one training step, in order."""


class Adversary(nn.Module):
    """Auxiliary branches (Peri et al. 2021, Fig. 2): each reads one embedding and predicts another's attribute.

    With two attributes that is emotion from the speaker embedding and speaker from the emotion embedding. Each
    branch is a network of one hidden layer. The keys of its outputs are (embedding, attribute) pairs.
    """

    def __init__(self, dimensions: Mapping[str, int], classes: Mapping[str, int], hidden: int) -> None:
        super().__init__()
        self.pairs = [(read, told) for read in dimensions for told in dimensions if read != told]
        if not self.pairs:
            raise ValueError(
                f"an adversary needs two attributes, one to read and one to find; the model embeds {list(dimensions)}"
            )
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Linear(dimensions[read], hidden), nn.ReLU(), nn.Linear(hidden, classes[told]))
            for read, told in self.pairs
        )

    def forward(self, embedded: Embedded) -> dict[tuple[str, str], Float[Tensor, "B _"]]:
        """Logits of every (embedding, attribute) pair."""
        return {
            (read, told): branch(embedded[read]) for (read, told), branch in zip(self.pairs, self.branches, strict=True)
        }

    def loss(self, embedded: Embedded, labels: Labels, weights: Mapping[str, float] | None = None) -> Float[Tensor, ""]:
        """Cross-entropy of all branches, summed; `weights` by the attribute that is to be found (eq. 2)."""
        losses = [
            (1.0 if weights is None else weights[told]) * cross_entropy(logits, labels[told])
            for (_, told), logits in self(embedded).items()
        ]
        return torch.stack(losses).sum()


def detached(embedded: Embedded) -> dict[str, Tensor]:
    """The embeddings as constants: nothing flows back into the model."""
    return {name: vectors.detach() for name, vectors in embedded.items()}
