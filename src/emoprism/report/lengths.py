"""Were runs trained for long enough? From their histories: do the scores on validation still rise when they end?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from emoprism.leakage.results import Epoch
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.load import Audit
from emoprism.report.tables import small_print
from emoprism.report.view import View
from emoprism.report.words import percent, score_words
from emoprism.types import VALIDATION

NOTE = "Where a score still rises in the second half of the epochs, or the last one is kept often, more would help."


@dataclass(frozen=True)
class Reached:
    """One score on validation: after half of the epochs, at the one that is kept, at the last one."""

    halfway: float
    kept: float
    end: float


@dataclass(frozen=True)
class Length:
    """One run: its epochs, the one that is kept (from 1), and what its main tasks' scores on validation reached."""

    epochs: int
    kept: int
    scores: Mapping[str, Reached]


@dataclass(frozen=True)
class Lengths:
    """Means over the runs of a system. `last`: the share of them that keep the last epoch."""

    epochs: float
    kept: float
    last: float
    scores: Mapping[str, Reached]

    def flat(self) -> Iterator[tuple[str, float]]:
        """Every number by its name: "kept", ..., "validation/emotion/macro_f1 halfway"."""
        yield from (("epochs", self.epochs), ("kept", self.kept), ("last", self.last))
        for name, reached in self.scores.items():
            yield from ((f"{name} {when}", value) for when, value in asdict(reached).items())


def length_of(history: Sequence[Epoch]) -> Length | None:
    """None where no epoch is kept."""
    kept = [record for record in history if record.kept]
    if not kept:
        return None
    names = sorted(name for name in kept[0].scores if name.startswith(VALIDATION + "/"))
    return Length(len(history), kept[0].epoch + 1, {name: _reached(history, name, kept[0]) for name in names})


def _reached(history: Sequence[Epoch], name: str, kept: Epoch) -> Reached:
    scored = [record for record in history if name in record.scores]
    first_half = [record for record in scored if 2 * (record.epoch + 1) <= len(history)]
    halfway = first_half[-1] if first_half else scored[0]
    return Reached(halfway.scores[name], kept.scores[name], scored[-1].scores[name])


def mean_length(runs: Sequence[Length]) -> Lengths | None:
    """None of no runs. Scores that every run has."""
    if not runs:
        return None
    names = [name for name in runs[0].scores if all(name in run.scores for run in runs)]
    return Lengths(
        epochs=float(np.mean([run.epochs for run in runs])),
        kept=float(np.mean([run.kept for run in runs])),
        last=float(np.mean([run.kept == run.epochs for run in runs])),
        scores={name: _mean([run.scores[name] for run in runs]) for name in names},
    )


def _mean(scores: Sequence[Reached]) -> Reached:
    halfway, kept, end = np.mean([(s.halfway, s.kept, s.end) for s in scores], axis=0)
    return Reached(float(halfway), float(kept), float(end))


def lengths_table(audit: Audit, view: View) -> Table | None:
    """Epochs, which are kept, and every score of validation on the way; None where no run left a history."""
    each = [(s, [length_of(run.history) for run in audit.runs_of(s)]) for s in view.systems]
    told = [(s, mean_length([run for run in runs if run is not None])) for s, runs in each]
    rows = [(system, lengths) for system, lengths in told if lengths is not None]
    if not rows:
        return None
    names = sorted({name for _, lengths in rows for name in lengths.scores})
    columns = [Column("epochs"), Column("kept"), Column("keep the last")]
    columns += [Column(title, "", score_words(name)) for name in names for title in ("halfway", "kept", "end")]
    return Table(
        "lengths",
        "Was the training long enough? The epoch that is kept, the percentage of runs that keep their last one, and"
        " scores after half of the epochs, at the one that is kept and at the end; means over seeds. Percent.",
        "system",
        tuple(columns),
        tuple(Row(system.label, _cells(lengths, names), small_print(system)) for system, lengths in rows),
        NOTE,
    )


def _cells(lengths: Lengths, names: Sequence[str]) -> tuple[Cell, ...]:
    cells = [Cell(f"{lengths.epochs:g}"), Cell(f"{lengths.kept:.1f}"), Cell(percent(lengths.last))]
    for name in names:
        reached = lengths.scores.get(name)
        cells += [EMPTY] * 3 if reached is None else _percents(reached.halfway, reached.kept, reached.end)
    return tuple(cells)


def _percents(*values: float) -> list[Cell]:
    return [Cell(percent(value)) for value in values]
