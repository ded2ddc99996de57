"""After greedy merges: whom each appearance most probably is, given all persons, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Int64

from emoprism.identities.cluster import BLOCK
from emoprism.identities.evidence import Evidence, Groups, scores, scores_by_row, singles, without

ROUNDS = 5
"""Times that every appearance is looked at anew, at the most."""


def refine(
    evidence: Mapping[str, Evidence],
    labels: Int64[np.ndarray, "N"],
    apart: Sequence[tuple[int, int]] = (),
    *,
    fixed: int = 0,
) -> Int64[np.ndarray, "N"]:
    """Move appearances to the person of their highest posterior, until none moves: a merge made early is not final.

    Of the moves of a round the one that gains most is made first, and none that brings two together who are `apart`.
    The first `fixed` appearances stay. Labels are numbered in order of the first appearance.
    """
    partners: dict[int, list[int]] = {}
    for a, b in apart:
        partners.setdefault(a, []).append(b)
        partners.setdefault(b, []).append(a)
    labels = _in_order(labels)
    for _ in range(ROUNDS):
        moves = sorted(_moves(evidence, labels, fixed))
        before = labels.copy()
        for _, row, target in moves:
            if all(labels[partner] != target for partner in partners.get(row, ())):
                labels[row] = target
        if np.array_equal(before, labels):
            break
        labels = _in_order(labels)
    return labels


def _moves(
    evidence: Mapping[str, Evidence], labels: Int64[np.ndarray, "N"], fixed: int
) -> Iterator[tuple[float, int, int]]:
    """(minus the gain, row, label) of all rows that would be better elsewhere, where the evidence alone says so too.

    However large a person is, somebody whose likeness speaks against it does not move there.
    """
    sizes = np.log(np.bincount(labels))
    for rows, own, everybody in posteriors(evidence, labels):
        others = np.where(everybody > sizes, everybody, -np.inf)
        best = others.argmax(1)
        gain = others[np.arange(len(rows)), best] - own
        for place in np.flatnonzero((gain > 0) & (rows >= fixed)).tolist():
            yield -float(gain[place]), int(rows[place]), int(best[place])


def posteriors(
    evidence: Mapping[str, Evidence], labels: Int64[np.ndarray, "N"]
) -> Iterator[tuple[Int64[np.ndarray, "R"], Float64[np.ndarray, "R"], Float64[np.ndarray, "R P"]]]:
    """In blocks of rows: the rows, the logarithm of the odds of their own person and of each other one (own: -inf).

    Odds against a person who appears nowhere else: the likelihood ratio of the appearance and all others of the person,
    times how many those are, as in a Chinese restaurant process of concentration 1 (Aldous 1985). Own odds are 1 for
    who appears once: that is the person who appears nowhere else.
    """
    count = int(labels.max(initial=-1)) + 1
    persons = Groups.of(evidence, labels, count)
    sizes = np.bincount(labels, minlength=count)
    for first in range(0, len(labels), BLOCK):
        rows = np.arange(first, min(first + BLOCK, len(labels)))
        own_label = labels[rows]
        alone = singles(evidence, rows)
        others = scores(alone, persons) + np.log(sizes)
        others[np.arange(len(rows)), own_label] = -np.inf
        own = scores_by_row(alone, without(persons.rows(own_label), alone))
        rest = sizes[own_label] - 1
        yield rows, np.where(rest > 0, own + np.log(np.maximum(rest, 1)), 0.0), others


def confidences(evidence: Mapping[str, Evidence], labels: Int64[np.ndarray, "N"]) -> Float64[np.ndarray, "N"]:
    """Posterior probability of an appearance's own person, against all others and one who appears nowhere else.

    By the odds of `posteriors`; 0 for an appearance without evidence.
    """
    out = np.zeros(len(labels))
    sizes = np.bincount(labels)
    for rows, own, others in posteriors(evidence, labels):
        new = np.where(sizes[labels[rows]] > 1, 0.0, -np.inf)
        odds = np.concatenate([own[:, None], others, new[:, None]], axis=1)
        odds -= odds.max(1, keepdims=True)
        out[rows] = np.exp(odds[:, 0]) / np.exp(odds).sum(1)
    told = np.any([known.present for known in evidence.values()], axis=0)
    return np.where(told, out, 0.0)


def _in_order(labels: Int64[np.ndarray, "N"]) -> Int64[np.ndarray, "N"]:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)
