"""From what a teacher says of every frame to what it says of the clip."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64

from emoprism.corpora._distributions import TOLERANCE, softmax
from emoprism.errors import InputError, MediaError, Problem

Outputs = Literal["logits", "probabilities"]
Frames = Literal["mean", "max"]
TINY = 1e-12


def kind_of(
    rows: Float32[np.ndarray, "T C"], asked: Literal["auto", "logits", "probabilities"], source: str
) -> Outputs:
    """Whether a teacher's answers are logits or probabilities. Raises InputError where they are not what was asked.

    Rows in [0, 1] that do not sum to 1 are neither, as far as anyone can tell: several sigmoids, or logits by chance.
    """
    shares = _are_shares(rows)
    inside = bool((rows >= 0).all() and (rows <= 1).all())
    if asked == "probabilities" and not shares:
        raise InputError(
            Problem(source, "its answers do not sum to 1, so they are no probabilities", "set outputs=logits")
        )
    if asked == "auto" and inside and not shares:
        what = "answers between 0 and 1 that do not sum to 1: neither probabilities nor, by the look of it, logits"
        raise InputError(Problem(source, what, "set outputs=logits if that is what they are"))
    return "logits" if asked == "logits" or not shares else "probabilities"


def pool(
    rows: Float32[np.ndarray, "T C"], outputs: Outputs, frames: Frames, sums: Float64[np.ndarray, "C 8"]
) -> Float64[np.ndarray, "8"]:
    """Frames [T, C] as one distribution over our classes. MediaError where all of it lies on classes left out.

    "mean": the mean of the frames' probabilities. "max": the softmax of each class's largest logit, by which the
    dominant emotion is the one that the teacher was surest of on any frame, as Albanie et al. (2018) pool; of
    probabilities, the logits are their logarithms.
    """
    values = rows.astype(np.float64)
    if frames == "max":
        logits = values if outputs == "logits" else np.log(np.maximum(values, TINY))
        shares = softmax(logits.max(0))
    else:
        shares = (softmax(values) if outputs == "logits" else values).mean(0)
    ours = shares @ sums
    if ours.sum() <= TINY:
        raise MediaError("the teacher is sure of a class that is left out")
    return ours / ours.sum()


def check_kind(rows: Float32[np.ndarray, "T C"], outputs: Outputs, source: str) -> None:
    """Raise InputError where answers were probabilities before, and these are none."""
    if outputs == "probabilities" and not _are_shares(rows):
        what = "answers with probabilities to some pictures and with something else to others"
        raise InputError(Problem(source, what, "set outputs=logits or outputs=probabilities"))


def _are_shares(rows: Float32[np.ndarray, "T C"]) -> bool:
    return bool((rows >= 0).all() and (np.abs(rows.sum(1) - 1) <= TOLERANCE).all())
