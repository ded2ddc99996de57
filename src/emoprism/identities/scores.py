"""How well persons that were found agree with people who are known: over pairs of clips, and per clip (B-cubed)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Int64


@dataclass(frozen=True)
class Agreement:
    """Shares in [0, 1]. `persons` were found, `people` are known, of `clips` that have both."""

    pairwise_precision: float
    pairwise_recall: float
    pairwise_f1: float
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    persons: int
    people: int
    clips: int

    def facts(self) -> dict[str, float | int]:
        """As JSON, shares to six digits."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def agreement(found: Sequence[str], known: Sequence[str]) -> Agreement:
    """Compare a clustering with the truth, clip by clip; an empty word in `found` (unknown) is a person of its own.

    Pairwise (as in the Rand index; Manning, Raghavan & Schütze 2008, section 16.3): of all pairs of clips, a true
    positive is of one person and one speaker; precision TP / (TP + FP), recall TP / (TP + FN). B-cubed (Bagga &
    Baldwin 1998; Amigó et al. 2009, section 3): the mean over clips of the share of the clip's person (precision), or
    of its speaker (recall), that is of both. F1 is the harmonic mean. Without any pair of a kind the share is 1.
    """
    alone = [name or f"\0{place}" for place, name in enumerate(found)]
    a, b = (np.unique(np.array(names), return_inverse=True)[1].astype(np.int64) for names in (alone, known))
    rows, columns, cells = _cells(a, b)
    sizes, totals = np.bincount(a), np.bincount(b)
    together, persons, people = _pairs(cells), _pairs(sizes), _pairs(totals)
    precision, recall = (together / total if total else 1.0 for total in (persons, people))
    count = max(len(alone), 1)
    b_precision = float((cells**2 / sizes[rows]).sum() / count)
    b_recall = float((cells**2 / totals[columns]).sum() / count)
    return Agreement(
        precision, recall, harmonic(precision, recall), b_precision, b_recall, harmonic(b_precision, b_recall),
        persons=len({name for name in found if name}), people=len(set(known)), clips=len(alone),
    )  # fmt: skip


def harmonic(a: float, b: float) -> float:
    """The harmonic mean, 0 where both are."""
    return 2 * a * b / (a + b) if a + b else 0.0


def _cells(
    a: Int64[np.ndarray, "N"], b: Int64[np.ndarray, "N"]
) -> tuple[Int64[np.ndarray, "M"], Int64[np.ndarray, "M"], Int64[np.ndarray, "M"]]:
    """The cells of the contingency table that are not empty: row, column and count."""
    width = int(b.max(initial=0)) + 1
    cells, counts = np.unique(a * width + b, return_counts=True)
    return cells // width, cells % width, counts


def _pairs(counts: Int64[np.ndarray, "..."]) -> int:
    return int((counts * (counts - 1) // 2).sum())
