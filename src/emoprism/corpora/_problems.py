"""What corpus adapters share: refusing a folder with all that is wrong, and telling real media from stand-ins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emoprism.errors import CorpusError, Problem

SHOWN = 20
"""Problems that an error lists before it only counts the rest."""
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
LFS_POINTER_LARGEST = 1024


def refuse(problems: Sequence[Problem], where: str) -> None:
    """Raise CorpusError with the first problems and the count of the others; return where there is none."""
    if not problems:
        return
    shown = list(problems[:SHOWN])
    if len(problems) > SHOWN:
        shown.append(Problem(where, f"... and {len(problems) - SHOWN} more problems"))
    raise CorpusError(shown)


def is_lfs_pointer(path: Path) -> bool:
    """Whether `path` is the small text file that Git LFS leaves in place of content that was not downloaded."""
    if path.stat().st_size > LFS_POINTER_LARGEST:
        return False
    with path.open("rb") as file:
        return file.read(len(LFS_POINTER)) == LFS_POINTER
