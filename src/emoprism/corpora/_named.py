"""Corpora whose files' names, or folders' names, say which clip they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from emoprism.corpora._folder import Folder
from emoprism.corpora._takes import best, without_copies
from emoprism.errors import CorpusError, Problem

PICTURES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".flv", ".m4v", ".mpg")
"""Suffixes of files with a picture, most of them with its sound; the first ones are preferred."""
SOUNDS = (".wav", ".flac", ".m4a", ".mp3", ".ogg", ".opus")
"""Suffixes of files of sound alone; what lost nothing is preferred."""


def by_clip(
    folder: Folder, suffixes: Sequence[str], identify: Callable[[PurePosixPath], str | None], corpus: str, named_as: str
) -> dict[str, list[Path]]:
    """The media of every clip, ordered by clip id.

    `identify` is given a file's path from the corpus's folder on, with that folder's own name, and tells which clip it
    belongs to, None where the path does not fit.

    A file in two places counts once. Raises CorpusError with all problems of the folder so far: names that do not fit
    (expected `named_as`), two files that claim one place, no media of this `corpus` at all.
    """
    media, root = folder.files(*suffixes), PurePosixPath(folder.root.resolve().name)
    clips: dict[Path, str] = {}
    for path in media:
        name = identify(root / folder.relative(path))
        if name is None:
            fix = f"expected {named_as}; move other files elsewhere"
            folder.problems.append(Problem(str(path), f"not a name of {corpus}", fix))
        else:
            clips[path] = name
    kept = without_copies(clips, lambda path: (clips[path], path.suffix.lower()), folder.problems)
    folder.check(media=media)
    if not kept:
        raise CorpusError(Problem(str(folder.root), f"no file of {corpus}", f"expected {named_as}"))
    found: dict[str, list[Path]] = {}
    for path in sorted(kept, key=lambda path: (clips[path], path)):
        found.setdefault(clips[path], []).append(path)
    return found


def picture_and_sound(files: Sequence[Path]) -> tuple[Path | None, Path | None]:
    """The file to see and the file to hear of one take: a file of sound alone comes before the sound of a video."""
    video = best(files, PICTURES)
    return video, best(files, SOUNDS) or video
