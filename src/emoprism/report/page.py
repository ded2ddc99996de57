"""The page: every part of the report gathered, then drawn by one template, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoprism.leakage.results import System
from emoprism.report import bars, curves, maps, paper, tables
from emoprism.report.drawing import Drawing
from emoprism.report.health import Health, State, health_of
from emoprism.report.load import Audit
from emoprism.report.provenance import Provenance, provenance
from emoprism.report.tables import Cell, Column, Row, Table
from emoprism.report.verdict import Finding, verdict
from emoprism.report.view import Role, View
from emoprism.report.words import percent

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Report:
    """All parts of a report; a part that the audit has nothing for is None or empty, and its section vanishes."""

    title: str
    primary: str
    secondary: str
    findings: tuple[Finding, ...]
    methods: Table
    attackers: Table | None
    table_1: Table | None
    figure_3: tuple[Drawing, ...]
    combined: Table | None
    stuart_maxwell: Table | None
    recall: Table | None
    health: Table | None
    curves: tuple[Drawing, ...]
    more_curves: tuple[Drawing, ...]
    maps: tuple[Drawing, ...]
    provenance: Provenance
    citation: str

    @property
    def tables(self) -> list[Table]:
        """The tables that are exported, as far as they exist."""
        found = (self.methods, self.table_1, self.combined, self.stuart_maxwell, self.recall, self.attackers, self.health)
        return [table for table in found if table is not None]

    @property
    def drawings(self) -> list[Drawing]:
        """Every figure."""
        return [*self.figure_3, *self.curves, *self.more_curves, *self.maps]


def assemble(audit: Audit) -> Report:
    """Look everything up and draw the figures."""
    view = View(audit.comparison)
    health = health_of(audit, view)
    near, far = _by_reference(view)
    figures = [figure for split in view.splits for make in (bars.figure_3a, bars.figure_3b) if (figure := make(view, split))]
    return Report(
        title=f"What {view.secondary} embeddings tell of {view.primary}",
        primary=view.primary,
        secondary=view.secondary,
        findings=tuple(verdict(view, health)),
        methods=tables.methods_table(view),
        attackers=tables.attackers_table(view),
        table_1=paper.table_1(view),
        figure_3=tuple(figures),
        combined=tables.combined_table(view),
        stuart_maxwell=paper.stuart_maxwell_table(view),
        recall=tables.recall_table(view),
        health=_health_table(view, health),
        curves=_draw(audit, view, near, "curves", curves.curves),
        more_curves=_draw(audit, view, far, "curves", curves.curves),
        maps=_draw(audit, view, near, "tsne", maps.maps),
        provenance=provenance(audit, view),
        citation=paper.CITATION,
    )


def _by_reference(view: View) -> tuple[list[System], list[System]]:
    """Systems of the dimension that the verdict speaks of (and those without one), and all others."""
    near = [s for s in view.systems if view.width(s) in (view.reference_width, 0)]
    return near, [s for s in view.systems if s not in near]


def _draw(audit: Audit, view: View, systems: Sequence[System], prefix: str, make: object) -> tuple[Drawing, ...]:
    assert callable(make)
    drawn = [make(audit, view, s, f"{prefix}-{view.systems.index(s) + 1:02d}") for s in systems]
    return tuple(figure for figure in drawn if isinstance(figure, Drawing))


def _health_table(view: View, health: Sequence[Health]) -> Table | None:
    if not health:
        return None
    rows = [
        Row(
            h.system.label,
            (
                Cell("–" if h.run.leakage.seed is None else str(h.run.leakage.seed)),
                Cell(f"{h.told} from {h.read}"),
                Cell(str(h.epoch)),
                Cell(percent(h.adversary)),
                Cell(percent(h.probe)),
                Cell("–" if h.guessing is None else percent(h.guessing)),
                Cell(("⚠ " if h.state is State.BLIND else "") + h.state.value),
            ),
            f"{view.width(h.system)}-dimensional" if len(view.widths) > 1 and view.role(h.system) is Role.METHOD else "",
        )
        for h in health
    ]
    titles = ("seed", "reads", "epoch", "adversary", "fresh probe", "guessing", "adversary is")
    return Table(
        "health",
        "Adversary health: the training adversary's score beside a fresh probe's on the same validation embeddings, at the"
        " epoch whose weights are kept. Percent.",
        "system",
        tuple(Column(title) for title in titles),
        tuple(rows),
    )


def render(report: Report) -> str:
    """One HTML document: styles, figures and all inside, no script, nothing fetched."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["figure"] = lambda drawing: Markup(drawing.inline)  # our own drawing; matplotlib escapes its texts
    environment.globals["spans"] = spans
    return environment.get_template("report.html.j2").render(report=report)


def spans(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Neighbouring columns of one group, as (group, how many)."""
    out: list[tuple[str, int]] = []
    for column in columns:
        if out and out[-1][0] == column.group:
            out[-1] = (column.group, out[-1][1] + 1)
        else:
            out.append((column.group, 1))
    return out
