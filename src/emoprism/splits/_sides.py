"""What splitters share: a draw that is even over speakers and classes, and training that knows them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from emoprism.errors import CorpusError, Problem
from emoprism.splits.base import Unit, refuse
from emoprism.types import SPLITS, TEST, TRAIN, UNSEEN, VALIDATION


def draw_share(units: Iterable[Unit], share: float, keys: Sequence[str], rng: np.random.Generator) -> set[str]:
    """Ids of a `share` of the units, drawn by systematic sampling along the strata of `keys`.

    The units are laid in a row, sorted by their labels of `keys` and shuffled within equal ones, and taken at even
    steps from a random start. Any run of n neighbours, so every stratum of the leading keys, gives n * share units
    to within one (Cochran 1977, Sampling Techniques, ch. 8), and every unit is taken with probability `share`.
    """
    row = sorted(units, key=lambda unit: unit.id)
    rank = rng.permutation(len(row))
    order = sorted(range(len(row)), key=lambda i: ([row[i].labels.get(key, "") for key in keys], rank[i]))
    steps = np.floor(np.arange(len(row) + 1) * share + rng.random()).astype(np.int64)
    return {row[i].id for i, taken in zip(order, np.diff(steps), strict=True) if taken}


def train_knows_all(units: Sequence[Unit], sides: dict[str, str], keys: Sequence[str]) -> None:
    """Move single clips to train until every label of `keys` in validation or test occurs in train. In place.

    The larger of the two sides gives first.
    """
    count = Counter(sides.values())
    held = [unit for unit in units if sides[unit.id] in (VALIDATION, TEST)]
    held.sort(key=lambda unit: (-count[sides[unit.id]], unit.id))
    known = labels_in(units, sides, TRAIN, keys)
    for unit in held:
        own = {(key, unit.labels[key]) for key in keys if key in unit.labels}
        if own - known:
            sides[unit.id] = TRAIN
            known |= own


def labels_in(units: Iterable[Unit], sides: Mapping[str, str], side: str, keys: Sequence[str]) -> set[tuple[str, str]]:
    """(key, label) of all labels of `keys` that occur on one side."""
    return {
        (key, unit.labels[key]) for unit in units if sides.get(unit.id) == side for key in keys if key in unit.labels
    }


def refuse_empty(sides: Mapping[str, str], shares: Mapping[str, float]) -> None:
    """Raise CorpusError for every side that was to have a share and has no clip: later stages would find nothing."""
    problems = [
        Problem(
            "data.split",
            f"of {len(sides)} clips none is left for '{side}', which was to have a share of {share:g}",
            f"speakers and emotions need several clips each; or set data.split.{side}=0",
        )
        for side, share in shares.items()
        if share > 0 and side not in sides.values()
    ]
    if problems:
        raise CorpusError(problems)


def refuse_overlaps(units: Iterable[Unit], sides: Mapping[str, str], speaker: str) -> None:
    """Raise CorpusError for every speaker on both sides of 'unseen', and for those who are tested but never train."""
    of: dict[str, set[str]] = {}
    for unit in (unit for unit in units if speaker in unit.labels):
        of.setdefault(unit.labels[speaker], set()).add(sides[unit.id])
    problems = [
        Problem(
            f"speaker '{name}'",
            f"has clips in {', '.join(side for side in SPLITS if side in found)}",
            f"a speaker is either in '{TRAIN}', and then maybe tested too, or in '{UNSEEN}' alone",
        )
        for name, found in sorted(of.items())
        if (UNSEEN in found and len(found) > 1) or (TEST in found and TRAIN not in found)
    ]
    refuse(problems, "data.split")
