"""What an attacker is: labelled train vectors in, predictions for other vectors out, its settings chosen by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

Settings = Mapping[str, Any]
"""One point of an attacker's grid, as it stands in the report: {"C": 1.0}."""


class Attacker(ABC):
    """A classifier with a grid of settings. Keyword-only constructor arguments are the user's options.

    The house standardises the vectors, leaves out clips without a label, numbers the classes that occur in train
    from 0, chooses the settings on clips that were not fitted, and never shows an attacker a label of a test clip.
    """

    @abstractmethod
    def grid(self, rows: int, width: int, classes: int) -> list[Settings]:
        """Settings to choose from for train data of this size; of equally good ones the last is chosen."""

    @abstractmethod
    def predict(
        self,
        x: Float[np.ndarray, "N D"],
        y: Int64[np.ndarray, "N"],
        new: Float[np.ndarray, "M D"],
        settings: Settings,
        seed: int,
    ) -> Int64[np.ndarray, "M"]:
        """Fit (x, y), at least two classes, each of 0..C-1 present; then tell the class of `new`.

        A function of its arguments alone; the prediction of a row of `new` depends on no other row of it.
        """

    def candidates(
        self, x: Float[np.ndarray, "N D"], y: Int64[np.ndarray, "N"], new: Float[np.ndarray, "M D"], seed: int
    ) -> Iterator[tuple[Settings, Int64[np.ndarray, "M"]]]:
        """Predictions of every point of the grid. Override where one fit serves several points."""
        for settings in self.grid(len(x), x.shape[1], int(y.max()) + 1):
            yield settings, self.predict(x, y, new, settings, seed)
