"""A number, as a sentiment or a valence: one output and the L1 loss (Ito et al. 2021, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32
from torch import Tensor

from emoprism.models.tasks.base import Task
from emoprism.types import NUMBER


class Number(Task):
    """The attribute's value in the corpus (`value:sentiment`), between `low` and `high`; |told - true| is lowered.

    The output is not bounded. Knowing nothing about a number is no distribution, so that confusion and maximum entropy
    cannot hide one; gradient reversal and alternate training can.
    """

    kind: ClassVar[str] = NUMBER
    metric: ClassVar[str] = "correlation"
    even: ClassVar[bool] = False

    def __init__(self, attribute: str, classes: Sequence[str], *, low: float = -3.0, high: float = 3.0) -> None:
        super().__init__(attribute, classes)
        if not low < high:
            raise ValueError(f"number: low={low:g} is not below high={high:g}")
        self.low, self.high = low, high

    @property
    def words(self) -> tuple[str, ...]:
        """The attribute itself."""
        return (self.attribute,)

    def targets(
        self,
        labels: Sequence[Mapping[str, str]],  # noqa: ARG002
        values: Sequence[Mapping[str, float]],
    ) -> Float32[np.ndarray, "N 1"]:
        """The values, NaN where a clip has none. Raises ValueError for one that is not between low and high."""
        found = np.array([[own.get(self.attribute, np.nan)] for own in values], dtype=np.float64).reshape(-1, 1)
        outside = found[(found < self.low) | (found > self.high)]
        if len(outside):
            raise ValueError(
                f"{len(outside)} clips have a {self.attribute} outside [{self.low:g}, {self.high:g}], as {outside[0]:g}"
            )
        return found.astype(np.float32)

    def loss(self, outputs: Float[Tensor, "B W"], targets: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """The mean distance."""
        known = ~targets.isnan()
        distance = (outputs - targets.nan_to_num().to(outputs.dtype)).abs().where(known, 0)
        return distance.sum() / known.sum().clamp(min=1)

    def read(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, "B W"]:
        """As it is."""
        return outputs

    def answer(self, read: Float[np.ndarray, "W"]) -> float:
        """The number."""
        return round(float(read[0]), 6)

    def caption(self, read: Float[np.ndarray, "W"], most: int = 1) -> str:  # noqa: ARG002
        """As `sentiment +1.20`."""
        return f"{self.attribute} {read[0]:+.2f}"
