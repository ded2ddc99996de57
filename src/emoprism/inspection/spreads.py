"""How a number is spread over clips: quantiles and a histogram, of all clips and of each value of a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from emoprism.inspection.attributes import Attribute

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
MOST_BINS = 40
MOST_STEPS = 1000
"""Different numbers that are tried for lying on a grid."""
MOST_GROUPS = 16
"""So many values of the label, the most frequent ones, have a histogram of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the clips: how many have the number, their mean and standard deviation, QUANTILES, counts of the bins."""

    name: str
    clips: int
    total: float
    mean: float
    sd: float
    quantiles: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """A number of the clips: `edges` of its bins, all clips together, and by the values of the label `by`.

    `missing` clips do not have it; `groups` leaves out values of the label beyond MOST_GROUPS.
    """

    name: str
    unit: str
    edges: tuple[float, ...]
    all: Part
    by: str
    groups: tuple[Part, ...]
    groups_left_out: int
    missing: int

    @property
    def constant(self) -> bool:
        """Whether all clips have the same number."""
        return self.all.quantiles[0] == self.all.quantiles[-1]


def spread(name: str, unit: str, numbers: Float64[np.ndarray, "N"], by: Attribute | None) -> Spread | None:
    """Describe one number a clip, nan where there is none; None where no clip has it."""
    known = np.isfinite(numbers)
    if not known.any():
        return None
    edges = _edges(numbers[known])
    groups = [] if by is None else [(by.classes[c], known & (by.codes == c)) for c in _most_frequent(by)]
    return Spread(
        name,
        unit,
        tuple(edges.tolist()),
        _part("all", numbers[known], edges),
        by.name if by else "",
        tuple(_part(label, numbers[own], edges) for label, own in groups if own.any()),
        max(0, len(by.classes) - MOST_GROUPS) if by else 0,
        int(np.count_nonzero(~known)),
    )


def _edges(numbers: Float64[np.ndarray, "M"]) -> Float64[np.ndarray, "E"]:
    """As many bins as Rice's rule has, 2 M^(1/3); where numbers lie on a grid, as ratings do, whole steps of it."""
    bins = min(MOST_BINS, int(np.ceil(2 * np.cbrt(len(numbers)))))
    steps = np.unique(numbers)
    if not 1 < len(steps) <= MOST_STEPS:
        return np.histogram_bin_edges(numbers, bins)
    step = float(np.diff(steps).min())
    places = np.round((steps - steps[0]) / step)
    if places[-1] > MOST_STEPS or not np.allclose(steps[0] + places * step, steps, atol=step / 100):
        return np.histogram_bin_edges(numbers, bins)
    each = int(np.ceil((places[-1] + 1) / MOST_BINS))
    return steps[0] + step * (each * np.arange(places[-1] // each + 2) - 0.5)


def _most_frequent(by: Attribute) -> list[int]:
    """Codes of the most frequent values, in their own order."""
    return sorted(np.argsort(-by.counts, kind="stable")[:MOST_GROUPS].tolist())


def _part(name: str, own: Float64[np.ndarray, "M"], edges: Float64[np.ndarray, "E"]) -> Part:
    return Part(
        name,
        len(own),
        float(own.sum()),
        float(own.mean()),
        float(own.std()),
        tuple(np.quantile(own, QUANTILES).tolist()),
        tuple(np.histogram(own, edges)[0].tolist()),
    )
