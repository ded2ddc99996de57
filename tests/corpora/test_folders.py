"""Folders as people have them: what `corpora/_folder.py` finds in them, and what it says of them."""

from __future__ import annotations

import io
import os
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest

from emoprism.corpora import _archives
from emoprism.corpora._folder import Folder
from emoprism.errors import CorpusError, Problem


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def packed(path: Path, *names: str) -> Path:
    """An archive of empty files, of the kind that its suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as file:
            for name in names:
                file.writestr(name, b"")
    else:
        with tarfile.open(path, f"w:{'' if path.suffix == '.tar' else path.suffix[1:].replace('tgz', 'gz')}") as file:
            for name in names:
                file.addfile(tarfile.TarInfo(name), io.BytesIO())
    return path


def names(folder: Folder, *suffixes: str, under: Path | None = None) -> list[str]:
    return [folder.relative(path) for path in folder.files(*suffixes, under=under)]


def refused(folder: Folder, media: list[Path] | None = None) -> str:
    with pytest.raises(CorpusError) as caught:
        folder.check(media or [])
    return str(caught.value)


def test_files_are_found_at_any_depth_in_order(tmp_path: Path) -> None:
    folder = Folder(touch(tmp_path, "b/2.WAV", "b/1.wav", "a.wav", "b/c/3.avi", "b-c/4.wav"))
    assert names(folder) == ["a.wav", "b/1.wav", "b/2.WAV", "b/c/3.avi", "b-c/4.wav"]
    assert names(folder, ".wav") == ["a.wav", "b/1.wav", "b/2.WAV", "b-c/4.wav"]
    assert names(folder, ".avi", ".flac") == ["b/c/3.avi"]


def test_files_below_a_folder_are_those_below_it_alone(tmp_path: Path) -> None:
    folder = Folder(touch(tmp_path, "a/1", "a-b/2", "a/b/3", "a.b/4", "A/5", "c/6"))
    for name in ("a", "a-b", "a/b", "a.b", "A", "c", "nowhere"):
        expected = [path for path in folder.all_files if path.is_relative_to(tmp_path / name)]
        assert folder.files(under=tmp_path / name) == expected


def test_what_systems_leave_behind_is_not_there(tmp_path: Path) -> None:
    left = (
        "._a.wav", ".DS_Store", "__MACOSX/._a.wav", "Thumbs.db", "desktop.ini", "@eaDir/a.wav/x.wav", "$RECYCLE.BIN/1",
        "System Volume Information/x", ".cache/a.wav", "b/.hidden/c.wav",
    )  # fmt: skip
    assert names(Folder(touch(tmp_path, "a.wav", *left))) == ["a.wav"]


def test_a_folder_that_is_none_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="nowhere: no such folder"):
        Folder(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"corpus\.zip: is a file\n.* the folder that the corpus was unpacked into"):
        Folder(packed(tmp_path / "corpus.zip"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="empty: holds no files\n    -> unpack the corpus into it"):
        Folder(tmp_path / "empty")
    touch(tmp_path, "empty/.DS_Store")
    with pytest.raises(CorpusError, match=r"empty: holds no files\n    -> expected wav/03a01Fa\.wav"):
        Folder(tmp_path / "empty", expected="wav/03a01Fa.wav")


@pytest.mark.parametrize("asked", ["Größe/Ä.wav", "GRÖSSE/ä.WAV", unicodedata.normalize("NFD", "größe/ä.wav")])
def test_names_are_found_whatever_their_case_and_form(tmp_path: Path, asked: str) -> None:
    touch(tmp_path, unicodedata.normalize("NFD", "Größe/Ä.wav"))
    found = Folder(tmp_path).find(asked)
    assert found is not None
    assert found.is_file()


def test_find_goes_from_a_folder_and_finds_nothing_hidden(tmp_path: Path) -> None:
    folder = Folder(touch(tmp_path, "a/b/c.wav", "a/.b/c.wav"))
    assert folder.find("B/C.WAV", under=tmp_path / "a") == tmp_path / "a/b/c.wav"
    assert folder.find("a/.b") is None
    assert folder.find("a/b/c.wav/d") is None
    folder.check()


def test_two_names_that_differ_in_case_alone_are_a_problem(tmp_path: Path) -> None:
    folder = Folder(touch(tmp_path, "Session1/a.wav", "session1/b.wav"))
    if len(folder.all_files) < 2 or len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system knows no case")
    for _ in range(2):
        assert folder.find("session1/a.wav") == tmp_path / "Session1/a.wav"
    said = refused(folder)
    assert said.count("session1: differs from 'Session1' in case alone") == 1


def test_what_is_needed_and_missing_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "Session1/labels/x.txt", "Session2/x.txt")
    packed(tmp_path / "Session3.zip", "y")
    folder = Folder(tmp_path)
    assert folder.need("session1/labels", "labels") == tmp_path / "Session1/labels"
    assert folder.need("Session2/lables", "the labels of session 2") is None
    assert folder.need("Sesion4/labels", "the labels of session 4") is None
    assert folder.need("Session3/labels", "the labels of session 3") is None
    said = refused(folder)
    assert f"{tmp_path}/Session2/lables: missing: the labels of session 2\n    -> known: x.txt" in said
    assert f"{tmp_path}/Sesion4: missing: the labels of session 4\n    -> did you mean 'Session" in said
    assert f"{tmp_path}/Session3: missing: the labels of session 3\n    -> unpack 'Session3.zip' there" in said


def test_a_folder_of_thousands_is_not_listed(tmp_path: Path) -> None:
    folder = Folder(touch(tmp_path, *(f"{number:04d}.wav" for number in range(50))))
    folder.need("labels", "the labels")
    assert refused(folder).endswith("-> none of the 50 names there is like it")


ARCHIVES = ("a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz")


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_nobody_unpacked_is_a_problem(tmp_path: Path, name: str) -> None:
    packed(touch(tmp_path, "other/c.wav") / name, "b/1.wav", "b/2.wav")
    assert f"{tmp_path / name}: this archive was not unpacked\n    -> unpack it there" in refused(Folder(tmp_path))


@pytest.mark.parametrize("name", [*ARCHIVES, "a.7z", "a.rar"])
def test_an_archive_beside_the_folder_of_its_name_is_none(tmp_path: Path, name: str) -> None:
    touch(tmp_path, f"inner/{name}", "inner/A/1.wav", f"A/{name}")
    Folder(tmp_path).check()


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_whose_files_are_there_under_another_folder_is_none(tmp_path: Path, name: str) -> None:
    root = touch(tmp_path, "train_splits/dia0_utt0.mp4", "train_splits/dia0_utt1.mp4")
    packed(root / name, "x/train_splits/._dia0_utt0.mp4", "__MACOSX/._x", "x/train_splits/Dia0_utt0.mp4",
           "x/train_splits/dia0_utt1.mp4")  # fmt: skip
    Folder(root).check()


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_files_without_folder_was_unpacked_where_it_lies(tmp_path: Path, name: str) -> None:
    packed(touch(tmp_path, "b/1.wav", "c/2.wav") / "b" / name, "1.wav")
    Folder(tmp_path).check()
    packed(tmp_path / "c" / name, "1.wav")
    assert f"{tmp_path}/c/{name}: this archive was not unpacked" in refused(Folder(tmp_path))


@pytest.mark.parametrize("name", ARCHIVES)
def test_files_of_the_same_names_in_another_folder_are_others(tmp_path: Path, name: str) -> None:
    packed(touch(tmp_path, "AudioData/KL/a01.wav") / "AudioData" / name, "DC/a01.wav")
    assert f"{tmp_path}/AudioData/{name}: this archive was not unpacked" in refused(Folder(tmp_path))


def test_an_archive_that_cannot_be_read_was_not_unpacked(tmp_path: Path) -> None:
    for name in ("a.zip", "b.tar.gz", "c.tar.xz", "d.7z", "e.rar", "f.tar"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 cut off")
    cut = packed(tmp_path / "g.tar.gz", "x")
    cut.write_bytes(cut.read_bytes()[:30])
    said = refused(Folder(touch(tmp_path, "x.wav")))
    for name in ("a.zip", "b.tar.gz", "c.tar.xz", "d.7z", "e.rar", "f.tar", "g.tar.gz"):
        assert f"{tmp_path / name}: this archive was not unpacked" in said


def test_the_first_file_of_a_tar_is_not_looked_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(tmp_path / "a.tar", *(f"._{n}" for n in range(20)), "x.wav")
    touch(tmp_path, "x.wav")
    Folder(tmp_path).check()
    monkeypatch.setattr(_archives, "FIRST_BYTES", 512 * 10)
    assert f"{archive}: this archive was not unpacked" in refused(Folder(tmp_path))


def test_pointers_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    folder = Folder(touch(tmp_path, "c.wav"))
    folder.check()
    said = refused(folder, folder.files(".wav")[::-1])
    assert said.startswith(f"{tmp_path}/a.wav: 2 files are Git LFS pointers")
    assert said.endswith("-> run `git lfs pull` in that checkout")


def test_links_to_nowhere_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    for name in ("c.wav", "b.wav"):
        (tmp_path / name).symlink_to("../.git/annex/objects/gone")
    folder = Folder(tmp_path)
    assert names(folder) == ["a.wav"]
    assert folder.find("b.wav") is None
    assert f"{tmp_path}/b.wav: 2 links lead to files that are not there" in refused(folder)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(CorpusError, match="2 links lead to files that are not there"):
        Folder(tmp_path)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.wav", "b/2.wav")
    (tmp_path / "a/up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a/x").symlink_to(tmp_path / "b", target_is_directory=True)
    (tmp_path / "b/y").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "b/self").symlink_to("self")
    assert names(Folder(tmp_path)) == ["a/1.wav", "a/x/2.wav", "b/2.wav", "b/y/1.wav"]


def test_links_to_media_elsewhere_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "store/s/1.wav", "corpus/2.wav")
    (tmp_path / "corpus/s").symlink_to(tmp_path / "store/s", target_is_directory=True)
    (tmp_path / "corpus/3.wav").symlink_to(tmp_path / "store/s/1.wav")
    assert names(Folder(tmp_path / "corpus")) == ["2.wav", "3.wav", "s/1.wav"]
    (tmp_path / "link").symlink_to(tmp_path / "corpus", target_is_directory=True)
    assert names(Folder(tmp_path / "link")) == ["2.wav", "3.wav", "s/1.wav"]


def test_names_that_are_no_text_are_named_as_far_as_they_are(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/Gr\xf6sse.wav")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    said = refused(Folder(tmp_path))
    assert "1 names are not UTF-8" in said
    said.encode()


def test_what_explains_the_rest_is_told_first(tmp_path: Path) -> None:
    packed(tmp_path / "a.zip", "b.wav")
    folder = Folder(tmp_path)
    folder.problems += [Problem(str(number), "wrong") for number in range(30)]
    said = refused(folder)
    assert said.startswith(f"{tmp_path}/a.zip: this archive was not unpacked")
    assert said.endswith("... and 11 more problems")
