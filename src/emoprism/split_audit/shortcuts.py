"""Shortcuts: does a plain quantity of a clip, its duration or its silence, say the label?

A quantile-bin classifier is fitted on train for each quantity alone: the bins hold equally many train clips, and a bin
says the class that is most over-represented in it. Its unweighted average recall on a test side stands against the same
with the side's labels permuted: what is left when the quantity says nothing. Significance (corrected for all that
was tried) and size both count: with clips enough a trifle is significant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32, Int64

from emoprism.split_audit.listing import Listing
from emoprism.split_audit.results import Finding, Shortcut
from emoprism.types import MISSING, TEST, TRAIN, UNSEEN

BINS = 10
PER_BIN = 5
"""Train clips that a bin holds at least; with fewer clips there are fewer bins."""
PERMUTATIONS = 1000
MOST = 4000
"""Clips of a test side that are scored; of a larger one as many are drawn by the seed."""
ALPHA = 0.01
"""A shortcut is one whose corrected p is below this ..."""
GAIN = 0.05
"""... and whose gain is at least this: it covers a twentieth of the way from chance to certainty."""
STRONG = 0.15
"""A gain from which on the shortcut is a warning and not a note."""
QUANTITIES = {
    "seconds": "duration",
    "leading": "silence before the sound",
    "trailing": "silence after the sound",
    "silent": "share of silence",
    "level": "level of the sound",
}
FRAMES = "steps:"


@dataclass(frozen=True)
class _Trial:
    """One quantity, one label, one side: its recall, and that of every permutation."""

    quantity: str
    label: str
    side: str
    recall: float
    null: Float64[np.ndarray, "P"]
    clips: int


def find_shortcuts(
    listing: Listing, labels: Sequence[str], permutations: int = PERMUTATIONS, seed: int = 0
) -> list[Shortcut]:
    """Every quantity against every one of `labels` on every test side that can be scored, the largest gain first."""
    families = [family for name in dict.fromkeys(labels) for family in _families(listing, name, permutations, seed)]
    found = [
        _row(trial, min(1.0, p * len(families)))
        for family in families
        for trial, p in zip(family, _corrected(family), strict=True)
    ]
    return sorted(found, key=lambda s: (-s.gain, s.quantity, s.label, s.side))


def shortcut_findings(shortcuts: Sequence[Shortcut]) -> Iterator[Finding]:
    """Shortcuts that are both certain and large enough to matter, a finding for each label and side."""
    groups: dict[tuple[str, str], list[Shortcut]] = {}
    for cut in shortcuts:
        if cut.p < ALPHA and cut.gain >= GAIN:
            groups.setdefault((cut.label, cut.side), []).append(cut)
    for (label, side), cuts in groups.items():
        told = ", ".join(f"{quantity_words(cut.quantity)} {100 * cut.recall:.0f} %" for cut in cuts)
        yield Finding(
            kind="shortcut", severity="warning" if cuts[0].gain >= STRONG else "note", clips=cuts[0].clips,
            what=f"plain quantities alone tell the {label} on '{side}' (recall: {told};"
            f" by chance {100 * cuts[0].floor:.0f} %; p < {ALPHA:g})",
            next="report the figure beside the model's: it takes no understanding of faces or voices",
        )  # fmt: skip


def quantity_words(name: str) -> str:
    """A quantity's name in words."""
    return QUANTITIES.get(name, f"number of {name.removeprefix(FRAMES)} steps" if name.startswith(FRAMES) else name)


def _row(trial: _Trial, p: float) -> Shortcut:
    floor = float(trial.null.mean())
    return Shortcut(
        quantity=trial.quantity, label=trial.label, side=trial.side, clips=trial.clips, recall=round(trial.recall, 4),
        floor=round(floor, 4), high=round(float(np.quantile(trial.null, 0.95)), 4), p=round(p, 6),
        gain=round((trial.recall - floor) / max(1 - floor, 1e-9), 4),
    )  # fmt: skip


def _corrected(family: Sequence[_Trial]) -> Float64[np.ndarray, "K"]:
    """Share of permutations in which any quantity of the family does as well (Westfall & Young 1993, max T)."""
    null = np.stack([trial.null for trial in family])
    mean, spread = null.mean(1, keepdims=True), np.maximum(null.std(1, keepdims=True), 1e-9)
    largest = ((null - mean) / spread).max(0)
    own = (np.array([[trial.recall] for trial in family]) - mean) / spread
    return (1 + (largest >= own - 1e-9).sum(1)) / (1 + null.shape[1])


def _families(listing: Listing, name: str, permutations: int, seed: int) -> Iterator[list[_Trial]]:
    """All quantities against one label, a list for each side that can be scored."""
    if name not in listing.labels:
        return
    labels = listing.labels[name]
    train = np.flatnonzero(listing.on(TRAIN) & (labels.index != MISSING))
    known = np.bincount(labels.index[train], minlength=len(labels.words)) > 0
    for side in (TEST, UNSEEN):
        rows = np.flatnonzero(listing.on(side) & (labels.index != MISSING))
        rows = rows[known[labels.index[rows]]]
        rng = np.random.default_rng([seed, len(rows)])
        rows = np.sort(rng.choice(rows, MOST, replace=False)) if len(rows) > MOST else rows
        if len(np.unique(labels.index[rows])) >= 2:
            shuffled = rng.permuted(np.tile(labels.index[rows].astype(np.int32), (permutations, 1)), axis=1)
            family = list(_trials(listing, name, side, (train, rows), shuffled))
            if family:
                yield family


def _trials(
    listing: Listing,
    label: str,
    side: str,
    at: tuple[Int64[np.ndarray, "T"], Int64[np.ndarray, "R"]],
    shuffled: Int32[np.ndarray, "P R"],
) -> Iterator[_Trial]:
    """Every quantity; one that says the same of every clip as an earlier one is left out. `at`: train, tested rows."""
    labels = listing.labels[label]
    train, rows = at
    truth = labels.index[rows]
    worth = np.zeros(len(labels.words))
    present, counts = np.unique(truth, return_counts=True)
    worth[present] = 1.0 / counts / len(present)
    said: list[Int64[np.ndarray, "R"]] = []
    for name, values in sorted(listing.numbers.items(), key=lambda item: (item[0].startswith(FRAMES), item[0])):
        predicted = _predicted(values[train], labels.index[train], values[rows], len(labels.words))
        if predicted is None or any(np.array_equal(predicted, other) for other in said):
            continue
        said.append(predicted)
        null = np.where(shuffled == predicted, worth[predicted], 0.0).sum(1)
        recall = float(worth[predicted[predicted == truth]].sum())
        yield _Trial(name, label, side, recall, null, len(rows))


def _predicted(
    known: Float64[np.ndarray, "T"], classes: Int64[np.ndarray, "T"], new: Float64[np.ndarray, "R"], count: int
) -> Int64[np.ndarray, "R"] | None:
    """The class of each new value's bin; None where the quantity is unknown or the same for all."""
    there = np.isfinite(known)
    bins = min(BINS, int(there.sum()) // PER_BIN)
    if bins < 2 or not np.isfinite(new).any():
        return None
    edges = np.unique(np.quantile(known[there], np.linspace(0, 1, bins + 1)[1:-1]))
    if known[there].min() == known[there].max():
        return None
    cells = np.where(there, np.searchsorted(edges, known, side="right"), len(edges) + 1)
    table = np.zeros((len(edges) + 2, count))
    np.add.at(table, (cells, classes), 1.0)
    table /= np.maximum(table.sum(0), 1.0)  # each class counts as one, however many clips it has
    said = table.argmax(1)
    return said[np.where(np.isfinite(new), np.searchsorted(edges, new, side="right"), len(edges) + 1)].astype(np.int64)
