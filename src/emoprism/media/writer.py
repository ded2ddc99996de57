"""Prepared clips on disk, written: shards whole or not at all, then the tables and the manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8
from safetensors.numpy import save

from emoprism.media.jpeg import encode_face
from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.shards import CLIPS, HEADER, LABEL, NOTE, REJECTED, STEPS, TRACK, VALUE, TrackRow, read_header
from emoprism.stage import Manifest, Stage, csv_text, write_bytes, write_text
from emoprism.types import FACE, Clip


@dataclass(frozen=True)
class Rejection:
    """A clip that cannot be used: its id, where it is declared, and why, in words."""

    clip: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Encoded:
    """A processed clip ready to be stored: its row of the tables, and its tensors."""

    row: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]


def encode(clip: Clip, done: ProcessedClip, *, all_tracks: bool = False) -> Encoded:
    """Crops as JPEG, the rest as float32. `all_tracks`: also keep the crops of tracks other than the main one."""
    tensors = _faces(FACE, done.streams[FACE], done.times[FACE], done.boxes) if FACE in done.streams else {}
    for name, values in done.streams.items():
        if name != FACE:
            tensors |= {name: values.astype(np.float32), f"{name}.times": done.times[name].astype(np.float64)}
    if all_tracks:
        for track in done.tracks:
            tensors |= _faces(f"{TRACK}{track.number}", track.crops, track.times, track.boxes)
    return Encoded(_row(clip, done), tensors)


def write_shard(path: Path, used: Sequence[Encoded], rejected: Sequence[Rejection]) -> None:
    """One shard: the streams as tensors, and the rows of clips and rejections as JSON in its header."""
    tensors: dict[str, np.ndarray] = {}
    for item in used:
        tensors |= {f"{item.row['clip']}/{key}": np.ascontiguousarray(value) for key, value in item.tensors.items()}
    rows = [{**item.row, "shard": path.name} for item in used]
    header = json.dumps({"clips": rows, "rejected": [asdict(item) for item in rejected]})
    write_bytes(path, save(tensors, metadata={HEADER: header}))


def _faces(
    name: str,
    crops: UInt8[np.ndarray, "T S S 3"],
    times: Float64[np.ndarray, "T"],
    boxes: Float32[np.ndarray, "T 4"],
) -> dict[str, np.ndarray]:
    parts = [encode_face(image) for image in crops]
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    jpeg = np.concatenate(parts)
    return {f"{name}.jpeg": jpeg, f"{name}.ends": ends, f"{name}.boxes": boxes, f"{name}.times": times}


def _row(clip: Clip, done: ProcessedClip) -> dict[str, Any]:
    return {
        "clip": clip.id,
        "origin": clip.origin,
        "split": clip.split,
        "seconds": round(done.seconds, 6),
        "labels": dict(clip.labels),
        "values": dict(clip.values),
        "steps": {name: len(values) for name, values in done.streams.items()},
        "shapes": {name: list(values.shape[1:]) for name, values in done.streams.items()},
        "notes": dict(done.notes),
        "tracks": [_track(track) for track in done.tracks],
        **({"filled": dict(done.filled)} if done.filled else {}),
    }


def _track(track: FaceTrack) -> dict[str, Any]:
    first, last = round(float(track.times[0]), 6), round(float(track.times[-1]), 6)
    return asdict(TrackRow(track.number, main=track.main, start=first, end=last, frames=len(track.times)))


def finish(stage: Stage, shards: Sequence[str], facts: Mapping[str, Any]) -> Manifest:
    """Gather the rows of all shards into clips.csv and rejected.csv, and end the stage."""
    rows: list[dict[str, Any]] = []
    rejected: list[dict[str, str]] = []
    for name in shards:
        more, refused = read_header(stage.directory / name)
        rows += more
        rejected += refused
    kept, shapes, odd = _one_shape(rows)
    rejected += odd
    write_text(stage.directory / CLIPS, clips_csv(kept))
    refusals = [(item["clip"], item["origin"], item["reason"]) for item in rejected]
    write_text(stage.directory / REJECTED, csv_text(["clip", "origin", "reason"], sorted(refusals)))
    seconds = round(sum(row["seconds"] for row in kept), 3)
    missing = Counter(name for row in kept for name in row["notes"])
    counts = {"clips": len(kept), "rejected": len(rejected), "missing": dict(sorted(missing.items()))}
    return stage.finish({**counts, "seconds": seconds, "streams": shapes, **_filled(kept), **facts})


def _filled(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`filled`: of every stream, in how many clips how many values were no numbers and are 0 now; {} for none."""
    clips: Counter[str] = Counter()
    values: Counter[str] = Counter()
    for row in rows:
        clips.update(row.get("filled", {}).keys())
        values.update(row.get("filled", {}))
    return {"filled": {name: {"clips": clips[name], "values": values[name]} for name in sorted(clips)}} if clips else {}


def _one_shape(
    rows: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, list[int]], list[dict[str, str]]]:
    """Clips whose streams look like those of the first clip that has them; the others are rejected."""
    shapes: dict[str, list[int]] = {}
    owner: dict[str, str] = {}
    kept: list[dict[str, Any]] = []
    odd: list[dict[str, str]] = []
    for row in sorted(rows, key=lambda row: row["clip"]):
        wrong = [name for name, shape in row["shapes"].items() if shapes.get(name, shape) != shape]
        if wrong:
            reason = "; ".join(
                f"the stream '{name}' has {row['shapes'][name]} values a step, "
                f"where that of clip '{owner[name]}' has {shapes[name]}"
                for name in wrong
            )
            odd.append({"clip": row["clip"], "origin": row["origin"], "reason": reason})
            continue
        for name, shape in row["shapes"].items():
            shapes.setdefault(name, shape)
            owner.setdefault(name, row["clip"])
        kept.append(row)
    return kept, dict(sorted(shapes.items())), odd


def clips_csv(rows: Sequence[Mapping[str, Any]], more: Sequence[str] = ()) -> str:
    """The table of clips; `more` columns stand behind those that every clip has."""
    groups = [(LABEL, "labels"), (VALUE, "values"), (STEPS, "steps"), (NOTE, "notes")]
    names = [(prefix, field, name) for prefix, field in groups for name in sorted({n for r in rows for n in r[field]})]
    header = ["clip", "split", "seconds", "shard", *more, *(prefix + name for prefix, _, name in names)]
    body = [
        [
            row["clip"],
            row["split"] or "",
            row["seconds"],
            row["shard"],
            *(row[name] for name in more),
            *(row[field].get(name, "") for _, field, name in names),
        ]
        for row in rows
    ]
    return csv_text(header, body)
