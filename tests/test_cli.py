"""The verbs: light to import, documented, and errors in words instead of tracebacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from emoprism import __version__, cli
from emoprism.errors import CorpusError, Problem

VERBS = (
    "corpus",
    "prepare",
    "split",
    "train",
    "embed",
    "audit",
    "report",
    "predict",
    "benchmark",
    "crossvalidate",
    "demo",
    "identify",
    "label",
)
HEAVY = (
    "torch",
    "numpy",
    "sklearn",
    "cv2",
    "av",
    "matplotlib",
    "pandas",
    "scipy",
    "statsmodels",
    "pyarrow",
    "pydantic",
)


def test_importing_the_verbs_imports_nothing_slow() -> None:
    code = f"import sys, emoprism.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_help_of_the_whole_names_every_verb() -> None:
    shown = CliRunner().invoke(cli.app, ["--help"], terminal_width=200)
    assert shown.exit_code == 0
    places = [shown.output.find(f"│ {verb} ") for verb in VERBS]
    assert min(places) >= 0
    assert places == sorted(places), "in the order of the work"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    shown = CliRunner().invoke(cli.app, [verb, "--help"])
    assert shown.exit_code == 0
    assert "Usage" in shown.output


def test_version() -> None:
    assert CliRunner().invoke(cli.app, ["--version"]).output == f"emoprism {__version__}\n"


CALLS: dict[str, tuple[str, str, list[str], tuple[Any, ...], dict[str, Any]]] = {
    "corpus": (
        "puppets.corpus", "make", ["puppets", "o", "speakers=3", "--workers", "2"],
        ("puppets", Path("o"), ["speakers=3"]), {"workers": 2, "overwrite": False},
    ),
    "corpus list": ("corpora._listing", "show", [], (), {}),
    "corpus inspect": (
        "inspection.build", "inspect", ["p", "o", "seed=3"],
        (Path("p"), Path("o"), ["seed=3"]), {"overwrite": False},
    ),
    "corpus relabel": (
        "media.relabel", "relabel", ["p", "t.csv", "o"], (Path("p"), Path("t.csv"), Path("o")), {"overwrite": False},
    ),
    "corpus join": (
        "media.join", "join", ["o", "a=x", "b=y"], (Path("o"), ["a=x", "b=y"]), {"overwrite": False},
    ),
    "split make": (
        "training.split", "make_split", ["p", "o", "k_fold", "folds=3"],
        (Path("p"), Path("o"), ["k_fold", "folds=3"]), {"overwrite": False},
    ),
    "split audit": (
        "training.split_audit", "audit_split", ["c.csv", "o", "seed=1", "--workers", "2"],
        (Path("c.csv"), Path("o"), ["seed=1"]), {"workers": 2, "overwrite": False},
    ),
    "prepare": (
        "media.prepare", "prepare", ["manifest", "c.csv", "o", "--overwrite"],
        ("manifest", Path("c.csv"), Path("o"), []), {"workers": None, "overwrite": True},
    ),
    "embed": (
        "deploy.other", "embed_as_asked", ["r", "p", "o", "other=true"],
        (Path("r"), Path("p"), Path("o"), ["other=true"]), {"overwrite": False},
    ),
    "audit": (
        "leakage.audit", "audit", ["e", "o", "a=1"],
        (Path("e"), Path("o"), ["a=1"]), {"workers": None, "overwrite": False},
    ),
    "report": ("report.build", "build", ["a", "o"], (Path("a"), Path("o")), {"overwrite": False}),
    "predict": (
        "deploy.predict", "predict", ["r", "v.mp4"],
        (Path("r"), Path("v.mp4"), None, []), {"overwrite": False},
    ),
    "benchmark": (
        "experiments.suite", "run_suite", ["s", "p", "o", "seeds=[0]"],
        ("s", Path("p"), Path("o"), ["seeds=[0]"]), {"workers": None},
    ),
    "crossvalidate": (
        "experiments.crossvalidate", "crossvalidate", ["s", "p", "o", "other=q", "seeds=[0]", "--workers", "1"],
        ("s", Path("p"), Path("o"), ["other=q", "seeds=[0]"]), {"workers": 1},
    ),
    "identify": (
        "identities.identify", "identify", ["p", "o", "run=r"],
        (Path("p"), Path("o"), ["run=r"]), {"overwrite": False},
    ),
    "label": (
        "teachers.label", "label", ["p", "o", "source=t.onnx", "--workers", "1"],
        (Path("p"), Path("o"), ["source=t.onnx"]), {"workers": 1, "overwrite": False},
    ),
    "demo": ("experiments.demo", "run_demo", [], (Path("runs/demo"),), {"workers": None}),
}  # fmt: skip


class Stand(ModuleType):
    """A module of one function that keeps what it is called with, or raises."""

    def __init__(self, module: str, function: str, error: BaseException | None = None) -> None:
        super().__init__(module)
        self.called: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.error = error
        setattr(self, function, self._call)

    def _call(self, *given: Any, **named: Any) -> None:
        self.called.append((given, named))
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("verb", CALLS)
def test_a_verb_hands_on_what_it_was_given(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function, words, given, named = CALLS[verb]
    stand = Stand(module, function)
    monkeypatch.setitem(sys.modules, f"emoprism.{module}", stand)
    shown = CliRunner().invoke(cli.app, [*verb.split(), *words], catch_exceptions=False)
    assert shown.exit_code == 0
    assert stand.called == [(given, named)]


def test_train_reads_the_recipe_with_its_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand("training.run", "train")
    monkeypatch.setitem(sys.modules, "emoprism.training.run", stand)
    monkeypatch.setattr("emoprism.recipe.load_recipe", lambda *given: given)
    shown = CliRunner().invoke(cli.app, ["train", "peri2021/base", "p", "o", "seed=3"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert stand.called == [((("peri2021/base", ["seed=3"]), Path("p"), Path("o")), {"overwrite": False})]


def run_main(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int | str | None:
    monkeypatch.setitem(sys.modules, "emoprism.report.build", Stand("report.build", "build", error))
    monkeypatch.setattr(sys, "argv", ["emoprism", "report", "a", "o"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


def test_bad_input_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main(monkeypatch, CorpusError(Problem("a.csv, row 3", "empty", "fill it"))) == 2
    assert capsys.readouterr().err == "error: a.csv, row 3: empty\n    -> fill it\n"


def test_a_full_disk_or_a_locked_folder_is_an_error_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, OSError(28, "No space left on device", "runs/a")) == 2
    assert capsys.readouterr().err == "error: runs/a: No space left on device\n"
    assert run_main(monkeypatch, OSError("something odd")) == 2
    assert capsys.readouterr().err == "error: something odd\n"


def test_stopped_by_hand_it_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "stopped; the same command goes on from here\n"


def test_a_programming_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        run_main(monkeypatch, ZeroDivisionError())


def test_as_a_module() -> None:
    command = [sys.executable, "-m", "emoprism.cli", "embed", "no/run", "no/prepared", "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no/")
    assert "Traceback" not in done.stderr
