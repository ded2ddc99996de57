"""A quick fresh probe for use while training: one attacker with settled settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from emoprism.families import ATTACKERS
from emoprism.leakage.attack import Labelled, attack

QUICK: Mapping[str, Mapping[str, Any]] = {"mlp": {"epochs": 30, "every": 30, "decays": (0.1,)}}
"""Options that make an attacker quick; others run as they are."""


def probe(
    train_x: Float[np.ndarray, "N D"],
    train_y: Int64[np.ndarray, "N"],
    test_x: Float[np.ndarray, "M D"],
    *,
    classes: int,
    seed: int,
    attacker: str = "mlp",
) -> Int64[np.ndarray, "M"]:
    """Class indices that a fresh probe, fitted on train alone, tells of `test_x`.

    The single-hidden-layer classifier of Peri et al. 2021 by default, a few tenths of a second for 500 clips. Labels
    are indices in [0, classes), MISSING ones are left out. Raises ValueError where no clip is labelled.
    """
    if train_y.size and int(train_y.max()) >= classes:
        raise ValueError(f"label {int(train_y.max())} of a probe for {classes} classes")
    made = ATTACKERS.make(attacker, options=QUICK.get(attacker, {}))
    return attack(made, Labelled(train_x, train_y), test_x, seed=seed).predicted
