"""docs/data.md says what is so: its tables, error messages, layouts and commands are run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from emoprism.corpora.manifest import ManifestCorpus
from emoprism.corpora.ravdess import Ravdess
from emoprism.errors import CorpusError
from emoprism.recipe import CORPORA, with_overrides
from emoprism.testing import check_corpus

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `data` of the example with its media."""
    folder = tmp_path / "data"
    for name in ("ann.mp4", "bob/first.wav", "bob/second.wav", "cem.mov"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"media")
    np.savez(folder / "units.npz", au=np.zeros((2, 35), np.float32))
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_example_of_a_table(data: Path) -> None:
    (data / "clips.csv").write_text(blocks("csv")[0])
    check_corpus("manifest", Path("data/clips.csv"))
    clips = {clip.id: clip for clip in ManifestCorpus(data).clips()}
    assert sorted(clips) == ["ann-1", "ann-2", "bob-1", "bob-2", "cem-1"]
    assert (clips["ann-2"].start, clips["ann-2"].end) == (3.5, 7.0)
    assert "emotion" not in clips["bob-2"].labels
    assert clips["bob-2"].features["action_units"].row == 1


def test_the_example_of_mistakes(data: Path) -> None:
    (data / "clips.csv").write_text(blocks("csv")[1])
    with pytest.raises(CorpusError) as caught:
        ManifestCorpus(Path("data/clips.csv")).clips()
    said = str(caught.value).replace(str(data.resolve()), "data")
    assert said == blocks("text")[0].strip()


def test_the_example_of_ravdess(tmp_path: Path) -> None:
    for line in blocks("text")[1].splitlines()[1:]:
        path = tmp_path / line.strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"media")
    rows = [
        f"| {clip.id} | {clip.video.name[:2] if clip.video else ''} | {clip.audio.name[:2] if clip.audio else ''}"
        f" | {clip.labels['speaker']} | {clip.labels['emotion']} |".replace("|  |", "| |")
        for clip in Ravdess(tmp_path).clips()
    ]
    assert len(rows) == 3
    assert "\n".join(rows) in TEXT


def test_the_options_it_names_exist() -> None:
    written = re.findall(r"`(corpus\.[^`]+)`", TEXT)
    options = [option for option in written if "KEY" not in option]
    assert len(options) == 5
    for option in options:
        given = with_overrides({}, [option])["corpus"]
        name = "ravdess" if "channel" in given else "manifest"
        assert CORPORA.validate(name, given, option)[1] == []


def test_the_commands_it_shows_name_corpora() -> None:
    commands = [shlex.split(block) for block in blocks("sh")]
    assert len(commands) == 2
    for program, verb, corpus, *_ in commands:
        assert (program, verb) == ("emoprism", "prepare")
        assert corpus in CORPORA.names()
