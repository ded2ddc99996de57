"""What a reader should know first, written by fixed rules from the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emoprism.inspection.survey import Survey
from emoprism.inspection.words import counted, degree, sentence, share, shown

NOTE, WARNING = "note", "warning"
MANY = 0.05
"""Share of clips rejected, cut or without a stream, from which on it is a warning."""
UNEQUAL = 5.0
"""Times that the commonest label has the clips of the rarest, from which on it is a warning."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence; the tone is NOTE or WARNING."""

    tone: str
    text: str


def findings(found: Survey) -> tuple[Finding, ...]:
    """What concerns the label first."""
    return tuple(finding for rule in RULES for finding in rule(found))


def _nobody(found: Survey) -> Iterator[Finding]:
    for key, attribute in (("primary", found.primary), ("secondary", found.secondary)):
        name = getattr(found.options, key)
        if attribute is None:
            why = found.left_out.get(name)
            said = f"“{shown(name)}” is left out: {why}" if why else f"No clip has the label “{shown(name)}”"
            yield Finding(WARNING, f"{said}; {key}=NAME takes another one.")


def _entangled(found: Survey) -> Iterator[Finding]:
    pairs = [pair for pair in found.pairs if pair.told == found.options.primary]
    for pair in sorted(pairs, key=lambda pair: (pair.known != found.options.secondary, -pair.beyond)):
        if pair.known == found.options.secondary or degree(pair) in ("clearly", "strongly", "fixed"):
            yield Finding(NOTE if degree(pair) in ("chance", "balanced", "hardly") else WARNING, sentence(pair))


def _unequal(found: Survey) -> Iterator[Finding]:
    if len(found.labels) < 2:
        return
    most, least = max(found.labels, key=lambda one: one.clips), min(found.labels, key=lambda one: one.clips)
    times = most.clips / least.clips
    known = sum(one.clips for one in found.labels)
    text = (
        f"The commonest {shown(found.options.primary)}, “{shown(most.name)}” ({share(most.clips / known)}), has"
        f" {times:.1f} times the clips of the rarest, “{shown(least.name)}” ({counted(least.clips, 'clip')})."
    )
    yield Finding(WARNING if times >= UNEQUAL else NOTE, text)


def _empty(found: Survey) -> Iterator[Finding]:
    for table in found.crossed:
        if table.across == found.options.primary and table.down == found.options.secondary:
            both = f"{shown(table.down)} and {shown(table.across)}"
            some = f"{table.empty:,} of {table.possible:,} pairs of {both} have no clip."
            text = some if table.empty else f"Every pair of {both} has a clip."
            yield Finding(WARNING if table.empty > MANY * table.possible else NOTE, text)


def _missing(found: Survey) -> Iterator[Finding]:
    for stream in found.streams:
        if stream.missing:
            text = f"Without the stream “{shown(stream.name)}”: {stream.missing:,} of {counted(found.clips, 'clip')}"
            why = f"; the commonest reason: {shown(stream.reasons[0].words, 120)}." if stream.reasons else "."
            yield Finding(WARNING if stream.missing > MANY * found.clips else NOTE, text + why)
    crowd = sum(clips for faces, clips in found.faces.items() if faces > 1)
    if crowd:
        seen = sum(found.faces.values())
        text = (
            f"With more than one face: {crowd:,} of {counted(seen, 'clip')} with any; the largest and longest is used."
        )
        yield Finding(WARNING if crowd > MANY * seen else NOTE, text)


def _cut(found: Survey) -> Iterator[Finding]:
    if found.cut:
        text = f"Up to the {found.limit:g} s after which prepare cuts: {found.cut:,} of {counted(found.clips, 'clip')}."
        yield Finding(WARNING if found.cut > MANY * found.clips else NOTE, text)


def _rejected(found: Survey) -> Iterator[Finding]:
    total = found.clips + found.rejections
    if not found.rejections:
        yield Finding(NOTE, "No clip was rejected.")
        return
    text = (
        f"Rejected: {found.rejections:,} of {counted(total, 'clip')} ({share(found.rejections / total)});"
        f" the commonest reason: {shown(found.rejected[0].words, 120)}."
    )
    yield Finding(WARNING if found.rejections > MANY * total else NOTE, text)


RULES = (_nobody, _entangled, _unequal, _empty, _missing, _cut, _rejected)
