"""One attack: standardise, choose settings on clips that were not fitted, predict. Test labels never enter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from emoprism.leakage.attackers.base import Attacker, Settings
from emoprism.leakage.fitting import fitting
from emoprism.leakage.metrics.macro_f1 import MacroF1
from emoprism.types import MISSING

CARVED = 4
"""Without a validation part, one clip in so many of train chooses the settings."""
ENOUGH = 20
"""Fewer labelled validation clips than these choose nothing; a part of train does."""


@dataclass(frozen=True)
class Labelled:
    """Vectors float [N, D] and class indices [N], MISSING where unknown."""

    x: Float[np.ndarray, "N D"]
    y: Int64[np.ndarray, "N"]

    def known(self) -> Labelled:
        """Without the clips that have no label."""
        rows = self.y != MISSING
        return Labelled(self.x[rows], self.y[rows])


@dataclass(frozen=True)
class Told:
    """What an attacker says of new vectors, and the settings that it chose to say it."""

    predicted: Int64[np.ndarray, "M"]
    settings: Settings


def attack(
    attacker: Attacker,
    train: Labelled,
    new: Float[np.ndarray, "M D"],
    *,
    validation: Labelled | None = None,
    seed: int = 0,
) -> Told:
    """Fit `train`, its settings chosen on `validation` or, without one, on a carved part of train; predict `new`.

    Predictions are class indices that occur in train. Raises ValueError where train has no labelled clip.
    """
    train = train.known()
    if len(train.y) == 0:
        raise ValueError("an attacker needs labelled train clips")
    seen, y = np.unique(train.y, return_inverse=True)
    if len(seen) == 1 or len(new) == 0:
        return Told(np.full(len(new), seen[0], dtype=np.int64), {})
    x, moved = _standardised(train.x, new)
    checked = None if validation is None else validation.known()
    with fitting():
        if checked is not None and len(checked.y) >= ENOUGH:
            rows = np.isin(checked.y, seen)
            known = Labelled(_standardised(train.x, checked.x[rows])[1], np.searchsorted(seen, checked.y[rows]))
            told = _choose(attacker, Labelled(x, y), known, moved, seed)
        else:
            told = _choose_within(attacker, Labelled(x, y), moved, seed)
    return Told(seen[told.predicted].astype(np.int64), told.settings)


def _choose(attacker: Attacker, train: Labelled, checked: Labelled, new: np.ndarray, seed: int) -> Told:
    """The candidate with the best macro F1 on the checked clips; of equal ones the last."""
    best, told = -1.0, None
    x, moved = _turned(train.x, np.concatenate([checked.x, new]))
    for settings, predicted in attacker.candidates(x, train.y, moved, seed):
        score = MacroF1()(checked.y, predicted[: len(checked.y)], int(train.y.max()) + 1) if len(checked.y) else 0.0
        if score >= best:
            best, told = score, Told(predicted[len(checked.y) :], dict(settings))
    if told is None:
        raise ValueError(f"{type(attacker).__name__} has no candidate for {len(train.y)} clips")
    return told


def _choose_within(attacker: Attacker, train: Labelled, new: np.ndarray, seed: int) -> Told:
    """Settings from a part of train that is held back; then the fit on all of train."""
    x, moved = _turned(train.x, new)
    grid = attacker.grid(len(x), x.shape[1], int(train.y.max()) + 1)
    held = carve(train.y, seed)
    if len(grid) == 1 or not held.any():
        settings = grid[-1]
    else:
        part = Labelled(train.x[~held], train.y[~held])
        settings = _choose(attacker, part, Labelled(train.x[held], train.y[held]), new[:0], seed).settings
    return Told(attacker.predict(x, train.y, moved, settings, seed), settings)


def carve(y: Int64[np.ndarray, "N"], seed: int) -> Bool[np.ndarray, "N"]:
    """A quarter of every class, drawn by the seed; never the last clip of a class."""
    rng = np.random.default_rng([seed, len(y)])
    held = np.zeros(len(y), dtype=bool)
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        held[rows[: -(-(len(rows) - 1) // CARVED)]] = True
    return held


def _standardised(train: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with the mean and standard deviation of train, per dimension; a constant dimension becomes zero in train."""
    wide = train.astype(np.float64)
    mean, deviation = wide.mean(axis=0), wide.std(axis=0)
    # Of a constant, rounding can leave a deviation of about 1e-16 of its size.
    scale = np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, 1.0)
    return (wide - mean) / scale, (new.astype(np.float64) - mean) / scale


def _turned(train: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where there are more dimensions than clips: both in the space that the train clips span, which loses nothing."""
    if train.shape[1] <= len(train):
        return train, new
    axes = np.linalg.svd(train, full_matrices=False)[2].T
    return train @ axes, new @ axes
