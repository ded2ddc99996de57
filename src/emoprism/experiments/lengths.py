"""Were runs trained for long enough? From their histories: does the score on validation still rise when they end?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from emoprism.leakage.results import Epoch
from emoprism.leakage.sources import HISTORY
from emoprism.types import EMOTION, VALIDATION

SCORE = f"{VALIDATION}/{EMOTION}/macro_f1"
_EPOCHS = TypeAdapter(list[Epoch])


@dataclass(frozen=True)
class Length:
    """One run: its epochs, the one that is kept (from 1), and its score on validation halfway and at the end."""

    epochs: int
    kept: int
    halfway: float
    end: float


@dataclass(frozen=True)
class Lengths:
    """Means over the runs of a system. `last`: the share of them that keep the last epoch."""

    epochs: float
    kept: float
    last: float
    halfway: float
    end: float


def read_length(run: Path) -> Length | None:
    """From the history of a run; None where validation was never scored on emotions."""
    history = _EPOCHS.validate_json((run / HISTORY).read_bytes())
    scored = [record for record in history if SCORE in record.scores]
    first_half = [record for record in scored if 2 * (record.epoch + 1) <= len(history)]
    kept = [record.epoch + 1 for record in history if record.kept]
    if not scored or not kept:
        return None
    halfway = first_half[-1] if first_half else scored[0]
    return Length(len(history), kept[0], halfway.scores[SCORE], scored[-1].scores[SCORE])


def mean_length(runs: Sequence[Length]) -> Lengths | None:
    """None of no runs."""
    if not runs:
        return None
    return Lengths(
        epochs=float(np.mean([run.epochs for run in runs])),
        kept=float(np.mean([run.kept for run in runs])),
        last=float(np.mean([run.kept == run.epochs for run in runs])),
        halfway=float(np.mean([run.halfway for run in runs])),
        end=float(np.mean([run.end for run in runs])),
    )
