"""Clips from their plans to their files, several at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emoprism.console import say, track
from emoprism.errors import Problem, StageError
from emoprism.puppets.draw import Painter
from emoprism.puppets.encode import write_mp4
from emoprism.puppets.people import Person
from emoprism.puppets.performance import perform
from emoprism.puppets.plan import ClipPlan
from emoprism.puppets.settings import PuppetSettings
from emoprism.puppets.speech import RATE, speak
from emoprism.stage import replacing
from emoprism.workers import Lost, run_jobs, usable_cores

TRIES = 5
"""Times that a clip is rendered anew where its encoder does not agree with itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """One clip to be rendered into the file `path`."""

    settings: PuppetSettings
    person: Person
    plan: ClipPlan
    path: Path


def render_clip(job: Job) -> None:
    """Synthesise, animate, draw and encode one clip. The file appears whole or not at all.

    Its bytes depend on the settings, the person and the plan alone.
    """
    with replacing(job.path) as temporary:
        if not any(_render(job, temporary) for _ in range(TRIES)):
            say(
                f"note, {job.path.name}: the encoder did not agree with itself; its bytes may differ from another run's"
            )


def _render(job: Job, path: Path) -> bool:
    """Write the clip; False where the encoder did not agree with itself."""
    settings, person, plan = job.settings, job.person, job.plan
    speaking, moving, filming = (np.random.default_rng([settings.seed, 5, plan.index, part]) for part in range(3))
    speech = speak(person.voice, plan.prosody, plan.f0, plan.microphone, settings.seconds, speaking)
    performance = perform(person, plan, speech, settings, moving)
    painter = Painter(person, plan.scene, settings.size, filming)
    pictures, twin = painter.pictures(performance), path.with_name(f"{path.name}.twin")
    return write_mp4(path, twin, pictures, settings.fps, speech.sound, RATE, settings.size)


def render_all(jobs: Sequence[Job], workers: int | None) -> None:
    """Render what is not there yet, in `workers` processes (all cores by default), with progress.

    Raises StageError where a process was killed.
    """
    _sweep({job.path.parent for job in jobs})
    todo = [job for job in jobs if not job.path.exists()]
    count = min(usable_cores() if workers is None else workers, len(todo))
    done = len(jobs) - len(todo)
    rendered = _here(todo) if count == 1 else _in_processes(todo, count)
    for _ in track(rendered, "clips", len(jobs), done=done):
        pass


def _sweep(folders: set[Path]) -> None:
    """Remove what a killed process has left half-written."""
    for folder in folders:
        for leftover in folder.glob(".*"):
            leftover.unlink()


def _here(jobs: Sequence[Job]) -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for job in jobs:
            yield render_clip(job)
    finally:
        cv2.setNumThreads(threads)


def _in_processes(jobs: Sequence[Job], count: int) -> Iterator[None]:
    for _, result in run_jobs(render_clip, jobs, workers=count, prepare=_one_thread):
        if isinstance(result, Lost):
            fix = "run the same command again, with fewer --workers if memory is short"
            raise StageError(Problem("clips", result.reason, fix))
        yield


def _one_thread() -> None:
    cv2.setNumThreads(1)
