"""The files of CMU-MOSEI by video and number of the segment, wherever they lie."""

from __future__ import annotations

from pathlib import Path

from emoprism.corpora._folder import Folder
from emoprism.corpora._names import folded

PICTURE, SOUND = ".mp4", ".wav"


class Media:
    """Whole videos, their sound, and files that were cut to sentences. Of several of a name, the first by its path.

    Ids of YouTube tell capitals from small letters: a name in another case is taken where none is in the right one.
    """

    def __init__(self, folder: Folder) -> None:
        self._exact: dict[str, list[Path]] = {}
        self._folded: dict[str, list[Path]] = {}
        self._folder = folder
        for path in folder.files(PICTURE, SOUND):
            self._exact.setdefault(path.stem, []).append(path)
            self._folded.setdefault(folded(path.stem), []).append(path)

    def whole(self, video: str) -> tuple[Path | None, Path] | None:
        """The files of picture and sound of a whole video, None where there is neither."""
        picture, sound = (self._first(video, suffix, unlike="segmented") for suffix in (PICTURE, SOUND))
        either = picture or sound
        return None if either is None else (picture, either)

    def cut(self, video: str, number: int) -> Path | None:
        """The file of a sentence."""
        return self._first(f"{video}_{number}", PICTURE, unlike="full")

    def _first(self, stem: str, suffix: str, unlike: str) -> Path | None:
        """The first file of this name and kind that lies in no folder called `unlike`."""
        for path in self._exact.get(stem) or self._folded.get(folded(stem), []):
            inside = path.relative_to(self._folder.root).parts[:-1]
            if path.suffix.lower() == suffix and unlike not in map(folded, inside):
                return path
        return None
