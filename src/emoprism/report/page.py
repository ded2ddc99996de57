"""The page: every part of the report gathered, then drawn by one template, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emoprism.leakage.results import System
from emoprism.pages.drawing import Drawing
from emoprism.pages.render import render_page
from emoprism.pages.tables import Table
from emoprism.report import bars, curves, details, maps, outputs, tables, verification
from emoprism.report.findings import Finding
from emoprism.report.health import Health, State, health_of
from emoprism.report.lengths import lengths_table
from emoprism.report.load import Audit
from emoprism.report.papers import ito2021, peri2021
from emoprism.report.provenance import Provenance, provenance
from emoprism.report.stamp import Stamp, stamped, stamps
from emoprism.report.verdict import verdict
from emoprism.report.view import View

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Report:
    """All parts of a report; a part that the audit has nothing for is None or empty, and its section vanishes."""

    title: str
    primary: str
    secondary: str
    findings: tuple[Finding, ...]
    methods: Table
    outputs: tuple[Table, ...]
    """What heads say that do not choose one class."""
    attackers: tuple[Table, ...]
    table_1: Table | None
    ito2021: tuple[Table, ...]
    figure_3: tuple[Drawing, ...]
    det: tuple[Drawing, ...]
    more_det: tuple[Drawing, ...]
    verification: tuple[Table, ...]
    combined: Table | None
    stuart_maxwell: Table | None
    recall: tuple[Table, ...]
    words: tuple[Table, ...]
    lengths: Table | None
    """Whether runs were trained for long enough."""
    health: Table | None
    curves: tuple[Drawing, ...]
    more_curves: tuple[Drawing, ...]
    maps: tuple[Drawing, ...]
    provenance: Provenance
    citations: Mapping[str, str]
    """Of papers, by the name of their file."""
    stamps: tuple[Stamp, ...]
    """What the split audit says of the runs."""

    @property
    def tables(self) -> list[Table]:
        """The tables that are exported, as far as they exist."""
        main = (self.methods, *self.outputs, self.table_1, *self.ito2021, *self.verification, self.combined)
        found = (*main, self.stuart_maxwell, *self.recall, *self.words, *self.attackers, self.lengths, self.health)
        return [stamped(table, self.stamps) for table in found if table is not None]

    @property
    def drawings(self) -> list[Drawing]:
        """Every figure."""
        return [*self.figure_3, *self.det, *self.more_det, *self.curves, *self.more_curves, *self.maps]


def assemble(audit: Audit) -> Report:
    """Look everything up and draw the figures."""
    view = View(audit.comparison)
    health = health_of(audit, view)
    near, far = _by_reference(view)
    figures = [make(view, split) for split in view.splits for make in (bars.figure_3a, bars.figure_3b)]
    return Report(
        title=f"What {view.secondary} embeddings tell of {view.primary}",
        primary=view.primary,
        secondary=view.secondary,
        findings=tuple(verdict(view, health)),
        methods=tables.methods_table(view),
        outputs=tuple(outputs.outputs_tables(view)),
        attackers=tuple(details.attackers_tables(view)),
        table_1=peri2021.table_1(view),
        ito2021=tuple(ito2021.ito_tables(view)),
        figure_3=tuple(figure for figure in figures if figure is not None),
        det=tuple(verification.det_figures(view, near, "")),
        more_det=_other_widths(view, far),
        verification=tuple(verification.verification_tables(view)),
        combined=details.combined_table(view),
        stuart_maxwell=peri2021.stuart_maxwell_table(view),
        recall=tuple(details.recall_tables(view)),
        words=tuple(outputs.words_tables(view)),
        lengths=lengths_table(audit, view),
        health=details.health_table(view, health),
        curves=_curves(audit, view, near, health),
        more_curves=_curves(audit, view, far, health),
        maps=_maps(audit, view, near),
        provenance=provenance(audit, view),
        citations={"peri2021": peri2021.CITATION, "ito2021": ito2021.CITATION},
        stamps=stamps(audit),
    )


def _by_reference(view: View) -> tuple[list[System], list[System]]:
    """Systems of the dimension that the verdict speaks of (and those without one), and all others."""
    near = (view.reference_width, 0)
    return [s for s in view.systems if view.width(s) in near], [s for s in view.systems if view.width(s) not in near]


def _other_widths(view: View, systems: Sequence[System]) -> tuple[Drawing, ...]:
    """DET curves of every other dimension."""
    of = {width: [s for s in systems if view.width(s) == width] for width in view.widths}
    return tuple(
        replace(figure, title=f"{figure.title}, {width} dimensions")
        for width, some in of.items()
        for figure in verification.det_figures(view, some, f"-{width}")
    )


def _curves(audit: Audit, view: View, systems: Sequence[System], health: Sequence[Health]) -> tuple[Drawing, ...]:
    drawn = [(s, curves.curves(audit, view, s, f"curves-{view.systems.index(s) + 1:02d}")) for s in systems]
    return tuple(replace(figure, note=_flag(s, health)) for s, figure in drawn if figure is not None)


def _flag(system: System, health: Sequence[Health]) -> str:
    own = [h for h in health if h.system is system]
    blind = {h.run.folder for h in own if h.state is State.BLIND}
    runs = {h.run.folder for h in own}
    return f"⚠ adversary {State.BLIND.value} ({len(blind)} of {len(runs)} runs)" if blind else ""


def _maps(audit: Audit, view: View, systems: Sequence[System]) -> tuple[Drawing, ...]:
    drawn = [maps.maps(audit, view, s, f"tsne-{view.systems.index(s) + 1:02d}") for s in systems]
    return tuple(figure for figure in drawn if figure is not None)


def render(report: Report) -> str:
    """One HTML document: styles, figures and all inside, no script, nothing fetched."""
    return render_page(TEMPLATES, "report.html.j2", title=report.title, report=report)
