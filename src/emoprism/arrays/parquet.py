"""Parquet files: a column is an array, a row of it a clip; or the whole table is, its rows being steps.

Row groups are read as they are needed, and the last one is kept, because clips that follow each other are often in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Shaped

from emoprism.arrays import base
from emoprism.arrays.base import KEPT, NAMED, AbsentError, Arrays
from emoprism.errors import MediaError, did_you_mean

SMALLER = "write it with smaller row groups, as row_group_size=1000"
Key = tuple[str, str]
"""A column, and the word that stands in it in the rows that are meant."""


class ParquetFile(Arrays):
    """Columns of numbers, of words, or of lists that are equally long within a row (or within what is read)."""

    def names(self) -> tuple[str, ...]:
        """See Arrays."""
        with self.told():
            return tuple(_metadata(*self._id()).schema.to_arrow_schema().names)

    def shape(self, name: str) -> tuple[int, ...]:
        """See Arrays: the number of rows, and no more."""
        self._known(name)
        with self.told():
            return (_metadata(*self._id()).num_rows,)

    def whole(self, name: str) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        self._known(name)
        groups = range(_metadata(*self._id()).num_row_groups)
        if sum(self._bytes(group, [name]) for group in groups) > base.LARGEST_BYTES:
            raise self.too_large(name, "name one row of it, or split it")
        parts = [self._dense(_group(*self._id(), group, (name,)).column(0), name) for group in groups]
        if len({part.shape[1:] for part in parts}) > 1:
            raise MediaError(f"{self.place(name)} has lists of several lengths")
        return np.concatenate(parts) if parts else np.zeros(0)

    def at(self, name: str, row: int) -> Shaped[np.ndarray, "..."]:
        """See Arrays."""
        group, first = self._group_of(row)
        return self._dense(self._read(group, (name,), name).column(0).slice(row - first, 1), name)[0, ...]

    def table(self, group: int | None = None, key: Key | None = None) -> Shaped[np.ndarray, "T D"]:
        """The columns of numbers, in order, as [T, D]: of all rows, of one row group, or of the rows with a key.

        Columns of words are left out. Raises AbsentError where no row has the key.
        """
        with self.told():
            groups = range(_metadata(*self._id()).num_row_groups)
            if group is not None and group not in groups:
                raise MediaError(f"{self.path.name} has {len(groups)} row groups, no [{group}]")
            columns = self._numbers(key)
            if key is not None:
                return np.concatenate([self._rows(columns, *run) for run in self._runs(key)])
            wanted = groups if group is None else [group]
            if sum(self._bytes(one, columns) for one in wanted) > base.LARGEST_BYTES:
                raise self.too_large("", SMALLER if group is not None else "name a row group or a key")
            return np.concatenate([self._rows(columns, one, 0, None) for one in wanted])

    def _id(self) -> tuple[str, int]:
        return str(self.path), self.path.stat().st_mtime_ns

    def _known(self, name: str) -> None:
        if name not in self.names():
            raise self.none(name)

    def _numbers(self, key: Key | None) -> tuple[str, ...]:
        schema = _metadata(*self._id()).schema.to_arrow_schema()
        found = tuple(
            field.name
            for field in schema
            if (pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_boolean(field.type))
            and (key is None or field.name != key[0])
        )
        if not found:
            types = ", ".join(f"{field.name} ({field.type})" for field in list(schema)[:NAMED])
            raise MediaError(f"{self.path.name} has no columns of numbers: {types}")
        return found

    def _runs(self, key: Key) -> Sequence[tuple[int, int, int]]:
        """Where the rows of a key are: row group, first row in it, one past the last."""
        column, word = key
        self._known(column)
        runs = _index(*self._id(), column)
        if word not in runs:
            near = did_you_mean(word, list(runs)[:1000])
            raise AbsentError(
                f"{self.path.name} has no row whose '{column}' is '{word}'" + (f"; {near}" if "did" in near else "")
            )
        return runs[word]

    def _rows(self, columns: Sequence[str], group: int, first: int, last: int | None) -> Shaped[np.ndarray, "T D"]:
        table = self._read(group, tuple(columns), "").slice(first, None if last is None else last - first)
        return np.stack([column.to_numpy() for column in table.columns], axis=1)

    def _read(self, group: int, columns: tuple[str, ...], name: str) -> Any:
        if self._bytes(group, columns) > base.LARGEST_BYTES:
            raise self.too_large(name, SMALLER)
        return _group(*self._id(), group, columns)

    def _bytes(self, group: int, columns: Sequence[str]) -> int:
        """What columns of a row group take unpacked, as the file says and as its rows must."""
        part = _metadata(*self._id()).row_group(group)
        chunks = [part.column(number) for number in range(part.num_columns)]
        named = [chunk for chunk in chunks if chunk.path_in_schema.split(".")[0] in columns]
        return sum(max(chunk.total_uncompressed_size, 4 * chunk.num_values) for chunk in named)

    def _group_of(self, row: int) -> tuple[int, int]:
        metadata, first = _metadata(*self._id()), 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            if row < first + rows:
                return group, first
            first += rows
        raise MediaError(f"{self.path.name} has {first} rows, no row {row}")

    def _dense(self, column: Any, name: str) -> Shaped[np.ndarray, "..."]:
        """Lists in lists as one array. Raises MediaError where they are not equally long."""
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        shape = [len(array)]
        while True:
            if isinstance(array, pa.ExtensionArray):
                array = array.storage
            if not _is_list(array.type):
                break
            lengths = _lengths(array)
            if len(lengths) > 1 or array.null_count:
                raise MediaError(f"{self.place(name)} has lists of several lengths, or empty cells: {lengths[:5]}")
            shape.append(lengths[0] if lengths else 0)
            array = array.flatten()
        words = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
        values = np.array(array.to_pylist(), np.str_) if words else array.to_numpy(zero_copy_only=False)
        return values.reshape(shape)


def _lengths(lists: Any) -> list[int]:
    """How long the lists are, each length once."""
    if pa.types.is_fixed_size_list(lists.type):
        return [lists.type.list_size] if len(lists) else []
    return sorted(lists.drop_null().value_lengths().unique().to_pylist())


def _is_list(kind: Any) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


@lru_cache(maxsize=16)
def _metadata(path: str, _changed: int) -> Any:
    return pq.read_metadata(path)


@lru_cache(maxsize=KEPT)
def _group(path: str, _changed: int, group: int, columns: tuple[str, ...]) -> Any:
    with pq.ParquetFile(path) as file:
        return file.read_row_group(group, columns=list(columns)).select(list(columns))


@lru_cache(maxsize=4)
def _index(path: str, _changed: int, column: str) -> Mapping[str, Sequence[tuple[int, int, int]]]:
    """Of every word in a column, the runs of rows that have it."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    with pq.ParquetFile(path, read_dictionary=[column]) as file:
        for group in range(file.num_row_groups):
            words = file.read_row_group(group, columns=[column]).column(0).combine_chunks()
            encoded = words if pa.types.is_dictionary(words.type) else words.cast(pa.string()).dictionary_encode()
            codes, known = encoded.indices.fill_null(-1).to_numpy(), [*encoded.dictionary.to_pylist(), ""]
            edges = np.flatnonzero(np.diff(codes, prepend=-2, append=-2)).tolist()
            for first, last in pairwise(edges):
                found.setdefault(known[codes[first]], []).append((group, first, last))
    return found
