"""docs/splits.md holds what it says: it names every splitter, and its examples are legal."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from emoprism.families import SPLITTERS
from emoprism.recipe import load_recipe
from emoprism.training.split import SplitOptions

PAGE = (Path(__file__).parents[2] / "docs" / "splits.md").read_text(encoding="utf-8").replace("\\\n", " ")
BLOCKS = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LINES = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines() if "=" in line]


def test_every_splitter_has_a_section() -> None:
    assert set(SPLITTERS.names()) <= set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))


@pytest.mark.parametrize(
    "words", [line for line in LINES if any(w.startswith("data.split") for w in line)], ids=" ".join
)
def test_options_of_recipes_are_legal(words: list[str]) -> None:
    overrides = [word for word in words if word.startswith("data.")]
    assert load_recipe("peri2021/confusion", overrides).data.split.name == overrides[0].partition("=")[2]


@pytest.mark.parametrize("words", [line for line in LINES if line[1:3] == ["split", "make"]], ids=" ".join)
def test_options_of_split_make_are_legal(words: list[str]) -> None:
    assert SplitOptions.read(words[5:]).split.name == words[5]


def test_the_page_has_examples_of_both() -> None:
    assert sum(line[1:3] == ["split", "make"] for line in LINES) >= 2
    assert sum(any(word.startswith("data.split=") for word in line) for line in LINES) >= 10
