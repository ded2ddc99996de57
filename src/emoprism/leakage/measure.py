"""From what was judged to rows of numbers with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from emoprism.leakage.attackers.base import Settings
from emoprism.leakage.evidence import (
    Claim,
    Evidence,
    Judged,
    LabelEvidence,
    OutputEvidence,
    PairEvidence,
    Record,
    SumEvidence,
    by_word,
    evidence_of,
    label_metrics,
    point,
)
from emoprism.leakage.floors import majority, uniform_guessing
from emoprism.leakage.intervals import interval
from emoprism.leakage.options import AuditOptions
from emoprism.leakage.results import STRONGEST, Measurement
from emoprism.types import MISSING, TEST, TRAIN, VALIDATION, Embeddings

SUM = "sum"
"""The combined score's place in the column `metric`."""
PROBE = "mlp"
"""The attacker of Peri et al. 2021, whose score in both directions is their combined score."""

Known = dict[tuple[Claim, str], Evidence]
"""Evidence by claim and name of the metric."""


def measurements(
    record: Record,
    settings: Mapping[Claim, Settings],
    verified: Mapping[tuple[Claim, str], float],
    embeddings: Embeddings,
    options: AuditOptions,
) -> list[Measurement]:
    """Every row: utility, leakage and floors with intervals; the strongest attackers; the combined score; guesses.

    `verified` are the metrics of verification: a record keeps coarser scores than they are computed from.
    """
    rows: list[Measurement] = []
    for (claim, metric), evidence in all_evidence(record, options.primary, options.secondary).items():
        if claim.split in options.splits or metric == SUM:
            value = verified[claim, metric] if isinstance(evidence, PairEvidence) else point(evidence)
            if math.isnan(value):  # of outputs alone: as a correlation with what is the same everywhere
                continue
            bounds = interval([evidence], options.bootstrap, options.seed)
            recall = _recall(evidence, record.judged.get(claim))
            row = measurement(claim, metric, value, bounds, recall, settings.get(claim, {}))
            rows.append(row.model_copy(update={"by_word": _words(record, claim, evidence)}))
    return [*rows, *strongest(rows), *_guesses(record, embeddings, options.splits)]


def all_evidence(record: Record, primary: str, secondary: str) -> Known:
    """Evidence of the record with the combined score of Peri et al. 2021 (4.2) wherever its two parts are there."""
    known: Known = evidence_of(record)
    for split in (VALIDATION, TEST):
        parts = (
            known.get((Claim("leakage", secondary, primary, split, PROBE), "macro_f1")),
            known.get((Claim("leakage", primary, secondary, split, PROBE), "accuracy")),
        )
        if parts[0] is not None and parts[1] is not None:
            known[Claim("combined", "", "", split), SUM] = SumEvidence((parts[0], parts[1]))
    return known


def measurement(
    claim: Claim,
    metric: str,
    value: float,
    bounds: tuple[float, float] | None = None,
    recall: Mapping[str, float] | None = None,
    settings: Settings | None = None,
) -> Measurement:
    """A claim with its number as a row."""
    low, high = bounds or (None, None)
    return Measurement.model_validate(
        claim._asdict()
        | {"metric": metric, "value": value, "low": low, "high": high}
        | {"recall": dict(recall or {}), "settings": dict(settings or {})}
    )


def claim_of(row: Measurement) -> Claim:
    """The claim of a row."""
    return Claim(row.kind, row.embedding, row.attribute, row.split, row.attacker)


def strongest(rows: Sequence[Measurement]) -> list[Measurement]:
    """For every metric and split the row of the attacker that scores highest there, the first of equal ones.

    The best of several on the very clips that are reported flatters the attackers a little: a leak is rather over-
    than understated.
    """
    attacked = [row for row in rows if row.attacker]

    def question(row: Measurement) -> tuple[str, ...]:
        return (row.kind, row.embedding, row.attribute, row.metric, row.split)

    out: list[Measurement] = []
    for _, group in groupby(sorted(attacked, key=question), key=question):
        best = max(group, key=lambda row: row.value)
        out.append(best.model_copy(update={"attacker": STRONGEST, "settings": {"attacker": best.attacker}}))
    return out


def _recall(evidence: Evidence, judged: Judged | None) -> dict[str, float]:
    if judged is None or not isinstance(evidence, LabelEvidence):
        return {}
    recall = evidence.counts.summed().recall()[0]
    return {name: float(value) for name, value in zip(judged.classes, recall, strict=True) if not np.isnan(value)}


def _words(record: Record, claim: Claim, evidence: Evidence) -> dict[str, float]:
    return by_word(record.answers[claim], evidence.metric) if isinstance(evidence, OutputEvidence) else {}


def _guesses(record: Record, embeddings: Embeddings, splits: Sequence[str]) -> list[Measurement]:
    asked = {(claim.attribute, claim.split): judged for claim, judged in record.judged.items() if claim.split in splits}
    rows: list[Measurement] = []
    for (attribute, split), judged in asked.items():
        train = embeddings.labels[attribute][embeddings.rows(TRAIN)]
        train = train[train != MISSING]
        for kind, guess in (("chance", uniform_guessing), ("majority", majority)):
            counts = guess(train, judged.true, len(judged.classes))
            claim = Claim(kind, "", attribute, split)
            rows += [measurement(claim, name, float(m.of_counts(counts)[0])) for name, m in label_metrics().items()]
    return rows
