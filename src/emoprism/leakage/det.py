"""DET curves (Martin et al. 1997) as a report draws them: misses at rates of false alarms that are the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist, fmean

import numpy as np

from emoprism.leakage.evidence import Claim
from emoprism.leakage.results import Det
from emoprism.leakage.verification import Curve, misses_at

LOWEST, HIGHEST, POINTS = 1e-4, 0.999, 128
DIGITS = 8


def rates_drawn() -> list[float]:
    """Rates of false alarms, evenly apart in normal deviates."""
    normal = NormalDist()
    deviates = np.linspace(normal.inv_cdf(LOWEST), normal.inv_cdf(HIGHEST), POINTS)
    return [round(normal.cdf(float(deviate)), DIGITS) for deviate in deviates]


def det_of(claim: Claim, curve: Curve, strangers: int) -> Det:
    """From a curve [1, T]; rates lower than one of the pairs of `strangers` are left out."""
    rates = [rate for rate in rates_drawn() if rate * strangers >= 1]
    return Det(
        kind="utility" if claim.kind == "utility" else "leakage",
        embedding=claim.embedding,
        attribute=claim.attribute,
        split=claim.split,
        false_alarms=rates,
        misses=[round(float(misses_at(curve, rate)[0]), DIGITS) for rate in rates],
    )


def mean_det(runs: Sequence[Sequence[Det]]) -> list[Det]:
    """Curves of several runs averaged: the mean of misses at every rate of false alarms that all runs have.

    (Vertical averaging: Fawcett 2006, section 8.1.) A curve that only some runs have is the mean of theirs.
    """
    groups: dict[tuple[str, ...], list[Det]] = {}
    for det in (det for run in runs for det in run):
        groups.setdefault((det.kind, det.embedding, det.attribute, det.split), []).append(det)
    return [_mean(group) for group in groups.values()]


def _mean(group: Sequence[Det]) -> Det:
    known = [dict(zip(det.false_alarms, det.misses, strict=True)) for det in group]
    rates = [rate for rate in group[0].false_alarms if all(rate in misses for misses in known)]
    means = [round(fmean(misses[rate] for misses in known), DIGITS) for rate in rates]
    return group[0].model_copy(update={"false_alarms": rates, "misses": means})
