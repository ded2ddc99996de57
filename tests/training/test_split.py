"""`emoprism split make`: a split as files that say for which clips they were made, and train reads them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from emoprism.errors import CorpusError, RecipeError, StageError
from emoprism.media.join import join
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import Data
from emoprism.splits.base import read_sides
from emoprism.stage import read_manifest
from emoprism.training.dataset import label_clips
from emoprism.training.split import make_split
from emoprism.training.units import units_of


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_a_file_per_fold(prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_split(prepared, tmp_path / "s", ["k_fold", "folds=3", "validation=0.2", "seed=4"])
    assert "fold-02.csv: 48 train, 12 validation, 30 unseen" in capsys.readouterr().out
    manifest = read_manifest(tmp_path / "s", "split make")
    assert (
        manifest.seed == 4 and manifest.options["split"]["folds"] == 3 and manifest.options["split"]["name"] == "k_fold"
    )
    assert list(manifest.inputs) == ["prepared"] and manifest.facts["clips"] == 90
    assert list(manifest.facts["files"]) == ["fold-00.csv", "fold-01.csv", "fold-02.csv"]
    fact = manifest.facts["files"]["fold-01.csv"]
    assert (fact["fold"], fact["speakers"]) == ("fold 2 of 3", {"train": 4, "validation": 4, "unseen": 2})
    folds = [read_sides(tmp_path / "s" / f"fold-0{i}.csv") for i in range(3)]
    assert Counter(clip for sides in folds for clip, side in sides.items() if side == "unseen") == Counter(
        dict.fromkeys(folds[0], 1)
    )
    counts = rows(tmp_path / "s" / "counts.csv")
    assert sum(int(row["clips"]) for row in counts if row["attribute"] == "speaker") == 3 * 90
    happy = [row for row in counts if (row["file"], row["split"], row["label"]) == ("fold-00.csv", "unseen", "happy")]
    assert [row["clips"] for row in happy] == ["10"]


def test_a_splitter_without_folds_writes_one_file(prepared: Path, tmp_path: Path) -> None:
    make_split(prepared, tmp_path / "s", ["unseen=2"])
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["counts.csv", "manifest.json", "split.csv"]
    assert read_manifest(tmp_path / "s", "split make").options["split"]["name"] == "held_out"


def test_the_same_bytes_again_and_others_for_another_seed(prepared: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_split(prepared, tmp_path / name, ["k_fold", "folds=2", f"seed={seed}"])
    one, same, other = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "abc")
    assert one == same and one["fold-00.csv"] != other["fold-00.csv"]
    make_split(prepared, tmp_path / "a", ["k_fold", "folds=2", "seed=1"])
    with pytest.raises(StageError, match="folds: made with 2, asked for 3"):
        make_split(prepared, tmp_path / "a", ["k_fold", "folds=3", "seed=1"])
    make_split(prepared, tmp_path / "a", ["k_fold", "folds=3", "seed=1"], overwrite=True)
    assert (tmp_path / "a" / "fold-02.csv").is_file()


def test_training_reads_the_files_and_files_of_runs_are_the_same(prepared: Path, tmp_path: Path) -> None:
    make_split(
        prepared,
        tmp_path / "s",
        ["sentence_disjoint", "sentence=emotion", "speaker_folds=2", "stratify=gender", "validation=0"],
    )
    corpus = PreparedCorpus.open(prepared)
    path = tmp_path / "s" / "fold-01.csv"
    data = Data.model_validate({"split": {"name": "file", "path": path}})
    labelled = label_clips(corpus, data, seed=0)
    left_out = [clip for clip, side in read_sides(path).items() if not side]
    assert list(labelled.left_out) == left_out and left_out
    assert labelled.split_csv() == path.read_text(), "the file goes through training unchanged"
    other = Data.model_validate({"split": {"name": "file", "path": tmp_path / "s" / "fold-02.csv"}})
    assert label_clips(corpus, other, seed=0).split != labelled.split


def test_a_corpus_that_differs_is_noticed(prepared: Path, make_prepared, tmp_path: Path) -> None:
    make_split(prepared, tmp_path / "s", ["k_fold"])
    other = PreparedCorpus.open(make_prepared(7, 15))
    data = Data.model_validate({"split": {"name": "file", "path": tmp_path / "s" / "fold-00.csv"}})
    with pytest.raises(CorpusError, match="'s6-00': a clip that is not in the file"):
        label_clips(other, data, seed=0)


def test_what_cannot_be_split_leaves_no_directory(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="90 of 90 clips have no split"):
        make_split(prepared, tmp_path / "s", ["given"])
    with pytest.raises(CorpusError, match="folds=9"):
        make_split(prepared, tmp_path / "s", ["k_fold", "folds=9"])
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["k_fould"], "did you mean 'k_fold'"),
        (["k_fold", "fold=2"], "every fold is written"),
        (["k_fold", "folds=two"], "folds"),
        (["k_fold", "see=2"], "unknown key"),
        (["seed=-1"], "seed"),
        (["k_fold", "given"], "key=value"),
    ],
)
def test_words_that_are_wrong(prepared: Path, tmp_path: Path, words: list[str], told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        make_split(prepared, tmp_path / "s", words)


@pytest.fixture
def joined(prepared: Path, make_prepared, tmp_path: Path) -> Path:
    join(tmp_path / "joined", [f"a={prepared}", f"b={make_prepared(4, 15)}"])
    return tmp_path / "joined"


MAPS = {"b": {"emotion": {"happy": None, "angry": "cross"}}, "a": {"emotion": {"angry": "cross"}}}


def test_maps_are_of_one_corpus_each_and_nothing_leaves_a_clip_out(joined: Path) -> None:
    corpus = PreparedCorpus.open(joined)
    units = units_of(corpus, MAPS, {"emotion": {"cross": "furious"}})
    count = Counter((unit.labels["corpus"], unit.labels["emotion"]) for unit in units)
    assert count == {
        ("a", "furious"): 30, ("a", "happy"): 30, ("a", "neutral"): 30, ("b", "furious"): 20, ("b", "neutral"): 20,
    }  # fmt: skip
    data = Data.model_validate({"maps": MAPS, "split": {"name": "cross_corpus", "test": ["b"]}})
    labelled = label_clips(corpus, data, seed=0)
    assert labelled.classes["emotion"] == ("cross", "happy", "neutral")
    assert len(labelled.left_out) == 20 and all(clip.startswith("b-") for clip in labelled.left_out)


@pytest.mark.parametrize(
    ("maps", "told"),
    [
        ({"bb": {}}, r"data.maps.bb: no clip is of this corpus"),
        ({"a": {"emotions": {}}}, r"data.maps.a.emotions: no clip has this label\n    -> did you mean 'emotion'\?"),
        ({"a": {"emotion": {"hapy": None}}}, r"data.maps.a.emotion.hapy: no clip has .*\n    -> did you mean 'happy'"),
    ],
)
def test_a_map_that_maps_nothing_is_refused(joined: Path, maps: dict, told: str) -> None:
    with pytest.raises(CorpusError, match=told):
        units_of(PreparedCorpus.open(joined), maps, {})


def test_a_published_cross_corpus_split_with_and_without_its_maps(joined: Path, tmp_path: Path) -> None:
    words = ["cross_corpus", "test=b", "maps={b: {emotion: {happy: null}}}"]
    make_split(joined, tmp_path / "s", words)
    facts = read_manifest(tmp_path / "s", "split make").facts
    assert facts["files"]["split.csv"]["clips"]["unseen"] == 40
    assert Counter(read_sides(tmp_path / "s" / "split.csv").values())[""] == 20
    split = {"split": {"name": "file", "path": tmp_path / "s" / "split.csv"}}
    corpus = PreparedCorpus.open(joined)
    for maps in ({}, {"b": {"emotion": {"happy": None}}}):
        labelled = label_clips(corpus, Data.model_validate(split | {"maps": maps}), seed=0)
        assert Counter(labelled.split)["unseen"] == 40
    assert json.loads((tmp_path / "s" / "manifest.json").read_text())["options"]["maps"] == {
        "b": {"emotion": {"happy": None}}
    }
