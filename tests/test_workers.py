"""Jobs in processes of their own: results, errors, deaths and hangs."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emoprism import workers
from emoprism.errors import EmoprismError
from emoprism.workers import Lost, run_jobs, usable_cores

JOBS = """
import os, signal, time
from pathlib import Path

def ready():
    os.environ["READY"] = "yes"

def broken():
    raise ValueError("not today")

def dying():
    os._exit(1)

def work(job):
    kind, value = job
    if kind == "square":
        return value * value, os.environ.get("READY"), os.getpid()
    if kind == "threads":
        return [os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")]
    if kind == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "leave":
        os._exit(3)
    if kind == "die once":
        if not Path(value).exists():
            Path(value).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "second time", None, 0
    if kind == "hang":
        time.sleep(60)
    raise ValueError(f"cannot {kind}")
"""


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that child processes can import, too."""
    (tmp_path / "jobs_of_a_test.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield importlib.import_module("jobs_of_a_test")
    importlib.sys.modules.pop("jobs_of_a_test")


def run(jobs: Any, todo: list[tuple[str, Any]], count: int = 2, timeout: float = 30.0) -> dict[int, Any]:
    return dict(run_jobs(jobs.work, todo, workers=count, timeout=timeout, prepare=jobs.ready))


def test_results_of_all_jobs(jobs: Any) -> None:
    results = run(jobs, [("square", n) for n in range(20)])
    assert {index: result[0] for index, result in results.items()} == {n: n * n for n in range(20)}
    assert {result[1] for result in results.values()} == {"yes"}
    assert len({result[2] for result in results.values()}) <= 2
    assert run(jobs, []) == {}


def test_deaths_and_hangs_cost_only_their_own_job(jobs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workers, "GRACE", 0.2)
    mark = tmp_path / "mark"
    todo = [("square", 2), ("die", 0), ("square", 3), ("hang", 0), ("die once", str(mark)), ("leave", 0), ("square", 4)]
    began = time.monotonic()
    results = run(jobs, todo, timeout=0.8)
    assert time.monotonic() - began < 15
    assert [results[index][0] for index in (0, 2, 6)] == [4, 9, 16]
    assert results[1] == Lost("the process that worked on it was killed by signal 11")
    assert results[3] == Lost("took longer than 0.8 s and was stopped")
    assert results[4][0] == "second time"
    assert results[5] == Lost("the process that worked on it ended with code 3")


def test_each_process_has_one_thread_and_this_one_is_left_alone(jobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert run(jobs, [("threads", 0)]) == {0: ["1", "1"]}
    assert workers.os.environ["OMP_NUM_THREADS"] == "5" and "OPENBLAS_NUM_THREADS" not in workers.os.environ


def test_errors_are_raised_here(jobs: Any) -> None:
    with pytest.raises(ValueError, match="cannot fly"):
        run(jobs, [("fly", 0)])
    with pytest.raises(ValueError, match="not today"):
        list(run_jobs(jobs.work, [("square", 1)], workers=1, timeout=30.0, prepare=jobs.broken))


def test_processes_that_cannot_start(jobs: Any) -> None:
    with pytest.raises(EmoprismError, match="before it could start"):
        list(run_jobs(jobs.work, [("square", 1)], workers=1, timeout=30.0, prepare=jobs.dying))


def test_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_cores() >= 1
    monkeypatch.delattr(workers.os, "sched_getaffinity", raising=False)
    assert usable_cores() >= 1
