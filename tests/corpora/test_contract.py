"""The contract suite of corpora notices each way to break it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from emoprism.corpora.base import Corpus
from emoprism.testing import check_corpus
from emoprism.types import Clip


class Shelf(Corpus):
    """Clips that were put on it."""

    citation = "me"
    licence = "free"

    def __init__(self, root: Path, make: Callable[[Path], list[Clip]]) -> None:
        super().__init__(root)
        self.make = make

    def clips(self) -> Sequence[Clip]:
        return self.make(self.root)


def clip(root: Path, name: str = "a", **changes: Any) -> Clip:
    sound = Clip(name, {"speaker": "x"}, audio=root / "a.wav", split="train", origin="here")
    return dataclasses.replace(sound, **changes)


BROKEN: dict[str, Callable[[Path], list[Clip]]] = {
    "finds clips": lambda root: [],
    "ids are unique": lambda root: [clip(root), clip(root)],
    "ordered by id": lambda root: [clip(root, "b"), clip(root, "a")],
    "has a picture, a sound or features": lambda root: [clip(root, audio=None)],
    "its files exist": lambda root: [clip(root, video=root / "gone.mp4")],
    "labels are words": lambda root: [clip(root, labels={"speaker": ""})],
    "words of one line": lambda root: [clip(root, labels={"speaker": "two\nlines"})],
    "calls emotions as": lambda root: [clip(root, labels={"emotion": "happiness"})],
    "starts within its file": lambda root: [clip(root, start=-1.0)],
    "ends after its start": lambda root: [clip(root, start=2.0, end=1.0)],
    "its split is one of": lambda root: [clip(root, split="dev")],
    "where it is declared": lambda root: [clip(root, origin="")],
    "an unseen speaker is in no other split": lambda root: [clip(root), clip(root, "b", split="unseen")],
    "a tested speaker is in train": lambda root: [clip(root, split="test")],
}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], list[Clip]]], None]:
    """Checks a corpus of these clips under the name of one of the house."""
    (tmp_path / "a.wav").write_bytes(b"x")

    def check(make: Callable[[Path], list[Clip]]) -> None:
        monkeypatch.setattr("emoprism.plugins.Family.make", lambda self, name, root, options: Shelf(root, make))
        check_corpus("manifest", tmp_path)

    return check


@pytest.mark.parametrize("words", BROKEN)
def test_a_broken_corpus_is_noticed(shelf: Callable[..., None], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        shelf(BROKEN[words])


def test_a_sound_corpus_passes(shelf: Callable[..., None]) -> None:
    shelf(lambda root: [clip(root), clip(root, "b", split="test", start=0.5), clip(root, "c", split=None)])


def test_clips_that_change_are_noticed(shelf: Callable[..., None]) -> None:
    seen: list[str] = []

    def make(root: Path) -> list[Clip]:
        seen.append("again")
        return [clip(root, f"clip{len(seen)}")]

    with pytest.raises(AssertionError, match="the same folder gives the same clips"):
        shelf(make)
