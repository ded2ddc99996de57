"""The sound of files: decoded, fingerprinted and forgotten, in as many processes as there are cores."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emoprism.console import track
from emoprism.errors import MediaError
from emoprism.media.audio import log_mel
from emoprism.media.decode import Medium, Wanted
from emoprism.media.sound import Samples, Waveform
from emoprism.split_audit.prints import Sound, describe
from emoprism.workers import Lost, run_jobs

AT_ONCE = 16
"""Excerpts that a process is given at a time."""
PATIENCE = 120.0
"""Seconds that the decoding of one excerpt may take."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Seconds [start, end) of a file's sound; all of it by default."""

    path: Path
    start: float = 0.0
    end: float = float("inf")


@dataclass(frozen=True, slots=True)
class HeardFile:
    """What is kept of an excerpt's sound, and its length in seconds as far as it was decoded."""

    sound: Sound
    seconds: float


def hear_files(
    excerpts: Sequence[Excerpt], longest: float, workers: int | None = None
) -> Iterator[tuple[int, HeardFile | str]]:
    """(place, what was heard) in any order; a sentence in place of a file that cannot be read.

    Of an excerpt the first `longest` seconds are heard.
    """
    jobs = [tuple(excerpts[first : first + AT_ONCE]) for first in range(0, len(excerpts), AT_ONCE)]
    done = run_jobs(partial(_hear_some, longest), jobs, workers=workers, timeout=PATIENCE * AT_ONCE)
    for number, found in track(done, "fingerprints", len(jobs)):
        said = [found.reason] * len(jobs[number]) if isinstance(found, Lost) else found
        yield from enumerate(said, start=number * AT_ONCE)


def hear(excerpt: Excerpt, longest: float) -> HeardFile:
    """Decode and describe one excerpt. Raises MediaError with the reason where that cannot be done."""
    end = min(excerpt.end, excerpt.start + longest)
    if end <= excerpt.start:
        raise MediaError(f"it ends at {excerpt.end:g} s, before it starts at {excerpt.start:g} s")
    waveform = Waveform(min(end - excerpt.start, longest))
    with Medium(excerpt.path, time.monotonic() + PATIENCE) as medium:
        if medium.audio is None:
            raise MediaError(f"{excerpt.path.name} has no sound track")
        for item in medium.play(Wanted(excerpt.start, end, None, sound=True)):
            if isinstance(item, Samples):
                waveform.add(item)
        seconds = medium.sound_end
    _, samples = waveform.join()
    return HeardFile(describe(log_mel(samples)), round(seconds, 3))


def _hear_some(longest: float, excerpts: Sequence[Excerpt]) -> list[HeardFile | str]:
    return [_heard(excerpt, longest) for excerpt in excerpts]


def _heard(excerpt: Excerpt, longest: float) -> HeardFile | str:
    """Whatever a strange file sets off is a reason not to hear that file, not to end the audit."""
    try:
        return hear(excerpt, longest)
    except MediaError as error:
        return error.reason
    except Exception as error:
        return f"unexpected error ({type(error).__name__}): {error}"
