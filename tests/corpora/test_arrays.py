"""Whole corpora as arrays, in the forms of MulT, MMSA and the SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.corpora.arrays import ArrayCorpus
from emoprism.errors import CorpusError
from emoprism.media.features import read_features
from emoprism.media.prepare import prepare
from emoprism.media.shards import PreparedCorpus
from emoprism.stage import read_manifest
from emoprism.testing import check_copies, check_corpus
from emoprism.types import Clip

Side = dict[str, np.ndarray]
SENTIMENTS = {"train": [1.0, -2.0, 0.5], "valid": [3.0], "test": [-1 / 3, 0.0]}


def mmsa(side: str) -> Side:
    """Ids `<video>$_$<n>`, lengths, padding behind; the test side's videos are its own."""
    count = len(SENTIMENTS[side])
    audio, vision = np.zeros((count, 6, 3), np.float32), np.zeros((count, 4, 2), np.float32)
    for row in range(count):
        audio[row, : row + 2], vision[row, : row + 1] = row + 1, -row - 1
    audio[0, 1, 2] = -np.inf
    return {
        "audio": audio, "audio_lengths": np.arange(count) + 2, "vision": vision, "vision_lengths": np.arange(count) + 1,
        "text_bert": np.ones((count, 3, 5)), "id": np.array([f"{side}{row // 2}$_${row}" for row in range(count)]),
        "regression_labels": np.array(SENTIMENTS[side]), "annotations": np.array(["Yes", "No, not"] * count)[:count],
    }  # fmt: skip


def mult(side: str) -> Side:
    """Ids (video, start, end), labels [N, 1, 1], padding in front and no lengths."""
    made = mmsa(side)
    ids = np.array([[name.partition("$_$")[0], f"{row}.5", f"{row + 1}.25"] for row, name in enumerate(made["id"])])
    front = {name: made[name][:, ::-1].copy() for name in ("audio", "vision")}
    return {**front, "id": ids, "labels": made["regression_labels"].reshape(-1, 1, 1)}


def sdk(side: str) -> Side:
    """Ids `<video>[<n>]`, labels [N, 1, 7]."""
    made = mmsa(side)
    scores = np.zeros((len(made["id"]), 1, 7))
    scores[:, 0, 0], scores[:, 0, 4], scores[1:, 0, 1] = SENTIMENTS[side], 2.0, 1.0
    return {**mult(side), "id": np.char.replace(made["id"], "$_$", "[") + "]", "labels": scores}


def folder(root: Path, form: Any = mmsa, suffix: str = ".npz") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for side in SENTIMENTS:
        write(root / f"{side}{suffix}", form(side))
    return root


def write(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".h5":
        h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'emoprism[hdf5]'")
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name] = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {name: pa.array(array.tolist()) for name, array in arrays.items()}
        pq.write_table(pa.table(columns), path)
    return path


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        ArrayCorpus(root, **options).clips()
    return str(caught.value)


@pytest.mark.parametrize("form", [mmsa, mult, sdk])
def test_keeps_the_contract(tmp_path: Path, form: Any) -> None:
    root = folder(tmp_path / "corpus", form)
    check_corpus("arrays", root)
    check_copies("arrays", root, tmp_path / "copies")


def test_the_form_of_mmsa(tmp_path: Path) -> None:
    clips = {clip.id: clip for clip in ArrayCorpus(folder(tmp_path), labels={"polarity": "annotations"}).clips()}
    assert sorted(clips) == ["test0_0", "test0_1", "train0_0", "train0_1", "train1_2", "valid0_0"]
    clip = clips["train1_2"]
    assert clip.labels == {"speaker": "train1", "source": "train1", "polarity": "Yes"}
    assert (clip.values, clip.split, clip.origin) == ({"sentiment": 0.5}, "train", "train.npz, row 2")
    assert {name: (source.array, source.row, source.length) for name, source in clip.features.items()} == {
        "acoustic": ("audio", 2, 4), "visual": ("vision", 2, 3),
    }  # fmt: skip
    assert (clips["valid0_0"].split, clips["test0_1"].split) == ("validation", "unseen")


def test_the_forms_of_mult_and_of_the_sdk(tmp_path: Path) -> None:
    clips = {clip.id: clip for clip in ArrayCorpus(folder(tmp_path / "a", mult)).clips()}
    assert (
        clips["train0_1.5_2.25"].values == {"sentiment": -2} and clips["train0_1.5_2.25"].labels["speaker"] == "train0"
    )
    assert clips["train0_1.5_2.25"].features["acoustic"].length is None
    clips = {clip.id: clip for clip in ArrayCorpus(folder(tmp_path / "b", sdk)).clips()}
    clip = clips["train0[1]"]
    assert clip.values["sentiment"] == -2 and clip.values["intensity:surprised"] == 2
    assert (clip.labels["emotion"], clip.labels["happy"], clip.labels["sad"]) == ("surprised", "yes", "no")


FORMS = [(".npz", False), (".npz", True), (".h5", False), (".h5", True), (".parquet", False)]


@pytest.mark.parametrize(("suffix", "whole"), FORMS)
def test_every_kind_of_file_and_one_of_all_sides(tmp_path: Path, suffix: str, whole: bool) -> None:
    if whole:
        sides = {f"{side}/{name}": array for side in SENTIMENTS for name, array in mmsa(side).items()}
        root = write(tmp_path / f"mosei{suffix}", sides)
    else:
        root = folder(tmp_path / "corpus", suffix=suffix)
    expected = ArrayCorpus(folder(tmp_path / "expected")).clips()
    found = ArrayCorpus(root).clips()
    assert [(c.id, c.labels, c.values, c.split) for c in found] == [
        (c.id, c.labels, c.values, c.split) for c in expected
    ]
    assert tensors(found) == tensors(expected)


def tensors(clips: Sequence[Clip]) -> list[dict[str, list[list[float]]]]:
    return [{name: read_features(source).values.tolist() for name, source in c.features.items()} for c in clips]


@pytest.mark.parametrize("form", [mmsa, mult, sdk])
def test_prepared_padding_is_gone_and_infinities_are_counted(tmp_path: Path, form: Any) -> None:
    prepare("arrays", folder(tmp_path / "corpus", form), tmp_path / "out", [], workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    steps = {clip.id: dict(clip.steps) for clip in corpus.clips}
    assert sorted(each["acoustic"] for each in steps.values()) == [2, 2, 2, 3, 3, 4]
    assert sorted(each["visual"] for each in steps.values()) == [1, 1, 1, 2, 2, 3]
    assert read_manifest(tmp_path / "out", "prepare").facts["filled"] == {"acoustic": {"clips": 3, "values": 3}}
    first = next(clip for clip in corpus.clips if clip.id.startswith("train0") and clip.steps["visual"] == 1)
    assert sorted(corpus.read(first, "acoustic").ravel().tolist()) == [0, 1, 1, 1, 1, 1], "minus infinity is 0"


def test_clips_of_nothing_but_padding(tmp_path: Path) -> None:
    made = mmsa("train")
    made["vision"][1], made["vision"][2], made["audio"][2] = 0, 0, 0
    prepare("arrays", write(tmp_path / "a.npz", made), tmp_path / "out", [], workers=1)
    clips = PreparedCorpus.open(tmp_path / "out").clips
    assert [clip.notes.get("visual") for clip in clips] == [None, "a.npz#vision holds nothing but padding for it"]
    assert 'train1_2,"a.npz, row 2",a.npz#audio holds nothing' in (tmp_path / "out" / "rejected.csv").read_text()


def test_sides_by_what_speakers_do_elsewhere(tmp_path: Path) -> None:
    root = folder(tmp_path)
    test = mmsa("test") | {"id": np.array(["train0$_$9", "valid0$_$9"])}
    write(root / "test.npz", test)
    clips = {clip.id: clip for clip in ArrayCorpus(root).clips()}
    assert clips["train0_9"].split == "test" and not clips["train0_9"].rejected
    assert clips["valid0_9"].rejected == "its speaker 'valid0' is on the validation side and never trains"
    check_corpus("arrays", root)


def test_what_the_options_name(tmp_path: Path) -> None:
    made = mmsa("train") | {
        "more": np.arange(6.0).reshape(3, 2),
        "who": np.array([b"x", b"y", b"z"]),
        "n": np.arange(3),
    }
    path = write(tmp_path / "all.npz", made)
    options: dict[str, Any] = {
        "streams": {"bert": "text_bert"}, "values": {"arousal": "more[1]"}, "labels": {"speaker": "who", "digit": "n"},
        "ids": "n",
    }  # fmt: skip
    clips = ArrayCorpus(path, **options).clips()
    assert [(clip.id, dict(clip.labels), dict(clip.values), clip.split) for clip in clips] == [
        (str(n), {"speaker": "xyz"[n], "digit": str(n)}, {"arousal": 2 * n + 1}, None) for n in range(3)
    ]
    assert [source.array for source in clips[0].features.values()] == ["text_bert"]
    del made["id"]
    assert [clip.id for clip in ArrayCorpus(write(tmp_path / "b.npz", made)).clips()] == ["b-0", "b-1", "b-2"]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"vision": np.zeros((2, 4, 2))}, {}, "#vision: has shape [2, 4, 2], where 'audio' has 3 rows"),
        ({"regression_labels": np.zeros(2)}, {}, "where 'audio' has 3 rows"),
        ({"audio": np.float32(1)}, {}, "#vision: has shape [3, 4, 2], where 'audio' has 0 rows"),
        ({"audio_lengths": np.zeros(3)}, {}, "#audio_lengths: float64 [3]\n    -> expected 3 whole numbers"),
        ({"id": np.array(["a/b", "c", "d"])}, {}, "#id: row 0: 'a/b' cannot be the id of a clip"),
        ({"id": np.array(["a", "c", "a"])}, {}, "train.npz, row 2: the id 'a' is that of train.npz, row 0 too"),
        ({"id": np.array([["a", "b"]] * 3)}, {}, "2 words for a clip"),
        ({"regression_labels": np.zeros((3, 4))}, {}, "4 numbers for a clip\n    -> say what its columns are"),
        ({}, {"values": {"x": "annotations"}}, "#annotations: <U7 [3]\n    -> expected numbers, 3 rows"),
        ({}, {"values": {"x": "regression_labels[1]"}}, "#regression_labels: 1 numbers for a clip"),
        ({}, {"values": {"x": "a[b]"}}, "'a[b]' (corpus.values)\n    -> write array or array[column]"),
        ({}, {"values": {"x": "regresion_labels"}}, "did you mean 'regression_labels'?"),
        ({}, {"labels": {"x": "anotations"}}, "'anotations' (corpus.labels)\n    -> did you mean 'annotations'?"),
        ({}, {"labels": {"x": "regression_labels"}}, "expected 3 words or whole numbers"),
        ({}, {"streams": {"x": "adio"}}, "no array 'adio' (corpus.streams)\n    -> did you mean 'audio'?"),
        ({}, {"streams": {"audio": "audio"}}, "a stream of features cannot be called 'audio'"),
        ({}, {"ids": "idd"}, "no array 'idd' (corpus.ids)\n    -> did you mean 'id'?"),
    ],
)  # fmt: skip
def test_each_mistake_is_named(tmp_path: Path, change: Side, options: Any, words: str) -> None:
    path = write(tmp_path / "train.npz", mmsa("train") | change)
    said = refused(path, **options)
    assert words in said and "train.npz" in said


def test_files_that_hold_no_corpus(tmp_path: Path) -> None:
    (tmp_path / "mosei.pkl").write_bytes(b"x")
    assert "can run any code when it is read" in refused(tmp_path)
    assert "can run any code when it is read" in refused(tmp_path / "mosei.pkl")
    (tmp_path / "mosei.npz").write_bytes(b"no zip")
    assert re.search(r"mosei\.npz: mosei\.npz is not an array file", refused(tmp_path))
    write(tmp_path / "mosei.npz", {"x": np.zeros(3)})
    assert "no array 'audio' or 'vision'\n    -> name them, as corpus.streams={acoustic: ARRAY}; there: x" in refused(
        tmp_path
    )
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (tmp_path / "mosei.npz").write_bytes(pointer)
    assert "git lfs pull" in refused(tmp_path / "mosei.npz") and "git lfs pull" in refused(tmp_path)
