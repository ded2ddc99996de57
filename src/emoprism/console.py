"""What people see while a stage runs: one bar with the time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console

T = TypeVar("T")
LINE_EVERY_SECONDS = 10.0

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def silence() -> None:
    """Show nothing in this process: its parent shows the progress of all."""
    out.quiet = err.quiet = True


def say(text: str) -> None:
    """A line for the user on standard output, without markup."""
    out.print(text, markup=False)


def track(items: Iterable[T], what: str, total: int, *, done: int = 0) -> Iterator[T]:
    """Yield `items` with progress on standard error: done of total and an estimate of the time left."""
    if sys.stderr.isatty():
        yield from _bar(items, what, total, done)
        return
    start = last = time.monotonic()
    for count, item in enumerate(items, start=done + 1):
        yield item
        now = time.monotonic()
        if now - last >= LINE_EVERY_SECONDS and count < total:
            left = (now - start) / (count - done) * (total - count)
            err.print(f"{what}: {count}/{total}, about {left:.0f} s left", markup=False)
            last = now
    err.print(f"{what}: {total} in {time.monotonic() - start:.1f} s", markup=False)


def _bar(items: Iterable[T], what: str, total: int, done: int) -> Iterator[T]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(what, total=total, completed=done)
        for item in items:
            yield item
            progress.advance(task)
