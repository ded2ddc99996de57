"""Figures 3(a) and 3(b) of Peri et al. 2021: bars by speaker-embedding dimension and method, with lines to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emoprism.leakage.results import Measurement
from emoprism.pages.drawing import INK, PAPER, Drawing, canvas, colour, drawing, hatch, legend_below
from emoprism.report.view import Question, Role, View, find
from emoprism.report.words import split_words

SINGLE_TASK, COMMONEST, UNIFORM = "#D55E00", "#009E73", "#7F7F7F"
"""Colours of the lines; the first two are red and green, as in the paper."""
_BACK = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 0.4}
"""Behind the figure on a bar, so that lines do not cross it out."""


Values = Mapping[tuple[str, int], Measurement]
"""By name of the system and dimension."""


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line across the figure, or, with `width`, across the bars of one dimension only."""

    label: str
    value: float
    style: str
    colour: str
    width: int | None = None


def figure_3a(view: View, split: str) -> Drawing | None:
    """F1 of the primary attribute from its own embedding; dashed: single-task training. None without bars."""
    question = view.utility(view.primary, split)
    single = [s for s in view.having(Role.SINGLE_PRIMARY) if find(s.measurements, question)]
    lines = [
        line for s in single[:1] if (line := _line("single-task", find(s.measurements, question), "--", SINGLE_TASK))
    ]
    title = (
        f"Figure 3(a): F1 of {view.primary} from the {view.primary} embedding, {split_words(split)} (higher is better)"
    )
    return _bars(view, f"fig3a-{split}", title, question, [*lines, *_guesses(view, question)])


def figure_3b(view: View, split: str) -> Drawing | None:
    """F1 of the primary attribute from the secondary embedding, strongest attacker. None without bars."""
    question = view.leak(split)
    singles = view.having(Role.SINGLE_SECONDARY)
    lines = [
        line
        for s in singles
        if (
            line := _line("single-task", find(s.measurements, question), "--", SINGLE_TASK, _own(view, s, len(singles)))
        )
    ]
    floor = _line("floor: the label alone", view.anyones(view.floor(question)), "-.", INK)
    title = (
        f"Figure 3(b): F1 of {view.primary} leaked by the {view.secondary} embedding, {split_words(split)}"
        " (lower is better)"
    )
    lines += [floor] if floor else []
    return _bars(view, f"fig3b-{split}", title, question, [*lines, *_guesses(view, question)])


def _own(view: View, system: Any, count: int) -> int | None:
    return view.width(system) if count > 1 else None


def _line(label: str, row: Measurement | None, style: str, ink: str, width: int | None = None) -> Line | None:
    return None if row is None else Line(label, row.value, style, ink, width)


def _guesses(view: View, question: Question) -> list[Line]:
    parts = (("majority", "commonest class", "--", COMMONEST), ("chance", "uniform guessing", ":", UNIFORM))
    lines = [
        _line(label, view.anyones(view.guess(kind, question.attribute or "", question.split)), style, ink)
        for kind, label, style, ink in parts
    ]
    return [line for line in lines if line is not None]


def _bars(view: View, key: str, title: str, question: Question, lines: Sequence[Line]) -> Drawing | None:
    values = {
        (name, view.width(s)): row
        for name, _, systems in view.series
        for s in systems
        if (row := find(s.measurements, question)) is not None
    }
    if not values:
        return None
    widths = [w for w in view.widths if any(w == width for _, width in values)]
    with canvas(10.4, 4.1) as (figure, axes):
        axis = axes[0, 0]
        handles = [_series(axis, view, i, widths, values) for i in range(len(view.series))]
        handles += _draw_lines(axis, widths, lines)
        axis.set_xticks(range(len(widths)), [str(w) for w in widths])
        axis.set_xlabel(f"dimension of the {view.secondary} embedding")
        axis.set_ylabel("macro F1, %")
        axis.set_ylim(0, 100)
        axis.set_xlim(-0.5, len(widths) - 0.5)
        legend_below(figure, handles, columns=5)
        return drawing(figure, key, title, f"{title}. The same figures stand in the table of methods.")


def _series(
    axis: Any, view: View, index: int, widths: Sequence[int], values: dict[tuple[str, int], Measurement]
) -> Any:
    """The bars of one method, one at each dimension that it has."""
    name, label, _ = view.series[index]
    thickness = min(0.8 / len(view.series), 0.06 + 0.05 * len(widths))
    shift = (index - (len(view.series) - 1) / 2) * thickness
    known = [(i + shift, values[name, w]) for i, w in enumerate(widths) if (name, w) in values]
    heights = [100 * row.value for _, row in known]
    bars = axis.bar(
        [x for x, _ in known], heights, 0.92 * thickness, label=label, color=colour(index), edgecolor=INK,
        linewidth=0.5, hatch=hatch(index),
    )  # fmt: skip
    errors = [(x, row) for x, row in known if row.low is not None and row.high is not None]
    if errors:
        below = [100 * (row.value - (row.low or 0.0)) for _, row in errors]
        above = [100 * ((row.high or 0.0) - row.value) for _, row in errors]
        spans = [[max(b, 0.0) for b in below], [max(a, 0.0) for a in above]]
        tops = [100 * row.value for _, row in errors]
        axis.errorbar([x for x, _ in errors], tops, yerr=spans, fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.5)
    for (x, row), height in zip(known, heights, strict=True):
        top = max(height, 100 * (row.high or 0.0))
        axis.annotate(
            f"{height:.1f}", (x, top), (0, 2), textcoords="offset points", ha="center", fontsize=8, zorder=6, bbox=_BACK
        )
    return bars


def _draw_lines(axis: Any, widths: Sequence[int], lines: Sequence[Line]) -> list[Any]:
    """Draw the lines; one legend entry for each label."""
    handles: dict[str, Any] = {}
    for line in lines:
        if line.width is not None and line.width not in widths:
            continue
        middle = None if line.width is None else widths.index(line.width)
        left, right = (-0.5, len(widths) - 0.5) if middle is None else (middle - 0.48, middle + 0.48)
        (drawn,) = axis.plot(
            [left, right], [100 * line.value] * 2, linestyle=line.style, color=line.colour, linewidth=1.5
        )
        entry = line.label if line.width is not None else f"{line.label} ({100 * line.value:.1f})"
        drawn.set_label(entry)
        handles.setdefault(line.label, drawn)
    return list(handles.values())
