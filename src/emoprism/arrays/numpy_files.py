""".npy and .npz files. Large arrays are mapped, not read, where they are stored as they are."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from emoprism.arrays import base
from emoprism.arrays.base import KEPT, Arrays
from emoprism.errors import MediaError

LOCAL_HEADER = 30
"""Bytes of the header before a member of a zip file; names and extra fields follow (APPNOTE.TXT, 4.3.7)."""

SMALL = 16 * 2**20
"""Bytes of an array that is read and kept, its checksum compared, even where it could be mapped."""


class NpyFile(Arrays):
    """One array, called "", mapped."""

    def names(self) -> tuple[str, ...]:
        """See Arrays."""
        return ("",)

    def shape(self, name: str) -> tuple[int, ...]:
        """See Arrays."""
        with self.told():
            return self.whole(name).shape

    def whole(self, name: str) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        if name:
            raise MediaError(f"{self.path.name} is one array, without names: leave out '#{name}'")
        return np.load(self.path, mmap_mode="r", allow_pickle=False)

    def at(self, name: str, row: int) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        return np.asarray(self.whole(name)[row])


class NpzFile(Arrays):
    """Named arrays in a zip file. Large ones are mapped where they are stored without compression, as np.savez does."""

    def names(self) -> tuple[str, ...]:
        """See Arrays."""
        with self._archive() as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))

    def shape(self, name: str) -> tuple[int, ...]:
        """See Arrays."""
        with self._archive() as archive, archive.open(self._member(archive, name)) as file:
            return _header(file)[0]

    def whole(self, name: str) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        with self._archive() as archive:
            member = self._member(archive, name)
        small = member.file_size <= min(SMALL, base.LARGEST_BYTES)
        if member.compress_type == zipfile.ZIP_STORED and not small:
            return _mapped(self.path, member)
        if member.file_size > base.LARGEST_BYTES:
            raise self.too_large(name, "store it without compression (np.savez), so that it can be read in part")
        return _loaded(str(self.path), name, self.path.stat().st_mtime_ns)

    def at(self, name: str, row: int) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        return np.asarray(self.whole(name)[row])

    @contextmanager
    def _archive(self) -> Generator[zipfile.ZipFile]:
        with self.told():
            try:
                with zipfile.ZipFile(self.path) as archive:
                    yield archive
            except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError) as error:
                raise ValueError(str(error)) from None

    def _member(self, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
        try:
            return archive.getinfo(f"{name}.npy")
        except KeyError:
            raise self.none(name) from None


@lru_cache(maxsize=KEPT)
def _loaded(path: str, name: str, _changed: int) -> Shaped[np.ndarray, "..."]:
    """One array, kept: many clips are often rows of the same one."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[name]
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(str(error)) from None


def _mapped(path: Path, member: zipfile.ZipInfo) -> Shaped[np.ndarray, "..."]:
    """An array that is stored as it is, in place. Raises ValueError where the file is shorter than it says."""
    with path.open("rb") as file:
        file.seek(member.header_offset)
        local = file.read(LOCAL_HEADER)
        if len(local) < LOCAL_HEADER or local[:4] != b"PK\3\4":
            raise ValueError("damaged zip file")
        first = file.seek(member.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", local[26:])))
        shape, columns_first, dtype = _header(file)
        begin = file.tell()
    if begin - first + math.prod(shape) * dtype.itemsize != member.file_size:
        raise ValueError("its size is not that of its array")
    return np.memmap(path, dtype, "r", begin, shape, "F" if columns_first else "C")


def _header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of the array that follows. Raises ValueError for objects, and for what is no array."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"version {version} of the format is not known")
    shape, columns_first, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
    return shape, columns_first, dtype
