"""SAVEE: the true names, in the layouts of the release and of the flat copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emoprism.corpora.savee import Savee
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus

Medium = Callable[[Path], Path]
CODES = ("a01", "a04", "d03", "f06", "h15", "n03", "n04", "n30", "sa05", "su10")


@pytest.fixture
def root(tmp_path: Path, medium: Medium) -> Path:
    """Both archives of the release side by side, two speakers, some sentences; one speaker without videos."""
    root = tmp_path / "savee"
    for code in CODES:
        medium(root / f"AudioData/DC/{code}.wav")
        medium(root / f"AudioData/KL/{code}.wav")
        medium(root / f"AudioVisualClip/DC/{code}.avi")
    (root / "AudioData/Info.txt").write_text("'DC', 'JE', 'JK' and 'KL' are four male speakers\n")
    return root


def refused(root: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        Savee(root).clips()
    return str(caught.value)


def test_keeps_the_contract(root: Path) -> None:
    check_corpus("savee", root)


def test_reads_copies_as_people_have_them(root: Path, tmp_path: Path) -> None:
    check_copies("savee", root, tmp_path / "copies")


def test_labels_and_files(root: Path) -> None:
    clips = {clip.id: clip for clip in Savee(root).clips()}
    assert len(clips) == 2 * len(CODES)
    both, sound = clips["DC-sa05"], clips["KL-sa05"]
    assert both.labels == {"speaker": "DC", "emotion": "sad", "gender": "male", "sentence": "sad specific 5"}
    assert (both.video, both.audio) == (root / "AudioVisualClip/DC/sa05.avi", root / "AudioData/DC/sa05.wav")
    assert both.origin == "AudioData/DC/sa05.wav, AudioVisualClip/DC/sa05.avi"
    assert (sound.video, sound.audio) == (None, root / "AudioData/KL/sa05.wav")
    emotions = {code: clips[f"KL-{code}"].labels["emotion"] for code in CODES}
    assert emotions == {
        "a01": "angry", "a04": "angry", "d03": "disgust", "f06": "fearful", "h15": "happy", "n03": "neutral",
        "n04": "neutral", "n30": "neutral", "sa05": "sad", "su10": "surprised",
    }  # fmt: skip


def test_sentences_are_common_specific_or_generic(root: Path) -> None:
    sentences = {clip.id[3:]: clip.labels["sentence"] for clip in Savee(root).clips()}
    assert sentences == {
        "a01": "common 1", "a04": "angry specific 4", "d03": "common 3", "f06": "fearful generic 6",
        "h15": "happy generic 15", "n03": "common 3", "n04": "neutral 4", "n30": "neutral 30",
        "sa05": "sad specific 5", "su10": "surprised generic 10",
    }  # fmt: skip


def test_videos_alone(root: Path, tmp_path: Path) -> None:
    for clip in Savee(root / "AudioVisualClip").clips():
        assert clip.video == clip.audio
    assert [clip.id for clip in Savee(root / "AudioVisualClip/DC").clips()] == [f"DC-{code}" for code in CODES]


def test_the_flat_copy(tmp_path: Path, medium: Medium) -> None:
    root = tmp_path / "savee"
    for name in ("DC_a01", "JK_su15", "KL_n30"):
        medium(root / f"ALL/{name}.wav")
    check_corpus("savee", root)
    check_copies("savee", root, tmp_path / "copies")
    assert [(clip.id, clip.labels["speaker"]) for clip in Savee(root).clips()] == [
        ("DC-a01", "DC"), ("JK-su15", "JK"), ("KL-n30", "KL"),
    ]  # fmt: skip


def test_a_folder_around_the_corpus_is_nobodys_name(tmp_path: Path, medium: Medium) -> None:
    path = medium(tmp_path / "JE" / "savee" / "ALL" / "a01.wav")
    assert f"{path}: not a name of SAVEE" in refused(tmp_path / "JE" / "savee")
    assert [clip.id for clip in Savee(tmp_path / "JE").clips()] == ["JE-a01"]


@pytest.mark.parametrize("name", ["DC/a00", "DC/a16", "DC/n31", "DC/x01", "DC/a001", "XY/a01", "a01", "ALL/a01"])
def test_other_names_are_problems(root: Path, medium: Medium, name: str) -> None:
    path = medium(root / f"{name}.wav")
    assert f"{path}: not a name of SAVEE\n    -> expected AudioVisualClip/DC/a01.avi" in refused(root)


def test_two_takes_of_one_name_are_refused(root: Path, medium: Medium) -> None:
    copy = medium(root / "ALL/DC_a01.wav")
    assert len(Savee(root).clips()) == 2 * len(CODES)
    copy.write_bytes(b"other")
    assert f"{root}/AudioData/DC/a01.wav: another file of this name is {copy}" in refused(root)


def test_folders_without_recordings_say_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("x")
    assert f"{tmp_path}: no file of SAVEE\n    -> expected AudioVisualClip/DC/a01.avi" in refused(tmp_path)
