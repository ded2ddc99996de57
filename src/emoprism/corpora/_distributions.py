"""What a teacher says of clips, eight probabilities each: a table that `emovox` reads and `label` writes.

The table is a CSV or Parquet file, named `distributions.csv` or `distributions.parquet` where it lies in a corpus's
folder, with one row per clip and these columns, in this order where emoprism writes it:

    clip   id of the clip; may be empty where `path` is given
    path   the clip's file, relative to the corpus's folder, parts joined by /; may be empty where `clip` is given
    set    train, heard-val, unheard-val, heard-test or unheard-test (Albanie et al. 2018); empty where there is none.
           The column may be missing, and may be called `split`
    neutral, happy, surprised, sad, angry, disgust, fearful, contempt
           probabilities: each in [0, 1], together 1. All eight empty: the teacher saw no face in the clip

The order of the emotions is that of FER+ (Barsoum et al. 2016) and of the teachers' outputs (Albanie et al. 2018).
Their own names of these columns (happiness, surprise, sadness, anger, fear) are read, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float64

from emoprism.corpora._problems import refuse
from emoprism.corpora._tables import Row, Table, read_table
from emoprism.errors import Problem, did_you_mean
from emoprism.stage import csv_text

EMOTIONS: Final = ("neutral", "happy", "surprised", "sad", "angry", "disgust", "fearful", "contempt")
ALSO_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "happy": ("happiness",), "surprised": ("surprise",), "sad": ("sadness",), "angry": ("anger",),
    "disgust": ("disgusted",), "fearful": ("fear",),
}  # fmt: skip
RARE: Final = ("disgust", "fearful", "contempt", "surprised")
"""Emotions that Peri et al. (2021, 4.1) merge into 'other' because interviews rarely show them."""
OTHER: Final = "other"

TRAIN_SET, HEARD_VAL = "train", "heard-val"
SETS: Final = (TRAIN_SET, HEARD_VAL, "unheard-val", "heard-test", "unheard-test")
NAMES: Final = ("distributions.csv", "distributions.parquet")
CLIP, PATH, SET = "clip", "path", "set"
HEADER: Final = (CLIP, PATH, SET, *EMOTIONS)
TOLERANCE = 1e-3
"""How far from 1 the sum of a row may be, for tables written with few digits."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What the teacher says of one clip: probabilities [8] in the order of EMOTIONS, None where it saw no face.

    `name` is the clip's path or id as the table has it, `side` one of SETS or "", `where` the place for errors.
    """

    name: str
    side: str
    probabilities: Float64[np.ndarray, "8"] | None
    where: str


def distributions_csv(rows: Iterable[tuple[str, str, str, Iterable[float] | None]]) -> str:
    """The text of a table: rows of (clip, path, set, probabilities [8] in the order of EMOTIONS or None)."""
    cells = ([clip, path, side, *_cells(shares)] for clip, path, side, shares in rows)
    return csv_text(HEADER, cells)


def read_distributions(path: Path) -> list[Distribution]:
    """All rows in order. Raises CorpusError with everything that is wrong with the table at once."""
    table = read_table(path)
    columns = _columns(table)
    problems: list[Problem] = []
    rows = [_row(table, row, columns, problems) for row in table.rows]
    refuse(problems, str(path))
    return rows


def softmax(logits: Float64[np.ndarray, "*lead C"]) -> Float64[np.ndarray, "*lead C"]:
    """Probabilities over the last axis."""
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def merged(emotion: str) -> str:
    """`emotion`, or 'other' where it is RARE."""
    return OTHER if emotion in RARE else emotion


def _cells(shares: Iterable[float] | None) -> list[str]:
    return [""] * len(EMOTIONS) if shares is None else [repr(float(share)) for share in shares]


def _columns(table: Table) -> dict[str, str]:
    """The table's own name of each column of HEADER that it has, whatever its case."""
    known = {column.casefold(): column for column in table.columns}
    names = {name: (name, *ALSO_CALLED.get(name, ())) for name in HEADER} | {SET: (SET, "split")}
    found = {name: known[word] for name, words in names.items() for word in words[::-1] if word in known}
    problems = [
        Problem(str(table.path), f"missing column '{name}'", did_you_mean(name, table.columns))
        for name in EMOTIONS
        if name not in found
    ]
    if not {CLIP, PATH} & set(found):
        problems.append(
            Problem(str(table.path), f"missing column '{CLIP}' (or '{PATH}')", "it says which clip a row is")
        )
    refuse(problems, str(table.path))
    return found


def _row(table: Table, row: Row, columns: Mapping[str, str], problems: list[Problem]) -> Distribution:
    cells = {name: row.cells[column] for name, column in columns.items()}
    name = cells.get(PATH) or cells.get(CLIP, "")
    if not name:
        problems.append(Problem(table.place(row), "names no clip", f"fill its '{CLIP}' or '{PATH}'"))
    return Distribution(
        name, _side(table, row, cells.get(SET, ""), problems), _probabilities(table, row, cells, problems),
        table.place(row),
    )  # fmt: skip


def _side(table: Table, row: Row, cell: str, problems: list[Problem]) -> str:
    """Sets by their letters alone: `unheardVal`, `Unheard-Val` and `unheard_val` are one."""
    letters = "".join(letter for letter in cell.casefold() if letter.isalpha())
    side = next((side for side in SETS if side.replace("-", "") == letters), "")
    if cell and not side:
        problems.append(Problem(table.place(row, SET), f"unknown set '{cell}'", f"expected one of {', '.join(SETS)}"))
    return side


def _probabilities(
    table: Table, row: Row, cells: Mapping[str, str], problems: list[Problem]
) -> Float64[np.ndarray, "8"] | None:
    words = [cells[emotion] for emotion in EMOTIONS]
    if not any(words):
        return None
    shares = [_number(word) for word in words]
    wrong = [emotion for emotion, share in zip(EMOTIONS, shares, strict=True) if not 0 <= share <= 1]
    if wrong:
        what = f"'{cells[wrong[0]]}' is not a probability"
        problems.append(Problem(table.place(row, wrong[0]), what, "expected a number from 0 to 1, not a logit"))
        return None
    if abs(math.fsum(shares) - 1) > TOLERANCE:
        what = f"the eight probabilities sum to {math.fsum(shares):.4g}"
        problems.append(Problem(table.place(row), what, "expected 1"))
        return None
    return np.asarray(shares, dtype=np.float64)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan
