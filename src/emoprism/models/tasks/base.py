"""What a task is: how truth becomes numbers, what a head puts out for an attribute, and by which loss it learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int64, Shaped
from torch import Tensor


class Task(ABC):
    """One attribute's task. Subclasses take `attribute` and `classes` from the house; keyword-only ones are options.

    `classes` are the words that train has for the attribute, in alphabetical order; none where it is a number. Raise
    ValueError, with the reason in words, where the task makes no sense for them.
    """

    kind: ClassVar[str]
    """Of types.Outputs: PRESENCE or NUMBER; "" for a choice of one class, which is a prediction."""
    metric: ClassVar[str] = ""
    """How selection scores it on validation, a file of leakage/metrics: higher is better."""

    def __init__(self, attribute: str, classes: Sequence[str]) -> None:
        self.attribute, self.classes = attribute, tuple(classes)

    @property
    @abstractmethod
    def words(self) -> tuple[str, ...]:
        """What each output of the head is about, in order."""

    @abstractmethod
    def targets(
        self, labels: Sequence[Mapping[str, str]], values: Sequence[Mapping[str, float]]
    ) -> Shaped[np.ndarray, "N *W"]:
        """What is true of clips with these labels and numeric values; MISSING or NaN where nobody says."""

    @abstractmethod
    def loss(self, outputs: Float[Tensor, "B W"], targets: Shaped[Tensor, "B *W"]) -> Float[Tensor, ""]:
        """To be lowered: a mean over the clips whose truth is known; 0, still differentiable, where it is of none."""

    @abstractmethod
    def read(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, "B W"]:
        """The head's outputs as people read them: probabilities, or the number."""

    @abstractmethod
    def answer(self, read: Float[np.ndarray, "W"]) -> str | float:
        """What is told of one clip, from its outputs as people read them: words, or the number."""

    def caption(self, read: Float[np.ndarray, "W"], most: int = 1) -> str:
        """The likeliest words, `most` of them, with their probabilities, as `happy 83%, sad 10%`."""
        return ", ".join(f"{self.words[i]} {read[i]:.0%}" for i in np.argsort(-read, kind="stable")[:most])

    def chosen(self, read: Float[np.ndarray, "N W"]) -> Int64[np.ndarray, "N"] | None:
        """Which one of `classes` every clip is likeliest to have; None where the outputs are not about those."""
        return read.argmax(1).astype(np.int64) if self.classes and self.words == self.classes else None

    def confused(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """Cross-entropy of the outputs against knowing nothing (Tzeng et al. 2015, eq. 3), a mean over clips.

        Raises ValueError where a task has no such thing; `even` says so before.
        """
        raise ValueError(f"'{self.attribute}' has no even distribution to confuse it into ({outputs.shape[1]} outputs)")

    def undecided(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """Entropy of the outputs in nats (Li et al. 2020, eq. 2), a mean over clips. Raises as `confused` does."""
        raise ValueError(f"'{self.attribute}' has no entropy ({outputs.shape[1]} outputs)")

    even: ClassVar[bool] = True
    """Whether there is a state of knowing nothing, and so `confused` and `undecided`."""
