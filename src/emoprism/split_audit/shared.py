"""Who and what stands on two sides: speakers, sentences, sessions, source videos, and whatever else is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from emoprism.split_audit.listing import Labels, Listing
from emoprism.split_audit.results import Finding, Severity
from emoprism.types import MISSING, SENTENCE, SESSION, SOURCE, SPEAKER, TEST, TRAIN, UNSEEN, VALIDATION

LOOKED_AT = (SENTENCE, SESSION, SOURCE)
"""Attributes besides the speaker that are looked at wherever clips have them."""
EXAMPLES = 5
TESTED = (TEST, UNSEEN)
PLURAL = {SPEAKER: "speakers", SENTENCE: "sentences", SESSION: "sessions", SOURCE: "sources"}
ADVICE = {
    SENTENCE: "say so beside the results, or split by sentence: a model may know the words",
    SESSION: "say so beside the results, or leave whole sessions out: room, microphone and partner are the same",
    SOURCE: "keep all clips of a source on one side: background, clothes and channel are the same",
}


def shared_findings(listing: Listing, speaker: str = SPEAKER, also: Sequence[str] = ()) -> Iterator[Finding]:
    """What stands on two sides, an attribute and a pair of sides at a time. `also`: further attributes to look at."""
    yield from _sides(listing)
    if speaker in listing.labels:
        yield from _speakers(listing, speaker)
    elif listing.clips:
        yield Finding(
            kind="unknown", severity="warning", clips=len(listing.clips), what=f"no clip has a '{speaker}'",
            next="add the speakers: without them nobody can say who is on two sides",
        )  # fmt: skip
    for name in dict.fromkeys((*LOOKED_AT, *also)):
        if name in listing.labels and name != speaker:
            for tested in TESTED:
                yield from _both(listing, name, TRAIN, tested, "warning", ADVICE.get(name, "say so beside the results"))


def looked_at(listing: Listing, speaker: str, also: Sequence[str]) -> list[str]:
    """The attributes that `shared_findings` looks at, of those that clips have."""
    return [name for name in dict.fromkeys((speaker, *LOOKED_AT, *also)) if name in listing.labels]


def _sides(listing: Listing) -> Iterator[Finding]:
    """Clips that are listed twice, and sides that are missing."""
    names, place, count = np.unique(np.array(listing.clips), return_inverse=True, return_counts=True)
    low, high = np.full(len(names), 9), np.full(len(names), -1)
    np.minimum.at(low, place, listing.side)
    np.maximum.at(high, place, listing.side)
    across = low < high
    if across.any():
        yield _listed(names[across], "fault", "on several sides")
    if (twice := (count > 1) & ~across).any():
        yield _listed(names[twice], "warning", "twice")
    if not listing.on(TRAIN).any():
        yield Finding(kind="sides", severity="note", clips=0, what=f"no clip is in '{TRAIN}'")
    if not listing.on(TEST, UNSEEN).any():
        yield Finding(kind="sides", severity="note", clips=0, what=f"no clip is in '{TEST}' or '{UNSEEN}'")


def _listed(names: np.ndarray, severity: Severity, where: str) -> Finding:
    return Finding(
        kind="sides", severity=severity, clips=len(names), examples=names[:EXAMPLES].tolist(),
        what=f"{counted(len(names), 'clip is', 'clips are')} listed {where}", next="list every clip once",
    )  # fmt: skip


def _speakers(listing: Listing, speaker: str) -> Iterator[Finding]:
    many = PLURAL.get(speaker, f"values of '{speaker}'")
    advice = f"'{UNSEEN}' is for {many} that no other side has: move their clips, or call the side '{TEST}'"
    for known in (TRAIN, VALIDATION, TEST):
        severity: Severity = "warning" if known == TEST else "fault"
        yield from _both(listing, speaker, known, UNSEEN, severity, advice)
    yield from _both(
        listing, speaker, TRAIN, TEST, "note",
        f"this is a within-speaker test, as '{TEST}' means here: say so, and do not read it as speaker-independent",
    )  # fmt: skip
    yield from _strangers(listing, speaker)
    for side in (TEST, UNSEEN):
        nameless = listing.on(side) & (listing.labels[speaker].index == MISSING)
        if nameless.any():
            yield _finding(
                listing, nameless, side, "unknown", "warning",
                f"of '{side}' have no '{speaker}': nobody can say whether they also train", "add their speakers",
            )  # fmt: skip


def _strangers(listing: Listing, speaker: str) -> Iterator[Finding]:
    """Clips of 'test' whose speakers never train."""
    labels = listing.labels[speaker]
    if not listing.on(TRAIN).any():
        return
    trains = _occurs(labels, listing.on(TRAIN))
    chosen = listing.on(TEST) & (labels.index != MISSING)
    chosen &= ~trains[np.where(chosen, labels.index, 0)] if len(trains) else chosen
    if chosen.any():
        yield _finding(
            listing, chosen, TEST, "sides", "warning",
            f"of '{TEST}' are of speakers that never train: '{TEST}' means seen speakers here",
            f"call the side of those clips '{UNSEEN}'",
        )  # fmt: skip


def _both(listing: Listing, name: str, known: str, tested: str, severity: Severity, advice: str) -> Iterator[Finding]:
    """Values of an attribute that two sides share, with the clips of `tested` that have one."""
    labels = listing.labels[name]
    shared = _occurs(labels, listing.on(known)) & _occurs(labels, listing.on(tested))
    if not shared.any():
        return
    chosen = listing.on(tested) & (labels.index != MISSING) & shared[labels.index]
    clips, total, values = int(chosen.sum()), int(listing.on(tested).sum()), int(shared.sum())
    noun = counted(values, name, PLURAL.get(name, f"values of '{name}'"))
    yield Finding(
        kind="shared", severity=severity, clips=clips, share=round(clips / total, 6),
        what=f"'{tested}' shares {noun} with '{known}': {clips} of its {total} clips ({percent(clips, total)})",
        examples=[labels.words[i] for i in np.flatnonzero(shared)[:EXAMPLES]], next=advice,
    )  # fmt: skip


def _occurs(labels: Labels, chosen: np.ndarray) -> np.ndarray:
    """Which words occur among the chosen clips, bool [words]."""
    index = labels.index[chosen]
    return np.bincount(index[index != MISSING], minlength=len(labels.words)) > 0


def _finding(
    listing: Listing, chosen: np.ndarray, side: str, kind: str, severity: Severity, what: str, advice: str
) -> Finding:
    clips, total = int(chosen.sum()), int(listing.on(side).sum())
    examples = [listing.clips[i] for i in np.flatnonzero(chosen)[:EXAMPLES]]
    return Finding.model_validate(
        {
            "kind": kind, "severity": severity, "clips": clips, "share": round(clips / total, 6),
            "what": f"{clips} of {total} clips ({percent(clips, total)}) {what}", "examples": examples, "next": advice,
        }
    )  # fmt: skip


def counted(count: int, one: str, many: str) -> str:
    """1 -> "1 speaker"; 3 -> "3 speakers"."""
    return f"{count} {one if count == 1 else many}"


def percent(part: int, whole: int) -> str:
    """Whole percent, but never 0 % or 100 % of what is not."""
    share = 100 * part / max(whole, 1)
    if 0 < share < 1 or 99 < share < 100:
        return f"{share:.2g} %" if share < 1 else f"{min(share, 99.9):.1f} %"
    return f"{share:.0f} %"
