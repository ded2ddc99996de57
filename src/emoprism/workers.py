"""Processes that work one job at a time: a job that kills or hangs its process is known, and costs nobody else."""

from __future__ import annotations

import math
import multiprocessing as mp
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar, cast

from emoprism import console
from emoprism.errors import EmoprismError, Problem, RecipeError

J = TypeVar("J")
R = TypeVar("R")

TRIES = 2
"""A job whose process died is tried once more, alone to blame: the system may have killed the process for another."""
ONE_THREAD: Mapping[str, str] = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Numeric libraries read these when they are loaded. As many processes as cores, each with as many threads as
cores, wait for each other: measured, sound alone took four times as long."""
GRACE = 10.0
"""Seconds beyond its own time limit after which a job's process is killed."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What became of a job without a result, in words."""

    reason: str


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def nothing() -> None:
    """What a process prepares by default."""


def run_jobs(
    work: Callable[[J], R],
    jobs: Sequence[J],
    *,
    workers: int | None = None,
    timeout: float = float("inf"),
    prepare: Callable[[], None] = nothing,
) -> Iterator[tuple[int, R | Lost]]:
    """Yield (index, result) as jobs end, in any order. By default as many processes as there are cores.

    `work` and `prepare` (called once a process) are functions of a module; an exception of theirs is raised here.
    Killing this process, in whatever way, ends the others.
    """
    workers = usable_cores() if workers is None else workers
    if workers < 1:
        raise RecipeError(Problem("--workers", f"{workers} processes cannot work", "give 1 or more"))
    team = [_Worker(cast("Callable[[Any], Any]", work), prepare) for _ in range(min(workers, len(jobs)))]
    pending = deque((index, 1) for index in range(len(jobs)))
    try:
        while pending or any(worker.busy for worker in team):
            for worker in team:
                if pending and worker.ready and not worker.busy:
                    worker.give(*pending.popleft(), jobs)
            for worker in _heard(team, timeout):
                if not worker.ready:
                    worker.welcome()
                    continue
                index, tries = worker.index, worker.tries
                result = worker.take(timeout)
                again = isinstance(result, _Died) and tries < TRIES
                if again:
                    pending.appendleft((index, tries + 1))
                if pending and worker.ready:
                    worker.give(*pending.popleft(), jobs)  # before the result is dealt with: no core waits for that
                if not again:
                    yield index, Lost(result.reason) if isinstance(result, _Died) else result
    finally:
        for worker in team:
            worker.stop()


def _heard(team: Sequence[_Worker[Any, Any]], timeout: float) -> list[_Worker[Any, Any]]:
    """Workers that are ready, have answered, died, or are out of time; waits for the first of them."""
    awaited = [worker for worker in team if worker.busy or not worker.ready]
    busy = [worker for worker in awaited if worker.busy]
    left = min((worker.since for worker in busy), default=float("inf")) + timeout + GRACE - time.monotonic()
    patience = max(left, 0) if math.isfinite(left) else None
    heard = {id(pipe) for pipe in wait([worker.pipe for worker in awaited], timeout=patience)}
    ready = [worker for worker in awaited if id(worker.pipe) in heard]
    return ready or [worker for worker in busy if worker.late(timeout)]


@dataclass(frozen=True, slots=True)
class _Died:
    reason: str


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


class _Worker(Generic[J, R]):
    """One process and the job it works on; started anew when it is gone."""

    def __init__(self, work: Callable[[J], R], prepare: Callable[[], None]) -> None:
        self.work, self.prepare = work, prepare
        self.busy = self.ready = False
        self.index = self.tries = 0
        self.since = 0.0
        self._start()

    def welcome(self) -> None:
        """Hear that it has started. Raises what kept it from starting."""
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            raise EmoprismError("a worker process ended before it could start; is there enough memory?") from None
        if isinstance(answer, _Raised):
            raise answer.error
        self.ready = True

    def give(self, index: int, tries: int, jobs: Sequence[J]) -> None:
        """Hand it a job."""
        self.index, self.tries, self.since, self.busy = index, tries, time.monotonic(), True
        self.pipe.send(jobs[index])

    def late(self, timeout: float) -> bool:
        """Whether it should have answered by now."""
        return time.monotonic() - self.since > timeout + GRACE

    def take(self, timeout: float) -> R | Lost | _Died:
        """Its answer, or what became of it."""
        if not self.pipe.poll():
            self._restart()
            return Lost(f"took longer than {timeout:g} s and was stopped")
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError):
            code = self._restart()
            how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
            return _Died(f"the process that worked on it {how}")
        self.busy = False
        if isinstance(answer, _Raised):
            raise answer.error
        return answer

    def stop(self) -> None:
        """End the process: one that waits for a job by closing its pipe, one at work by killing it."""
        self.pipe.close()
        if self.busy or not self.ready:
            self.process.kill()
        self.process.join(timeout=5)
        self.process.kill()
        self.process.join()

    def _start(self) -> None:
        context = mp.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, self.work, self.prepare), daemon=True)
        with _environment(ONE_THREAD):
            self.process.start()
        other.close()

    def _restart(self) -> int | None:
        self.process.join(timeout=0.5)
        code = self.process.exitcode
        self.stop()
        self.busy = self.ready = False
        self._start()
        return code


@contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    """Variables that processes started in this block find set."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _serve(pipe: Connection, work: Callable[[Any], Any], prepare: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    console.silence()
    try:
        pipe.send(_tried(prepare))
        while True:
            job = pipe.recv()
            pipe.send(_tried(partial(work, job)))
    except (EOFError, OSError):
        return  # the parent is gone


def _end_with_parent() -> None:
    """Nobody would hear a process that outlives the one that started it, and two might write to one directory."""
    parent = mp.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _tried(call: Callable[[], R]) -> R | _Raised:
    try:
        return call()
    except Exception as error:
        return _Raised(error)
