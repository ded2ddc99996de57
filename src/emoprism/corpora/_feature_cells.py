"""What a cell `features:<stream>` of a table says: a file, and what of it is the clip's."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from emoprism.arrays.files import HDF5, NUMPY, PARQUET, PICKLES, SEQUENCE, unknown
from emoprism.types import FeatureSource

NAMED_ROW = re.compile(r"(?P<array>[^\[\]]+?)(?:\[(?P<row>\d+)\])?")
GROUP = re.compile(r"(?P<file>.+?)(?:\[(?P<row>\d+)\])?")
FORMS = {
    ".npy": "write file.npy",
    ".npz": "write file.npz#array or file.npz#array[row]",
    SEQUENCE: "write file.csd#video, or file.csd#video[n] for an entry of an aligned one",
    **dict.fromkeys(HDF5[:2], "write file.h5#path/of/array or file.h5#path/of/array[row]"),
    **dict.fromkeys(
        PARQUET,
        "write file.parquet (all rows are steps), file.parquet[row group], file.parquet#column=word (the rows that "
        "have it), file.parquet#column (of lists) or file.parquet#column[row]",
    ),
}
"""How a cell is written, by the suffix of the file."""


def read_cell(cell: str) -> FeatureSource | str:
    """What a cell names, the file as it stands there; or how such a cell is written."""
    file, marked, inside = cell.partition("#")
    group = GROUP.fullmatch(file)
    if group and Path(group["file"]).suffix.lower() in PARQUET:
        source = FeatureSource(Path(group["file"]), row=None if group["row"] is None else int(group["row"]))
        return _of_parquet(source, inside) if marked else source
    suffix = Path(file).suffix.lower()
    if suffix not in FORMS:
        return unknown(Path(file)) if suffix in PICKLES else f"write {', '.join((*NUMPY, *HDF5, *PARQUET))} files"
    if suffix == ".npy":
        return FORMS[suffix] if marked else FeatureSource(Path(file))
    if suffix == SEQUENCE and inside:
        return FeatureSource(Path(file), inside)
    named = NAMED_ROW.fullmatch(inside)
    return _named(FeatureSource(Path(file)), named) if named else FORMS[suffix]


def _of_parquet(source: FeatureSource, inside: str) -> FeatureSource | str:
    column, equals, word = inside.partition("=")
    named = NAMED_ROW.fullmatch(inside)
    if source.row is None and equals and column and word:
        return replace(source, key=(column, word))
    return FORMS[PARQUET[0]] if source.row is not None or equals or not named else _named(source, named)


def _named(source: FeatureSource, named: re.Match[str]) -> FeatureSource:
    return replace(source, array=named["array"], row=None if named["row"] is None else int(named["row"]))
