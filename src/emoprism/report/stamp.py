"""The split audit's verdict on every report: numbers from a split that is not what it claims are to be seen as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emoprism.pages.tables import Table
from emoprism.report.findings import Tone
from emoprism.report.load import Audit, Run
from emoprism.split_audit.results import SplitAudit

NONE = "no split audit"
WITHOUT = "No split audit came with these embeddings: whether speakers or recordings stand on two sides is unknown."
TONES = {"faulty": Tone.NO, NONE: Tone.WARNING, "warnings": Tone.PARTLY, "notes": Tone.NOTE, "sound": Tone.YES}
"""In the order in which stamps are shown."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One verdict and the runs that it is on."""

    grade: str
    text: str
    runs: tuple[str, ...]
    """Folders of the audits."""
    of: int
    """Runs in all."""
    findings: tuple[tuple[str, str, str], ...] = ()
    """Severity, what and next step, the worst first."""

    @property
    def tone(self) -> Tone:
        """How it is coloured."""
        return TONES[self.grade]

    @property
    def where(self) -> str:
        """Which runs it is on: "" where it is on all."""
        return "" if len(self.runs) == self.of else f" ({len(self.runs)} of {self.of} runs)"


def stamps(audit: Audit) -> tuple[Stamp, ...]:
    """Every verdict that a run of the report has, the worst first; runs without a split audit are one of them."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in audit.runs.values():
        groups.setdefault(_key(run.splits), []).append(run)
    made = [
        Stamp(grade, text, tuple(run.folder for run in runs), len(audit.runs), _findings(runs[0].splits))
        for (grade, text), runs in groups.items()
    ]
    return tuple(sorted(made, key=lambda stamp: (list(TONES).index(stamp.grade), stamp.runs)))


def stamped(table: Table, marks: Sequence[Stamp]) -> Table:
    """The table with the grades in its caption: tables travel alone."""
    grades = dict.fromkeys(mark.grade for mark in marks)
    return replace(table, caption=f"{table.caption} Split audit: {', '.join(map(_short, grades))}.")


def _short(grade: str) -> str:
    return "none" if grade == NONE else grade


def _key(splits: SplitAudit | None) -> tuple[str, str]:
    return (NONE, WITHOUT) if splits is None else (splits.grade, splits.verdict)


def _findings(splits: SplitAudit | None) -> tuple[tuple[str, str, str], ...]:
    return () if splits is None else tuple((f.severity, f.what, f.next) for f in splits.findings)
