"""Segments of VoxCeleb with what there is of each, who has too few of them, and who goes where."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emoprism.corpora._distributions import Distribution
from emoprism.corpora._folder import Folder
from emoprism.corpora._takes import without_copies
from emoprism.corpora._voxceleb import EXPECTED, Key, Segment, Speakers
from emoprism.errors import Problem
from emoprism.types import TEST, VALIDATION


@dataclass
class Found:
    """What there is of one segment: its files, and what the teacher says of it."""

    segment: Segment
    files: list[Path] = field(default_factory=list[Path])
    said: Distribution | None = None


def joined(said: Iterable[Distribution], media: Sequence[Path], speakers: Speakers, folder: Folder) -> list[Found]:
    """Rows and files by segment, ordered by its id, which is written as the row has it. Problems go to `folder`."""
    found: dict[Key, Found] = {}
    for row in said:
        segment = speakers.segment(row.name)
        if isinstance(segment, str):
            folder.problems.append(Problem(row.where, segment, EXPECTED))
        elif segment.key in found:
            other = found[segment.key].said
            what = f"'{row.name}' stands there already: {other.where if other else ''}"
            folder.problems.append(Problem(row.where, what, "one row per clip"))
        else:
            found[segment.key] = Found(segment, said=row)
    _add_files(found, media, speakers, folder)
    return sorted(found.values(), key=lambda one: one.segment.id)


def _add_files(found: dict[Key, Found], media: Sequence[Path], speakers: Speakers, folder: Folder) -> None:
    """A speaker's own folder may hold the same names as another's, so files are told apart by segment and suffix."""
    keys: dict[Path, Key] = {}
    for path in media:
        segment = speakers.segment(folder.relative(path))
        if isinstance(segment, str):
            folder.problems.append(Problem(str(path), segment, EXPECTED))
        else:
            keys[path] = segment.key
            found.setdefault(segment.key, Found(segment))
    for path in without_copies(keys, lambda path: (keys[path], path.suffix.lower()), folder.problems):
        found[keys[path]].files.append(path)


def fewest(counts: Mapping[str, int], percent: float) -> frozenset[str]:
    """Speakers with fewer segments than the `percent`-th percentile of all speakers' counts, never more of them.

    The percentile is one of the counts (the lower one, not between two), so equals stay together.
    """
    if not counts:
        return frozenset()
    least = np.percentile(list(counts.values()), percent, method="lower")
    return frozenset(speaker for speaker, count in counts.items() if count < least)


def halved(segments: Iterable[Segment]) -> dict[Key, str]:
    """Validation or test for each segment, whole videos at a time.

    A speaker's videos are dealt out, the largest first, each to the side where the speaker has fewer segments, then to
    the one with fewer at all, then to validation. Videos of a size go in the order of a hash of their name. A video
    that shows two speakers stays on the side it came to first.
    """
    videos: dict[str, dict[str, list[Segment]]] = defaultdict(lambda: defaultdict(list))
    for segment in segments:
        videos[segment.speaker][segment.video].append(segment)
    total: Counter[str] = Counter()
    side_of: dict[str, str] = {}
    sides: dict[Key, str] = {}
    for speaker in sorted(videos):
        own: Counter[str] = Counter()
        for video, inside in sorted(videos[speaker].items(), key=lambda item: (-len(item[1]), _hash(item[0]))):
            emptier = min((VALIDATION, TEST), key=lambda side: (own[side], total[side]))
            side = side_of.setdefault(video, emptier)
            own[side] += len(inside)
            total[side] += len(inside)
            sides |= dict.fromkeys((segment.key for segment in inside), side)
    return sides


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
