"""The page: what the survey found, as tables, figures and sentences in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoprism.inspection import tables
from emoprism.inspection.counts import Crossed
from emoprism.inspection.figures import spread_figure
from emoprism.inspection.findings import Finding, findings
from emoprism.inspection.sheet import Sheet
from emoprism.inspection.spreads import Spread
from emoprism.inspection.survey import Survey
from emoprism.inspection.words import counted, length, number, sentence, shown
from emoprism.pages.drawing import Drawing
from emoprism.pages.render import render_page
from emoprism.pages.tables import Table
from emoprism.stage import flat

TEMPLATES = Path(__file__).parent / "templates"
MOST_VALUES = 16
"""Numeric attributes with a figure; the others are in inspection.json."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A number of the clips as a figure with its table; where it is the same for all, as a sentence."""

    sentence: str
    figure: Drawing | None
    table: Table | None


@dataclass(frozen=True, slots=True)
class Page:
    """All parts of the page; a part that the corpus has nothing for is None or empty, and its section vanishes."""

    title: str
    lead: str
    facts: Mapping[str, str]
    findings: tuple[Finding, ...]
    counts: tuple[Table, ...]
    crossed: tuple[Table, ...]
    each: Shown | None
    matrix: Table | None
    sentences: tuple[str, ...]
    pairs: Table | None
    durations: Shown | None
    streams: tuple[Table, ...]
    sampled: str
    sound: tuple[Shown, ...]
    values: tuple[Shown, ...]
    values_left_out: tuple[str, ...]
    splits: Table | None
    sheet: Sheet | None
    rejected: Table | None
    options: Mapping[str, str]
    versions: Mapping[str, str]
    primary: str
    secondary: str


def assemble(found: Survey, sheet: Sheet | None) -> Page:
    """Write the sentences, lay out the tables and draw the figures."""
    primary, secondary = shown(found.options.primary), shown(found.options.secondary)
    told = [pair for pair in found.pairs if pair.told == found.options.primary]
    values = [_shown(value, f"value-{i}", shown(value.name)) for i, value in enumerate(found.values[:MOST_VALUES], 1)]
    return Page(
        title=f"{shown(found.corpus)}: {_size(found)}",
        lead=_lead(found),
        facts=_facts(found),
        findings=findings(found),
        counts=tables.present([tables.labels_table(found), tables.attributes_table(found)]),
        crossed=tuple(tables.crossed_table(table, i) for i, table in enumerate(_primary_first(found), 1)),
        each=_shown(found.each, "each", f"Clips of each {secondary}"),
        matrix=tables.matrix_table(found),
        sentences=tuple(sentence(pair) for pair in told),
        pairs=tables.pairs_table(found.pairs) if found.pairs else None,
        durations=_shown(found.durations, "durations", "How long clips are"),
        streams=tables.present([tables.streams_table(found), *_reasons(found)]),
        sampled=_sampled(found),
        sound=_present(
            _shown(found.level, "level", "How loud clips are"),
            _shown(found.silence, "silence", "How much of a clip is silent"),
        ),
        values=_present(*values),
        values_left_out=tuple(shown(value.name) for value in found.values[MOST_VALUES:]),
        splits=tables.splits_table(found),
        sheet=sheet,
        rejected=tables.reasons_table("rejections", "Why clips were rejected.", found.rejected),
        options=_flat(found.manifest.options),
        versions={"emoprism": found.manifest.emoprism, **found.manifest.versions},
        primary=primary,
        secondary=secondary,
    )


def render(page: Page) -> str:
    """One HTML document: styles, figures, faces and all inside, no script, nothing fetched."""
    return render_page(TEMPLATES, "inspection.html.j2", title=page.title, page=page)


def _size(found: Survey) -> str:
    who = f" of {counted(len(found.secondary.classes), shown(found.secondary.name))}" if found.secondary else ""
    return f"{counted(found.clips, 'clip')}{who}"


def _lead(found: Survey) -> str:
    faces = next((stream.clips for stream in found.streams if stream.name == "face"), 0)
    seen = {0: "No clip shows a face", found.clips: "Every clip shows a face"}.get(
        faces, f"{counted(faces, 'clip')} show a face"
    )
    kinds = f", {counted(len(found.primary.classes), 'kind')} of {shown(found.primary.name)}" if found.primary else ""
    rejected = f"{counted(found.rejections, 'clip')} could not be used" if found.rejections else "all could be used"
    return f"{length(found.seconds)} of clips{kinds}. {seen}; {rejected}."


def _facts(found: Survey) -> dict[str, str]:
    told = found.manifest.facts
    return {
        "Corpus": shown(found.corpus),
        "Cite": shown(str(told.get("citation") or "not stated"), 600),
        "Licence": shown(str(told.get("licence") or "not stated"), 600),
        "Clips": f"{found.clips:,}",
        "Length": length(found.seconds),
        **_people(found),
        "Labels": ", ".join(map(shown, found.attributes)) or "none",
        "Rejected": f"{found.rejections:,}",
        "Split of its own": "yes" if found.splits else "no",
    }


def _primary_first(found: Survey) -> list[Crossed]:
    return sorted(found.crossed, key=lambda table: table.across != found.options.primary)


def _people(found: Survey) -> dict[str, str]:
    if found.secondary is None:
        return {}
    return {f"{shown(found.secondary.name)}s".capitalize(): f"{len(found.secondary.classes):,}"}


def _shown(found: Spread | None, key: str, title: str) -> Shown | None:
    if found is None:
        return None
    unit = f", {found.unit}" if found.unit else ""
    if found.constant:
        return Shown(f"{title}: {number(found.all.mean)} {found.unit}".rstrip() + ", all alike.", None, None)
    lacking = f" {counted(found.missing, 'clip')} without." if found.missing and key.startswith("value") else ""
    table = tables.spread_table(found, f"{key}-table", f"{title}{unit}.{lacking}")
    return Shown("", spread_figure(found, key, title), table)


def _present(*parts: Shown | None) -> tuple[Shown, ...]:
    return tuple(part for part in parts if part is not None)


def _reasons(found: Survey) -> list[Table | None]:
    heads = [f"Why {counted(s.missing, 'clip')} came without the stream “{shown(s.name)}”." for s in found.streams]
    rows = enumerate(zip(heads, found.streams, strict=True), 1)
    return [tables.reasons_table(f"missing-{i}", head, stream.reasons) for i, (head, stream) in rows]


def _sampled(found: Survey) -> str:
    """What was looked at for sound and faces, in words."""
    if not found.sampled:
        return ""
    which = (
        f"all {found.clips:,} clips"
        if found.sampled == found.clips
        else (f"{found.sampled:,} of the {found.clips:,} clips, drawn by the seed {found.options.seed}")
    )
    if not found.faces:
        return f"Looked at: {which}."
    faces = ", ".join(f"{counted(clips, 'clip')} with {counted(count, 'face')}" for count, clips in found.faces.items())
    return f"Looked at: {which}. Faces that were followed: {faces}."


def _flat(options: Mapping[str, object]) -> dict[str, str]:
    rows = flat(options, "")
    return {shown(name): shown(str(value), 200) for name, value in rows.items()}
