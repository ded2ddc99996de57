"""Pre-extracted streams: what is read, and the words for what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoprism.arrays import base
from emoprism.arrays.base import AbsentError
from emoprism.errors import MediaError
from emoprism.media.features import read_features
from emoprism.types import FeatureSource


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.npz"
    np.savez(path, units=np.arange(12).reshape(3, 4), words=np.array(["a", "b", "c"]), cube=np.ones((3, 2, 4)))
    return path


def test_rows_and_arrays(many: Path, tmp_path: Path) -> None:
    assert read_features(FeatureSource(many, "units", 1)).values.tolist() == [[4, 5, 6, 7]]
    assert read_features(FeatureSource(many, "units")).values.shape == (3, 4)
    assert read_features(FeatureSource(many, "cube", 2)).values.shape == (2, 4)
    np.save(tmp_path / "one.npy", np.ones((5, 2), np.float64))
    values = read_features(FeatureSource(tmp_path / "one.npy")).values
    assert values.shape == (5, 2) and values.dtype == np.float32
    assert read_features(FeatureSource(tmp_path / "one.npy", row=4)).values.shape == (1, 2)


def test_a_file_that_changed_is_read_again(many: Path) -> None:
    read_features(FeatureSource(many, "units", 0))
    np.savez(many, units=np.full((3, 4), 9.0))
    import os

    os.utime(many, ns=(1, 1))
    assert read_features(FeatureSource(many, "units", 0)).values.tolist() == [[9, 9, 9, 9]]


def refused(source: FeatureSource) -> str:
    with pytest.raises(MediaError) as caught:
        read_features(source)
    assert str(source.path.parent) not in caught.value.reason
    return caught.value.reason


def test_what_is_wrong_is_said(many: Path, tmp_path: Path) -> None:
    assert refused(FeatureSource(tmp_path / "none.npy")) == "none.npy: no such file"
    assert refused(FeatureSource(many, "unit")) == "many.npz holds no array 'unit'; it holds units, words, cube"
    assert "no row 3" in refused(FeatureSource(many, "units", 3))
    assert "no row -1" in refused(FeatureSource(many, "units", -1))
    assert "of type <U1, expected numbers" in refused(FeatureSource(many, "words"))
    assert "shape [3, 2, 4]" in refused(FeatureSource(many, "cube"))
    (tmp_path / "text.npz").write_text("hello")
    assert "text.npz is not an array file" in refused(FeatureSource(tmp_path / "text.npz", "x"))
    (tmp_path / "text.npy").write_text("hello")
    assert "text.npy is not an array file" in refused(FeatureSource(tmp_path / "text.npy"))
    np.save(tmp_path / "none.npy", np.ones((0, 3)))
    assert "none of them 0" in refused(FeatureSource(tmp_path / "none.npy"))


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    for value in (np.nan, np.inf, 1e300):
        array = np.ones((4, 3))
        array[2, 1] = value
        np.save(tmp_path / "a.npy", array)
        assert "step 2, column 1" in refused(FeatureSource(tmp_path / "a.npy"))


def test_pickles_are_never_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    assert "not an array file" in refused(FeatureSource(tmp_path / "a.npy"))


def test_arrays_too_large(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "a.npy", np.zeros((50, 50), np.float32))
    monkeypatch.setattr(base, "LARGEST_BYTES", 200)
    assert "too large" in refused(FeatureSource(tmp_path / "a.npy"))
    packed = tmp_path / "packed.npz"
    np.savez_compressed(packed, cube=np.ones((3, 2, 4)))
    said = refused(FeatureSource(packed, "cube", 0))
    assert "packed.npz#cube is too large, over" in said and "store it without compression" in said
    assert read_features(FeatureSource(many, "cube", 0)).values.tolist() == np.ones((2, 4)).tolist(), "it is mapped"


def test_lengths_and_padding(tmp_path: Path) -> None:
    array = np.zeros((6, 2))
    array[1], array[3] = 5, 7
    path = tmp_path / "a.npy"
    np.save(path, array)
    kept = {
        "all": FeatureSource(path),
        "padded": FeatureSource(path, padded=True),
        "length": FeatureSource(path, length=3),
        "both": FeatureSource(path, length=3, padded=True),
    }
    found = {name: read_features(source).values[:, 0].tolist() for name, source in kept.items()}
    assert found == {"all": [0, 5, 0, 7, 0, 0], "padded": [5, 0, 7], "length": [0, 5, 0], "both": [5]}
    for source in (FeatureSource(path, length=0), FeatureSource(path, length=1, padded=True)):
        with pytest.raises(AbsentError, match=r"a\.npy holds nothing but padding for it"):
            read_features(source)
    for length in (7, -1):
        assert f"6 steps, and its length is said to be {length}" in refused(FeatureSource(path, length=length))


def test_values_that_are_filled_are_counted(tmp_path: Path) -> None:
    array = np.arange(12.0).reshape(4, 3)
    array[1] = [np.nan, -np.inf, 2e15]
    np.save(tmp_path / "a.npy", array)
    done = read_features(FeatureSource(tmp_path / "a.npy", fill=True))
    assert done.filled == 3 and done.values[1].tolist() == [0, 0, 0]
    array[1] = [3, 4, 5]
    np.save(tmp_path / "a.npy", array)
    assert read_features(FeatureSource(tmp_path / "a.npy", fill=True)).filled == 0
    assert np.array_equal(read_features(FeatureSource(tmp_path / "a.npy")).values, array)


def test_what_is_kept_of_a_file_is_never_changed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.full((2, 2, 2), np.nan, np.float32))
    for _ in range(2):
        assert read_features(FeatureSource(tmp_path / "a.npz", "x", 0, fill=True)).filled == 4


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<i8", "u1", "?", "f8"])
def test_numbers_of_any_type(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(np.array([[0, 1], [1, 0]], dtype)))
    values = read_features(FeatureSource(tmp_path / "a.npy")).values
    assert values.dtype == np.float32 and values.flags.c_contiguous and values.tolist() == [[0, 1], [1, 0]]
