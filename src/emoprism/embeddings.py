"""Embeddings on disk: `embeddings.safetensors` (vectors) beside `clips.csv` (split, labels, predictions in words)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from emoprism.errors import EmbeddingsError, Problem, did_you_mean
from emoprism.stage import write_bytes, write_text
from emoprism.types import MISSING, SPLITS, Embeddings

VECTORS = "embeddings.safetensors"
CLIPS = "clips.csv"
LABEL, PREDICTED = "label:", "predicted:"


def save_embeddings(directory: Path, embeddings: Embeddings) -> None:
    """Write both files. The order of classes is kept in the header of the safetensors file."""
    classes = {name: list(values) for name, values in embeddings.classes.items()}
    vectors = {name: np.ascontiguousarray(rows, dtype=np.float32) for name, rows in embeddings.vectors.items()}
    write_bytes(directory / VECTORS, save(vectors, metadata={"classes": json.dumps(classes)}))
    columns = {LABEL + name: _words(index, classes[name]) for name, index in embeddings.labels.items()}
    columns |= {PREDICTED + name: _words(index, classes[name]) for name, index in embeddings.predictions.items()}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clip", "split", *columns])
    writer.writerows(zip(embeddings.clips, embeddings.split, *columns.values(), strict=True))
    write_text(directory / CLIPS, text.getvalue())


def load_embeddings(directory: Path) -> Embeddings:
    """Read what `save_embeddings`, or an auditor by hand, wrote. Raises EmbeddingsError naming file, row and column."""
    vectors, classes = _vectors(directory / VECTORS)
    header, rows = _table(directory / CLIPS)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    problems = _table_problems(directory / CLIPS, columns)
    for name, array in vectors.items():
        where = f"{directory / VECTORS}: '{name}'"
        if array.ndim != 2 or len(array) != len(rows):
            problems.append(
                Problem(where, f"shape {array.shape}, expected [{len(rows)}, D]: a row per clip of {CLIPS}")
            )
        elif not np.isfinite(array).all():
            problems.append(Problem(where, f"row {int(np.argwhere(~np.isfinite(array))[0][0])} is not finite"))
    labels: dict[str, np.ndarray] = {}
    predictions: dict[str, np.ndarray] = {}
    for column, words in columns.items():
        for prefix, target in ((LABEL, labels), (PREDICTED, predictions)):
            if column.startswith(prefix):
                name = column.removeprefix(prefix)
                known = classes.setdefault(name, sorted(set(words) - {""}))
                target[name] = _indices(words, known, f"{directory / CLIPS}: column '{column}'", problems)
    if problems:
        raise EmbeddingsError(problems)
    return Embeddings(
        clips=tuple(columns["clip"]), split=tuple(columns["split"]), vectors=vectors, labels=labels,
        classes={name: tuple(values) for name, values in classes.items()}, predictions=predictions,
    )  # fmt: skip


def _words(index: np.ndarray, classes: Sequence[str]) -> list[str]:
    return ["" if i == MISSING else classes[int(i)] for i in index]


def _indices(words: Sequence[str], known: Sequence[str], where: str, problems: list[Problem]) -> np.ndarray:
    place = {word: i for i, word in enumerate(known)} | {"": MISSING}
    for row, word in enumerate(words, start=2):
        if word not in place:
            problems.append(Problem(f"{where}, row {row}", f"unknown label '{word}'", did_you_mean(word, known)))
    return np.array([place.get(word, MISSING) for word in words], dtype=np.int64)


def _vectors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    if not path.is_file():
        raise EmbeddingsError(Problem(str(path), "no such file", "make it with emoprism embed"))
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(header.get("classes", "{}"))  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise EmbeddingsError(Problem(str(path), f"not a safetensors file of vectors: {error}")) from None


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.is_file():
        raise EmbeddingsError(Problem(str(path), "no such file", "a CSV with columns clip, split, label:<attribute>"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows:
        raise EmbeddingsError(Problem(str(path), "empty file", "a CSV with columns clip, split, label:<attribute>"))
    header, body = rows[0], rows[1:]
    ragged = [
        Problem(f"{path}, row {i}", f"{len(row)} cells, expected {len(header)}")
        for i, row in enumerate(body, start=2)
        if len(row) != len(header)
    ]
    missing = [Problem(str(path), f"missing column '{name}'") for name in ("clip", "split") if name not in header]
    if ragged or missing:
        raise EmbeddingsError([*missing, *ragged])
    return header, body


def _table_problems(path: Path, columns: dict[str, list[str]]) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for row, (clip, split) in enumerate(zip(columns["clip"], columns["split"], strict=True), start=2):
        if clip in first:
            problems.append(
                Problem(f"{path}, row {row}, column 'clip'", f"'{clip}' stands in row {first[clip]} already")
            )
        first.setdefault(clip, row)
        if split not in SPLITS:
            problems.append(
                Problem(f"{path}, row {row}, column 'split'", f"unknown split '{split}'", did_you_mean(split, SPLITS))
            )
    if not any(name.startswith(LABEL) for name in columns):
        problems.append(Problem(str(path), f"no label column, as '{LABEL}speaker'"))
    return problems
