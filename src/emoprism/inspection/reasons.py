"""Sentences that differ only in numbers and names, counted as one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emoprism.errors import CorpusError, Problem
from emoprism.media.shards import REJECTED

GAP = "…"
EXAMPLES = 3
LONGEST = 300
"""Characters of a reason that are compared and shown."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]")
_FILE = re.compile(r"[^\s,;:]+\.[A-Za-z][A-Za-z0-9]{1,4}\b")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
_GAPS = re.compile(rf"{GAP}(?:[\s,x×/-]*{GAP})+")


@dataclass(frozen=True, slots=True)
class Told:
    """One clip and a sentence about it; `origin` says where it is declared."""

    clip: str
    reason: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Sentences alike: the words that they share, how many clips, and the first of them with their own words."""

    words: str
    clips: int
    examples: tuple[tuple[str, str], ...]


def group(told: Iterable[Told]) -> tuple[Reason, ...]:
    """The most frequent reason first."""
    groups: dict[str, list[Told]] = {}
    for one in told:
        groups.setdefault(in_common(one), []).append(one)
    found = [Reason(words, len(own), _examples(own)) for words, own in groups.items()]
    return tuple(sorted(found, key=lambda reason: (-reason.clips, reason.words)))


def _examples(told: list[Told]) -> tuple[tuple[str, str], ...]:
    first = sorted(told, key=lambda one: one.clip)[:EXAMPLES]
    return tuple((one.clip, _cut(one.reason)) for one in first)


def in_common(told: Told) -> str:
    """The sentence with a gap for each name and number.

    >>> in_common(Told("a-1", "take 1.mp4 ends at 2.5 s of 'ann'", "films/take 1.mp4"))
    '… ends at … s of …'
    """
    text = told.reason
    for name in _names(told):
        text = text.replace(name, GAP)
    for pattern in (_QUOTED, _FILE, _NUMBER):
        text = pattern.sub(GAP, text)
    return _cut(_GAPS.sub(GAP, text))


def _names(told: Told) -> list[str]:
    """The clip's own names as they may stand in the sentence, longest first, so that none is cut in two."""
    places = [told.clip, told.origin, *(part.strip() for part in told.origin.split(","))]
    names = {name for place in places for name in (place, PurePosixPath(place).name, PurePosixPath(place).stem)}
    return sorted((name for name in names if len(name) > 2), key=lambda name: (-len(name), name))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + GAP


def read_rejected(directory: Path) -> list[Told]:
    """The rows of rejected.csv. Raises CorpusError where it cannot be read."""
    path = directory / REJECTED
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [Told(row["clip"], row["reason"], row["origin"]) for row in csv.DictReader(file)]
    except FileNotFoundError:
        raise CorpusError(Problem(str(path), "no such file", "prepare again")) from None
    except (KeyError, ValueError, csv.Error) as error:
        raise CorpusError(Problem(str(path), f"not a table of rejected clips: {error}", "prepare again")) from None
