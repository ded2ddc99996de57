"""t-SNE maps of both embeddings, coloured by what each should tell and by what it should not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emoprism.leakage.results import Point, System
from emoprism.pages.drawing import Drawing, canvas, colour, drawing, legend_below, marker
from emoprism.report.load import Audit
from emoprism.report.view import View, system_title

SMALL = 8
"""So many classes have a legend, with a colour and a marker each; more only have colours."""
_DOT: dict[str, Any] = {"linewidths": 0, "alpha": 0.8, "rasterized": True}
_BELOW: dict[str, Any] = {
    "loc": "upper left", "bbox_to_anchor": (-0.03, -0.01), "ncols": 3, "markerscale": 2.0,
    "handletextpad": 0.1, "columnspacing": 0.8,
}  # fmt: skip


def maps(audit: Audit, view: View, system: System, key: str) -> Drawing | None:
    """A panel for every embedding and attribute, in one row, so that systems compare down the page; first seed only."""
    run = next((run for run in audit.runs_of(system) if run.points), None)
    if run is None:
        return None
    embeddings = [a for a in (view.secondary, view.primary) if any(p.embedding == a for p in run.points)]
    attributes = [a for a in (view.primary, view.secondary) if any(a in p.labels for p in run.points)]
    if not embeddings or not attributes:
        return None
    panels = [(embedding, attribute) for embedding in embeddings for attribute in attributes]
    seed = "" if run.leakage.seed is None else f", seed {run.leakage.seed}"
    alt = f"{system.label}{seed}: t-SNE maps of the {' and '.join(embeddings)} embeddings, a dot for each clip."
    return draw_maps(run.points, panels, key, f"{system_title(view, system)}{seed}", alt)


def draw_maps(
    points: Sequence[Point], panels: Sequence[tuple[str, str]], key: str, title: str, alt: str, side: float = 2.6
) -> Drawing:
    """Panels in one row, `side` inches wide, each an embedding and the attribute that colours it.

    Where no attribute colours two of them, each has its own legend below it.
    """
    apart = len({attribute for _, attribute in panels}) == len(panels)
    with canvas(side * len(panels), side + 0.4, columns=len(panels)) as (figure, axes):
        legends: dict[str, Any] = {}
        for axis, (embedding, attribute) in zip(axes[0], panels, strict=True):
            own = [p for p in points if p.embedding == embedding]
            found = _panel(axis, own, attribute, _classes(points, attribute))
            axis.set_title(f"{embedding} embedding\ncoloured by {attribute}", loc="left")
            if apart and found:
                axis.legend(handles=list(found.values()), **_BELOW)
            legends |= {} if apart else found
        legend_below(figure, list(legends.values()), columns=SMALL, markerscale=2.0)
        return drawing(figure, key, title, alt)


def _classes(points: Sequence[Point], attribute: str) -> list[str]:
    return sorted({p.labels[attribute] for p in points if attribute in p.labels})


def _panel(axis: Any, points: Sequence[Point], attribute: str, classes: Sequence[str]) -> dict[str, Any]:
    """Scatter the points, class by class; returns a legend handle by class where there are few classes."""
    axis.grid(visible=False)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(True)
    axis.spines[:].set_alpha(0.3)
    if len(classes) > SMALL:
        index = {name: i for i, name in enumerate(classes)}
        known = [p for p in points if attribute in p.labels]
        colours = [_wheel(index[p.labels[attribute]], len(classes)) for p in known]
        axis.scatter([p.x for p in known], [p.y for p in known], s=6, c=colours, **_DOT)
        return {}
    handles: dict[str, Any] = {}
    for i, name in enumerate(classes):
        own = [p for p in points if p.labels.get(attribute) == name]
        x, y = [p.x for p in own], [p.y for p in own]
        handles[name] = axis.scatter(x, y, s=8, label=name, color=colour(i), marker=marker(i), **_DOT)
    return handles


def _wheel(index: int, count: int) -> Any:
    """A wheel of hues at two brightnesses."""
    from matplotlib.colors import hsv_to_rgb

    return hsv_to_rgb((index / count, 0.85, (0.85, 0.6)[index % 2]))
