"""From merged groups to named persons: a probability for every appearance, and `unknown` where it is too low."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.identities.appearances import Appearance
from emoprism.identities.evidence import Evidence

UNKNOWN = "unknown"
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Told:
    """Who an appearance is: a person or UNKNOWN, how sure that is, and by what."""

    row: Appearance
    person: str
    confidence: float
    evidence: str


def name_persons(
    rows: Sequence[Appearance],
    labels: Int64[np.ndarray, "N"],
    sure: Float64[np.ndarray, "N"],
    evidence: Mapping[str, Evidence],
    least: float,
    known: Mapping[int, str],
    *,
    skip: int = 0,
) -> list[Told]:
    """Persons by the number of their appearances, `person-0001` first; `known` names the labels of a gallery, whose
    people are the first `skip` rows and count for nobody's size.
    """
    kinds = [_kinds(evidence, row) for row in range(len(rows))]
    certain = [row >= skip and kind != NOTHING and bool(sure[row] >= least) for row, kind in enumerate(kinds)]
    sizes = Counter(int(label) for label, fine in zip(labels, certain, strict=True) if fine)
    order = sorted((label for label in sizes if label not in known), key=lambda label: (-sizes[label], label))
    names = dict(known)
    taken = set(known.values())
    fresh = (f"person-{number:04d}" for number in range(1, len(order) + len(taken) + 1))
    free = (name for name in fresh if name not in taken)
    names |= dict(zip(order, free, strict=False))
    return [
        Told(row, names[int(label)] if fine else UNKNOWN, round(float(value), 4), kind)
        for row, label, value, fine, kind in zip(rows, labels, sure, certain, kinds, strict=True)
    ]


def _kinds(evidence: Mapping[str, Evidence], row: int) -> str:
    found = [kind for kind, known in evidence.items() if known.present[row]]
    return "both" if len(found) > 1 else found[0] if found else NOTHING


def speakers_of(told: Sequence[Told]) -> dict[str, str]:
    """Clip -> the person of its main track, or voice; empty where unknown."""
    return {item.row.clip: "" if item.person == UNKNOWN else item.person for item in told if item.row.main}
