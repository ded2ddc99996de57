"""What people see while a stage runs."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from emoprism import console


class Clock:
    """A clock that goes on by some seconds at every look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


def test_saying_prints_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("[bold]x[/bold] " + "y" * 200)
    assert capsys.readouterr().out == "[bold]x[/bold] " + "y" * 200 + "\n"


def test_away_from_a_terminal_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "time", Clock(6.0))
    assert list(console.track(range(6), "clips", 10, done=4)) == list(range(6))
    written = capsys.readouterr()
    lines = written.err.splitlines()
    assert written.out == ""
    assert lines[0] == "clips: 6/10, about 24 s left", "12 s for two clips, four to go"
    assert lines[-1] == "clips: 10 in 42.0 s"
    assert len(lines) == 3, "no line for the last clip but the closing one"


def test_a_short_job_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(console.track([], "clips", 0)) == []
    assert capsys.readouterr().err.startswith("clips: 0 in 0.0 s")


def test_on_a_terminal_a_bar_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(console, "err", Console(file=screen, force_terminal=True, width=100))
    assert list(console.track("abc", "clips", 5, done=2)) == ["a", "b", "c"]
    assert "5/5" in screen.getvalue()
    assert "left" in screen.getvalue()
