"""Computational sequences: which steps are a segment's, and what is no such file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from emoprism.arrays.base import AbsentError
from emoprism.arrays.sequences import OVERLAP, Sequence
from emoprism.errors import MediaError

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'emoprism[hdf5]'")

Entry = tuple[np.ndarray, np.ndarray]


def write(path: Path, entries: Mapping[str, Entry], name: str = "COVAREP") -> Path:
    with h5py.File(path, "w") as file:
        file.create_group(f"{name}/metadata")["root name"] = f'"{name}"'
        data = file.create_group(f"{name}/data")
        for key, (features, intervals) in entries.items():
            data.create_dataset(f"{key}/features", data=features, compression="gzip")
            data.create_dataset(f"{key}/intervals", data=intervals, compression="gzip")
    return path


def steps(count: int, length: float, first: float = 0.0) -> Entry:
    """Steps one after the other; the features of a step are its number and its square."""
    number = np.arange(count)
    starts = first + number * length
    return np.stack([number, number**2], 1).astype(np.float32), np.stack([starts, starts + length], 1)


def as_the_sdk_does(entry: Entry, start: float, end: float) -> Entry:
    """`__intersect_and_copy` of CMU-MultimodalSDK, step by step: meet, cut to the span, drop what has no length."""
    kept: list[tuple[np.ndarray, list[float]]] = []
    for values, (begin, stop) in zip(*entry, strict=True):
        if stop - start > -OVERLAP and end - begin > -OVERLAP:
            cut = [max(begin, start), min(stop, end)]
            if abs(cut[0] - cut[1]) > OVERLAP:
                kept.append((values, cut))
    return np.array([values for values, _ in kept]), np.array([cut for _, cut in kept])


@pytest.mark.parametrize("length", [0.01, 1 / 30, 0.37])
def test_the_steps_of_a_segment_are_those_of_the_sdk(tmp_path: Path, length: float) -> None:
    entry = steps(200, length)
    path = write(tmp_path / "f.csd", {"v": entry})
    draw = np.random.default_rng(0)
    for start, end in [*np.sort(draw.uniform(0, 200 * length, (20, 2))), (3 * length, 7 * length), (0.0, length)]:
        found, (values, intervals) = Sequence(path).steps("v", start, end), as_the_sdk_does(entry, start, end)
        assert np.array_equal(found.features, values) and np.array_equal(found.intervals, intervals)
    whole = Sequence(path).steps("v")
    assert np.array_equal(whole.features, entry[0]) and np.array_equal(whole.intervals, entry[1])


def test_steps_out_of_order_gaps_and_moments(tmp_path: Path) -> None:
    intervals = np.array([[2.0, 3], [0, 1], [5, 6], [4, 4], [np.nan, 1], [3, np.inf]])
    path = write(tmp_path / "f.csd", {"v": (np.arange(6.0)[:, None], intervals)})
    found = Sequence(path).steps("v", 0.5, 5.5)
    assert found.features[:, 0].tolist() == [1, 0, 5, 2], "a moment has no length, and no number no time"
    assert found.intervals.tolist() == [[0.5, 1], [2, 3], [3, 5.5], [5, 5.5]]


def test_entries_of_aligned_sequences(tmp_path: Path) -> None:
    features, intervals = steps(10, 0.5)
    parts = {f"v[{n}]": (features[first:last], intervals[first:last]) for n, first, last in [(1, 4, 8), (0, 0, 5)]}
    sequence = Sequence(write(tmp_path / "f.csd", {**parts, "w": (features, intervals)}))
    assert sequence.steps("v").features[:, 0].tolist() == list(range(8)), "step 4 is in two entries"
    assert sequence.steps("v", 1.2, 2.2).features[:, 0].tolist() == [2, 3, 4]
    assert sequence.steps("v[1]").features[:, 0].tolist() == [4, 5, 6, 7]
    assert (sequence.keys("v"), sequence.keys("w[0]"), sequence.keys("w")) == (("v[0]", "v[1]"), (), ("w",))


def test_what_a_sequence_does_not_have(tmp_path: Path) -> None:
    sequence = Sequence(write(tmp_path / "f.csd", {"v": steps(4, 1.0)}))
    with pytest.raises(AbsentError, match=r"f.csd has no 'u'"):
        sequence.steps("u")
    with pytest.raises(AbsentError, match=r"f.csd has no steps of 'v' between 4 s and 9 s"):
        sequence.steps("v", 4.0, 9.0)


def refused(path: Path, video: str = "v") -> str:
    with pytest.raises(MediaError) as caught:
        Sequence(path).steps(video)
    assert str(path.parent) not in caught.value.reason and not isinstance(caught.value, AbsentError)
    return caught.value.reason


FEATURES, INTERVALS = steps(4, 1.0)


@pytest.mark.parametrize(
    ("features", "intervals"),
    [
        (FEATURES, INTERVALS[:3]),
        (FEATURES, INTERVALS[:, :1]),
        (FEATURES[:, 0], INTERVALS),
        (FEATURES[None], INTERVALS),
        (np.array([[b"a"]] * 4), INTERVALS),
        (FEATURES, np.array([[b"a", b"b"]] * 4)),
    ],
)
def test_entries_that_are_none(tmp_path: Path, features: np.ndarray, intervals: np.ndarray) -> None:
    said = refused(write(tmp_path / "f.csd", {"v": (features, intervals)}))
    assert said.startswith("f.csd: 'v' is no entry of a computational sequence; expected 'features' [T, D]")


def test_files_that_are_no_sequence(tmp_path: Path) -> None:
    (tmp_path / "f.csd").write_bytes(b"no HDF5")
    assert "f.csd is not an array file that can be read" in refused(tmp_path / "f.csd")
    with h5py.File(tmp_path / "g.csd", "w") as file:
        file["cube"] = np.zeros((2, 2))
    assert "g.csd is no computational sequence: it holds 'cube'" in refused(tmp_path / "g.csd")
    content = write(tmp_path / "h.csd", {"v": steps(4000, 0.01)}).read_bytes()
    (tmp_path / "cut.csd").write_bytes(content[: len(content) // 2])
    assert "truncated" in refused(tmp_path / "cut.csd")


def test_links_are_no_entries(tmp_path: Path) -> None:
    write(tmp_path / "other.csd", {"v": steps(4, 1.0)})
    path = write(tmp_path / "f.csd", {"w": steps(4, 1.0)})
    with h5py.File(path, "a") as file:
        file["COVAREP/data/v"] = h5py.ExternalLink("other.csd", "/COVAREP/data/v")
        file["COVAREP/data/u"] = h5py.SoftLink("/COVAREP/data/w")
    for video in ("v", "u"):
        assert "is no entry" in refused(path, video)


def test_a_segment_of_widths_that_differ(tmp_path: Path) -> None:
    features, intervals = steps(4, 1.0)
    path = write(tmp_path / "f.csd", {"v[0]": (features, intervals), "v[1]": (features[:, :1], intervals)})
    assert "entries of 'v' have [1, 2] features" in refused(path)
