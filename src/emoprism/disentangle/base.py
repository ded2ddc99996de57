"""What a method is: a generator of moves.

A disentangler yields `Move(loss, by=("adversary",))`; the game sends the gradients of the loss to those owners alone,
lets them step, and resumes the generator, which then sees the players that have already moved. A method holds no
optimiser and switches no `requires_grad`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from emoprism.errors import did_you_mean
from emoprism.models.base import Batch, Embedded, Labels, Model, stack
from emoprism.models.tasks.base import Task

Protect = Mapping[str, tuple[str, ...]]
"""Embedding -> the attributes that are not to be found in it: {"emotion": ("speaker",)}."""
ALL_OTHERS: dict[str, tuple[str, ...]] = {}
Activation = Literal["relu", "prelu"]
ACTIVATIONS: Mapping[Activation, type[nn.Module]] = {"relu": nn.ReLU, "prelu": nn.PReLU}


@dataclass(frozen=True, slots=True)
class Move:
    """`loss`, to be lowered by the owners named in `by` and by nobody else."""

    loss: Float[Tensor, ""]
    by: tuple[str, ...]
    name: str = "loss"
    """How training curves call it."""


class Disentangler(nn.Module, ABC):
    """A training method. Subclasses take `dimensions` and `tasks` from the house; keyword-only arguments are options.

    `dimensions` are the widths of the model's embeddings, `tasks` what is told of every attribute of the corpus. Raise
    ValueError, with the reason in words, from the constructor where a model makes no sense for the method.
    """

    def __init__(self, dimensions: Mapping[str, int], tasks: Mapping[str, Task]) -> None:
        super().__init__()
        self.dimensions = dict(dimensions)
        self.tasks = dict(tasks)

    def players(self, model: Model) -> Mapping[str, nn.Module]:
        """Owners by name, their parameters disjoint, each with its own optimiser."""
        adversary = getattr(self, "adversary", None)
        return {"model": model} | ({"adversary": adversary} if isinstance(adversary, nn.Module) else {})

    @abstractmethod
    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """The moves of one training step, in order."""


class Adversary(nn.Module):
    """Auxiliary branches (Peri et al. 2021, Fig. 2): each reads one embedding and predicts another attribute.

    `protect` names, for an embedding, the attributes that are to be found in it: any that the corpus has. Where it is
    empty, each embedding is searched for the attributes of all others: emotion in the speaker embedding and speaker in
    the emotion embedding. Each branch is a stack of fully connected layers, `hidden` wide and with an activation
    between them. The keys of its outputs are (embedding, attribute) pairs.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        hidden: int | Sequence[int],
        protect: Protect = ALL_OTHERS,
        activation: type[nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.pairs = _pairs(dimensions, tasks, protect)
        self.tasks = {told: tasks[told] for _, told in self.pairs}
        widths = (hidden,) if isinstance(hidden, int) else hidden
        self.branches = nn.ModuleList(
            stack(dimensions[read], widths, len(tasks[told].words), activation) for read, told in self.pairs
        )

    def forward(self, embedded: Embedded) -> dict[tuple[str, str], Float[Tensor, "B _"]]:
        """Outputs of every (embedding, attribute) pair: logits, or numbers."""
        return {
            (read, told): branch(embedded[read]) for (read, told), branch in zip(self.pairs, self.branches, strict=True)
        }

    def loss(self, embedded: Embedded, labels: Labels, weights: Mapping[str, float] | None = None) -> Float[Tensor, ""]:
        """The losses of all branches' tasks, summed; `weights` by the attribute that is to be found (eq. 2)."""
        losses = [
            (1.0 if weights is None else weights[told]) * self.tasks[told].loss(outputs, labels[told])
            for (_, told), outputs in self(embedded).items()
        ]
        return torch.stack(losses).sum()

    def confused(self, embedded: Embedded) -> Float[Tensor, ""]:
        """How far all branches are from knowing nothing: cross-entropies against it, summed."""
        return torch.stack([self.tasks[told].confused(outputs) for (_, told), outputs in self(embedded).items()]).sum()

    def undecided(self, embedded: Embedded) -> Float[Tensor, ""]:
        """How undecided all branches are: entropies in nats, summed."""
        return torch.stack([self.tasks[told].undecided(outputs) for (_, told), outputs in self(embedded).items()]).sum()

    def refuse_uneven(self) -> None:
        """Raise ValueError for an attribute that cannot be confused, as a number."""
        for read, told in self.pairs:
            if not self.tasks[told].even:
                others = tuple(name for name in dict.fromkeys(t for _, t in self.pairs) if self.tasks[name].even)
                raise ValueError(
                    f"'{told}' is a number, which has no even distribution to confuse the {read} embedding into; "
                    f"name what to hide, as protect={{{told}: [{', '.join(others)}]}}, or use gradient_reversal"
                )


def _pairs(dimensions: Mapping[str, int], tasks: Mapping[str, Task], protect: Protect) -> list[tuple[str, str]]:
    for read, attributes in protect.items():
        if read not in dimensions:
            raise ValueError(f"protect.{read}: the model embeds no '{read}'; {did_you_mean(read, dimensions)}")
        for told in attributes:
            if told not in tasks or told == read:
                known = [name for name in tasks if name != read]
                raise ValueError(f"protect.{read}: no attribute '{told}' to find; {did_you_mean(told, known)}")
    others = {read: tuple(told for told in dimensions if told != read) for read in dimensions}
    pairs = [(read, told) for read, attributes in (protect or others).items() for told in attributes]
    if not pairs:
        raise ValueError(
            f"an adversary needs two attributes, one to read and one to find; the model embeds {list(dimensions)} "
            "(or say what to find in which embedding, as protect={emotion: [speaker]})"
        )
    return pairs


def detached(embedded: Embedded) -> dict[str, Tensor]:
    """The embeddings as constants: nothing flows back into the model."""
    return {name: vectors.detach() for name, vectors in embedded.items()}
