"""A split audit as people read it: lines of a terminal, one Markdown page, and the copies as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoprism.pages.tables import Cell, Column, Row, Table
from emoprism.pages.text import as_markdown
from emoprism.split_audit.results import Copy, Finding, Looked, SplitAudit
from emoprism.split_audit.shared import counted
from emoprism.split_audit.shortcuts import quantity_words
from emoprism.stage import csv_text

SHOWN = 50
"""Copies on the page; the table beside it has all."""
COLUMNS = ("first", "second", "first_split", "second_split", "kind", "bit_error_rate", "seconds", "shift", "differ")


def as_lines(audit: SplitAudit) -> str:
    """The verdict, the sides, and every finding with its next step."""
    sides = ", ".join(f"{count} {side}" for side, count in audit.clips.items())
    lines = [audit.verdict, f"{sides}; {_looked(audit.looked)}"]
    for finding in audit.findings:
        lines += [f"{finding.severity:<8} {finding.what}"]
        lines += [f"{'':<8}   as {', '.join(finding.examples)}"] if finding.examples else []
        lines += [f"{'':<8}   -> {finding.next}"] if finding.next else []
    return "\n".join(lines)


def as_page(audit: SplitAudit) -> str:
    """The whole audit in Markdown."""
    tables = [_findings(audit), *_copies(audit), *_shortcuts(audit)]
    return f"# Split audit: {audit.grade}\n\n{audit.verdict}\n\n{_looked(audit.looked)}.\n\n{as_markdown(tables)}\n"


def copies_csv(copies: Sequence[Copy]) -> str:
    """Every pair that was found, with the attributes that the two are labelled differently in."""
    return csv_text(COLUMNS, map(_row, copies))


def _row(copy: Copy) -> tuple[object, ...]:
    kind = "exact" if copy.exact else "near"
    return (copy.first, copy.second, *copy.sides, kind, copy.error, copy.seconds, copy.shift, " ".join(copy.labels))


def _looked(looked: Looked) -> str:
    parts = [f"looked at: {', '.join(looked.attributes) or 'no attribute'}"]
    if looked.fingerprinted:
        parts.append(f"the sound of {counted(looked.fingerprinted, 'clip', 'clips')} against that of all others")
    if looked.too_short:
        parts.append(f"{looked.too_short} too short for that, compared for equality only")
    if looked.silent:
        parts.append(f"{looked.silent} silent")
    not_looked = [f"not looked at: {', '.join(looked.not_looked_at)}"] if looked.not_looked_at else []
    return "; ".join([*parts, *not_looked])


def _findings(audit: SplitAudit) -> Table:
    rows = tuple(Row(f.severity, (Cell(f.what), Cell(_as(f)), Cell(f.next))) for f in audit.findings)
    sides = ", ".join(f"{count} in '{side}'" for side, count in audit.clips.items())
    none = "" if rows else " Nothing was found."
    return Table(
        "findings", f"Findings, the worst first. Clips: {sides}.{none}", "severity",
        (Column("what"), Column("for example"), Column("next")), rows,
    )  # fmt: skip


def _as(finding: Finding) -> str:
    return ", ".join(finding.examples)


def _copies(audit: SplitAudit) -> Iterator[Table]:
    if audit.copies:
        cells = [[Cell(str(value)) for value in _row(copy)] for copy in audit.copies[:SHOWN]]
        rows = tuple(Row(head.text, tuple(rest)) for head, *rest in cells)
        caption = f"Copies of a recording: {len(rows)} of {audit.copies_found}, all of them in copies.csv."
        yield Table("copies", caption, COLUMNS[0], tuple(Column(name) for name in COLUMNS[1:]), rows)


def _shortcuts(audit: SplitAudit) -> Iterator[Table]:
    if audit.shortcuts:
        rows = tuple(
            Row(
                quantity_words(cut.quantity),
                (
                    Cell(cut.label), Cell(cut.side), Cell(f"{100 * cut.recall:.1f}"), Cell(f"{100 * cut.floor:.1f}"),
                    Cell(f"{100 * cut.high:.1f}"), Cell(f"{cut.p:.3f}"), Cell(f"{cut.gain:.3f}"),
                ),
            )
            for cut in audit.shortcuts
        )  # fmt: skip
        titles = ("tells", "on", "recall", "by chance", "95 % of chance below", "p", "gain")
        caption = (
            "What plain quantities tell: unweighted average recall in percent of a classifier of quantile bins, beside"
            f" {audit.looked.permutations} permutations of the labels (seed {audit.looked.seed}); p is corrected for"
            " all rows; gain is 0 at chance and 1 at certainty."
        )
        yield Table("shortcuts", caption, "quantity", tuple(Column(title) for title in titles), rows)
