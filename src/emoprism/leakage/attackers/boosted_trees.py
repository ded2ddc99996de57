"""Gradient-boosted trees: find thresholds and their combinations, indifferent to scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, Int64
from pydantic import PositiveFloat, PositiveInt

from emoprism.leakage.attackers.base import Attacker, Settings

EVERY = 5
"""Rounds of boosting between two points of the grid."""
MOST = 60
"""Rounds at most."""
WIDEST = 256


class BoostedTrees(Attacker):
    """Histogram gradient boosting, multinomial; size of the trees and rounds of boosting are chosen.

    A round grows one tree per class, so rounds are limited to `trees` / classes. Embeddings wider than 256 are first
    reduced to their 128 largest principal axes.
    """

    def __init__(
        self, *, trees: PositiveInt = 1200, leaves: tuple[int, ...] = (12, 4), learning_rate: PositiveFloat = 0.2
    ) -> None:
        self.trees, self.leaves, self.learning_rate = trees, leaves, learning_rate

    def grid(self, rows: int, width: int, classes: int) -> list[Settings]:  # noqa: ARG002
        """Leaves of a tree, and rounds."""
        rounds = range(EVERY, self._rounds(classes) + 1, EVERY)
        return [{"leaves": leaves, "rounds": count} for leaves in self.leaves for count in rounds]

    def predict(
        self,
        x: Float[np.ndarray, "N D"],
        y: Int64[np.ndarray, "N"],
        new: Float[np.ndarray, "M D"],
        settings: Settings,
        seed: int,
    ) -> Int64[np.ndarray, "M"]:
        """Boost for the number of rounds that `settings` says."""
        x, new = narrowed(x, new)
        return self._fitted(x, y, settings["leaves"], settings["rounds"], seed).predict(new).astype(np.int64)

    def candidates(
        self, x: Float[np.ndarray, "N D"], y: Int64[np.ndarray, "N"], new: Float[np.ndarray, "M D"], seed: int
    ) -> Iterator[tuple[Settings, Int64[np.ndarray, "M"]]]:
        """One ensemble per size of tree, looked at every few rounds."""
        x, new = narrowed(x, new)
        for leaves in self.leaves:
            model = self._fitted(x, y, leaves, self._rounds(int(y.max()) + 1), seed)
            for done, predicted in enumerate(model.staged_predict(new), start=1):
                if done % EVERY == 0:
                    yield {"leaves": leaves, "rounds": done}, predicted.astype(np.int64)

    def _rounds(self, classes: int) -> int:
        return int(np.clip(self.trees // classes // EVERY * EVERY, 2 * EVERY, MOST))

    def _fitted(self, x: np.ndarray, y: np.ndarray, leaves: int, rounds: int, seed: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        settings: dict[str, Any] = {"early_stopping": False, "min_samples_leaf": 5, "max_bins": 63}
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate, max_iter=rounds, max_leaf_nodes=leaves, random_state=seed, **settings
        ).fit(x, y)


def narrowed(
    x: Float[np.ndarray, "N D"], new: Float[np.ndarray, "M D"]
) -> tuple[Float[np.ndarray, "N R"], Float[np.ndarray, "M R"]]:
    """Both on the largest principal axes of x where they are wide; as they are otherwise."""
    if x.shape[1] <= WIDEST:
        return x, new
    centre = x.mean(axis=0)
    _, _, axes = np.linalg.svd(x - centre, full_matrices=False)
    turn = axes[: WIDEST // 2].T
    return (x - centre) @ turn, (new - centre) @ turn
