"""Beside Peri et al. 2021: their Table 1 with ours in columns of their own, and their Stuart-Maxwell test."""

from __future__ import annotations

from collections.abc import Sequence

from emoprism.leakage.results import StuartMaxwell
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.tables import cell
from emoprism.report.view import View, find
from emoprism.report.words import split_words
from emoprism.types import TEST

CITATION = (
    "Raghuveer Peri, Srinivas Parthasarathy, Charles Bradshaw, Shiva Sundaram. Disentanglement for audio-visual"
    " emotion recognition using multitask setup. ICASSP 2021."
)
RECIPES = "peri2021/"
"""What the names of their systems begin with: of no others is their table spoken."""
ALPHA = 0.01
"""Footnote 1 of the paper."""
PAPER_METHODS = ("Baseline", "ALT", "GR", "CONF")
PAPER_TABLE_1 = {
    2048: (90.98, 92.40, 93.19, 93.12),
    256: (94.75, 95.04, 95.86, 95.42),
    64: (90.62, 92.83, 91.17, 90.75),
}
"""Person identification accuracy (%) on EmoVox-Test, by dimension of the speaker embedding."""


def table_1(view: View) -> Table | None:
    """Identification accuracy by dimension and method, ours and the paper's; None without ours, or any of theirs."""
    question = view.utility(view.secondary, TEST)
    ours = {(name, view.width(s)): find(s.measurements, question) for name, _, systems in view.series for s in systems}
    theirs = any(name.startswith(RECIPES) for name, _, _ in view.series)
    if not theirs or all(row is None for row in ours.values()):
        return None
    widths = sorted({*view.widths, *PAPER_TABLE_1}, reverse=True)
    rows = [Row(str(w), (*(cell(ours.get((name, w))) for name, _, _ in view.series), *_theirs(w))) for w in widths]
    columns = [Column(label, "higher", "this audit") for _, label, _ in view.series]
    columns += [Column(name, "higher", "Peri et al. 2021, EmoVox-Test") for name in PAPER_METHODS]
    return Table(
        "table1",
        f"Table 1 of the paper: {view.secondary} identification accuracy (%) by dimension of the {view.secondary}"
        " embedding, without and with disentanglement.",
        "dimension",
        tuple(columns),
        tuple(rows),
        "The paper's column group is copied from its Table 1. It was measured on EmoVox, with 1251 speakers: compare"
        " how columns lie to each other, not the figures themselves.",
    )


def _theirs(width: int) -> tuple[Cell, ...]:
    figures = PAPER_TABLE_1.get(width)
    return tuple(Cell(f"{value:.2f}") for value in figures) if figures else (EMPTY,) * len(PAPER_METHODS)


def stuart_maxwell_table(view: View) -> Table | None:
    """Each system's predictions against the baseline's on the same clips: a row for each comparison, p by seed."""
    tests = [(system, test) for system in view.systems for test in system.stuart_maxwell]
    if not tests:
        return None
    seeds = sorted({test.seed for _, test in tests}, key=lambda seed: -1 if seed is None else seed)
    rows: dict[tuple[str, int, str, str, str], list[StuartMaxwell]] = {}
    for system, test in tests:
        key = (system.label, view.width(system), test.attribute, test.split, test.against)
        rows.setdefault(key, []).append(test)
    columns = ("predicted", "against", *(f"p, {_seed(seed)}" for seed in seeds), "differs")
    return Table(
        "stuart-maxwell",
        "Stuart-Maxwell test of marginal homogeneity, p and below it the statistic. H0: both systems predict each class"
        f" equally often; rejected where p < {ALPHA} (footnote 1 of the paper).",
        "system",
        tuple(Column(title) for title in columns),
        tuple(_test_row(view, key, own, seeds) for key, own in rows.items()),
    )


def _seed(seed: int | None) -> str:
    return "no seed" if seed is None else f"seed {seed}"


def _test_row(
    view: View, key: tuple[str, int, str, str, str], tests: Sequence[StuartMaxwell], seeds: Sequence[int | None]
) -> Row:
    label, width, attribute, split, against = key
    by_seed = {test.seed: test for test in tests}
    rejected = sum(test.p_value < ALPHA for test in tests)
    cells = (
        Cell(f"{attribute}, {split_words(split)}"),
        Cell(against),
        *(_test_cell(by_seed[seed]) if seed in by_seed else EMPTY for seed in seeds),
        Cell(f"in {rejected} of {len(tests)}"),
    )
    group = f"{width}-dimensional {view.secondary} embedding" if width and len(view.widths) > 1 else ""
    return Row(label, cells, group=group)


def _test_cell(test: StuartMaxwell) -> Cell:
    return Cell("< 0.0001" if test.p_value < 0.0001 else f"{test.p_value:.4f}", f"{test.statistic:.2f}")
