"""Histograms: of all clips, and beside them one for each label."""

from __future__ import annotations

from typing import Any

import numpy as np

from emoprism.inspection.spreads import Part, Spread
from emoprism.inspection.words import counted, number, shown
from emoprism.pages.drawing import INK, Drawing, canvas, colour, drawing

NAME_LENGTH = 22
RIDGE = 0.82
"""Height of the largest bar of a label's own histogram, where labels are 1 apart."""


def spread_figure(found: Spread, key: str, title: str) -> Drawing:
    """The histogram of all, and one for each label scaled to its own height, with its middle half and median."""
    groups = found.groups if len(found.groups) > 1 else ()
    height = max(2.7, 0.8 + 0.27 * len(groups))
    with canvas(10.4 if groups else 6.2, height, columns=2 if groups else 1) as (figure, axes):
        _histogram(axes[0, 0], found)
        if groups:
            _ridges(axes[0, 1], found, groups)
        q = found.all.quantiles
        alt = (
            f"Histogram of {shown(found.name)} for {counted(found.all.clips, 'clip')}: from {number(q[0])} to"
            f" {number(q[-1])}, median {number(q[3])}{', and one for each ' + shown(found.by) if groups else ''}."
        )
        return drawing(figure, key, title, alt)


def _histogram(axis: Any, found: Spread) -> None:
    axis.stairs(found.all.counts, found.edges, fill=True, color=colour(0), alpha=0.85)
    axis.axvline(found.all.quantiles[3], color=INK, linewidth=1, linestyle="--", label="median")
    axis.set_xlabel(_axis_title(found))
    axis.set_ylabel("clips" if found.unit != "clips" else "how many")
    axis.set_ylim(bottom=0)
    axis.legend(loc="best")
    axis.locator_params(axis="x", nbins=6)


def _ridges(axis: Any, found: Spread, groups: tuple[Part, ...]) -> None:
    for i, part in enumerate(reversed(groups)):
        counts = np.array(part.counts, dtype=np.float64)
        axis.stairs(i + RIDGE * counts / counts.max(), found.edges, baseline=i, fill=True, color=colour(0), alpha=0.55)
        low, middle, high = part.quantiles[2:5]
        axis.plot([low, high], [i, i], color=INK, linewidth=2.2, solid_capstyle="butt")
        axis.plot([middle], [i], color=INK, marker="|", markersize=9, markeredgewidth=1.6, linestyle="none")
    axis.set_yticks(range(len(groups)), [shown(part.name, NAME_LENGTH) for part in reversed(groups)])
    axis.set_ylim(-0.35, len(groups))
    axis.grid(visible=False)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.locator_params(axis="x", nbins=6)
    axis.set_xlabel(_axis_title(found))


def _axis_title(found: Spread) -> str:
    name = shown(found.name)
    return f"{name} ({found.unit})" if found.unit and found.unit not in name else name
