"""A network with one hidden layer of 256 units: the probe of Peri et al. 2021, section 4.3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from jaxtyping import Float, Int64
from pydantic import PositiveFloat, PositiveInt

from emoprism.leakage.attackers.base import Attacker, Settings


class Mlp(Attacker):
    """ReLU units trained by Adam in small batches; weight decay and the number of epochs are chosen.

    Of `epochs` epochs every `every`th is a point of the grid, for each of `decays` (scikit-learn's alpha).
    """

    def __init__(
        self,
        *,
        hidden: PositiveInt = 256,
        epochs: PositiveInt = 60,
        every: PositiveInt = 3,
        decays: tuple[float, ...] = (0.01, 1.0),
        learning_rate: PositiveFloat = 1e-3,
    ) -> None:
        self.hidden, self.epochs, self.every = hidden, epochs, every
        self.decays, self.learning_rate = decays, learning_rate

    def grid(self, rows: int, width: int, classes: int) -> list[Settings]:  # noqa: ARG002
        """L2 penalty, and epochs."""
        epochs = range(self.every, self.epochs + 1, self.every)
        return [{"decay": decay, "epochs": epoch} for decay in self.decays for epoch in epochs]

    def predict(
        self,
        x: Float[np.ndarray, "N D"],
        y: Int64[np.ndarray, "N"],
        new: Float[np.ndarray, "M D"],
        settings: Settings,
        seed: int,
    ) -> Int64[np.ndarray, "M"]:
        """Train for the number of epochs that `settings` says."""
        *_, last = islice(self._trained(x, y, settings["decay"], seed), settings["epochs"])
        return last.predict(new).astype(np.int64)

    def candidates(
        self, x: Float[np.ndarray, "N D"], y: Int64[np.ndarray, "N"], new: Float[np.ndarray, "M D"], seed: int
    ) -> Iterator[tuple[Settings, Int64[np.ndarray, "M"]]]:
        """One training per penalty, looked at every few epochs."""
        for decay in self.decays:
            for epoch, model in enumerate(islice(self._trained(x, y, decay, seed), self.epochs), start=1):
                if epoch % self.every == 0:
                    yield {"decay": decay, "epochs": epoch}, model.predict(new).astype(np.int64)

    def _trained(self, x: np.ndarray, y: np.ndarray, decay: float, seed: int) -> Iterator[Any]:
        """The network after one, two, three ... epochs."""
        from sklearn.neural_network import MLPClassifier

        batch: Any = int(np.clip(len(x) // 12, min(8, len(x)), 512))
        model = MLPClassifier(
            (self.hidden,), alpha=decay, batch_size=batch, learning_rate_init=self.learning_rate, random_state=seed
        )
        classes = np.unique(y)
        while True:
            yield model.partial_fit(x, y, classes=classes)
