"""The audit itself: a listing and, where there is any, its sound; findings, a grade and one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import NonNegativeInt, PositiveInt

from emoprism.recipe import Strict
from emoprism.split_audit.copies import Twins, as_copies, copy_findings
from emoprism.split_audit.listing import Listing
from emoprism.split_audit.results import GRADES, LISTED, Copy, Finding, Grade, Looked, Severity, Shortcut, SplitAudit
from emoprism.split_audit.shared import looked_at, shared_findings
from emoprism.split_audit.shortcuts import PERMUTATIONS, find_shortcuts, shortcut_findings
from emoprism.types import EMOTION, SPEAKER

RANKS: dict[Severity, int] = {"fault": 0, "warning": 1, "note": 2}
"""In order, the worst first."""
OPENINGS: dict[Grade, str] = {
    "sound": "Sound", "notes": "Sound, with notes", "warnings": "Usable, with warnings", "faulty": "Faulty",
}  # fmt: skip
NAMED = 2
"""Findings that the verdict spells out before it counts the rest."""


class Asked(Strict):
    """What the user may ask of an audit, besides the clips."""

    speaker: str = SPEAKER
    label: str = EMOTION
    """The attribute that is told: shortcuts to it, and to the speaker, are looked for."""
    attributes: tuple[str, ...] = ()
    """Further attributes that no two sides should share, as a microphone or a camera."""
    permutations: PositiveInt = PERMUTATIONS
    seed: NonNegativeInt = 0
    """Of the permutations."""


def audit_listing(
    listing: Listing, twins: Twins | None, asked: Asked, *, also_not: Sequence[str] = ()
) -> tuple[SplitAudit, list[Copy]]:
    """The audit of one split, and every copy that was found. `twins`: copies among the clips, in the order of the
    listing; None where there is no sound. `also_not`: what else could not be looked at, in words."""
    copies = [] if twins is None else as_copies(listing, twins)
    shortcuts = find_shortcuts(listing, (asked.label, asked.speaker), asked.permutations, asked.seed)
    findings = [
        *shared_findings(listing, asked.speaker, asked.attributes),
        *copy_findings(listing, copies, asked.label),
        *shortcut_findings(shortcuts),
    ]
    findings.sort(key=lambda finding: RANKS[finding.severity])
    looked = _looked(listing, twins, asked, shortcuts, also_not)
    grade = grade_of(findings)
    made = SplitAudit(
        grade=grade, verdict=verdict(grade, findings, looked), clips=listing.counts(), findings=findings,
        copies=copies[:LISTED], copies_found=len(copies), shortcuts=shortcuts, looked=looked,
    )  # fmt: skip
    return made, copies


def grade_of(findings: Sequence[Finding]) -> Grade:
    """That of the worst finding; "sound" without any."""
    present = {finding.severity for finding in findings}
    worst: Severity | None = next((severity for severity in RANKS if severity in present), None)
    return "sound" if worst is None else GRADES[worst]


def verdict(grade: Grade, findings: Sequence[Finding], looked: Looked) -> str:
    """One sentence: the worst findings, how many more there are, and what was not looked at."""
    worst = [finding.what for finding in findings if GRADES[finding.severity] == grade]
    more = len(findings) - len(worst[:NAMED])
    said = "; ".join(worst[:NAMED]) or "nothing was found on two sides, twice, or as a shortcut to a label"
    rest = f"; and {more} more {'finding' if more == 1 else 'findings'}" if more > 0 else ""
    unseen = f" (not looked at: {', '.join(looked.not_looked_at)})" if looked.not_looked_at else ""
    return f"{OPENINGS[grade]}: {said}{rest}{unseen}."


def _looked(
    listing: Listing, twins: Twins | None, asked: Asked, shortcuts: Sequence[Shortcut], also_not: Sequence[str]
) -> Looked:
    missing = list(also_not)
    told = (twins.tellable, twins.audible, twins.known) if twins else ()
    tellable, audible, known = (int(values.sum()) for values in told) if twins else (0, 0, 0)
    if not known:
        missing.append("copies, for want of sound")
    elif not tellable:
        missing.append("near copies, for the sound of all clips is too short")
    elif known < len(listing.clips):
        missing.append(f"copies of {len(listing.clips) - known} clips without sound")
    if not shortcuts:
        missing.append("shortcuts, for want of quantities or labels")
    return Looked(
        attributes=looked_at(listing, asked.speaker, asked.attributes), fingerprinted=tellable,
        too_short=audible - tellable, silent=known - audible, comparisons=twins.comparisons if twins else 0.0,
        permutations=asked.permutations, seed=asked.seed, not_looked_at=missing,
    )  # fmt: skip
