"""Arrays in files that others wrote: what is read of each kind, and that nothing else is reached through them."""

from __future__ import annotations

import random
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoprism.arrays import base
from emoprism.arrays.base import AbsentError
from emoprism.arrays.files import open_arrays
from emoprism.arrays.parquet import ParquetFile
from emoprism.errors import MediaError

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'emoprism[hdf5]'")

CUBE = np.arange(24, dtype=np.float32).reshape(3, 2, 4)
WORDS = np.array(["a", "b", "ç"])


def write_npz(path: Path) -> Path:
    np.savez(path, **{"train/cube": CUBE, "words": WORDS})
    return path


def write_hdf5(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["train/cube"] = CUBE
        file.create_dataset("words", data=WORDS.astype(object), dtype=h5py.string_dtype())
    return path


def write_parquet(path: Path) -> Path:
    table = pa.table({"train/cube": CUBE.tolist(), "words": WORDS.tolist()})
    pq.write_table(table.set_column(0, "train/cube", table.column(0).cast(pa.list_(pa.list_(pa.float32())))), path)
    return path


WRITERS = {".npz": write_npz, ".h5": write_hdf5, ".hdf5": write_hdf5, ".parquet": write_parquet}
KINDS = pytest.mark.parametrize("suffix", WRITERS)


@KINDS
def test_every_kind_holds_the_same(tmp_path: Path, suffix: str) -> None:
    file = open_arrays(WRITERS[suffix](tmp_path / f"f{suffix}"))
    assert sorted(file.names()) == ["train/cube", "words"]
    assert file.shape("train/cube")[0] == 3 and file.shape("words") == (3,)
    assert np.array_equal(file.read("train/cube"), CUBE) and file.read("train/cube").dtype == np.float32
    assert np.array_equal(file.read("train/cube", 1), CUBE[1])
    assert file.read("words").tolist() == WORDS.tolist() and file.read("words", 2) == "ç"


def refused(read: Callable[[], Any], folder: Path | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        read()
    if folder is not None:
        assert str(folder) not in caught.value.reason
    return caught.value.reason


@KINDS
def test_what_is_not_there_is_said(tmp_path: Path, suffix: str) -> None:
    file = open_arrays(WRITERS[suffix](tmp_path / f"f{suffix}"))
    said = refused(lambda: file.read("train/cub"), tmp_path)
    assert said.startswith(f"f{suffix} holds no array 'train/cub'; it holds ") and "train/cube" in said
    assert "no row 3" in refused(lambda: file.read("train/cube", 3), tmp_path)
    assert "no row -1" in refused(lambda: file.read("train/cube", -1), tmp_path)
    assert refused(lambda: open_arrays(tmp_path / f"none{suffix}"), tmp_path) == f"none{suffix}: no such file"


@KINDS
def test_files_cut_off_or_changed_are_refused_in_words(tmp_path: Path, suffix: str) -> None:
    """Wherever a byte is wrong, there are numbers of the right shape or an error in words, and nothing else."""
    content = WRITERS[suffix](tmp_path / f"whole{suffix}").read_bytes()
    draw, refusals = random.Random(0), 0
    for number in range(60):
        path = tmp_path / f"f{number}{suffix}"
        spoilt = bytearray(content[: draw.randrange(len(content))] if number % 2 else content)
        for _ in range(8 * (1 - number % 2)):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        path.write_bytes(bytes(spoilt))
        try:
            open_arrays(path).read("train/cube", 1)
        except MediaError as error:
            refusals += 1
            assert str(tmp_path) not in error.reason and "\n" not in error.reason
    assert refusals >= 30, "every file that is cut off is refused"


def test_kinds_that_are_never_read(tmp_path: Path) -> None:
    for name in ("f.pkl", "f.pt"):
        (tmp_path / name).write_bytes(b"anything")
        said = refused(lambda name=name: open_arrays(tmp_path / name))
        assert "can run any code" in said and "docs/data.md" in said
    assert ".npz, .h5" in refused(lambda: open_arrays(tmp_path / "f.mat"))


@pytest.mark.parametrize("large", [False, True])
def test_objects_are_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "sprung",)

    np.savez(tmp_path / "f.npz", trap=np.array([Trap()], dtype=object))
    if large:
        monkeypatch.setattr(base, "LARGEST_BYTES", 16)
    file = open_arrays(tmp_path / "f.npz")
    assert "Object arrays cannot be loaded" in refused(lambda: file.read("trap"))
    assert "Object arrays cannot be loaded" in refused(lambda: file.read("trap", 0))
    assert not (tmp_path / "sprung").exists()


def test_large_arrays_are_mapped_where_they_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST_BYTES", 64)
    file = open_arrays(write_npz(tmp_path / "f.npz"))
    whole = file.read("train/cube")
    assert (
        isinstance(whole, np.memmap)
        and np.array_equal(whole, CUBE)
        and np.array_equal(file.read("train/cube", 2), CUBE[2])
    )
    np.savez(tmp_path / "t.npz", t=np.asfortranarray(CUBE[0]))
    assert np.array_equal(open_arrays(tmp_path / "t.npz").read("t"), CUBE[0]), "columns first, too"
    np.savez_compressed(tmp_path / "c.npz", cube=CUBE)
    assert "store it without compression" in refused(lambda: open_arrays(tmp_path / "c.npz").read("cube", 0))
    hdf5 = open_arrays(write_hdf5(tmp_path / "f.h5"))
    assert np.array_equal(hdf5.read("train/cube", 1), CUBE[1]), "a row is read in part"
    assert "too large" in refused(lambda: hdf5.read("train/cube"))
    with h5py.File(tmp_path / "one.h5", "w") as file:
        file.create_dataset("cube", data=CUBE, chunks=CUBE.shape, compression="gzip")
    assert "smaller chunks" in refused(lambda: open_arrays(tmp_path / "one.h5").read("cube", 1))
    parquet = open_arrays(write_parquet(tmp_path / "f.parquet"))
    assert "smaller row groups" in refused(lambda: parquet.read("train/cube", 1))


def test_a_mapped_member_that_lies_about_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST_BYTES", 64)
    np.save(tmp_path / "a.npy", CUBE)
    content = (tmp_path / "a.npy").read_bytes().replace(b"(3, 2, 4)", b"(9, 9, 9)")
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("cube.npy", content)
    assert "its size is not that of its array" in refused(lambda: open_arrays(tmp_path / "f.npz").read("cube"))


SECRET = np.full((2, 3), 7.0)


def _soft(file: Any, _: Path) -> None:
    file["found"] = h5py.SoftLink("/real")


def _external(file: Any, other: Path) -> None:
    file["found"] = h5py.ExternalLink(str(other), "/secret")


def _external_group(file: Any, other: Path) -> None:
    file["found"] = h5py.ExternalLink(str(other), "/")


def _outside(file: Any, other: Path) -> None:
    file.create_dataset("found", (2, 3), "u1", external=[(str(other), 0, 6)])


def _virtual(file: Any, other: Path) -> None:
    layout = h5py.VirtualLayout((2, 3), "f8")
    layout[:] = h5py.VirtualSource(str(other), "secret", (2, 3))
    file.create_virtual_dataset("found", layout)


def _reference(file: Any, _: Path) -> None:
    file.create_dataset("found", data=np.array([file["real"].ref], dtype=h5py.ref_dtype))


def _region(file: Any, _: Path) -> None:
    file.create_dataset("found", data=np.array([file["real"].regionref[:]], dtype=h5py.regionref_dtype))


def _compound(file: Any, _: Path) -> None:
    file["found"] = np.zeros(3, [("x", "f4"), ("y", "f4")])


def _ragged(file: Any, _: Path) -> None:
    file.create_dataset("found", (2,), h5py.vlen_dtype(np.float32))


TRAPS = [_soft, _external, _external_group, _outside, _virtual, _reference, _region, _compound, _ragged]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", ["found", "found/secret", "inner/found"])
def test_nothing_is_reached_out_of_an_hdf5_file(tmp_path: Path, trap: Callable[[Any, Path], None], name: str) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["secret"] = SECRET
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["real"] = np.zeros((2, 3))
        trap(file, other)
        if name == "inner/found":
            file["inner"] = file["/"] if trap is _soft else h5py.SoftLink("/")
    file = open_arrays(tmp_path / "f.h5")
    assert f"f.h5 holds no array '{name}'; it holds" in refused(lambda: file.read(name))
    assert "real" in file.names() and not any("found" in each for each in file.names())


def test_without_h5py_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = open_arrays(write_hdf5(tmp_path / "f.h5"))
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "pip install 'emoprism[hdf5]'" in refused(lambda: file.read("words"))


@pytest.fixture
def steps(tmp_path: Path) -> ParquetFile:
    """Steps of three clips in two row groups; those of `b` are in both."""
    table = pa.table({"clip": list("aabbbc"), "x": np.arange(6), "y": np.arange(6) / 2, "ok": [True] * 6})
    pq.write_table(table, tmp_path / "s.parquet", row_group_size=4)
    return ParquetFile(tmp_path / "s.parquet")


def test_a_table_of_steps(steps: ParquetFile) -> None:
    assert steps.table(key=("clip", "b")).tolist() == [[2, 1, 1], [3, 1.5, 1], [4, 2, 1]]
    assert steps.table(group=1).tolist() == [[4, 2, 1], [5, 2.5, 1]]
    assert steps.table().shape == (6, 3), "the column of words is left out"
    assert steps.table(key=("x", "5")).tolist() == [[2.5, 1]], "a number is a key as well, and then no feature"
    with pytest.raises(AbsentError, match=r"s.parquet has no row whose 'clip' is 'd'"):
        steps.table(key=("clip", "d"))
    assert "s.parquet has 2 row groups, no [2]" in refused(lambda: steps.table(group=2))
    assert "holds no array 'clop'" in refused(lambda: steps.table(key=("clop", "a")))


def test_tables_that_are_no_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"clip": ["a"], "words": ["b"]}), tmp_path / "w.parquet")
    assert "no columns of numbers: clip (string)" in refused(lambda: ParquetFile(tmp_path / "w.parquet").table())
    ragged = pa.table({"x": [[[1.0, 2.0], [3.0]], [[1.0]]], "y": [[1.0], None]})
    pq.write_table(ragged, tmp_path / "r.parquet")
    file = ParquetFile(tmp_path / "r.parquet")
    assert "r.parquet#x has lists of several lengths" in refused(lambda: file.read("x", 0))
    assert "or empty cells" in refused(lambda: file.read("y", 1))
    assert file.read("x", 1).tolist() == [[1.0]] and file.read("y", 0).tolist() == [1.0]
    monkeypatch.setattr(base, "LARGEST_BYTES", 8)
    assert "is too large" in refused(lambda: file.read("x"))


def test_an_empty_cell_of_a_table_is_no_number(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, None], "n": pa.array([1, None], pa.int64())}), tmp_path / "e.parquet")
    values = ParquetFile(tmp_path / "e.parquet").table()
    assert np.isnan(values[1]).all() and values[0].tolist() == [1, 1]
