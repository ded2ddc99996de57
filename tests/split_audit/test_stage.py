"""`emoprism split audit`, on everything that has a split; what a run writes; what the report shows of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emoprism import cli
from emoprism.errors import RecipeError, StageError
from emoprism.media.audio import log_mel
from emoprism.media.processed import ProcessedClip
from emoprism.media.shards import PreparedCorpus
from emoprism.media.writer import encode, finish, write_shard
from emoprism.recipe import load_recipe
from emoprism.stage import Stage
from emoprism.training.split_audit import audit_run, audit_split, read_audit, write_audit
from emoprism.types import AUDIO, Clip

from .conftest import Tape

Write = Callable[[str, str], Path]
COPY = 7


@pytest.fixture(scope="module")
def spoken(tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve prepared clips of six speakers; the last is a quieter, trimmed copy of clip 7."""
    directory = tmp_path_factory.mktemp("spoken") / "prepared"
    stage = Stage.begin(directory, "prepare", options={}, inputs={})
    made = []
    for number in range(12):
        samples = 0.4 * tape.trimmed(tape.speech(COPY), 0.2, 0.3) if number == 11 else tape.speech(number)
        log_mels = log_mel(samples.astype(np.float32))
        times, boxes = {AUDIO: np.arange(len(log_mels)) / 100}, np.zeros((0, 4), np.float32)
        done = ProcessedClip(seconds=len(samples) / tape.rate, streams={AUDIO: log_mels}, times=times, boxes=boxes)
        labels = {"speaker": f"s{number % 6}", "emotion": ("happy", "sad")[number // 6]}
        made.append(encode(Clip(id=f"c{number:02d}", labels=labels), done))
    write_shard(directory / "shard-00000.safetensors", made, [])
    finish(stage, ["shard-00000.safetensors"], {})
    return directory


def split_of(write: Write, **moved: str) -> Path:
    sides = {f"c{number:02d}": "unseen" if number % 6 in (2, 5) else "train" for number in range(12)} | moved
    return write("split.csv", "clip,split\n" + "".join(f"{clip},{side}\n" for clip, side in sides.items()))


def test_a_prepared_directory_with_a_file(spoken: Path, listed: Write, tmp_path: Path) -> None:
    assert audit_split(spoken, tmp_path / "out", [f"file={split_of(listed)}"]) is True
    found = read_audit(tmp_path / "out" / "split_audit.json")
    assert [(c.first, c.second, c.sides, c.exact) for c in found.copies] == [("c07", "c11", ("train", "unseen"), False)]
    assert [f.kind for f in found.findings] == ["copies"]
    with (tmp_path / "out" / "copies.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["first"], row["second_split"], row["kind"], row["differ"]) == ("c07", "unseen", "near", "speaker")
    assert "# Split audit: faulty" in (tmp_path / "out" / "split_audit.md").read_text()


def test_the_same_without_the_copy_is_sound(spoken: Path, listed: Write, tmp_path: Path) -> None:
    """Negative control: nothing else about these clips is out of order."""
    assert audit_split(spoken, tmp_path / "out", [f"file={split_of(listed, c11='')}"]) is False
    found = read_audit(tmp_path / "out" / "split_audit.json")
    assert (found.grade, found.findings, found.looked.fingerprinted) == ("sound", [], 11)


def test_the_stage_repeats_to_the_byte_and_is_done_once(spoken: Path, listed: Write, tmp_path: Path) -> None:
    file = split_of(listed)
    for name in ("one", "two", "one"):
        audit_split(spoken, tmp_path / name, [f"file={file}"])
    for name in ("split_audit.json", "split_audit.md", "copies.csv", "manifest.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with pytest.raises(StageError, match="made with"):
        audit_split(spoken, tmp_path / "one", [f"file={file}", "permutations=50"])
    assert str(tmp_path) not in (tmp_path / "one" / "manifest.json").read_text()


def test_a_prepared_directory_with_a_splitter(spoken: Path, tmp_path: Path) -> None:
    audit_split(spoken, tmp_path / "out", ["split=k_fold", "split.folds=3", "split.fold=1", "seed=2"])
    assert sum(read_audit(tmp_path / "out" / "split_audit.json").clips.values()) == 12
    with pytest.raises(RecipeError, match="no split of their own"):
        audit_split(spoken, tmp_path / "no", [])
    assert not (tmp_path / "no").exists()


def test_a_list(listed: Write, tmp_path: Path) -> None:
    path = listed("list.csv", "clip,split,speaker\na,train,s\nb,test,s\n")
    assert audit_split(path, tmp_path / "seen", []) is False
    assert audit_split(path, tmp_path / "claimed", ["sides.test=unseen"]) is True
    with pytest.raises(RecipeError, match="'nowhere' is no side"):
        audit_split(path, tmp_path / "no", ["sides.test=nowhere"])


def test_strict_ends_with_one_where_the_split_is_faulty(listed: Write, tmp_path: Path) -> None:
    path = listed("list.csv", "clip,split,speaker\na,train,s\nb,unseen,s\n")
    out = str(tmp_path / "out")
    codes = [
        CliRunner().invoke(cli.app, ["split", "audit", str(path), out, *more]).exit_code for more in ([], ["--strict"])
    ]
    assert codes == [0, 1]


def test_a_run_audits_what_it_trains_on(spoken: Path, tmp_path: Path) -> None:
    recipe = load_recipe("peri2021/single_emotion", ["data.merge.emotion.sad=other"])
    corpus = PreparedCorpus.open(spoken)
    sides = {clip.id: "unseen" if clip.id in ("c05", "c11") else "train" for clip in corpus.clips}
    found, _ = audit_run(corpus, recipe, sides)
    assert found.copies_found == 1
    write_audit(tmp_path, found)
    assert read_audit(tmp_path / "split_audit.json") == found


def test_unreadable_audits_are_said(listed: Write) -> None:
    with pytest.raises(StageError, match="not a split audit"):
        read_audit(listed("split_audit.json", "{}"))
