"""Embeddings on disk: written and read back equal, and every way in which an auditor's files can be wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from emoprism.embeddings import CLIPS, VECTORS, load_embeddings, save_embeddings
from emoprism.errors import EmbeddingsError
from emoprism.types import NUMBER, PRESENCE, SPLITS, Embeddings, Outputs

EXAMPLE = Embeddings(
    clips=("a", 'b, "quoted"', "ü"),
    split=("train", "test", "unseen"),
    vectors={"emotion": np.float32([[1, 2], [3, 4], [5, 6]]), "speaker": np.zeros((3, 1), np.float32)},
    labels={"emotion": np.int64([0, 2, -1]), "speaker": np.int64([0, 0, 1])},
    classes={"emotion": ("sad", "happy", "angry"), "speaker": ("x", "y")},
    predictions={"emotion": np.int64([1, 2, 0])},
)
NAN = np.nan
WITH_OUTPUTS = replace(
    EXAMPLE,
    outputs={
        "emotion": Outputs(
            PRESENCE,
            ("sad", "happy"),
            np.float32([[1, 0], [1, 1], [NAN, NAN]]),
            np.float32([[0.1, 1 / 3], [1, 0], [NAN, 0.5]]),
        ),
        "sentiment": Outputs(
            NUMBER, ("sentiment",), np.float32([[-3], [NAN], [0.1]]), np.float32([[7.25], [1e-40], [-0.0]])
        ),
    },
)


def same(one: Embeddings, two: Embeddings) -> bool:
    def arrays(each: Embeddings) -> list[tuple[str, bytes, str]]:
        mappings = (each.vectors, each.labels, each.predictions)
        return [(name, m[name].tobytes(), str(m[name].dtype)) for m in mappings for name in sorted(m)]

    def outputs(each: Embeddings) -> list[tuple[Any, ...]]:
        return [
            (name, o.kind, o.words, o.true.tobytes(), o.told.tobytes(), o.true.dtype, o.told.dtype, o.told.shape)
            for name, o in each.outputs.items()
        ]

    heads = [(e.clips, e.split, dict(e.classes)) for e in (one, two)]
    return heads[0] == heads[1] and arrays(one) == arrays(two) and outputs(one) == outputs(two)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example, saved."""
    save_embeddings(tmp_path, EXAMPLE)
    return tmp_path


def refused(folder: Path) -> str:
    with pytest.raises(EmbeddingsError) as caught:
        load_embeddings(folder)
    return str(caught.value)


def vectors(folder: Path, classes: Any = None, **arrays: np.ndarray) -> None:
    save_file(arrays, folder / VECTORS, metadata=None if classes is None else {"classes": classes})


def test_what_is_saved_is_read_back(folder: Path) -> None:
    assert same(load_embeddings(folder), EXAMPLE)
    before = [(folder / name).read_bytes() for name in (VECTORS, CLIPS)]
    save_embeddings(folder, load_embeddings(folder))
    assert [(folder / name).read_bytes() for name in (VECTORS, CLIPS)] == before


def test_outputs_are_read_back_to_the_bit(tmp_path: Path) -> None:
    save_embeddings(tmp_path, WITH_OUTPUTS)
    assert same(load_embeddings(tmp_path), WITH_OUTPUTS)
    table = (tmp_path / CLIPS).read_text().splitlines()
    assert table[0].split(",")[5:] == [
        "true:emotion:sad", "true:emotion:happy", "told:emotion:sad", "told:emotion:happy",
        "true:sentiment", "told:sentiment",
    ]  # fmt: skip
    assert table[1].endswith(",1,0,0.100000001,0.333333343,-3,7.25")
    assert table[2].endswith(",1,1,1,0,,9.9999461e-41"), "an unknown truth is an empty cell"


def test_without_outputs_nothing_is_written_of_them(folder: Path) -> None:
    assert "true:" not in (folder / CLIPS).read_text()
    assert load_embeddings(folder).outputs == {}


@pytest.mark.parametrize(
    ("header", "cells", "words"),
    [
        ("true:mood", "1", "missing column 'told:mood'\n    -> 'true:...' and 'told:...' come in pairs"),
        ("told:mood:sad", "1", "missing column 'true:mood:sad'"),
        ("true:mood:sad,told:mood:glad", "1,1", "missing column 'told:mood:sad'"),
        ("true:mood,told:mood,true:mood:sad,told:mood:sad", "1,1,1,1", "'mood' is a number by its column 'told:mood'"),
        ("true::sad,told::sad", "1,1", "the columns 'true::sad' and 'told::sad' name nothing"),
        ("true:mood:,told:mood:", "1,1", "the columns 'true:mood:' and 'told:mood:' name nothing"),
        ("true:mood,told:mood", "1,high", "column 'told:mood', row 2: 'high' is no number"),
        ("true:mood,told:mood", "nan,1", "column 'true:mood', row 2: 'nan' is no number\n    -> an empty cell"),
        ("true:mood,told:mood", "1,inf", "column 'told:mood', row 2: inf is not a finite number"),
        ("true:mood,told:mood", "1e99,0", "column 'true:mood', row 2: inf is not a finite number"),
        ("true:mood:sad,told:mood:sad", "0.5,1", "column 'true:mood:sad', row 2: 0.5 is not 0 or 1"),
        ("true:mood:sad,told:mood:sad", "1,1.5", "column 'told:mood:sad', row 2: 1.5 is not a probability from 0 to 1"),
        ("true:mood:sad,told:mood:sad", "1,-0.1", "column 'told:mood:sad', row 2: -0.1 is not a probability"),
    ],
)
def test_outputs_that_are_wrong(tmp_path: Path, header: str, cells: str, words: str) -> None:
    vectors(tmp_path, mood=np.zeros((2, 2), np.float32))
    lines = [f"clip,split,label:mood,{header}", f"a,train,x,{cells}", "b,test,x," + "," * cells.count(",")]
    (tmp_path / CLIPS).write_text("\n".join(lines) + "\n")
    assert words in refused(tmp_path)


def test_every_cell_that_is_wrong_is_named(tmp_path: Path) -> None:
    vectors(tmp_path, mood=np.zeros((2, 2), np.float32))
    (tmp_path / CLIPS).write_text(
        "clip,split,label:mood,true:mood:sad,told:mood:sad,true:age,told:age\na,train,x,2,7,old,1\nb,tset,x,,,,young\n"
    )
    said = refused(tmp_path)
    for words in ("'true:mood:sad', row 2: 2 ", "'told:mood:sad', row 2: 7 ", "'true:age', row 2", "'told:age', row 3"):
        assert words in said
    assert "unknown split 'tset'" in said


@st.composite
def parts_of_embeddings(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 6))
    # Ids and labels are words of one line: corpora see to that.
    words = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=5)
    classes = {name: tuple(draw(st.lists(words, min_size=1, max_size=4, unique=True))) for name in ("emotion", "who")}
    index = {n: draw(st.lists(st.integers(-1, len(c) - 1), min_size=count, max_size=count)) for n, c in classes.items()}
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
    told = st.lists(st.one_of(st.just(NAN), numbers), min_size=count, max_size=count)
    chance = st.lists(st.one_of(st.just(NAN), st.floats(0, 1, width=32)), min_size=count, max_size=count)
    there = st.lists(st.sampled_from([0, 1, NAN]), min_size=count, max_size=count)
    things = draw(st.lists(words, min_size=1, max_size=3, unique=True))
    shown = [np.stack([np.array(draw(kind), np.float32) for _ in things], axis=1) for kind in (there, chance)]
    valued = [np.array(draw(told), np.float32)[:, None] for _ in range(2)]
    matrix = draw(st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=count, max_size=count))
    return {
        "clips": tuple(draw(st.lists(words, min_size=count, max_size=count, unique=True))),
        "split": tuple(draw(st.lists(st.sampled_from(SPLITS), min_size=count, max_size=count))),
        "vectors": {"emotion": np.array(matrix, np.float32)},
        "labels": {name: np.array(values, np.int64) for name, values in index.items()},
        "classes": classes,
        "predictions": {"who": np.array(index["who"], np.int64)},
        "outputs": {
            "emotion": (PRESENCE, tuple(things), *shown),
            "valence": (NUMBER, ("valence",), *valued),
        },
    }


@settings(max_examples=60)
@given(parts_of_embeddings())
def test_any_embeddings_survive_the_disk(tmp_path_factory: pytest.TempPathFactory, parts: dict[str, Any]) -> None:
    folder = tmp_path_factory.mktemp("embeddings")
    made = {name: Outputs(*part) for name, part in parts["outputs"].items()}
    given = Embeddings(**parts | {"outputs": made})
    save_embeddings(folder, given)
    assert same(load_embeddings(folder), given)


def test_an_auditor_s_own_files(tmp_path: Path) -> None:
    """No classes in the header, double precision, a mark before the table, an empty line behind it."""
    vectors(tmp_path, emotion=np.float64([[1], [2]]))
    (tmp_path / CLIPS).write_text("clip,split,label:emotion\na,train,sad\nb,test,angry\n\n", encoding="utf-8-sig")
    read = load_embeddings(tmp_path)
    assert read.vectors["emotion"].dtype == np.float32
    assert read.classes == {"emotion": ("angry", "sad")}
    assert read.labels["emotion"].tolist() == [1, 0]


def test_missing_files(folder: Path) -> None:
    (folder / CLIPS).unlink()
    assert "clips.csv: no such file" in refused(folder)
    (folder / VECTORS).unlink()
    assert "embeddings.safetensors: no such file\n    -> make it with emoprism embed" in refused(folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 64, b"clip,split\n"])
def test_vectors_that_are_no_safetensors(folder: Path, content: bytes) -> None:
    (folder / VECTORS).write_bytes(content)
    assert "embeddings.safetensors: not a safetensors file of vectors" in refused(folder)


@pytest.mark.parametrize("classes", ["[", "[]", '{"emotion": "sad"}', '{"emotion": [1]}'])
def test_classes_in_the_header_that_are_none(folder: Path, classes: str) -> None:
    vectors(folder, classes, emotion=np.zeros((3, 2), np.float32))
    assert "the header's 'classes' are not JSON as" in refused(folder)


def test_vectors_of_a_type_that_numpy_does_not_know(folder: Path) -> None:
    header = json.dumps({"emotion": {"dtype": "F8_E4M3", "shape": [3, 1], "data_offsets": [0, 3]}}).encode()
    (folder / VECTORS).write_bytes(len(header).to_bytes(8, "little") + header + bytes(3))
    assert "not a safetensors file of vectors" in refused(folder)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2), np.float32), "'emotion': shape [2, 2], expected [3, D]"),
        (np.zeros(3, np.float32), "'emotion': shape [3], expected [3, D]"),
        (np.float32([[0, 1], [np.nan, 0], [np.inf, 0]]), "'emotion': 2 rows are not finite numbers, the first is 'b"),
        (np.float64([[0], [1e300], [0]]), "'emotion': 1 rows are not finite numbers"),
    ],
)
def test_vectors_that_do_not_fit(folder: Path, array: np.ndarray, words: str) -> None:
    vectors(folder, emotion=array)
    assert words in refused(folder)


def test_no_vectors_at_all(folder: Path) -> None:
    vectors(folder)
    assert "holds no vectors" in refused(folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "clips.csv: empty file"),
        ("\n\n", "clips.csv: empty file"),
        ("clip,spilt,label:emotion\na,train,x\n", "missing column 'split'\n    -> did you mean 'spilt'?"),
        ("split,label:emotion\ntrain,x\n", "missing column 'clip'"),
        ("clip,split,split\na,train,train\n", "the column 'split' stands there 2 times"),
        ("clip,split,label:emotion\na,train\n", "clips.csv, row 2: 2 cells, expected 3"),
        ("clip,split\na,train\nb,test\nc,test\n", "no label column, as 'label:speaker'"),
        ("clip,split,label:emotion\na,trian,sad\nb,test,sad\nc,test,sad\n", "row 2, column 'split': unknown split"),
        (
            "clip,split,label:emotion\na,train,sad\na,test,sad\nc,test,sad\n",
            "row 3, column 'clip': 'a' stands in row 2",
        ),
        ("clip,split,label:emotion\na,train,sda\nb,test,sad\nc,test,sad\n", "column 'label:emotion', row 2: unknown"),
        ("clip,split,label:emotion,predicted:emotion\na,train,sad,x\n", "column 'predicted:emotion', row 2"),
        ('clip,split,label:emotion\na,train,"sad\n', "not CSV in UTF-8"),
    ],
)
def test_tables_that_are_wrong(folder: Path, text: str, words: str) -> None:
    (folder / CLIPS).write_text(text)
    said = refused(folder)
    assert words in said
    assert str(folder / CLIPS) in said


def test_a_table_in_another_encoding(folder: Path) -> None:
    (folder / CLIPS).write_bytes("clip,split,label:emotion\nü,train,sad\n".encode("latin-1"))
    assert "not CSV in UTF-8" in refused(folder)


def test_all_that_is_wrong_at_once(folder: Path) -> None:
    vectors(folder, '{"emotion": ["sad"]}', emotion=np.zeros((1, 2), np.float32))
    (folder / CLIPS).write_text("clip,split,label:emotion\na,nowhere,sad\na,test,glad\n")
    said = refused(folder)
    for words in ("unknown split 'nowhere'", "stands in row 2 already", "unknown label 'glad'", "expected [2, D]"):
        assert words in said


def test_rows_of_a_split() -> None:
    assert EXAMPLE.rows("test", "unseen").tolist() == [1, 2]
    assert EXAMPLE.rows().tolist() == []
