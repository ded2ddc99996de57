"""What a model is: a batch of streams in, one embedding per attribute out, with a linear head on each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn

from emoprism.models.ranks import gather_rows
from emoprism.models.tasks.base import Task
from emoprism.types import StreamSpec

Embedded = Mapping[str, Float[Tensor, "B _"]]
"""One embedding per attribute: {"emotion": [B, 2048], "speaker": [B, 64]}."""
Labels = Mapping[str, Shaped[Tensor, "B *W"]]
"""What is true of every attribute, as its task has it: a class index per clip, or numbers [B, W]; MISSING (-1) or NaN
where a clip has no such label."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a batch, padded to the longest clip: `mask` is True at real steps.

    Faces are uint8 [B, T, H, W, 3] RGB, feature vectors float32 [B, T, D]. A clip without the stream is masked whole.
    """

    values: Shaped[Tensor, "B T *step"]
    mask: Bool[Tensor, "B T"]

    def to(self, device: torch.device) -> Stream:
        """The same stream on another device."""
        return Stream(self.values.to(device), self.mask.to(device))


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips in, with their labels. In a group of processes `streams` are this process's rows, `labels` those of all."""

    streams: Mapping[str, Stream]
    labels: Labels
    epoch: int = 0


def stack(inside: int, hidden: Sequence[int], outside: int, activation: type[nn.Module] = nn.PReLU) -> nn.Module:
    """Fully connected layers, an activation after each but the last; a plain linear layer where `hidden` is empty."""
    if not hidden:
        return nn.Linear(inside, outside)
    layers: list[nn.Module] = []
    for before, after in zip((inside, *hidden), hidden, strict=False):
        layers += [nn.Linear(before, after), activation()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], outside))


@contextmanager
def on_paper() -> Generator[None]:
    """What is made inside has shapes and no numbers, draws nothing and costs nothing."""
    with torch.random.fork_rng(devices=()), torch.device("meta"):
        yield


class Heads(nn.Module):
    """One fully connected layer per attribute (Peri et al. 2021, Fig. 1), or a stack (Li et al. 2020, Table 1).

    `hidden` are the widths of the layers before the last one, each followed by PReLU. `tasks` say what the outputs are.
    """

    def __init__(self, dimensions: Mapping[str, int], tasks: Mapping[str, Task], hidden: Sequence[int] = ()) -> None:
        super().__init__()
        self.tasks = {name: tasks[name] for name in dimensions}
        # A list, as any column of a manifest may be an attribute and torch allows not every word as a module's name.
        self.attributes = tuple(dimensions)
        self.layers = nn.ModuleList(stack(width, hidden, len(tasks[name].words)) for name, width in dimensions.items())

    def forward(self, embedded: Embedded) -> dict[str, Float[Tensor, "B _"]]:
        """Outputs of every attribute: logits, or numbers."""
        return {name: layer(embedded[name]) for name, layer in zip(self.attributes, self.layers, strict=True)}

    def read(self, embedded: Embedded) -> dict[str, Float[Tensor, "B _"]]:
        """Outputs as people read them: probabilities, or numbers."""
        return {name: self.tasks[name].read(outputs) for name, outputs in self(embedded).items()}

    def losses(self, embedded: Embedded, labels: Labels) -> dict[str, Float[Tensor, ""]]:
        """The loss of every attribute's task, a mean over the clips that have the label."""
        return {name: self.tasks[name].loss(outputs, labels[name]) for name, outputs in self(embedded).items()}

    def loss(self, embedded: Embedded, labels: Labels) -> Float[Tensor, ""]:
        """The sum of all attributes' losses: one task more never rescales another."""
        return torch.stack(list(self.losses(embedded, labels).values())).sum()


class Model(nn.Module, ABC):
    """Streams -> embeddings -> heads. `dimensions` gives the width of each attribute's embedding.

    Subclasses take `streams` (what one step of each stream looks like) and `tasks` (what is told of each attribute of
    the corpus) from the house; their keyword-only arguments are the user's options. A model may have fewer attributes
    than `tasks` names: single-task training is a model with one embedding.
    """

    heads: Heads
    dimensions: Mapping[str, int]

    def __init__(self, streams: Mapping[str, StreamSpec], tasks: Mapping[str, Task]) -> None:
        super().__init__()
        self.streams = dict(streams)
        self.tasks = dict(tasks)

    @property
    def attributes(self) -> tuple[str, ...]:
        """What the model embeds."""
        return tuple(self.dimensions)

    @property
    @abstractmethod
    def image_size(self) -> int | None:
        """Side in pixels of the face crops that it wants, None where it reads no faces."""

    def parts(self) -> dict[str, nn.Module]:
        """Which parameters serve what: "encoder" for all attributes, and those of each attribute alone under its name.

        All of the model's parameters, none twice. Here an attribute has its head alone.
        """
        shared = nn.ModuleList(module for module in self.children() if module is not self.heads)
        return {"encoder": shared, **dict(zip(self.heads.attributes, self.heads.layers, strict=True))}

    @abstractmethod
    def embed(self, streams: Mapping[str, Stream]) -> dict[str, Float[Tensor, "b _"]]:
        """Embeddings of this process's rows."""

    def forward(self, batch: Batch) -> Embedded:
        """Embeddings of the whole batch, the rows of all processes together: losses never know of processes."""
        return {name: gather_rows(rows) for name, rows in self.embed(batch.streams).items()}
