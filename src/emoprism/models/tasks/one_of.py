"""One of several classes: softmax and cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from emoprism.models.tasks.base import Task
from emoprism.types import MISSING


class OneOf(Task):
    """The task of any attribute that the recipe gives no other: its classes exclude each other."""

    kind: ClassVar[str] = ""
    metric: ClassVar[str] = "macro_f1"

    @property
    def words(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    def targets(
        self,
        labels: Sequence[Mapping[str, str]],
        values: Sequence[Mapping[str, float]],  # noqa: ARG002
    ) -> Int64[np.ndarray, "N"]:
        """Indices of classes, MISSING where a clip has none of them."""
        place = {word: i for i, word in enumerate(self.classes)}
        return np.array([place.get(own.get(self.attribute, ""), MISSING) for own in labels], dtype=np.int64)

    def loss(self, outputs: Float[Tensor, "B W"], targets: Int64[Tensor, "B"]) -> Float[Tensor, ""]:
        """Cross-entropy."""
        total = F.cross_entropy(outputs, targets, ignore_index=MISSING, reduction="sum")
        return total / (targets != MISSING).sum().clamp(min=1)

    def read(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, "B W"]:
        """Probabilities, 1 together."""
        return outputs.softmax(dim=1)

    def answer(self, read: Float[np.ndarray, "W"]) -> str:
        """The likeliest class."""
        return self.classes[int(read.argmax())]

    def confused(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """- 1/(B C) sum_b sum_c log p_bc."""
        return -outputs.log_softmax(dim=1).mean()

    def undecided(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """- 1/B sum_b sum_c p_bc log p_bc, in [0, log C]."""
        log_probabilities = outputs.log_softmax(dim=1)
        return -(log_probabilities.exp() * log_probabilities).sum(dim=1).mean()


def one_of(**counts: int) -> dict[str, Task]:
    """Tasks with so many classes called 0, 1, ...: for models and methods made by hand, without a corpus."""
    return {name: OneOf(name, tuple(str(i) for i in range(count))) for name, count in counts.items()}
