"""The prepare stage: a corpus in, shards of face crops, log-mels and feature streams out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emoprism import console
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, EmoprismError, MediaError, Problem
from emoprism.families import CORPORA
from emoprism.media import writer
from emoprism.media.options import PrepareOptions, find_detector
from emoprism.media.process import process_clip
from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.shards import REJECTED, STAGE
from emoprism.media.writer import Encoded, Rejection, encode, write_shard
from emoprism.stage import Stage, sha256
from emoprism.types import Clip, FeatureSource
from emoprism.workers import Lost, run_jobs, usable_cores

__all__ = ["FaceTrack", "PrepareOptions", "ProcessedClip", "prepare", "process_clip"]

CLIPS_PER_SHARD = 16
LIBRARIES = ("numpy", "av", "opencv-python-headless", "scipy", "safetensors")


def prepare(
    corpus: str, path: Path, out: Path, options: list[str], *, workers: int | None = None, overwrite: bool = False
) -> None:
    """Prepare every clip of a corpus. What is written depends neither on the number of workers nor on interruptions."""
    asked = PrepareOptions.read(options)
    made: Corpus = CORPORA.make(corpus, path, options=asked.corpus)
    clips = made.clips()
    _check_ids(clips, path)
    request = asked.for_manifest(corpus) | _fingerprints(clips, asked)
    stage = Stage.begin(out, STAGE, options=request, inputs={"corpus": path}, libraries=LIBRARIES, overwrite=overwrite)
    if stage.done:
        console.say(f"{out}: prepared already")
        return
    for leftover in out.glob(".*.safetensors"):
        leftover.unlink()
    began = time.monotonic()
    fresh = _write_shards(stage, clips, asked, workers or usable_cores())
    manifest = writer.finish(stage, _names(clips), {"citation": made.citation, "licence": made.licence})
    _say_summary(out, manifest.facts, fresh, time.monotonic() - began)


def _fingerprints(clips: Sequence[Clip], options: PrepareOptions) -> dict[str, str]:
    """Hashes of what the clips are, and of the detector's weights where there are pictures to look at.

    Tries the detector on the way, so that one that cannot run is known before anything is written.
    """
    described = [_described(clip) for clip in clips]
    found = {"clips_sha256": hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()}
    if any(clip.video is not None for clip in clips):
        detector = find_detector(options)
        detector.detect(np.zeros((64, 64, 3), dtype=np.uint8))
        if detector.model_file is not None:
            found["detector_sha256"] = sha256(detector.model_file)
    return found


def _described(clip: Clip) -> list[Any]:
    """A clip without its place on this machine: its files by their names and sizes."""
    paths = [clip.video, clip.audio, *(source.path for source in clip.features.values())]
    files = [(p.name, p.stat().st_size if p.is_file() else None) for p in paths if p is not None]
    rows = {name: _described_source(source) for name, source in clip.features.items()}
    extra = [dict(clip.values), clip.region, clip.rejected, clip.audio_start]
    return [clip.id, dict(clip.labels), clip.split, clip.start, clip.end, files, rows, extra]


def _described_source(source: FeatureSource) -> list[Any]:
    """What is read of a file; what is not asked is not said, so that a new option changes no old description."""
    more = {f.name: getattr(source, f.name) for f in fields(source) if getattr(source, f.name) != f.default}
    named = {key: value for key, value in more.items() if key not in ("path", "array", "row")}
    return [source.array, source.row, *([named] if named else [])]


def _write_shards(stage: Stage, clips: Sequence[Clip], options: PrepareOptions, workers: int) -> float:
    """Write every shard that is not there yet; returns the seconds of media that went into them."""
    shards = {name: _members(clips, number) for number, name in enumerate(_names(clips))}
    done = {name for name in shards if (stage.directory / name).is_file()}
    todo = [(name, clip) for name, members in shards.items() if name not in done for clip in members]
    kept = sum(len(shards[name]) for name in done)
    results: dict[str, dict[str, Encoded | Rejection]] = {}
    seconds = 0.0
    jobs = run_jobs(
        partial(_work, options),
        [clip for _, clip in todo],
        workers=workers,
        timeout=options.timeout,
        prepare=_begin_worker,
    )
    for index, result in console.track(jobs, "prepare", len(clips), done=kept) if todo else _nothing():
        name, clip = todo[index]
        outcome = Rejection(clip.id, clip.origin, result.reason) if isinstance(result, Lost) else result
        seconds += outcome.row["seconds"] if isinstance(outcome, Encoded) else 0.0
        gathered = results.setdefault(name, {})
        gathered[clip.id] = outcome
        if len(gathered) == len(shards[name]):
            _write(stage.directory / name, [gathered[member.id] for member in shards[name]])
            del results[name]
    return seconds


def _nothing() -> Iterator[tuple[int, Encoded | Rejection | Lost]]:
    return iter(())


def _write(path: Path, outcomes: Sequence[Encoded | Rejection]) -> None:
    used = [outcome for outcome in outcomes if isinstance(outcome, Encoded)]
    write_shard(path, used, [outcome for outcome in outcomes if isinstance(outcome, Rejection)])


def _work(options: PrepareOptions, clip: Clip) -> Encoded | Rejection:
    """One clip, in a worker. Whatever a strange file sets off is a reason to reject that file, not to end the run."""
    if clip.rejected:
        return Rejection(clip.id, clip.origin, clip.rejected)
    try:
        return encode(clip, process_clip(clip, options), all_tracks=options.tracks == "all")
    except MediaError as error:
        return Rejection(clip.id, clip.origin, error.reason)
    except EmoprismError:
        raise
    except Exception as error:
        return Rejection(clip.id, clip.origin, f"unexpected error ({type(error).__name__}): {error}")


def _begin_worker() -> None:
    """As many processes as cores: one thread in each."""
    import cv2

    cv2.setNumThreads(1)


def _names(clips: Sequence[Clip]) -> list[str]:
    return [f"shard-{number:05d}.safetensors" for number in range(-(-len(clips) // CLIPS_PER_SHARD))]


def _members(clips: Sequence[Clip], number: int) -> Sequence[Clip]:
    return clips[number * CLIPS_PER_SHARD : (number + 1) * CLIPS_PER_SHARD]


def _check_ids(clips: Sequence[Clip], path: Path) -> None:
    seen: set[str] = set()
    twice = [clip for clip in clips if clip.id in seen or seen.add(clip.id)]
    if twice:
        raise CorpusError([Problem(clip.origin or str(path), f"the id '{clip.id}' is not unique") for clip in twice])
    if not clips:
        raise CorpusError(Problem(str(path), "holds no clips"))


def _say_summary(out: Path, facts: Mapping[str, Any], seconds: float, took: float) -> None:
    parts = [f"{out}: {facts['clips']} clips", *(f"{n} without {name}" for name, n in facts["missing"].items())]
    parts.append(f"{facts['rejected']} rejected (reasons in {REJECTED})" if facts["rejected"] else "none rejected")
    parts += [
        f"{found['values']} values of {name} that are no numbers set to 0 in {found['clips']} clips"
        for name, found in facts.get("filled", {}).items()
    ]
    if seconds:
        parts.append(f"{seconds:.0f} s of media in {took:.1f} s, {seconds / took:.0f}x real time")
    console.say(", ".join(parts))
