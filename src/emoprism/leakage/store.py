"""A record on disk: `predictions.parquet` (one row per judge and clip), `verification.safetensors` (pair scores) and,
where heads say more than one class, `outputs.parquet` (one row per clip and word).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from emoprism.leakage.evidence import Answered, Claim, Judged, Record
from emoprism.leakage.verification import SpeakerPairs
from emoprism.stage import replacing, write_bytes
from emoprism.types import Outputs

PREDICTIONS = "predictions.parquet"
VERIFICATION = "verification.safetensors"
OUTPUTS = "outputs.parquet"
COLUMNS = (*Claim._fields, "clip", "speaker", "true", "predicted")
SAID = (*Claim._fields, "clip", "speaker", "output", "word")
"""Columns of words in the table of outputs (`output` is their kind); true and told are float32."""


def save_record(directory: Path, record: Record) -> None:
    """Write the files. Labels are words, so that a table can be read on its own."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for claim, judged in record.judged.items():
        for name, value in claim._asdict().items():
            table[name] += [value] * len(judged.clips)
        table["clip"] += judged.clips
        table["speaker"] += judged.speakers
        table["true"] += [judged.classes[i] for i in judged.true]
        table["predicted"] += [judged.classes[i] for i in judged.predicted]
    with replacing(directory / PREDICTIONS) as temporary:
        pq.write_table(pa.table({name: pa.array(values, pa.string()) for name, values in table.items()}), temporary)
    tensors: dict[str, np.ndarray] = {}
    facts: list[dict[str, Any]] = []
    for i, (claim, pairs) in enumerate(record.pairs.items()):
        tensors |= {f"{i}/same": pairs.same.astype(np.uint32), f"{i}/other": pairs.other.astype(np.uint32)}
        facts.append({"claim": list(claim), "speakers": pairs.speakers})
    write_bytes(directory / VERIFICATION, save(tensors, metadata={"pairs": json.dumps(facts)}))
    if record.answers:
        _save_answers(directory / OUTPUTS, record.answers)


def _save_answers(path: Path, answers: Mapping[Claim, Answered]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table: dict[str, list[str]] = {name: [] for name in SAID}
    for claim, answered in answers.items():
        words = answered.outputs.words
        for name, value in (*claim._asdict().items(), ("output", answered.outputs.kind)):
            table[name] += [value] * (len(answered.clips) * len(words))
        table["clip"] += [clip for clip in answered.clips for _ in words]
        table["speaker"] += [speaker for speaker in answered.speakers for _ in words]
        table["word"] += words * len(answered.clips)
    columns = {name: pa.array(values, pa.string()) for name, values in table.items()}
    for name in ("true", "told"):
        parts = [getattr(answered.outputs, name).ravel() for answered in answers.values()]
        columns[name] = pa.array(np.concatenate(parts), pa.float32())
    with replacing(path) as temporary:
        pq.write_table(pa.table(columns), temporary)


def load_record(directory: Path) -> Record:
    """Read what `save_record` wrote."""
    answers = _load_answers(directory / OUTPUTS) if (directory / OUTPUTS).is_file() else {}
    return Record(_load_judged(directory / PREDICTIONS), _load_pairs(directory / VERIFICATION), answers)


def _load_answers(path: Path) -> dict[Claim, Answered]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    columns = {name: np.asarray(table.column(name).to_pylist(), dtype=object) for name in SAID}
    numbers = {name: np.asarray(table.column(name).to_numpy(), dtype=np.float32) for name in ("true", "told")}
    answers: dict[Claim, Answered] = {}
    for start, end in pairwise(_starts([columns[name] for name in Claim._fields])):
        part = {name: values[start:end] for name, values in columns.items()}
        claim = Claim(*(str(part[name][0]) for name in Claim._fields))
        words = tuple(dict.fromkeys(part["word"]))
        true, told = (numbers[name][start:end].reshape(-1, len(words)) for name in ("true", "told"))
        clips, speakers = (tuple(part[name][:: len(words)]) for name in ("clip", "speaker"))
        answers[claim] = Answered(clips, speakers, Outputs(str(part["output"][0]), words, true, told))
    return answers


def _load_judged(path: Path) -> dict[Claim, Judged]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    columns = {name: np.asarray(table.column(name).to_pylist(), dtype=object) for name in COLUMNS}
    starts = _starts([columns[name] for name in Claim._fields])
    judged: dict[Claim, Judged] = {}
    for start, end in pairwise(starts):
        part = {name: values[start:end] for name, values in columns.items()}
        classes, place = np.unique(np.concatenate([part["true"], part["predicted"]]), return_inverse=True)
        true, predicted = np.split(place.astype(np.int64), 2)
        claim = Claim(*(str(part[name][0]) for name in Claim._fields))
        judged[claim] = Judged(tuple(part["clip"]), tuple(part["speaker"]), true, predicted, tuple(classes))
    return judged


def _starts(columns: list[np.ndarray]) -> list[int]:
    """Rows at which any column changes, and the end: the claims lie one after another."""
    length = len(columns[0])
    changes = np.zeros(max(length - 1, 0), dtype=bool)
    for values in columns:
        changes |= values[1:] != values[:-1]
    return [0, *(int(i) + 1 for i in np.flatnonzero(changes)), length] if length else [0]


def _load_pairs(path: Path) -> dict[Claim, SpeakerPairs]:
    with safe_open(path, framework="numpy") as file:
        facts: list[dict[str, Any]] = json.loads((file.metadata() or {})["pairs"])
        return {
            Claim(*fact["claim"]): SpeakerPairs(
                tuple(fact["speakers"]),
                file.get_tensor(f"{i}/same").astype(np.float64),
                file.get_tensor(f"{i}/other").astype(np.float64),
            )
            for i, fact in enumerate(facts)
        }
