"""Any of these files, by its suffix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emoprism.arrays.base import Arrays
from emoprism.arrays.hdf5 import Hdf5File
from emoprism.arrays.numpy_files import NpyFile, NpzFile
from emoprism.errors import MediaError

PARQUET = (".parquet", ".pq")
HDF5 = (".h5", ".hdf5", ".csd")
SEQUENCE = ".csd"
NUMPY: Mapping[str, type[Arrays]] = {".npy": NpyFile, ".npz": NpzFile}
PICKLES = (".pkl", ".pickle", ".pt", ".pth")
SUFFIXES = (*NUMPY, *HDF5, *PARQUET)
"""What can be read, in small letters."""


def open_arrays(path: Path) -> Arrays:
    """A file that can be asked for its arrays. Raises MediaError where there is none, or of no kind that is known."""
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        from emoprism.arrays.parquet import ParquetFile

        return ParquetFile(path)
    if suffix in HDF5:
        return Hdf5File(path)
    if suffix not in NUMPY:
        raise MediaError(f"{path.name}: {unknown(path)}")
    return NUMPY[suffix](path)


def unknown(path: Path) -> str:
    """What to say of a file of another kind."""
    if path.suffix.lower() in PICKLES:
        return "a pickle can run any code when it is read, so it never is; write its arrays as .npz (docs/data.md)"
    return f"not a kind of file that can be read: {', '.join(SUFFIXES)}"
