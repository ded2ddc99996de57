"""A corpus's folder as people really have it: found whatever the case of its names, and refused in words.

Copies differ from what was released: names in capitals or not, files that other systems leave behind (`._x.wav`,
`__MACOSX`, `.DS_Store`), archives beside what was unpacked from them, archives that never were, the small text files
that Git LFS puts in place of content, and the links to nowhere that git-annex does. Names are compared as Unicode in
composed form, without regard to case.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath, PurePosixPath

from emoprism.corpora._archives import ARCHIVES, files_of, unpacked_name
from emoprism.corpora._names import folded, is_left_behind, is_utf8
from emoprism.corpora._problems import is_lfs_pointer, refuse
from emoprism.errors import CorpusError, Problem, did_you_mean

NAMES_SHOWN = 12
"""Names of a folder that an error lists where none is near to the one that is missing."""


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
            refuse(self._unreadable(), str(self.root))
            fix = f"expected {self.expected}" if self.expected else "unpack the corpus into it"
            raise CorpusError(Problem(str(self.root), "holds no files", fix))

    @cached_property
    def all_files(self) -> tuple[Path, ...]:
        """Every file at any depth, in order of its path, without what other systems leave behind."""
        return tuple(sorted(self._walk(self.root)))

    def files(self, *suffixes: str, under: Path | None = None) -> list[Path]:
        """Files with one of these suffixes (lower case, with the dot; all files where none is given), in order."""
        inside = self.all_files if under is None else self._below(under)
        return [path for path in inside if not suffixes or path.suffix.lower() in suffixes]

    def find(self, name: str, under: Path | None = None) -> Path | None:
        """The file or folder `name` (parts joined by /) directly below `under` (the root), whatever its case."""
        found = under or self.root
        for part in PurePosixPath(name).parts:
            same = self._children(found).get(folded(part), [])
            if not same:
                return None
            self._tell_apart(same)
            found = same[0]
        return found

    def need(self, name: str, what: str, under: Path | None = None) -> Path | None:
        """As `find`; where it is missing, that is a problem. `what` it holds is said, as "the labels of session 1"."""
        found = self.find(name, under)
        if found is None:
            self.problems.append(self._missing(name, what, under or self.root))
        return found

    def check(self, media: Iterable[Path] = ()) -> None:
        """Raise CorpusError with archives nobody unpacked, pointers among `media`, and all problems so far.

        What explains the others comes first: of many problems only the first are written out.
        """
        refuse([*self._still_packed(), *self._pointers(media), *self._unreadable(), *self.problems], str(self.root))

    def relative(self, path: Path) -> str:
        """A path as errors and `Clip.origin` show it."""
        return path.relative_to(self.root).as_posix()

    def _walk(self, folder: Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
        """Files at any depth. `above` are the true paths of the folders that led here: a link to one has no end."""
        here = os.path.realpath(folder) if not above or folder.is_symlink() else os.path.join(above[-1], folder.name)  # noqa: PTH118
        if here in above:
            return
        with os.scandir(folder) as inside:
            entries = [entry for entry in inside if not is_left_behind(entry.name)]
        for entry in entries:
            path = folder / entry.name
            if not is_utf8(entry.name):
                self._misnamed.append(path)
            elif path.is_dir() if entry.is_symlink() else entry.is_dir():
                yield from self._walk(path, (*above, here))
            elif path.is_file() if entry.is_symlink() else entry.is_file():
                yield path
            elif entry.is_symlink():
                self._dangling.append(path)

    def _below(self, folder: Path) -> Iterator[Path]:
        """Of `all_files`, which are in order, those below a folder stand together."""
        for place in range(bisect_left(self.all_files, folder), len(self.all_files)):
            if not self.all_files[place].is_relative_to(folder):
                return
            yield self.all_files[place]

    def _children(self, folder: Path) -> dict[str, list[Path]]:
        """What lies directly in a folder, by its name as names are compared; links to nowhere are not there."""
        if folder not in self._known:
            known = self._known[folder] = {}
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                if not is_left_behind(path.name) and (path.exists() if path.is_symlink() else True):
                    known.setdefault(folded(path.name), []).append(path)
        return self._known[folder]

    def _tell_apart(self, same: Sequence[Path]) -> None:
        """Two names that differ in case alone are two places where only one is looked into: that is a problem."""
        if len(same) > 1:
            problem = Problem(str(same[1]), f"differs from '{same[0].name}' in case alone", "merge the two")
            if problem not in self.problems:
                self.problems.append(problem)

    @cached_property
    def _dangling(self) -> list[Path]:
        return []

    @cached_property
    def _misnamed(self) -> list[Path]:
        return []

    @cached_property
    def _known(self) -> dict[Path, dict[str, list[Path]]]:
        return {}

    def _missing(self, name: str, what: str, under: Path) -> Problem:
        """The first part of the path that is not there, with an archive of that name or the nearest name there."""
        found = under
        for part in PurePosixPath(name).parts:
            same = self._children(found).get(folded(part), [])
            if not same:
                names = [path.name for paths in self._children(found).values() for path in paths]
                packed = next((other for other in names if unpacked_name(other) == folded(part)), None)
                fix = f"unpack '{packed}' there" if packed else _nearest(part, names)
                return Problem(str(found / part), f"missing: {what}", fix)
            found = same[0]
        raise AssertionError(f"{name} is there")  # only called where it is not

    def _still_packed(self) -> list[Problem]:
        packed = [path for path in self.all_files if path.name.lower().endswith(ARCHIVES)]
        return [
            Problem(str(path), "this archive was not unpacked", "unpack it there, or move it out of the folder")
            for path in packed
            if not self._was_unpacked(path)
        ]

    def _was_unpacked(self, archive: Path) -> bool:
        """Whether a folder of its name stands beside it or around it, or all its files are there.

        They are known by their names and those of their folders. Of a tar archive only the first is looked for: to
        list it all is to read it all.
        """
        if unpacked_name(archive.name) in {*self._children(archive.parent), folded(archive.parent.name)}:
            return True
        inside = files_of(archive)
        return inside is not None and self._places.issuperset(_place(path, archive.parent.name) for path in inside)

    @cached_property
    def _places(self) -> frozenset[str]:
        return frozenset(_place(path, "") for path in self.all_files)

    def _pointers(self, media: Iterable[Path]) -> list[Problem]:
        pointers = [path for path in media if is_lfs_pointer(path)]
        if not pointers:
            return []
        what = f"{len(pointers)} files are Git LFS pointers, not media, this one the first"
        return [Problem(str(min(pointers)), what, "run `git lfs pull` in that checkout")]

    def _unreadable(self) -> list[Problem]:
        """Links without an end, and names whose bytes are no text: one problem of each kind, at the first."""
        found: list[Problem] = []
        if self._dangling:
            first = str(min(self._dangling))
            what = f"{len(self._dangling)} links lead to files that are not there, this one the first"
            found.append(
                Problem(first, what, "fetch what they stand for (git-annex: `git annex get .`), or remove them")
            )
        if self._misnamed:
            first = str(min(self._misnamed)).encode("utf-8", "backslashreplace").decode()
            what = f"{len(self._misnamed)} names are not UTF-8, this one the first"
            found.append(Problem(first, what, "rename them (`convmv` does it for many)"))
        return found


def _place(path: PurePath, around: str) -> str:
    """A file's name and its folder's, as names are compared; `around` is the folder of one that has none."""
    return folded(f"{path.parent.name or around}/{path.name}")


def _nearest(part: str, names: Sequence[str]) -> str:
    """The name that is nearest, or all there are: a folder of thousands is no list to read."""
    fix = did_you_mean(part, names[:1000])
    if len(names) <= NAMES_SHOWN or fix.startswith("did you mean"):
        return fix
    return f"none of the {len(names)} names there is like it"
