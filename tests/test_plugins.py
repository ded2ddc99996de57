"""Plug-ins are found by their file names, and their options read off their signatures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from emoprism.errors import PluginError
from emoprism.families import CORPORA, FAMILIES, SPLITTERS
from emoprism.plugins import PLUGINS_VARIABLE, Family
from emoprism.testing import check_plugin, check_splitter

HEAD = """
from __future__ import annotations
from typing import TYPE_CHECKING
from emoprism.splits.base import Splitter
if TYPE_CHECKING:
    from decimal import Decimal
"""
BODY = '''
class Everything(Splitter):
    """All clips train."""

    def __init__(self, *, share: float = 0.5, speaker: str = "speaker") -> None:
        self.share = share

    def split(self, units, seed):
        return {unit.id: "train" for unit in units}
'''
GOOD = HEAD + BODY


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of own splitters, named in the environment beside a second, empty one."""
    folder = tmp_path / "mine" / "splits"
    folder.mkdir(parents=True)
    (tmp_path / "others").mkdir()
    monkeypatch.setenv(PLUGINS_VARIABLE, f"{tmp_path / 'others'}{os.pathsep}{tmp_path / 'mine'}")
    return folder


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.folder)
def test_names_are_plugins_and_nothing_else(family: Family[object]) -> None:
    names = family.names()
    assert names == sorted(set(names))
    assert "base" not in names
    assert not any(name.startswith("_") for name in names)


@pytest.mark.parametrize("family", [CORPORA, SPLITTERS], ids=lambda family: family.folder)
def test_every_file_of_a_family_is_a_plugin(family: Family[object]) -> None:
    assert family.names()
    for name in family.names():
        check_plugin(family, name)


def test_own_plugins_are_found_validated_and_checked(outside: Path) -> None:
    (outside / "everything.py").write_text(GOOD)
    (outside / "_helper.py").write_text("")
    assert "everything" in SPLITTERS.names()
    assert "_helper" not in SPLITTERS.names()
    assert SPLITTERS.make("everything", options={"share": 0.25}).share == 0.25
    assert SPLITTERS.find("everything") is SPLITTERS.find("everything"), "a file is read once"
    check_splitter("everything")


def test_own_files_take_precedence_over_the_house(outside: Path) -> None:
    (outside / "given.py").write_text(GOOD)
    assert SPLITTERS.find("given").__name__ == "Everything"


def test_a_directory_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLUGINS_VARIABLE, str(tmp_path / "msising"))
    with pytest.raises(PluginError, match=r"EMOPRISM_PLUGINS names .*msising, which is no directory"):
        SPLITTERS.names()


def test_a_misspelt_plugin_gets_a_suggestion() -> None:
    with pytest.raises(PluginError, match=r"no split called 'held_uot'; did you mean 'held_out'\?"):
        SPLITTERS.find("held_uot")
    options, problems = SPLITTERS.validate("held_uot", {}, "here")
    assert not options
    assert [problem.where for problem in problems] == ["here"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "found 0"),
        (HEAD + "class Abstract(Splitter):\n    pass\n", "found 0"),
        (GOOD + BODY.replace("Everything", "Other"), "found 2"),
        ("def broken(:", "wrong.py: cannot be imported: SyntaxError"),
        ("import no_such_module_anywhere", "cannot be imported: ModuleNotFoundError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
        (GOOD.replace("share: float = 0.5", "share=0.5"), "the option 'share' needs a type annotation"),
        (GOOD.replace("share: float", "share: Decimal"), "name 'Decimal' is not defined"),
    ],
)
def test_files_that_are_no_plugin(outside: Path, source: str, words: str) -> None:
    (outside / "wrong.py").write_text(source)
    with pytest.raises(PluginError, match=words):
        SPLITTERS.make("wrong")


def test_a_private_or_borrowed_class_does_not_count(outside: Path) -> None:
    borrowed = "from emoprism.splits.given import Given\n"
    (outside / "two.py").write_text(GOOD + borrowed + BODY.replace("Everything", "_Hidden"))
    assert SPLITTERS.find("two").__name__ == "Everything"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shre": 1}, "split everything: shre: unknown key\n    -> did you mean 'share'?"),
        ({"share": "much"}, "split everything: share: Input should be a valid number.*\n    -> given: 'much'"),
    ],
)
def test_options_are_strict(outside: Path, options: dict[str, object], words: str) -> None:
    (outside / "everything.py").write_text(GOOD)
    with pytest.raises(PluginError, match=words):
        SPLITTERS.make("everything", options=options)


def test_an_option_without_a_default_is_required(outside: Path) -> None:
    (outside / "demanding.py").write_text(GOOD.replace("share: float = 0.5", "share: float"))
    with pytest.raises(PluginError, match="share: this key is required"):
        SPLITTERS.make("demanding")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('    """All clips train."""\n', "", "the class has a docstring"),
        ("share: float = 0.5", "share: float", "option share has a default"),
        ("share: float = 0.5", "share: float = 'x'", "its defaults are legal options"),
        ("share: float = 0.5", "share: list[Decimal] = []", "not defined"),
    ],
)
def test_the_suite_notices_a_careless_plugin(outside: Path, old: str, new: str, words: str) -> None:
    (outside / "careless.py").write_text(GOOD.replace(old, new))
    with pytest.raises((AssertionError, PluginError), match=words):
        check_plugin(SPLITTERS, "careless")
