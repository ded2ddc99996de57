"""RAVDESS: the true names, in the layouts that its archives unpack to."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.corpora.ravdess import Ravdess
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "ravdess"
TAKE = "01-06-01-02-01-12"


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        Ravdess(root, **options).clips()
    return str(caught.value)


def test_a_name_says_all_labels(tmp_path: Path) -> None:
    touch(tmp_path, f"Actor_12/01-{TAKE}.mp4")
    (clip,) = Ravdess(tmp_path).clips()
    assert clip.id == TAKE
    assert clip.video == clip.audio == tmp_path / f"Actor_12/01-{TAKE}.mp4"
    assert clip.labels == {
        "speaker": "actor12",
        "emotion": "fearful",
        "gender": "female",
        "intensity": "normal",
        "sentence": "dogs are sitting by the door",
        "repetition": "1",
    }
    assert clip.origin == f"Actor_12/01-{TAKE}.mp4"


@pytest.mark.parametrize("modalities", [c for n in (1, 2, 3) for c in itertools.combinations(("01", "02", "03"), n)])
def test_one_clip_per_take_whatever_files_there_are(tmp_path: Path, modalities: tuple[str, ...]) -> None:
    names = {
        "01": f"Video_Speech_Actor_12/Actor_12/01-{TAKE}.mp4",
        "02": f"Video_Speech_Actor_12/Actor_12/02-{TAKE}.mp4",
        "03": f"Audio_Speech_Actors_01-24/Actor_12/03-{TAKE}.wav",
    }
    touch(tmp_path, *(names[m] for m in modalities))
    (clip,) = Ravdess(tmp_path).clips()
    video = next((names[m] for m in ("01", "02") if m in modalities), None)
    audio = next((names[m] for m in ("01", "03") if m in modalities), None)
    assert clip.id == TAKE
    assert clip.video == (tmp_path / video if video else None)
    assert clip.audio == (tmp_path / audio if audio else None)


def test_sound_beside_a_full_take_gives_no_picture(tmp_path: Path) -> None:
    touch(tmp_path, f"01-{TAKE}.wav", f"02-{TAKE}.mp4")
    (clip,) = Ravdess(tmp_path).clips()
    assert (clip.video, clip.audio) == (tmp_path / f"02-{TAKE}.mp4", tmp_path / f"01-{TAKE}.wav")


def test_the_sound_of_the_video_itself_comes_first(tmp_path: Path) -> None:
    touch(tmp_path, f"01-{TAKE}.flac", f"01-{TAKE}.mp4", f"03-{TAKE}.flac")
    (clip,) = Ravdess(tmp_path).clips()
    assert clip.audio == clip.video == tmp_path / f"01-{TAKE}.mp4"


def test_keeps_the_contract(tmp_path: Path) -> None:
    touch(tmp_path, *(f"Actor_{a:02d}/03-01-0{e}-01-01-01-{a:02d}.flac" for a in (1, 2, 3) for e in range(1, 9)))
    check_corpus("ravdess", tmp_path)


def test_copies_as_people_have_them(tmp_path: Path, medium: Callable[[Path], Path]) -> None:
    root = tmp_path / "ravdess"
    medium(root / f"Video_Speech_Actor_12/Actor_12/01-{TAKE}.mp4")
    medium(root / "Audio_Speech_Actors_01-24/Actor_03/03-01-01-01-02-02-03.wav")
    np.savez(root / "action_units.npz", clip=np.array([f"01-{TAKE}"]), au=np.zeros((1, 35), np.float32))
    check_corpus("ravdess", root)
    check_copies("ravdess", root, tmp_path / "copies")


def test_an_archive_that_was_not_unpacked_is_named(tmp_path: Path) -> None:
    touch(tmp_path, f"03-{TAKE}.wav", "Video_Speech_Actor_01.zip")
    assert "Video_Speech_Actor_01.zip: this archive was not unpacked" in refused(tmp_path)


def test_speech_and_song_are_chosen(tmp_path: Path) -> None:
    touch(tmp_path, f"03-{TAKE}.wav", "03-02-03-02-01-01-07.wav")
    assert [clip.id for clip in Ravdess(tmp_path).clips()] == [TAKE]
    assert [clip.id for clip in Ravdess(tmp_path, channel="song").clips()] == ["02-03-02-01-01-07"]
    (tmp_path / f"03-{TAKE}.wav").unlink()
    assert "no file of speech, 1 takes of the other channel" in refused(tmp_path)


def test_what_other_systems_leave_behind_is_no_clip(tmp_path: Path) -> None:
    touch(tmp_path, f"03-{TAKE}.wav", f"._03-{TAKE}.wav", ".DS_Store", f"__MACOSX/03-{TAKE}.wav", "README.txt")
    touch(tmp_path, ".cache/whatever.mp4")
    assert len(Ravdess(tmp_path).clips()) == 1


def test_malformed_names_are_listed_all(tmp_path: Path) -> None:
    bad = ("03-01-09-01-01-01-01.wav", "03-01-01-01-01-01-25.wav", "03-01-01-01-01-01.flac", "holiday.mp4")
    touch(tmp_path, f"03-{TAKE}.wav", *bad)
    said = refused(tmp_path)
    for name in bad:
        assert f"{tmp_path / name}: not a RAVDESS name" in said
    assert f"03-{TAKE}" not in said


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    touch(tmp_path, f"a/03-{TAKE}.wav", f"b/03-{TAKE}.wav")
    (tmp_path / f"b/03-{TAKE}.wav").write_bytes((tmp_path / f"a/03-{TAKE}.wav").read_bytes())
    (clip,) = Ravdess(tmp_path).clips()
    assert clip.audio == tmp_path / f"a/03-{TAKE}.wav"


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, f"a/03-{TAKE}.wav", f"b/03-{TAKE}.wav")
    assert f"b/03-{TAKE}.wav: another file of this name is {tmp_path}/a/03-{TAKE}.wav" in refused(tmp_path)


def test_git_lfs_pointers_are_named(tmp_path: Path) -> None:
    for name in (f"03-{TAKE}.wav", "03-01-01-01-01-01-01.wav"):
        (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    assert "2 files are Git LFS pointers" in refused(tmp_path)


def test_empty_and_missing_folders_say_what_was_expected(tmp_path: Path) -> None:
    assert "expected files named MM-CC-EE-II-SS-RR-AA" in refused(tmp_path)
    assert "no such folder" in refused(tmp_path / "nowhere")


def test_action_units_are_a_stream_of_the_same_take(tmp_path: Path) -> None:
    touch(tmp_path, f"03-{TAKE}.flac", "03-01-01-01-01-01-01.flac")
    names = np.array(["01-01-02-01-01-01-01", f"01-{TAKE}"])
    np.savez(tmp_path / "action_units.npz", clip=names, au=np.zeros((2, 35), np.float32))
    with_none, clip = Ravdess(tmp_path).clips()
    source = clip.features["action_units"]
    assert (source.path, source.array, source.row) == (tmp_path / "action_units.npz", "au", 1)
    assert not with_none.features


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"clip": np.array([f"01-{TAKE}"])}, "unreadable"),
        ({"clip": np.array([f"01-{TAKE}", "01"]), "au": np.zeros((2, 3))}, "row 1: '01' is no RAVDESS name"),
        ({"clip": np.array([f"01-{TAKE}"]), "au": np.zeros((2, 3))}, "1 names for 2 rows of 'au'"),
        ({"clip": np.array([f"01-{TAKE}", f"03-{TAKE}"]), "au": np.zeros((2, 3))}, "names 1 takes twice"),
        ({"clip": np.array([{}]), "au": np.zeros((1, 3))}, "unreadable: Object arrays cannot be loaded"),
        ({"clip": np.array([f"01-{TAKE}"]), "au": np.float32(1)}, "unreadable"),
    ],
)
def test_tables_of_action_units_that_do_not_fit(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    touch(tmp_path, f"03-{TAKE}.flac")
    np.savez(tmp_path / "action_units.npz", **arrays)
    said = refused(tmp_path)
    assert words in said
    assert "action_units.npz" in said


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"words"])
def test_a_table_of_action_units_that_is_no_archive(tmp_path: Path, content: bytes) -> None:
    touch(tmp_path, f"03-{TAKE}.flac")
    (tmp_path / "action_units.npz").write_bytes(content)
    assert "unreadable" in refused(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real corpus in {REAL}")
def test_the_real_corpus() -> None:
    check_corpus("ravdess", REAL)
    clips = Ravdess(REAL).clips()
    assert len(clips) == 1440
    assert Counter(clip.labels["speaker"] for clip in clips) == {f"actor{a:02d}": 60 for a in range(1, 25)}
    assert all(clip.audio is not None and clip.video is None for clip in clips)
    with np.load(REAL / "action_units.npz") as table:
        names = table["clip"].tolist()
    assert [names[clip.features["action_units"].row or 0] for clip in clips] == [f"01-{clip.id}" for clip in clips]
