"""Any tree of media whose folders, or whose paths, say what is true of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from emoprism.corpora._folder import Folder
from emoprism.corpora._named import PICTURES, SOUNDS, picture_and_sound
from emoprism.corpora._rows import HOUSE_COLUMNS, ID_IS, is_id
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import SPEAKER, Clip

LEFT_OUT = "-"
LONGEST_PATH = 500
"""Characters of a path that a pattern is tried on: patterns can take long on long text."""


def _names(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for name in names or ():
        if name != LEFT_OUT and not name.isidentifier():
            raise ValueError(f"'{name}' is no name of a label (letters, digits and _), nor '{LEFT_OUT}'")
        if name in HOUSE_COLUMNS:
            raise ValueError(f"'{name}' is no label: a table (corpus `manifest`) can give it")
    if names and (twice := {name for name in names if name != LEFT_OUT and names.count(name) > 1}):
        raise ValueError(f"'{min(twice)}' stands there twice")
    return names


def _pattern(pattern: str) -> str:
    try:
        names = tuple(re.compile(pattern).groupindex)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if pattern and not names:
        raise ValueError("has no named group, as (?P<speaker>[^/]+)/(?P<emotion>[^/]+)/[^/]+")
    _names(names)
    return pattern


def _suffixes(suffixes: tuple[str, ...]) -> tuple[str, ...]:
    known = {*PICTURES, *SOUNDS}
    for suffix in suffixes:
        if suffix not in known:
            raise ValueError(f"'{suffix}' is none of {', '.join(sorted(known))}")
    if not suffixes:
        raise ValueError("name one at least")
    return suffixes


@dataclass(frozen=True, slots=True)
class _File:
    """A file, what it shares with others of its clip, and its labels."""

    path: Path
    key: str
    labels: Mapping[str, str]


class FolderCorpus(Corpus):
    """Media at any place below a folder; where they lie says their labels.

    `levels` names the folders from the root down, one label each: with (speaker, emotion) the file anna/happy/1.mp4
    is Anna being happy, and "-" leaves a level out. Every file lies below exactly these folders. Without an option
    there is one level, the speaker. A `pattern` in their place is a regular expression over the whole path from the
    root (parts joined by /, with the suffix), whose named groups are labels; a group without text is a missing label.

    The id is the path without its suffix, its parts joined by -. Text is in composed Unicode. No split is declared.
    """

    citation = "Your own data: cite whoever made it."
    licence = "Whatever its owner allows."
    own_words = True

    def __init__(
        self,
        root: Path,
        *,
        levels: Annotated[tuple[str, ...] | None, AfterValidator(_names)] = None,
        pattern: Annotated[str, AfterValidator(_pattern)] = "",
        suffixes: Annotated[tuple[str, ...], AfterValidator(_suffixes)] = (*PICTURES, *SOUNDS),
        pair: bool = True,
    ) -> None:
        """`levels` or `pattern`: see the class. `suffixes`: kinds of files to take. `pair`: a file with a picture and
        one of sound alone whose paths differ in the suffix alone are one clip; without it, each file is its own.
        """
        super().__init__(root)
        self.levels = (SPEAKER,) if levels is None else levels
        self.pattern = re.compile(pattern) if pattern else None
        self.suffixes, self.pair = suffixes, pair
        if self.pattern and levels is not None:
            raise CorpusError(Problem("corpus.levels", "is given, and corpus.pattern as well", "give one of the two"))

    def clips(self) -> Sequence[Clip]:
        """Every clip, ordered by id. Raises CorpusError with all files that do not fit."""
        folder = Folder(self.root, expected=self._expected())
        media = folder.files(*self.suffixes)
        groups: dict[str, list[_File]] = {}
        for path in media:
            file = self._file(folder, path)
            if file is not None:
                groups.setdefault(file.key, []).append(file)
        clips = [_clip(folder, files) for files in groups.values()]
        _no_id_twice(folder, clips)
        folder.check(media=media)
        if not clips:
            raise CorpusError(Problem(str(self.root), "no media", f"expected {self._expected()}"))
        return sorted(clips, key=lambda clip: clip.id)

    def _file(self, folder: Folder, path: Path) -> _File | None:
        place = unicodedata.normalize("NFC", folder.relative(path))
        labels = self._labels(place)
        if labels is None:
            fix = f"expected {self._expected()}; move other files elsewhere, or name what to take in corpus.suffixes"
            folder.problems.append(Problem(str(path), "does not fit", fix))
            return None
        return _File(path, place if not self.pair else place.removesuffix(path.suffix), labels)

    def _labels(self, place: str) -> dict[str, str] | None:
        """What a path says; None where it does not fit."""
        if self.pattern:
            match = self.pattern.fullmatch(place) if len(place) <= LONGEST_PATH else None
            words = match and match.groupdict("").items()
        else:
            folders = place.split("/")[:-1]
            words = zip(self.levels, folders, strict=True) if len(folders) == len(self.levels) else None
        if words is None:
            return None
        return {name: word for name, text in words if name != LEFT_OUT and (word := " ".join(text.split()))}

    def _expected(self) -> str:
        if self.pattern:
            return f"paths of at most {LONGEST_PATH} characters that fit {self.pattern.pattern}"
        folders = "".join(f"{name.upper() if name != LEFT_OUT else 'ANY'}/" for name in self.levels)
        return f"media in {folders or 'the folder itself'}, as {folders}file{self.suffixes[0]}"


def _clip(folder: Folder, files: Sequence[_File]) -> Clip:
    """One clip of the files of one key; what is wrong with it becomes problems of the folder."""
    paths = [file.path for file in files]
    name = files[0].key.replace("/", "-")
    if not is_id(name):
        folder.problems.append(Problem(str(paths[0]), f"'{name[:80]}' cannot be the id of a clip", ID_IS))
    for suffixes, what in ((PICTURES, "a picture"), (SOUNDS, "sound alone")):
        same = [path for path in paths if path.suffix.lower() in suffixes]
        if len(same) > 1:
            fix = "keep one of the two, take one kind (corpus.suffixes), or each as a clip (corpus.pair=false)"
            folder.problems.append(Problem(str(same[1]), f"has {what}, as {same[0].name} has", fix))
    if any(file.labels != files[0].labels for file in files):
        folder.problems.append(
            Problem(str(paths[1]), f"says other labels than {paths[0].name}", "rename one of the two")
        )
    video, audio = picture_and_sound(paths)
    origin = ", ".join(map(folder.relative, paths))
    return Clip(id=name, labels=files[0].labels, video=video, audio=audio, origin=origin)


def _no_id_twice(folder: Folder, clips: Sequence[Clip]) -> None:
    first: dict[str, str] = {}
    for clip in clips:
        known = first.setdefault(clip.id, clip.origin)
        if known != clip.origin:
            what = f"would have the id '{clip.id}', as {known} has"
            folder.problems.append(Problem(str(folder.root / clip.origin), what, "rename one of the two"))
