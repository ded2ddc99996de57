"""A split as a file: read back as it was written, and refused where it is of other clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emoprism.errors import CorpusError
from emoprism.splits.base import Unit, clips_hash, read_sides, sides_csv
from emoprism.splits.file import File
from emoprism.splits.k_fold import KFold
from emoprism.testing import example_units
from emoprism.types import TRAIN, UNSEEN, VALIDATION


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "split.csv").write_bytes(text.encode())
        return tmp_path / "split.csv"

    return write


def test_there_and_back(write: Callable[[str], Path]) -> None:
    units = example_units()
    sides = KFold().split(units, 0)
    path = write(sides_csv([unit.id for unit in units], sides))
    assert File(path=path).split(units, 0) == sides == File(path=path).split(units[::-1], 9)
    assert File(path=path).files == {"split": path}


def test_an_empty_split_leaves_a_clip_out(write: Callable[[str], Path]) -> None:
    text = sides_csv(["a", "b", "c"], {"a": TRAIN, "c": UNSEEN})
    assert text == "clip,split\na,train\nb,\nc,unseen\n"
    assert read_sides(write(text)) == {"a": TRAIN, "b": "", "c": UNSEEN}
    units = [Unit(name, {}) for name in "abc"]
    assert File(path=write(text)).split(units, 0) == {"a": TRAIN, "c": UNSEEN}
    assert File(path=write(text)).split([units[0], units[2]], 0) == {"a": TRAIN, "c": UNSEEN}, "b may be gone"


def test_other_columns_marks_and_line_ends_do_no_harm(write: Callable[[str], Path]) -> None:
    path = write('\ufeffnote, split ,clip\r\n"one, two", train,a\r\n\r\n,validation,b\r\n')
    assert read_sides(path) == {"a": TRAIN, "b": VALIDATION}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"split\.csv, row 1: expected one column 'clip' and one 'split'"),
        ("clip\na\n", "row 1: expected one column 'split'"),
        ("clip,split,split\na,train,test\n", "row 1: expected one column 'split'"),
        ("clip,split\na,train\na,test\n", "row 3: the clip 'a' stands there twice"),
        ("clip,split\na,trian\n", r"row 2: unknown split 'trian'\n    -> did you mean 'train'\?"),
        ("clip,split\n,train\n", "row 2: names no clip"),
        ("clip,split\na\n", "row 2: 1 cells, expected 2"),
        ('clip,split\n"a,train\n', "not a CSV file in UTF-8"),
        ("version https://git-lfs.github.com/spec/v1\n", "row 1: expected one column"),
    ],
)
def test_what_is_no_split_is_refused(write: Callable[[str], Path], text: str, words: str) -> None:
    with pytest.raises(CorpusError, match=words):
        read_sides(write(text))


def test_bytes_that_are_no_text_and_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_bytes(b"clip,split\n\xff,train\n")
    with pytest.raises(CorpusError, match="not a CSV file in UTF-8"):
        read_sides(tmp_path / "split.csv")
    for path in (tmp_path / "gone.csv", tmp_path):
        with pytest.raises(CorpusError, match="cannot be read"):
            read_sides(path)


def test_a_file_that_is_too_large_is_not_read(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoprism.splits.base.LARGEST", 10)
    with pytest.raises(CorpusError, match="larger than"):
        read_sides(write("clip,split\na,train\n"))


def test_many_problems_are_counted(write: Callable[[str], Path]) -> None:
    with pytest.raises(CorpusError, match=r"\.\.\. and 30 more problems"):
        read_sides(write("clip,split\n" + "".join(f"c{i},x\n" for i in range(50))))


def test_every_clip_that_the_file_lacks_or_invents_is_named(write: Callable[[str], Path]) -> None:
    path = write("clip,split\nanna-01,train\nanna-2,train\nzoe,unseen\n")
    units = [Unit(name, {}) for name in ("anna-01", "anna-02", "ben-01")]
    with pytest.raises(CorpusError) as caught:
        File(path=path).split(units, 0)
    told = str(caught.value)
    assert f"{path}: 'anna-2': no such clip in the corpus\n    -> did you mean 'anna-02'?" in told
    assert f"{path}: 'zoe': no such clip" in told
    assert f"{path}: 'anna-02': a clip that is not in the file" in told and "'ben-01': a clip" in told
    path = write("clip,split\nanna-01,train\n")
    assert File(path=path, others="leave_out").split(units, 0) == {"anna-01": TRAIN}


def test_a_stranger_who_trains_is_refused(write: Callable[[str], Path]) -> None:
    units = [Unit("a", {"speaker": "x"}), Unit("b", {"speaker": "x"}), Unit("c", {"speaker": "y"})]
    with pytest.raises(CorpusError, match="speaker 'x': has clips in train, unseen"):
        File(path=write("clip,split\na,train\nb,unseen\nc,train\n")).split(units, 0)
    with pytest.raises(CorpusError, match="speaker 'y': has clips in test\n"):
        File(path=write("clip,split\na,train\nb,train\nc,test\n")).split(units, 0)
    path = write("clip,split\na,train\nb,train\nc,validation\n")
    assert File(path=path).split(units, 0)["c"] == VALIDATION, "strangers may select"


def test_a_manifest_beside_the_file_says_whose_clips_they_were(write: Callable[[str], Path]) -> None:
    units = [Unit(name, {"speaker": name[0], "emotion": "x"}) for name in ("a1", "b1", "c1")]
    path = write("clip,split\na1,train\nb1,unseen\nc1,\n")
    facts = {"files": {"split.csv": {"clips_sha256": clips_hash(units[:2])}}}
    manifest = path.with_name("manifest.json")
    manifest.write_text(json.dumps({"stage": "split make", "facts": facts}))
    assert File(path=path).split(units, 0)
    assert File(path=path).split([Unit(u.id, u.labels | {"emotion": "y"}) for u in units], 0), "labels may be corrected"
    others = [Unit("a1", {"speaker": "b"}), *units[1:]]
    with pytest.raises(CorpusError, match=r"made for clips with other speakers, .*\n    -> make the split anew"):
        File(path=path).split(others, 0)
    for text in (json.dumps({"stage": "train", "facts": facts}), '{"stage": "split make"}', "[]", "\xff"):
        manifest.write_text(text)
        assert File(path=path).split([Unit("a1", {"speaker": "a"}), *units[1:]], 0), "anybody's manifest may lie there"
