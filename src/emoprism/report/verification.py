"""DET curves (Martin et al. 1997) of every system, and beside them their EER and true-positive rates."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

from emoprism.leakage.results import Det, System
from emoprism.pages.drawing import INK, Drawing, canvas, colour, drawing, legend_below
from emoprism.pages.tables import EMPTY, Column, Row, Table
from emoprism.report.tables import cell, group_of, mark_best, small_print
from emoprism.report.view import Question, View, find
from emoprism.report.words import metric_words, split_words

METRICS = ("eer", "tpr_at_fpr_1_percent", "tpr_at_fpr_1_permille")
TICKS = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
LIMITS = (0.0005, 0.995)
STYLES = ("-", "--", "-.", ":")
"""By system, so that lines differ without colour."""
_normal = NormalDist()


def verification_tables(view: View) -> list[Table]:
    """For every split that has any: EER and TPR of the identity embedding, and of the other one, where they leak."""
    return [table for split in view.splits if (table := _table(view, split)) is not None]


def _table(view: View, split: str) -> Table | None:
    asked = [_column(view, read, metric, split) for read in (view.secondary, view.primary) for metric in METRICS]
    asked = [(c, q) for c, q in asked if any(find(s.measurements, q) for s in view.systems)]
    lines = [(s, [find(s.measurements, q) for _, q in asked]) for s in view.systems]
    lines = [(s, line) for s, line in lines if any(row is not None for row in line)]
    if not lines:
        return None
    grid = [line for _, line in lines]
    columns = tuple(column for column, _ in asked)
    rows = [
        Row(s.label, tuple(EMPTY if row is None else cell(row) for row in line), small_print(s), group_of(view, s))
        for s, line in lines
    ]
    return Table(
        f"verification-{split}",
        f"Same {view.secondary} or not, told by the cosine of two clips' embeddings: all pairs of clips,"
        f" {split_words(split)}. Percent; mean over seeds, 95 % bootstrap intervals over speakers in brackets.",
        "system",
        columns,
        tuple(mark_best(rows, grid, columns)),
        f"TPR at 1 % FPR: of pairs of one {view.secondary}, the share that scores above 99 % of the pairs of two."
        f" Whoever sees only {view.primary} embeddings should not tell {view.secondary}s apart: there a high EER and a"
        " low TPR are good.",
    )


def _column(view: View, read: str, metric: str, split: str) -> tuple[Column, Question]:
    own = read == view.secondary
    higher = own != (metric == "eer")
    group = f"{read} embedding" + ("" if own else " (leak)")
    return Column(metric_words(metric), "higher" if higher else "lower", group), view.verified(read, metric, split)


def det_figures(view: View, systems: Sequence[System], name: str) -> list[Drawing]:
    """A figure for every split with curves: one panel for each embedding, one line for each of the systems.

    `name` ends the figures' keys.
    """
    found = [_figure(view, systems, split, f"det-{split}{name}") for split in view.splits]
    return [figure for figure in found if figure is not None]


def _figure(view: View, systems: Sequence[System], split: str, key: str) -> Drawing | None:
    reads = [r for r in (view.secondary, view.primary) if any(_det(s, r, split) for s in systems)]
    if not reads:
        return None
    names = list(dict.fromkeys(system.name for system in view.systems))  # a colour each, whatever the dimension
    title = f"Errors of telling {view.secondary}s apart, {split_words(split)}"
    with canvas(5.2 * len(reads), 5.3, columns=len(reads)) as (figure, axes):
        handles: dict[str, Any] = {}
        for axis, read in zip(axes[0], reads, strict=True):
            _frame(axis)
            way = "lower left is better" if read == view.secondary else "lower left is a leak"
            axis.set_title(f"{read} embedding ({way})", loc="left")
            for system in systems:
                if (det := _det(system, read, split)) is not None:
                    line = _line(axis, view, system, det, names.index(system.name))
                    handles.setdefault(system.label, line)
        legend_below(figure, list(handles.values()), columns=4)
        alt = f"DET curves of {len(handles)} systems, misses by false alarms; a dot marks the EER of the table below."
        return drawing(figure, key, title, alt)


def _det(system: System, read: str, split: str) -> Det | None:
    return next((det for det in system.det if (det.embedding, det.split) == (read, split)), None)


def _frame(axis: Any) -> None:
    """Axes of normal deviates, the same for both rates, with the diagonal on which EERs lie."""
    low, high = (_normal.inv_cdf(limit) for limit in LIMITS)
    places = [_normal.inv_cdf(tick) for tick in TICKS]
    for set_ticks in (axis.set_xticks, axis.set_yticks):
        set_ticks(places, [f"{100 * tick:g}" for tick in TICKS])
    axis.grid(visible=True, axis="both", alpha=0.18, linewidth=0.7)
    axis.set_xlim(low, high)
    axis.set_ylim(low, high)
    axis.set_aspect("equal")
    axis.plot([low, high], [low, high], color=INK, alpha=0.35, linewidth=0.8, linestyle=":")
    axis.set_xlabel("false alarms (FPR), %")
    axis.set_ylabel("misses (1 - TPR), %")


def _line(axis: Any, view: View, system: System, det: Det, index: int) -> Any:
    ink, style = colour(index), STYLES[index % len(STYLES)]
    points = [(x, y) for x, y in zip(det.false_alarms, det.misses, strict=True) if 0 < x < 1 and 0 < y < 1]
    x, y = (
        ([_normal.inv_cdf(value) for value in values] for values in zip(*points, strict=True)) if points else ([], [])
    )
    (drawn,) = axis.plot(x, y, color=ink, linestyle=style, linewidth=1.6, label=system.label)
    eer = find(system.measurements, view.verified(det.embedding, "eer", det.split))
    if eer is not None and 0 < eer.value < 1:
        place = _normal.inv_cdf(eer.value)
        axis.plot([place], [place], color=ink, marker="o", markersize=5.5, linestyle="none")
    return drawn
