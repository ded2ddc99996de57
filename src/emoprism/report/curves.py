"""Training curves and adversary health: what the history of each run says, all seeds in one figure per system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from emoprism.leakage.results import System
from emoprism.pages.drawing import INK, Drawing, canvas, colour, drawing
from emoprism.report.health import ADVERSARY, PROBE
from emoprism.report.load import Audit, Run
from emoprism.report.view import View, system_title
from emoprism.report.words import score_words
from emoprism.types import TEST


def curves(audit: Audit, view: View, system: System, key: str) -> Drawing | None:
    """Losses by move, validation scores, adversaries beside fresh probes; None where no run left a history."""
    runs = [run for run in audit.runs_of(system) if run.history]
    if not runs:
        return None
    losses = _names(name for run in runs for epoch in run.history for name in epoch.losses)
    scores = _names(name for run in runs for epoch in run.history for name in epoch.scores)
    primary = [name for name in scores if not name.startswith((ADVERSARY, PROBE)) and name != "combined"]
    pairs = [name for name in scores if name.startswith((ADVERSARY, PROBE))]
    panels = [
        ("losses by move", losses, _losses),
        ("scores, %", primary, _scores),
        ("adversary and fresh probe, %", pairs, _pairs),
    ]
    panels = [panel for panel in panels if panel[1]]
    if not panels:
        return None
    with canvas(3.5 * len(panels), 3.1, columns=len(panels)) as (figure, axes):
        for axis, (title, names, draw) in zip(axes[0], panels, strict=True):
            axis.set_title(title, loc="left")
            axis.set_xlabel("epoch")
            draw(axis, runs, names)
            if draw is _pairs:
                _guess_line(axis, view, names)
            axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(-0.02, -0.24))
        words = ", ".join(title for title, _, _ in panels)
        alt = f"{system.label}: {words} by epoch, one thin line for each of {len(runs)} runs."
        return drawing(figure, key, system_title(view, system), alt)


def _names(names: Iterable[str]) -> list[str]:
    return sorted(set(names))


def _losses(axis: Any, runs: Sequence[Run], names: Sequence[str]) -> None:
    for i, name in enumerate(names):
        for j, run in enumerate(runs):
            points = [(e.epoch, e.losses[name]) for e in run.history if name in e.losses]
            _draw(axis, points, name if j == 0 else None, color=colour(i))
    if all(value >= 0 for run in runs for epoch in run.history for value in epoch.losses.values()):
        axis.set_ylim(bottom=0)


def _scores(axis: Any, runs: Sequence[Run], names: Sequence[str]) -> None:
    for i, name in enumerate(names):
        _draw_score(axis, runs, name, score_words(name), color=colour(i))
    _mark_kept(axis, runs)


def _pairs(axis: Any, runs: Sequence[Run], names: Sequence[str]) -> None:
    """The same colour for a pair, dashed for the adversary, solid for the probe."""
    pairs = _names(name.partition("/")[2] for name in names)
    for i, pair in enumerate(pairs):
        read, _, told = pair.partition(">")
        for who, style, word in ((ADVERSARY, "--", "adversary"), (PROBE, "-", "fresh probe")):
            if who + pair in names:
                label = f"{word}: {told} from {read}"
                _draw_score(axis, runs, who + pair, label, color=colour(i), linestyle=style)
    _mark_kept(axis, runs)


def _guess_line(axis: Any, view: View, names: Sequence[str]) -> None:
    for i, pair in enumerate(_names(name.partition("/")[2] for name in names)):
        told = pair.partition(">")[2]
        guess = view.guessing(told, TEST)
        if guess is not None:
            axis.axhline(100 * guess, color=colour(i), linestyle=":", linewidth=1, label=f"guessing {told}")


def _draw_score(axis: Any, runs: Sequence[Run], name: str, label: str, **style: Any) -> None:
    for j, run in enumerate(runs):
        points = [(e.epoch, 100 * e.scores[name]) for e in run.history if name in e.scores]
        _draw(axis, points, label if j == 0 else None, **style)
    axis.set_ylim(0, 103)


def _draw(axis: Any, points: Sequence[tuple[int, float]], label: str | None, **style: Any) -> None:
    style["marker"] = "." if len(points) < 3 else None
    axis.plot([x for x, _ in points], [y for _, y in points], label=label, linewidth=1.1, alpha=0.85, **style)


def _mark_kept(axis: Any, runs: Sequence[Run]) -> None:
    """A faint vertical line at each kept epoch."""
    for epoch in sorted({epoch.epoch for run in runs for epoch in run.history if epoch.kept}):
        axis.axvline(epoch, color=INK, alpha=0.3, linewidth=0.8)
