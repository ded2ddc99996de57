"""The predict verb: any video or sound file in, emotions over time, tracks and embeddings out.

It prepares the file exactly as the run's training clips were prepared, and refuses nothing that `prepare` accepts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, PositiveFloat
from safetensors.numpy import save

from emoprism.console import say, track
from emoprism.deploy.timeline import Pace, Part, Prediction, Sighting, predict_parts
from emoprism.deploy.trained import Trained
from emoprism.errors import InputError, MediaError, Problem, did_you_mean
from emoprism.models.tasks.base import Task
from emoprism.recipe import Strict, check_model, with_overrides
from emoprism.stage import Stage, csv_text, replacing, write_bytes, write_text
from emoprism.types import EMOTION, NUMBER


class PredictOptions(Strict):
    """Options of emoprism predict, as key=value."""

    window: PositiveFloat = 3.0
    """Length of a window of the timeline in seconds."""
    hop: Annotated[float, Field(ge=0.1)] = 1.0
    """Seconds from one window to the next."""
    every_track: bool = False
    """Predict every face that was followed, not only the main one."""
    attributes: tuple[str, ...] = ()
    """Whose probabilities are written; by default emotion (or, of a model without it, everything it predicts)."""
    draw: bool = False
    """Also write annotated.mp4: the video with boxes and labels."""


@dataclass(frozen=True)
class Result:
    """A whole medium, predicted."""

    seconds: float
    predictions: Sequence[Prediction]
    sightings: Sequence[Sighting]
    notes: Mapping[str, str]

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Result:
        """Parts put together."""
        notes: dict[str, str] = {}
        for number, part in enumerate(parts):
            for name, note in part.notes.items():
                notes[name if len(parts) == 1 else f"{name}, part {number + 1}"] = note
        return cls(
            sum(part.seconds for part in parts),
            [prediction for part in parts for prediction in part.predictions],
            [sighting for part in parts for sighting in part.sightings],
            notes,
        )

    @property
    def main_tracks(self) -> set[int | None]:
        """Numbers of the tracks that are the main one of some part; None where a part shows no face."""
        return {s.track for s in self.sightings if s.main} | {None}

    def whole(self, values: str, attribute: str) -> np.ndarray | None:
        """Mean over the segments of main tracks, by their length: the prediction of the clip."""
        segments = [p for p in self.predictions if p.span.kind == "segment" and p.span.track in self.main_tracks]
        found = [(getattr(p, values)[attribute], p.span.end - p.span.start) for p in segments if p.told]
        if not found:
            return None
        return np.average([value for value, _ in found], axis=0, weights=[max(s, 1e-6) for _, s in found])


def predict(run: Path, media: Path, out: Path | None, options: list[str], *, overwrite: bool = False) -> None:
    """Predict one file and write what was found; prints the outcome. Raises InputError where it cannot be used."""
    asked = check_model(PredictOptions, with_overrides({}, options), "options")
    trained = Trained.open(run)
    attributes = _attributes(trained, asked)
    if not media.is_file():
        raise InputError(Problem(str(media), "no such file", "name a video or sound file"))
    directory = out or media.with_name(f"{media.stem}.emoprism")
    stage = Stage.begin(
        directory, "predict", options=asked.model_dump(mode="json"), inputs={"run": run, "media": media},
        seed=trained.recipe.seed, libraries=("numpy", "torch", "av"), overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{directory}: done already")
        return
    try:
        result = _predict(trained, media, asked)
    except InputError:
        stage.abandon()
        raise
    _write(directory, trained, media, result, attributes)
    if asked.draw:
        _draw(directory, media, result, trained.tasks[attributes[0]])
    stage.finish({"seconds": round(result.seconds, 3), "tracks": len({s.track for s in result.sightings})})
    _say(directory, trained, result, attributes)


def _draw(directory: Path, media: Path, result: Result, task: Task) -> None:
    from emoprism.deploy.draw import draw

    try:
        with replacing(directory / "annotated.mp4") as temporary:
            draw(media, temporary, result.predictions, result.sightings, task)
    except MediaError as error:
        say(f"note, annotated.mp4: not drawn, {error.reason}")


def _attributes(trained: Trained, asked: PredictOptions) -> tuple[str, ...]:
    known = trained.model.attributes
    for name in asked.attributes:
        if name not in known:
            raise InputError(Problem(f"attributes: {name}", "the run does not predict it", did_you_mean(name, known)))
    return asked.attributes or ((EMOTION,) if EMOTION in known else known)


def _predict(trained: Trained, media: Path, asked: PredictOptions) -> Result:
    pace = Pace(segment=float(trained.prepare["media"]["seconds"]), window=asked.window, hop=asked.hop)
    parts: list[Part] = []
    try:
        found = predict_parts(trained, media, pace, every_track=asked.every_track)
        first, count = next(found)
        parts.append(first)
        parts += [part for part, _ in track(found, media.name, count, done=1)] if count > 1 else [p for p, _ in found]
    except MediaError as error:
        raise InputError(Problem(str(media), error.reason, "nothing in it can be predicted from")) from None
    return Result.of(parts)


def _write(directory: Path, trained: Trained, media: Path, result: Result, attributes: Sequence[str]) -> None:
    rows = [_row(trained, result, prediction, attributes) for prediction in result.predictions]
    write_text(directory / "predictions.json", json.dumps(_tree(trained, media, result, attributes), indent=1))
    write_text(directory / "predictions.csv", csv_text(list(rows[0]), (row.values() for row in rows)))
    _write_parquet(directory / "predictions.parquet", rows)
    vectors: dict[str, np.ndarray] = {}
    for name in trained.model.attributes:
        whole = result.whole("embeddings", name)
        known = [p.embeddings[name] for p in result.predictions if p.embeddings]
        if whole is not None:
            vectors[f"clip/{name}"] = whole.astype(np.float32)
            vectors[f"rows/{name}"] = np.stack(known).astype(np.float32)
    index = [row for row, p in enumerate(result.predictions) if p.embeddings]
    # Row i of rows/<attribute> is row index[i] of the table. One entry: safetensors writes several in no fixed order.
    header = {"predictions.csv": json.dumps(index)}
    write_bytes(directory / "embeddings.safetensors", save(vectors, metadata=header))


def _row(
    trained: Trained, result: Result, prediction: Prediction, attributes: Sequence[str]
) -> dict[str, str | float | int | bool | None]:
    span = prediction.span
    row: dict[str, str | float | int | bool | None] = {
        "kind": span.kind,
        "start": round(span.start, 3),
        "end": round(span.end, 3),
        "track": span.track,
        "main": span.track in result.main_tracks,
    }
    row |= {f"{stream}_steps": count for stream, count in prediction.steps.items()}
    for name in attributes:
        row |= _told(trained.tasks[name], prediction.told.get(name))
    return row


def _told(task: Task, values: np.ndarray | None) -> dict[str, str | float | None]:
    """What is told, and the probability of each word (a number has none); empty where nothing was to tell from."""
    name, words = task.attribute, () if task.kind == NUMBER else task.words
    if values is None:
        return dict.fromkeys([name, *(f"{name}:{word}" for word in words)])
    told = {f"{name}:{word}": round(float(value), 6) for word, value in zip(words, values, strict=False)}
    return {name: task.answer(values), **told}


def _write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), temporary)


def _tree(trained: Trained, media: Path, result: Result, attributes: Sequence[str]) -> dict[str, Any]:
    kinds = {"window": "windows", "segment": "segments"}
    tree: dict[str, Any] = {
        "media": media.name,
        "seconds": round(result.seconds, 3),
        "model": {"name": trained.recipe.name, "label": trained.recipe.label, "seed": trained.recipe.seed},
        "clip": {},
        "tracks": _tracks(result.sightings),
        "notes": dict(result.notes),
    }
    for name in attributes:
        tree["clip"] |= _told(trained.tasks[name], result.whole("told", name))
    for kind, plural in kinds.items():
        chosen = [p for p in result.predictions if p.span.kind == kind]
        tree[plural] = [_row(trained, result, p, attributes) for p in chosen]
    return tree


def _tracks(sightings: Sequence[Sighting]) -> list[dict[str, Any]]:
    """Each face once: when it was first and last seen, and its boxes over time."""
    tracks: dict[int, dict[str, Any]] = {}
    for seen in sightings:
        entry = tracks.setdefault(seen.track, {"track": seen.track, "main": False, "times": [], "boxes": []})
        entry["main"] |= seen.main
        later = [i for i, t in enumerate(seen.times) if not entry["times"] or t > entry["times"][-1] + 1e-6]
        entry["times"] += [round(float(seen.times[i]), 3) for i in later]
        entry["boxes"] += [[round(float(side), 1) for side in seen.boxes[i]] for i in later]
    return [
        {"track": e["track"], "main": e["main"], "start": e["times"][0], "end": e["times"][-1], **_curve(e)}
        for e in tracks.values()
    ]


def _curve(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"frames": len(entry["times"]), "times": entry["times"], "boxes": entry["boxes"]}


def _say(directory: Path, trained: Trained, result: Result, attributes: Sequence[str]) -> None:
    for stream, note in result.notes.items():
        say(f"note, {stream}: {note}")
    for name in attributes:
        whole = result.whole("told", name)
        if whole is None:
            say(f"{name}: nothing to predict from")
            continue
        say(f"{name}: {trained.tasks[name].caption(whole, 5)}")
    faces = len({s.track for s in result.sightings})
    say(f"{result.seconds:.1f} s, {faces} face{'' if faces == 1 else 's'}; written to {directory}")
