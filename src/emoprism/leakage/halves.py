"""Some of the clips as a set of their own, half of every speaker's to learn from and half to be asked about.

An audit learns from train clips who somebody is, so it has nothing to say of people who never trained. In halves it
has: an outsider who knows some clips of each of them is asked whose the others are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from emoprism.types import MISSING, TEST, TRAIN, Embeddings

SALT = 0x4A1F
"""Keeps this draw apart from others made with the same seed."""


def halves(embeddings: Embeddings, sides: Sequence[str], identity: str, even: str, seed: int) -> Embeddings | None:
    """The labelled clips of `sides`: of every speaker one half is `train`, the other `test`, as even over the labels
    `even` as can be; drawn by the seed. Of an odd number of clips the first half has one more.

    Without what heads say. None where there are fewer than two speakers with two clips.
    """
    rows = embeddings.rows(*sides)
    who = embeddings.labels[identity]
    rows = rows[who[rows] != MISSING]
    kinds = embeddings.labels.get(even, np.zeros(len(who), dtype=np.int64))
    drawn = np.random.default_rng([SALT, seed]).permutation(rows)
    side: dict[int, str] = {}
    enough = 0
    for speaker in np.unique(who[rows]):
        own = drawn[who[drawn] == speaker]
        own = own[np.argsort(kinds[own], kind="stable")]
        side |= {int(row): (TRAIN, TEST)[place % 2] for place, row in enumerate(own)}
        enough += len(own) > 1
    return _of(embeddings, rows, [side[int(row)] for row in rows]) if enough > 1 else None


def _of(embeddings: Embeddings, rows: Int64[np.ndarray, "M"], split: Sequence[str]) -> Embeddings:
    return replace(
        embeddings,
        clips=tuple(embeddings.clips[row] for row in rows),
        split=tuple(split),
        vectors={name: vectors[rows] for name, vectors in embeddings.vectors.items()},
        labels={name: labels[rows] for name, labels in embeddings.labels.items()},
        predictions={},
        outputs={},
    )
