"""k nearest neighbours: finds local structure of any shape."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int64

from emoprism.leakage.attackers.base import Attacker, Settings

NEIGHBOURS = (1, 3, 5, 11, 25)


class NearestNeighbours(Attacker):
    """Votes of the k nearest train clips, weighted by 1/distance; Euclidean or cosine."""

    def grid(self, rows: int, width: int, classes: int) -> list[Settings]:  # noqa: ARG002
        """The distance, and as many neighbours as there are clips for."""
        return [{"metric": m, "k": k} for m in ("cosine", "euclidean") for k in NEIGHBOURS if k <= max(1, rows // 2)]

    def predict(
        self,
        x: Float[np.ndarray, "N D"],
        y: Int64[np.ndarray, "N"],
        new: Float[np.ndarray, "M D"],
        settings: Settings,
        seed: int,  # noqa: ARG002
    ) -> Int64[np.ndarray, "M"]:
        """Exact search by brute force: in tens of dimensions and more, trees gain nothing."""
        from sklearn.neighbors import KNeighborsClassifier

        model = KNeighborsClassifier(settings["k"], metric=settings["metric"], weights="distance", algorithm="brute")
        return model.fit(x, y).predict(new).astype(np.int64)
