"""From merged groups to named persons: a probability for every appearance, and `unknown` where it is too low."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.identities.appearances import Appearance
from emoprism.identities.cluster import BLOCK
from emoprism.identities.evidence import Evidence, Groups, scores

UNKNOWN = "unknown"
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Told:
    """Who an appearance is: a person or UNKNOWN, how sure that is, and by what."""

    row: Appearance
    person: str
    confidence: float
    evidence: str


def confidences(evidence: Mapping[str, Evidence], labels: Int64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """Posterior probability of an appearance's own person, against the likeliest other person and a new one.

    With the mean log-likelihood ratio s of the appearance against all others of its own person and o against those of
    the likeliest other one, all three equally probable beforehand: e^s / (e^s + e^o + 1), and 1 / (1 + e^o) for who
    appears once. 0 for an appearance without evidence.
    """
    count = int(labels.max(initial=-1)) + 1
    persons = Groups.of(evidence, labels, count)
    out = np.zeros(len(labels))
    told = np.any([known.present for known in evidence.values()], axis=0)
    for first in range(0, len(labels), BLOCK):
        rows = np.arange(first, min(first + BLOCK, len(labels)))
        against = scores(_singles(evidence, rows), persons)
        own = _own(evidence, persons, labels, rows)
        against[np.arange(len(rows)), labels[rows]] = -np.inf
        other = against.max(1)
        peak = np.maximum(np.maximum(own, other), 0.0)
        shares = np.exp(own - peak), np.exp(other - peak), np.exp(-peak)
        single = ~np.isfinite(own)
        out[rows] = np.where(single, shares[2], shares[0]) / sum(shares)
    return np.where(told, out, 0.0)


def _singles(evidence: Mapping[str, Evidence], rows: Int64[np.ndarray, "R"]) -> Groups:
    part = {
        kind: Evidence(known.vectors[rows], known.belongs[rows], known.slope, known.offset)
        for kind, known in evidence.items()
    }
    return Groups.single(part)


def _own(
    evidence: Mapping[str, Evidence], persons: Groups, labels: Int64[np.ndarray, "N"], rows: Int64[np.ndarray, "R"]
) -> Float64[np.ndarray, "R"]:
    """Score of each row against the rest of its own person; -inf for who appears once, or shares no evidence."""
    rest = persons.rows(labels[rows])
    alone = _singles(evidence, rows)
    for kind in evidence:
        rest.sums[kind] = rest.sums[kind] - alone.sums[kind]
        rest.counts[kind] = rest.counts[kind] - alone.counts[kind]
        rest.belongs[kind] = np.maximum(rest.belongs[kind] - alone.belongs[kind], 0.0)
    return np.array([scores(alone.rows(np.array([n])), rest.rows(np.array([n])))[0, 0] for n in range(len(rows))])


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
