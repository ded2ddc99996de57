"""The label stage: prepared clips and a face-emotion model in, a distribution over emotions per clip out.

Peri et al. (2021, 4.1) train on labels that a teacher gave to VoxCeleb (Albanie et al. 2018). This makes such labels
with any teacher, as the table that `emoprism prepare emovox` reads.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from emoprism import console
from emoprism.corpora._distributions import EMOTIONS, NAMES, distributions_csv
from emoprism.errors import MediaError
from emoprism.media.shards import REJECTED, PreparedClip, PreparedCorpus, read_header
from emoprism.stage import Stage, csv_text, write_text
from emoprism.teachers.classes import sums
from emoprism.teachers.frames import FOLDER, Said, part_path, read_part, write_part
from emoprism.teachers.options import LabelOptions, Teacher, find_teacher, for_manifest, try_teacher
from emoprism.teachers.pooling import check_kind, pool
from emoprism.types import FACE
from emoprism.workers import Lost, run_jobs

STAGE = "label"
TABLE = NAMES[0]
NO_FACE = "no face in it"
MEDIA = frozenset({".mp4", ".avi", ".mkv", ".webm", ".mov", ".flv", ".wav", ".flac", ".m4a", ".aac", ".mp3"})


def label(
    prepared: Path, out: Path, options: list[str], *, workers: int | None = None, overwrite: bool = False
) -> None:
    """Ask the teacher about every face of every clip. Resumes; the result depends on neither workers nor interruptions.

    Writes distributions.csv (the clips that got none have empty cells), rejected.csv (which those are, and why) and,
    with `keep_frames`, frames/*.npz. Raises InputError where prepared clips, options or teacher cannot be used.
    """
    asked = LabelOptions.read(options)
    corpus = PreparedCorpus.open(prepared)
    teacher = try_teacher(asked)
    stage = Stage.begin(
        out, STAGE, options=for_manifest(asked, teacher), inputs={"prepared": prepared},
        libraries=("numpy", "opencv-python-headless", *teacher.libraries), overwrite=overwrite,
    )  # fmt: skip
    if not stage.done:
        _ask(stage, corpus, asked, teacher, workers)
        facts = _write(stage, corpus, asked, teacher)
        stage.finish(facts)
        console.say(_summary(out, facts))
    else:
        console.say(f"{out}: labelled already")
    if not asked.keep_frames:
        shutil.rmtree(out / FOLDER, ignore_errors=True)


def _ask(stage: Stage, corpus: PreparedCorpus, asked: LabelOptions, teacher: Teacher, workers: int | None) -> None:
    """Write what the teacher says, shard by shard, but for the shards that are written already."""
    shards = _shards(corpus)
    done = {shard for shard in shards if part_path(stage.directory, shard).is_file()}
    todo = [clip for shard, clips in shards.items() if shard not in done for clip in clips]
    gathered: dict[str, dict[str, Said]] = {}
    jobs = run_jobs(
        partial(_work, corpus.directory, asked, teacher), todo, workers=workers, timeout=asked.timeout,
        prepare=partial(_begin_worker, asked),
    )  # fmt: skip
    for index, result in console.track(jobs, STAGE, len(corpus.clips), done=len(corpus.clips) - len(todo)):
        clip = todo[index]
        said = Said.nothing(clip.id, len(teacher.classes), result.reason) if isinstance(result, Lost) else result
        gathered.setdefault(clip.shard, {})[clip.id] = said
        if len(gathered[clip.shard]) == len(shards[clip.shard]):
            whole = gathered.pop(clip.shard)
            path = part_path(stage.directory, clip.shard)
            write_part(path, [whole[member.id] for member in shards[clip.shard]], list(teacher.classes))


def _work(prepared: Path, asked: LabelOptions, teacher: Teacher, clip: PreparedClip) -> Said:
    """One clip, in a worker."""
    if not clip.steps.get(FACE):
        return Said.nothing(clip.id, len(teacher.classes), clip.notes.get(FACE, NO_FACE))
    corpus = _opened(prepared)
    crops, times = corpus.read(clip, FACE), corpus.times(clip, FACE)
    try:
        rows = find_teacher(asked).faces(crops)
    except MediaError as error:
        return Said.nothing(clip.id, len(teacher.classes), error.reason)
    check_kind(rows, teacher.outputs, asked.source)
    return Said(clip.id, rows, times)


def _begin_worker(asked: LabelOptions) -> None:
    """As many processes as cores, one thread in each, and the teacher open before any clip's time runs."""
    import cv2

    cv2.setNumThreads(1)
    find_teacher(asked)


@lru_cache(maxsize=1)
def _opened(prepared: Path) -> PreparedCorpus:
    return PreparedCorpus.open(prepared)


def _write(stage: Stage, corpus: PreparedCorpus, asked: LabelOptions, teacher: Teacher) -> dict[str, Any]:
    """The tables, from what is kept of the frames; returns what the manifest says came of it."""
    matrix = sums(teacher.classes)
    rows: list[tuple[str, str, str, Sequence[float] | None]] = []
    refused: list[tuple[str, str, str]] = []
    frames, dominant = 0, Counter[str]()
    for shard in _shards(corpus):
        origins = _origins(corpus.directory / shard)
        for said in read_part(part_path(stage.directory, shard)):
            origin = origins.get(said.clip, "")
            try:
                if said.reason:
                    raise MediaError(said.reason)
                shares = pool(said.outputs, teacher.outputs, asked.frames, matrix)
            except MediaError as error:
                refused.append((said.clip, origin, error.reason))
                rows.append((said.clip, _path(origin), "", None))
                continue
            frames += len(said.outputs)
            dominant[EMOTIONS[int(shares.argmax())]] += 1
            rows.append((said.clip, _path(origin), "", shares.tolist()))
    write_text(stage.directory / TABLE, distributions_csv(sorted(rows, key=lambda row: row[0])))
    write_text(stage.directory / REJECTED, csv_text(["clip", "origin", "reason"], sorted(refused)))
    return {
        "clips": len(rows), "labelled": len(rows) - len(refused), "rejected": len(refused), "frames": frames,
        "outputs": teacher.outputs, "classes": dict(teacher.classes),
        "dominant": {name: dominant[name] for name in EMOTIONS},
    }  # fmt: skip


def _shards(corpus: PreparedCorpus) -> Mapping[str, list[PreparedClip]]:
    shards: dict[str, list[PreparedClip]] = {}
    for clip in corpus.clips:
        shards.setdefault(clip.shard, []).append(clip)
    return dict(sorted(shards.items()))


def _origins(shard: Path) -> dict[str, str]:
    rows, _ = read_header(shard)
    return {str(row["clip"]): str(row["origin"]) for row in rows}


def _path(origin: str) -> str:
    """Where a clip is declared, if that is a file of its own: the name by which VoxCeleb knows it."""
    path = PurePosixPath(origin)
    own = path.suffix.lower() in MEDIA and "," not in origin and not path.is_absolute() and ".." not in path.parts
    return origin if own else ""


def _summary(out: Path, facts: Mapping[str, Any]) -> str:
    shares = ", ".join(f"{name} {count}" for name, count in facts["dominant"].items() if count)
    without = f", {facts['rejected']} without (reasons in {REJECTED})" if facts["rejected"] else ""
    return f"{out}: {facts['labelled']} clips labelled{without}: {shares or 'none'}"
