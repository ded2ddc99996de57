"""A corpus's folder as people really have it: found whatever the case of its names, and refused in words.

Copies differ from what was released: names in capitals or not, files that other systems leave behind (`._x.wav`,
`__MACOSX`, `.DS_Store`), archives beside what was unpacked from them, archives that never were, and the small text
files that Git LFS puts in place of content. Names are compared as Unicode in composed form, without regard to case.
"""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from emoprism.corpora._problems import is_lfs_pointer, refuse
from emoprism.errors import CorpusError, Problem, did_you_mean

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
LEFT_BEHIND = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


def folded(name: str) -> str:
    """A name as names are compared: composed Unicode, without regard to case."""
    return unicodedata.normalize("NFC", name).casefold()


@dataclass
class Folder:
    """What lies below `root`. Raises CorpusError where that is no folder, or one with nothing in it.

    Problems gather in `problems` until `check` is called; then all of them are told at once. `expected` says what
    should be there, for a folder with nothing in it.
    """

    root: Path
    problems: list[Problem] = field(default_factory=list[Problem])
    expected: str = ""

    def __post_init__(self) -> None:
        if not self.root.is_dir():
            what = "is a file" if self.root.exists() else "no such folder"
            raise CorpusError(Problem(str(self.root), what, "give the folder that the corpus was unpacked into"))
        if not self.all_files:
            fix = f"expected {self.expected}" if self.expected else "unpack the corpus into it"
            raise CorpusError(Problem(str(self.root), "holds no files", fix))

    @cached_property
    def all_files(self) -> tuple[Path, ...]:
        """Every file at any depth, in order of its path, without what other systems leave behind."""
        return tuple(sorted(self._walk(self.root)))

    def files(self, *suffixes: str, under: Path | None = None) -> list[Path]:
        """Files with one of these suffixes (lower case, with the dot; all files where none is given), in order."""
        return [
            path
            for path in self.all_files
            if (not suffixes or path.suffix.lower() in suffixes) and (under is None or path.is_relative_to(under))
        ]

    def find(self, name: str, under: Path | None = None) -> Path | None:
        """The file or folder `name` (parts joined by /) directly below `under` (the root), whatever its case."""
        found = under or self.root
        for part in PurePosixPath(name).parts:
            step = self._children(found).get(folded(part))
            if step is None:
                return None
            found = step
        return found

    def need(self, name: str, what: str, under: Path | None = None) -> Path | None:
        """As `find`; where it is missing, that is a problem. `what` it holds is said, as "the labels of session 1"."""
        found = self.find(name, under)
        if found is None:
            self.problems.append(self._missing(name, what, under or self.root))
        return found

    def check(self, media: Iterable[Path] = ()) -> None:
        """Raise CorpusError with all problems so far, with archives nobody unpacked, and pointers among `media`."""
        refuse([*self.problems, *self._still_packed(), *self._pointers(media)], str(self.root))

    def relative(self, path: Path) -> str:
        """A path as errors and `Clip.origin` show it."""
        return path.relative_to(self.root).as_posix()

    def _walk(self, folder: Path) -> Iterator[Path]:
        for path in folder.iterdir():
            if path.name.startswith(".") or path.name.lower() in LEFT_BEHIND:
                continue
            if path.is_dir():
                if not folder.resolve().is_relative_to(path.resolve()):  # a link to a folder around it has no end
                    yield from self._walk(path)
            elif path.is_file():
                yield path

    def _children(self, folder: Path) -> dict[str, Path]:
        if folder not in self._known:
            inside = sorted(folder.iterdir()) if folder.is_dir() else []
            self._known[folder] = {folded(path.name): path for path in reversed(inside) if path.name[0] != "."}
        return self._known[folder]

    @cached_property
    def _known(self) -> dict[Path, dict[str, Path]]:
        return {}

    def _missing(self, name: str, what: str, under: Path) -> Problem:
        """The first part of the path that is not there, with an archive of that name or the nearest name there."""
        found = under
        for part in PurePosixPath(name).parts:
            step = self._children(found).get(folded(part))
            if step is None:
                names = [path.name for path in self._children(found).values()]
                packed = next((other for other in names if _unpacked_name(other) == folded(part)), None)
                fix = f"unpack '{packed}' there" if packed else did_you_mean(part, names)
                return Problem(str(found / part), f"missing: {what}", fix)
            found = step
        raise AssertionError(f"{name} is there")  # only called where it is not

    def _still_packed(self) -> list[Problem]:
        packed = [path for path in self.all_files if path.name.lower().endswith(ARCHIVES)]
        return [
            Problem(str(path), "this archive was not unpacked", "unpack it there, or move it out of the folder")
            for path in packed
            if not self._was_unpacked(path)
        ]

    def _was_unpacked(self, archive: Path) -> bool:
        """Whether a folder of its name stands beside it or around it, or (zip) all its files are there by name."""
        if _unpacked_name(archive.name) in {*self._children(archive.parent), folded(archive.parent.name)}:
            return True
        try:
            with zipfile.ZipFile(archive) as file:
                names = [PurePosixPath(name).name for name in file.namelist() if not name.endswith("/")]
        except (OSError, zipfile.BadZipFile):
            return False
        inside = {folded(name) for name in names if not name.startswith(".")}
        return inside <= self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(folded(path.name) for path in self.all_files)

    def _pointers(self, media: Iterable[Path]) -> list[Problem]:
        pointers = [path for path in media if is_lfs_pointer(path)]
        if not pointers:
            return []
        what = f"{len(pointers)} files are Git LFS pointers, not media, this one the first"
        return [Problem(str(pointers[0]), what, "run `git lfs pull` in that checkout")]


def _unpacked_name(archive: str) -> str:
    """The name of an archive without its suffix, as names are compared; "" for what is no archive."""
    name = folded(archive)
    suffix = max((suffix for suffix in ARCHIVES if name.endswith(suffix)), key=len, default=None)
    return name.removesuffix(suffix) if suffix else ""


def unique(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Paths by the stem of their names as names are compared, in order."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(folded(path.stem), []).append(path)
    return found
