"""Embeddings on disk: `embeddings.safetensors` (vectors) beside `clips.csv` (split, labels, predictions in words; what
else heads say, beside what is true, as numbers).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from emoprism.errors import EmbeddingsError, Problem, did_you_mean
from emoprism.stage import csv_text, write_bytes, write_text
from emoprism.types import MISSING, NUMBER, PRESENCE, SPLITS, Embeddings, Outputs

CLASSES = TypeAdapter(dict[str, list[str]])
VECTORS = "embeddings.safetensors"
CLIPS = "clips.csv"
RECIPE, HISTORY, SPLIT_AUDIT = "recipe.yaml", "history.json", "split_audit.json"
"""Files of a training: its run has them, embeddings and their audit take them along."""
LABEL, PREDICTED = "label:", "predicted:"
TRUE, TOLD = "true:", "told:"
"""Columns of outputs: `true:<attribute>:<word>` of what is there or not, `true:<attribute>` of a number."""


def save_embeddings(directory: Path, embeddings: Embeddings) -> None:
    """Write both files. The order of classes is kept in the header of the safetensors file."""
    classes = {name: list(values) for name, values in embeddings.classes.items()}
    vectors = {name: np.ascontiguousarray(rows, dtype=np.float32) for name, rows in embeddings.vectors.items()}
    write_bytes(directory / VECTORS, save(vectors, metadata={"classes": json.dumps(classes)}))
    columns = {LABEL + name: _words(index, classes[name]) for name, index in embeddings.labels.items()}
    columns |= {PREDICTED + name: _words(index, classes[name]) for name, index in embeddings.predictions.items()}
    for name, outputs in embeddings.outputs.items():
        columns |= _output_columns(name, outputs)
    rows = zip(embeddings.clips, embeddings.split, *columns.values(), strict=True)
    write_text(directory / CLIPS, csv_text(["clip", "split", *columns], rows))


def load_embeddings(directory: Path) -> Embeddings:
    """Read what `save_embeddings`, or an auditor by hand, wrote. Raises EmbeddingsError naming file, row and column."""
    vectors, classes = _vectors(directory / VECTORS)
    header, rows = _table(directory / CLIPS)
    columns = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    problems = _table_problems(directory / CLIPS, columns)
    problems += _vector_problems(directory / VECTORS, vectors, columns["clip"])
    labels: dict[str, np.ndarray] = {}
    predictions: dict[str, np.ndarray] = {}
    for column, words in columns.items():
        for prefix, target in ((LABEL, labels), (PREDICTED, predictions)):
            if column.startswith(prefix):
                name = column.removeprefix(prefix)
                known = classes.setdefault(name, sorted(set(words) - {""}))
                target[name] = _indices(words, known, f"{directory / CLIPS}: column '{column}'", problems)
    outputs = _outputs(columns, str(directory / CLIPS), problems)
    if problems:
        raise EmbeddingsError(problems)
    return Embeddings(
        clips=tuple(columns["clip"]), split=tuple(columns["split"]), vectors=vectors, labels=labels,
        classes={name: tuple(values) for name, values in classes.items()}, predictions=predictions, outputs=outputs,
    )  # fmt: skip


def _words(index: np.ndarray, classes: Sequence[str]) -> list[str]:
    return ["" if i == MISSING else classes[int(i)] for i in index]


def _indices(words: Sequence[str], known: Sequence[str], where: str, problems: list[Problem]) -> np.ndarray:
    place = {word: i for i, word in enumerate(known)} | {"": MISSING}
    for row, word in enumerate(words, start=2):
        if word not in place:
            problems.append(Problem(f"{where}, row {row}", f"unknown label '{word}'", did_you_mean(word, known)))
    return np.array([place.get(word, MISSING) for word in words], dtype=np.int64)


def bad_outputs(outputs: Outputs) -> Iterator[tuple[str, int, int, str]]:
    """Every number that no output of its kind can be, as (TRUE or TOLD, row, column, what is wrong); NaN may be."""
    for part, values in ((TRUE, outputs.true), (TOLD, outputs.told)):
        wrong = np.isinf(values)
        expected = "a finite number"
        if outputs.kind == PRESENCE:
            fits = np.isin(values, (0, 1)) if part == TRUE else (values >= 0) & (values <= 1)
            wrong = ~(fits | np.isnan(values))
            expected = "0 or 1" if part == TRUE else "a probability from 0 to 1"
        for row, column in np.argwhere(wrong):
            yield part, int(row), int(column), f"{values[row, column]:g} is not {expected}"


def _output_columns(name: str, outputs: Outputs) -> dict[str, list[str]]:
    """Columns true, then told. Nine figures tell any float32 from every other."""
    words = [name] if outputs.kind == NUMBER else [f"{name}:{word}" for word in outputs.words]
    return {
        part + word: ["" if math.isnan(value) else f"{value:.9g}" for value in values[:, i]]
        for part, values in ((TRUE, outputs.true), (TOLD, outputs.told))
        for i, word in enumerate(words)
    }


def _outputs(columns: Mapping[str, Sequence[str]], path: str, problems: list[Problem]) -> dict[str, Outputs]:
    """By attribute; its words in the order of their columns."""
    names = dict.fromkeys(
        column.removeprefix(part) for column in columns for part in (TRUE, TOLD) if column.startswith(part)
    )
    own: dict[str, list[str]] = {}
    for name in names:
        own.setdefault(name.partition(":")[0], []).append(name)
    wrong = list(_header_problems(path, columns, own))
    problems += wrong
    return {} if wrong else {name: _outputs_of(name, words, columns, path, problems) for name, words in own.items()}


def _header_problems(path: str, columns: Mapping[str, object], own: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    for attribute, names in own.items():
        for column in (part + name for name in names for part in (TRUE, TOLD)):
            if column not in columns:
                yield Problem(path, f"missing column '{column}'", f"'{TRUE}...' and '{TOLD}...' come in pairs")
        if attribute in names and len(names) > 1:
            what = f"'{attribute}' is a number by its column '{TOLD}{attribute}' and several things by others"
            yield Problem(path, what, f"name every column '{TOLD}{attribute}:<word>', or that one alone")
        for name in names:
            if not attribute or name.endswith(":"):
                what = f"the columns '{TRUE}{name}' and '{TOLD}{name}' name nothing"
                yield Problem(path, what, f"expected '{TOLD}<attribute>' or '{TOLD}<attribute>:<word>'")


def _outputs_of(
    attribute: str, names: Sequence[str], columns: Mapping[str, Sequence[str]], path: str, problems: list[Problem]
) -> Outputs:
    def read(part: str) -> np.ndarray:
        return np.stack([_numbers(columns[part + name], _at(path, part + name), problems) for name in names], axis=1)

    number = attribute in names
    words = [name if number else name.partition(":")[2] for name in names]
    outputs = Outputs(NUMBER if number else PRESENCE, tuple(words), read(TRUE), read(TOLD))
    problems += [
        Problem(f"{_at(path, part + names[column])}, row {row + 2}", what, "an empty cell says that nobody knows")
        for part, row, column, what in bad_outputs(outputs)
    ]
    return outputs


def _at(path: str, column: str) -> str:
    return f"{path}: column '{column}'"


def _numbers(cells: Sequence[str], where: str, problems: list[Problem]) -> np.ndarray:
    values = np.full(len(cells), np.nan, dtype=np.float32)
    for i, cell in enumerate(cells):
        try:
            value = float(cell or "nan")
        except ValueError:
            value = math.nan
        if cell and math.isnan(value):
            advice = "an empty cell says that nobody knows"
            problems.append(Problem(f"{where}, row {i + 2}", f"'{cell}' is no number", advice))
        with np.errstate(over="ignore"):
            values[i] = value
    return values


def _vectors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Vectors as float32, whatever real type they are kept in, and the classes in the file's header."""
    if not path.is_file():
        raise EmbeddingsError(Problem(str(path), "no such file", "make it with emoprism embed"))
    try:
        with safe_open(path, framework="numpy") as file, np.errstate(over="ignore"):
            classes = CLASSES.validate_json((file.metadata() or {}).get("classes", "{}"))
            return {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}, classes  # noqa: SIM118
    except ValidationError:
        what = 'the header\'s \'classes\' are not JSON as {"emotion": ["angry", "happy"]}'
        raise EmbeddingsError(Problem(str(path), what)) from None
    except (SafetensorError, TypeError, AttributeError) as error:  # the last two: a type that numpy does not know
        raise EmbeddingsError(Problem(str(path), f"not a safetensors file of vectors: {error}")) from None


def _vector_problems(path: Path, vectors: Mapping[str, np.ndarray], clips: Sequence[str]) -> list[Problem]:
    problems = [] if vectors else [Problem(str(path), "holds no vectors", "one matrix [N, D] per attribute")]
    for name, array in vectors.items():
        where = f"{path}: '{name}'"
        if array.ndim != 2 or len(array) != len(clips):
            what = f"shape {list(array.shape)}, expected [{len(clips)}, D]: a row per clip of {CLIPS}"
            problems.append(Problem(where, what))
        elif not np.isfinite(array).all():
            bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
            problems.append(Problem(where, f"{len(bad)} rows are not finite numbers, the first is '{clips[bad[0]]}'"))
    return problems


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.is_file():
        raise EmbeddingsError(Problem(str(path), "no such file", "a CSV with columns clip, split, label:<attribute>"))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise EmbeddingsError(Problem(str(path), f"not CSV in UTF-8: {error}")) from None
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise EmbeddingsError(Problem(str(path), "empty file", "a CSV with columns clip, split, label:<attribute>"))
    header, body = rows[0], rows[1:]
    ragged = [
        Problem(f"{path}, row {i}", f"{len(row)} cells, expected {len(header)}")
        for i, row in enumerate(body, start=2)
        if len(row) != len(header)
    ]
    missing = [
        Problem(str(path), f"missing column '{name}'", did_you_mean(name, header))
        for name in ("clip", "split")
        if name not in header
    ]
    twice = [
        Problem(str(path), f"the column '{name}' stands there {header.count(name)} times")
        for name in dict.fromkeys(header)
        if header.count(name) > 1
    ]
    if ragged or missing or twice:
        raise EmbeddingsError([*missing, *twice, *ragged])
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
