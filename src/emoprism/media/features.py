"""Pre-extracted streams: arrays in .npy and .npz files as float32 [T, D]."""

from __future__ import annotations

import zipfile
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Shaped

from emoprism.errors import MediaError
from emoprism.types import FeatureSource

LARGEST_BYTES = 512 * 2**20
"""Arrays larger than this, unpacked, are refused: a small .npz can claim to hold anything."""


def read_features(source: FeatureSource) -> Float32[np.ndarray, "T D"]:
    """The stream of one clip. Raises MediaError where it is no finite array of numbers [T, D] or [D]."""
    place = source.path.name + (f"#{source.array}" if source.array else "")
    values = _array(source)
    if source.row is not None:
        if values.ndim == 0 or not 0 <= source.row < len(values):
            raise MediaError(f"{place} has shape {list(values.shape)}, no row {source.row}")
        values = values[source.row]
    if values.dtype.kind not in "fiub":
        raise MediaError(f"{place} holds values of type {values.dtype}, expected numbers")
    if values.ndim == 1:
        values = values[None]
    if values.ndim != 2 or 0 in values.shape:
        raise MediaError(f"{place} has shape {list(values.shape)} for a clip, expected [T, D] or [D], none of them 0")
    if values.size * 4 > LARGEST_BYTES:
        raise MediaError(f"{place} is too large for a clip: {list(values.shape)}")
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(numbers).all():
        step, column = np.argwhere(~np.isfinite(numbers))[0].tolist()
        raise MediaError(f"{place} holds a value that is not a number (NaN or infinite): step {step}, column {column}")
    return numbers


def _array(source: FeatureSource) -> Shaped[np.ndarray, "..."]:
    if not source.path.is_file():
        raise MediaError(f"{source.path.name}: no such file")
    try:
        if source.array is None:
            return np.load(source.path, mmap_mode="r", allow_pickle=False)
        return _member(str(source.path), source.array, source.path.stat().st_mtime_ns)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        said = str(error).replace(str(source.path), source.path.name)
        raise MediaError(f"{source.path.name} is not an array file that can be read: {said}") from None


@lru_cache(maxsize=2)
def _member(path: str, name: str, _changed: int) -> Shaped[np.ndarray, "..."]:
    """One array of an .npz, kept: many clips are often rows of the same one."""
    with zipfile.ZipFile(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            known = ", ".join(entry.removesuffix(".npy") for entry in archive.namelist()[:10])
            raise MediaError(f"{path.rpartition('/')[2]} holds no array '{name}'; it holds {known}")
        if archive.getinfo(f"{name}.npy").file_size > LARGEST_BYTES:
            raise MediaError(
                f"{path.rpartition('/')[2]}#{name} is too large, over {LARGEST_BYTES // 2**20} MiB unpacked"
            )
    with np.load(path, allow_pickle=False) as arrays:
        return arrays[name]
