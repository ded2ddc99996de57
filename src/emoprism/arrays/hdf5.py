"""HDF5 files (.h5, .hdf5, .csd): only what lies in the file itself, under hard links.

Soft and external links, datasets whose bytes lie in other files and virtual ones are not there: a file that somebody
sent could reach for any other with them. Object and region references are never followed, being no numbers.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Shaped

from emoprism.arrays import base
from emoprism.arrays.base import Arrays
from emoprism.errors import MediaError

INSTALL = "pip install 'emoprism[hdf5]'"
DEEP = 4
"""Groups within groups that are looked through for names; paths may be deeper."""
MOST_NAMES = 10_000


def library() -> Any:
    """h5py, None where it is not installed."""
    try:
        import h5py
    except ImportError:
        return None
    return h5py


def own(group: Any, name: str) -> Any:
    """What a group itself holds under a name (a group or a dataset), None for a link to elsewhere."""
    h5py = library()
    if not isinstance(group, h5py.Group) or not name or name not in group:
        return None
    found: Any = group[name] if group.get(name, getlink=True, getclass=True) is h5py.HardLink else None
    outside = isinstance(found, h5py.Dataset) and (found.is_virtual or found.external)
    return None if outside else found


def follow(group: Any, path: str) -> Any:
    """As `own`, for names joined by /: every part of the way lies in the file."""
    for part in path.strip("/").split("/"):
        group = own(group, part)
    return group


def is_dataset(found: Any) -> bool:
    """Whether that is an array of numbers or words."""
    h5py = library()
    return isinstance(found, h5py.Dataset) and found.shape is not None and (
        found.dtype.kind in "fiubS" or h5py.check_string_dtype(found.dtype) is not None
    )  # fmt: skip


class Hdf5File(Arrays):
    """Datasets by their path."""

    @contextmanager
    def opened(self) -> Generator[Any]:
        """The root group, while it is needed. Raises MediaError for what is no such file, and where h5py is missing."""
        h5py = library()
        if h5py is None:
            raise MediaError(f"{self.path.name}: reading it needs the package h5py: {INSTALL}")
        with self.told(), h5py.File(self.path, "r") as file:
            yield file

    def names(self) -> tuple[str, ...]:
        """See Arrays; those at most DEEP groups down, and no more than MOST_NAMES."""
        with self.opened() as file:
            found: list[str] = []
            _gather(file, "", DEEP, found)
            return tuple(found)

    def shape(self, name: str) -> tuple[int, ...]:
        """See Arrays."""
        with self.opened() as file:
            return self._dataset(file, name).shape

    def whole(self, name: str) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        with self.opened() as file:
            return self.taken(self._dataset(file, name), name)

    def at(self, name: str, row: int) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        with self.opened() as file:
            return self.taken(self._dataset(file, name), name, row)

    def taken(self, dataset: Any, name: str, rows: slice | int | None = None) -> Shaped[np.ndarray, "..."]:
        """These rows of a dataset (all of it), if they are no more than may be read at once. Words become str."""
        for shape in (_shape(dataset, rows), dataset.chunks or ()):  # a chunk is unpacked whole, whatever is read of it
            if math.prod(shape) * max(dataset.dtype.itemsize, 1) > base.LARGEST_BYTES:
                raise self.too_large(name, "name one row of it, or write it in smaller chunks")
        if dataset.dtype.kind in "SO":
            words = dataset.asstr(errors="replace")[() if rows is None else rows]
            return np.asarray(words).astype(np.str_)
        return np.asarray(dataset[() if rows is None else rows])

    def _dataset(self, file: Any, name: str) -> Any:
        found = follow(file, name)
        if not is_dataset(found):
            raise self.none(name)
        return found


def _shape(dataset: Any, rows: slice | int | None) -> tuple[int, ...]:
    if isinstance(rows, slice):
        return (len(range(*rows.indices(dataset.shape[0]))), *dataset.shape[1:])
    return dataset.shape if rows is None else dataset.shape[1:]


def _gather(group: Any, above: str, deep: int, found: list[str]) -> None:
    for name in group:
        inside = own(group, name)
        if len(found) >= MOST_NAMES:
            return
        if is_dataset(inside):
            found.append(above + name)
        elif deep and hasattr(inside, "keys"):
            _gather(inside, f"{above}{name}/", deep - 1, found)
