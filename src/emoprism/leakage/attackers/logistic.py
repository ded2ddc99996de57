"""Logistic regression: finds whatever a hyperplane can see."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int64
from pydantic import PositiveInt

from emoprism.leakage.attackers.base import Attacker, Settings

PENALTIES = (30.0, 1.0, 0.03, 0.001)
TINY = 1e-6


class Logistic(Attacker):
    """Multinomial logistic regression with an L2 penalty of strength 1/C, on the axes as they are or whitened.

    Whitening gives a direction of small variance the same say as a loud one, so that a quiet code is found too.
    """

    def __init__(self, *, iterations: PositiveInt = 200) -> None:
        self.iterations = iterations

    def grid(self, rows: int, width: int, classes: int) -> list[Settings]:  # noqa: ARG002
        """Penalty, and whether to whiten."""
        return [{"whiten": whiten, "C": penalty} for whiten in (True, False) for penalty in PENALTIES]

    def predict(
        self,
        x: Float[np.ndarray, "N D"],
        y: Int64[np.ndarray, "N"],
        new: Float[np.ndarray, "M D"],
        settings: Settings,
        seed: int,  # noqa: ARG002
    ) -> Int64[np.ndarray, "M"]:
        """Fit by L-BFGS; a fit that stops before it has converged is taken as it is."""
        from sklearn.linear_model import LogisticRegression

        if settings["whiten"]:
            x, new = whitened(x, new)
        model: Any = LogisticRegression(C=settings["C"], max_iter=self.iterations)
        return model.fit(x, y).predict(new).astype(np.int64)


def whitened(
    x: Float[np.ndarray, "N D"], new: Float[np.ndarray, "M D"]
) -> tuple[Float[np.ndarray, "N R"], Float[np.ndarray, "M R"]]:
    """Both in the principal axes of x, scaled to unit variance in x; axes of no variance are dropped."""
    centre = x.mean(axis=0)
    _, lengths, axes = np.linalg.svd(x - centre, full_matrices=False)
    if not lengths.any():
        return x, new  # constant vectors have no axes to turn to
    kept = lengths > TINY * lengths[0]
    turn = (axes[kept] / lengths[kept, None] * np.sqrt(len(x))).T
    return (x - centre) @ turn, (new - centre) @ turn
