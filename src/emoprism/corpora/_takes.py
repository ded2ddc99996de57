"""The files of one take: picture in one, sound in another, the same file in two places."""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

from emoprism.errors import Problem


def without_copies(paths: Iterable[Path], key: Callable[[Path], Hashable], problems: list[Problem]) -> list[Path]:
    """`paths` in order, the same file of the same key only once. Another file of the same key is a problem."""
    first: dict[Hashable, Path] = {}
    kept: list[Path] = []
    for path in paths:
        known = first.setdefault(key(path), path)
        if known is path:
            kept.append(path)
        elif not filecmp.cmp(known, path, shallow=False):
            problems.append(Problem(str(path), f"another file of this name is {known}", "keep one of the two"))
    return kept


def best(paths: Sequence[Path], suffixes: Sequence[str]) -> Path | None:
    """The path whose suffix (lower case, with the dot) comes first in `suffixes`; None where none has one of them."""
    order = {suffix: place for place, suffix in enumerate(suffixes)}
    known = [path for path in paths if path.suffix.lower() in order]
    return min(known, key=lambda path: order[path.suffix.lower()], default=None)
