"""Stages: nothing half-written, nothing overwritten unasked, the same work never done twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emoprism.errors import StageError
from emoprism.stage import (
    MANIFEST,
    PARTIAL,
    Stage,
    fingerprint,
    flat,
    read_manifest,
    replacing,
    sha256,
    write_bytes,
    write_text,
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file to read."""
    path = tmp_path / "source.csv"
    path.write_text("a\n")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def begin(directory: Path, source: Path, *, overwrite: bool = False, seed: int | None = 1, **options: object) -> Stage:
    return Stage.begin(directory, "prepare", options=options, inputs={"source": source}, seed=seed, overwrite=overwrite)


def refused(directory: Path, source: Path, *, overwrite: bool = False, seed: int | None = 1, **options: object) -> str:
    with pytest.raises(StageError) as caught:
        begin(directory, source, overwrite=overwrite, seed=seed, **options)
    return str(caught.value)


def test_from_begin_to_finish(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "deep" / "out"
    stage = begin(out, source, width=3)
    assert not stage.done
    assert names(out) == [PARTIAL]
    stage.finish({"clips": 2})
    assert stage.done
    assert names(out) == [MANIFEST]
    manifest = read_manifest(out, "prepare")
    assert manifest.facts == {"clips": 2}
    assert manifest.options == {"width": 3}
    assert manifest.inputs["source"].path == str(Path("..", "..", "source.csv")), "paths are relative"
    assert str(tmp_path) not in (out / MANIFEST).read_text()


def test_the_same_request_gives_the_same_bytes(tmp_path: Path, source: Path) -> None:
    for name in ("one", "two"):
        begin(tmp_path / name, source, width=(3, 4)).finish({"clips": 2})
    assert (tmp_path / "one" / MANIFEST).read_bytes() == (tmp_path / "two" / MANIFEST).read_bytes()


def test_asked_again_it_goes_on_or_is_done(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    begin(out, source, width=3)
    (out / "part").write_text("kept")
    resumed = begin(out, source, width=3)
    assert not resumed.done
    assert (out / "part").read_text() == "kept"
    resumed.finish({})
    assert begin(out, source, width=3).done


def test_killed_between_the_last_two_acts_it_is_done(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    stage = begin(out, source)
    partial = (out / PARTIAL).read_bytes()
    stage.finish({})
    (out / PARTIAL).write_bytes(partial)
    assert begin(out, source).done
    assert read_manifest(out, "prepare").stage == "prepare"


@pytest.mark.parametrize("finished", [True, False])
def test_asked_otherwise_it_refuses_and_says_what_differs(tmp_path: Path, source: Path, finished: bool) -> None:
    out = tmp_path / "out"
    stage = begin(out, source, width={"face": 3, "mel": 40}, height=1)
    if finished:
        stage.finish({})
    source.write_text("b\n")
    said = refused(out, source, seed=2, width={"face": 4, "mel": 40}, depth=1)
    assert "options.width.face: made with 3, asked for 4" in said
    assert "options.height: made with 1, asked for 'nothing'" in said
    assert "options.depth: made with 'nothing', asked for 1" in said
    assert "inputs.source: made with" in said
    assert "mel" not in said
    assert "seed: made with 1, asked for 2" in said
    assert "--overwrite" in said


def test_overwriting_removes_what_the_stage_made(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    begin(out, source, width=3).finish({})
    (out / "sub").mkdir()
    (out / "sub" / "file").write_text("old")
    (out / "file").write_text("old")
    (out / "link").symlink_to(tmp_path)
    assert not begin(out, source, width=4, overwrite=True).done
    assert names(out) == [PARTIAL]
    assert source.is_file(), "a link goes, what it points to stays"


def test_overwriting_nothing_is_beginning(tmp_path: Path, source: Path) -> None:
    assert not begin(tmp_path / "new", source, overwrite=True).done
    (tmp_path / "empty").mkdir()
    assert not begin(tmp_path / "empty", source, overwrite=True).done


def test_overwriting_spares_what_no_stage_has_made(tmp_path: Path, source: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("dear")
    assert "not made by emoprism, not overwritten" in refused(tmp_path / "home", source, overwrite=True)
    assert "not empty and without a manifest" in refused(tmp_path / "home", source)
    assert (tmp_path / "home" / "thesis.tex").read_text() == "dear"


def test_overwriting_spares_its_own_inputs(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    begin(out, source).finish({})
    assert "holds what the stage reads" in refused(out, out, overwrite=True)
    (out / "inner.csv").write_text("x")
    assert "holds what the stage reads" in refused(out, out / "inner.csv", overwrite=True)
    assert "no such file or directory" in refused(out, tmp_path / "gone", overwrite=True)
    assert read_manifest(out, "prepare"), "an order that cannot be carried out removes nothing"


def test_overwriting_killed_midway_leaves_an_unfinished_stage(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    begin(out, source).finish({})
    (out / "sub").mkdir()

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        begin(out, source, overwrite=True)
    with pytest.raises(StageError, match="not finished"):
        read_manifest(out, "prepare")
    monkeypatch.undo()
    assert not begin(out, source, width=9, overwrite=True).done


def test_a_file_is_no_place_for_a_stage(source: Path) -> None:
    assert "is a file; a stage writes a directory" in refused(source, source)


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", b'{"stage": "prepare", "made_by": 1}', b"\xff"])
def test_manifests_that_are_none(tmp_path: Path, source: Path, content: bytes) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MANIFEST).write_bytes(content)
    with pytest.raises(StageError, match=r"manifest\.json: not a manifest"):
        read_manifest(tmp_path / "out", "prepare")
    assert "not a manifest" in refused(tmp_path / "out", source)


def test_reading_what_is_not_there_says_how_to_make_it(tmp_path: Path, source: Path) -> None:
    def said() -> str:
        with pytest.raises(StageError) as caught:
            read_manifest(tmp_path / "out", "train", "embed")
        return str(caught.value)

    assert "no such directory\n    -> make it with emoprism train or emoprism embed" in said()
    (tmp_path / "out").mkdir()
    assert "has no manifest.json\n    -> expected a directory made by emoprism train or" in said()
    stage = begin(tmp_path / "out", source)
    assert "this stage was not finished\n    -> run the same command again" in said()
    stage.finish({})
    assert "made by emoprism prepare\n    -> expected one made by emoprism train or emoprism embed" in said()


def test_fingerprints_tell_contents_apart(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    empty = fingerprint(folder)
    (folder / "a").write_text("12")
    listed = fingerprint(folder)
    (folder / "a").write_text("123")
    assert len({empty, listed, fingerprint(folder), fingerprint(source)}) == 4
    assert fingerprint(source) == sha256(source) == sha256(source)
    begin(tmp_path / "out", source).finish({})
    before = fingerprint(tmp_path / "out")
    (tmp_path / "out" / "log").write_text("beside the manifest")
    assert fingerprint(tmp_path / "out") == before == sha256(tmp_path / "out" / MANIFEST)
    with pytest.raises(StageError, match="no such file or directory"):
        fingerprint(tmp_path / "gone")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_text(path, "Größe\n\n")
    assert path.read_bytes() == "Größe\n".encode()
    write_bytes(path, b"second")

    def fail() -> None:
        with replacing(path) as temporary:
            assert temporary.suffix == ".txt"
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(path.parent) == ["file.txt"]
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o644


def test_who_has_the_old_file_open_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with path.open("rb") as reader:
        write_bytes(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


WRITER = """
import os, signal, sys
from pathlib import Path
from emoprism.stage import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_while_writing_the_old_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", WRITER, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    write_text(path, "new")
    assert path.read_text() == "new\n"


def test_flat_names_every_leaf() -> None:
    assert flat({"a": {"b": 1, "c": {}}, "d": [2]}, "") == {"a.b": 1, "d": [2]}
    assert flat({"a": 1}, "x") == {"x.a": 1}
    assert flat(3, "x") == {"x": 3}


def test_manifests_are_json_with_a_last_newline(tmp_path: Path, source: Path) -> None:
    begin(tmp_path / "out", source).finish({})
    text = (tmp_path / "out" / MANIFEST).read_text()
    assert text.endswith("}\n")
    assert set(json.loads(text)["versions"]) == {"python", "numpy"}
