"""Tables of words: a CSV or Parquet file as rows that know where they stand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoprism.corpora._problems import refuse
from emoprism.errors import CorpusError, Problem

PARQUET_SUFFIXES = frozenset({".parquet", ".pq"})
OTHER_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file (the header is row 1) and the words of every column, "" where empty."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's columns and rows, every cell a word without the blanks around it."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def place(self, row: Row, column: str = "") -> str:
        """Where something stands, for errors: file, row and column."""
        return f"{self.path}, row {row.number}" + (f", column '{column}'" if column else "")


Decode = Callable[[bytes], str]


def utf8(content: bytes) -> str:
    """Text in UTF-8, with or without its mark. Raises UnicodeDecodeError for any other."""
    return content.decode("utf-8-sig")


def read_table(path: Path, delimiter: str = ",", first: str = "", decode: Decode = utf8) -> Table:
    """Read a CSV or a Parquet file.

    `first` is what to call the first column where it has no name, as in tables that R writes with names of rows.
    `decode` reads the text of a CSV, for corpora that wrote it in another encoding.

    Raises CorpusError for a file that is empty, no table, in another encoding, or whose rows do not fit its header.
    """
    if not path.is_file():
        raise CorpusError(Problem(str(path), "no such file", "give the path of a CSV or Parquet file"))
    if path.stat().st_size == 0:
        raise CorpusError(Problem(str(path), "empty file", "expected a header and one row per clip"))
    table = _parquet(path) if path.suffix.lower() in PARQUET_SUFFIXES else _csv(path, delimiter, first, decode)
    problems = _header_problems(table, delimiter)
    if not table.rows:
        problems.append(Problem(str(path), "no rows below the header", "expected one row per clip"))
    if problems:
        raise CorpusError(problems)
    return table


def _csv(path: Path, delimiter: str, first: str, decode: Decode) -> Table:
    try:
        text = decode(path.read_bytes())
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        fix = "save the file as UTF-8 (spreadsheets call it 'CSV UTF-8')"
        raise CorpusError(Problem(f"{path}, line {line}", "not UTF-8 text", fix)) from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        records = [[cell.strip() for cell in record] for record in reader]
    except csv.Error as error:
        fix = 'a cell with quotes in it is written "a ""word"""'
        raise CorpusError(Problem(f"{path}, line {reader.line_num}", f"not CSV: {error}", fix)) from None
    header = records[0] if records else []
    if not header:
        raise CorpusError(Problem(f"{path}, row 1", "no names of columns", "the first row is the header"))
    header[0] = header[0] or first
    _same_width(path, header, records)
    return _table(path, header, records[1:])


def _same_width(path: Path, header: list[str], records: list[list[str]]) -> None:
    ragged = [
        Problem(f"{path}, row {number}", f"{len(record)} cells, expected {len(header)} as in the header")
        for number, record in enumerate(records, start=1)
        if record and len(record) != len(header)
    ]
    refuse(ragged, str(path))


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        content = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(Problem(str(path), f"not a Parquet file: {str(error).splitlines()[0]}")) from None
    nested = [
        Problem(f"{path}, column '{field.name}'", f"holds {field.type}", "expected words or numbers")
        for field in content.schema
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type)
    ]
    if nested:
        raise CorpusError(nested)
    columns = [[_word(value) for value in column.to_pylist()] for column in content.columns]
    return _table(path, content.column_names, zip(*columns, strict=True))


def _word(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 (NaN alone is not itself)


def _table(path: Path, header: Iterable[str], records: Iterable[Iterable[str]]) -> Table:
    columns = tuple(header)
    numbered = ((number, tuple(record)) for number, record in enumerate(records, start=2))
    rows = (Row(number, dict(zip(columns, cells, strict=True))) for number, cells in numbered if any(cells))
    return Table(path, columns, tuple(rows))


def _header_problems(table: Table, delimiter: str) -> list[Problem]:
    where = f"{table.path}, row 1"
    problems = [
        Problem(where, f"the column '{name}' stands there {table.columns.count(name)} times")
        for name in dict.fromkeys(table.columns)
        if name and table.columns.count(name) > 1
    ]
    if not all(table.columns):
        problems.append(Problem(where, f"column {table.columns.index('') + 1} has no name"))
    if len(table.columns) == 1:
        other = next((d for d in OTHER_DELIMITERS if d != delimiter and d in table.columns[0]), None)
        if other:
            problems.append(
                Problem(where, f"one column only, '{table.columns[0]}'", f"set corpus.delimiter='{json.dumps(other)}'")
            )
    return problems
