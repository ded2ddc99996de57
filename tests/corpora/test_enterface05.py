"""eNTERFACE'05: the true layout, with its true irregularities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emoprism.corpora.enterface05 import Enterface05
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus

Medium = Callable[[Path], Path]
EMOTIONS = {"an": "anger", "di": "disgust", "fe": "fear", "ha": "happiness", "sa": "sadness", "su": "surprise"}


@pytest.fixture
def root(tmp_path: Path, medium: Medium) -> Path:
    """Regular subject 1, and one file of each of the irregular subjects; Thumbs.db as in the release."""
    root = tmp_path / "enterface database"
    for code, emotion in EMOTIONS.items():
        medium(root / f"subject 1/{emotion}/sentence 5/s1_{code}_5.avi")
        medium(root / f"subject 6/{emotion}/s6_{code}.avi")
    medium(root / "subject 3/happiness/sentence 1/s_3_ha_1.avi")
    medium(root / "subject 11/fear/sentence 3/s12_fe_3.avi")
    medium(root / "subject 12/fear/sentence 3/s12_fe_3.avi")
    medium(root / "subject 16/surprise/sentence 3/s16_su_3avi.avi")
    medium(root / "subject 23/happiness/sentence 2/s23_ha_2.avi")
    (root / "subject 1/anger/sentence 5/Thumbs.db").write_bytes(b"x")
    return root


def refused(root: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        Enterface05(root).clips()
    return str(caught.value)


def test_keeps_the_contract(root: Path) -> None:
    check_corpus("enterface05", root)
    check_corpus("enterface05", root.parent, unsegmented=True)
    check_corpus("enterface05", root / "subject 1")


def test_reads_copies_as_people_have_them(root: Path, tmp_path: Path) -> None:
    check_copies("enterface05", root, tmp_path / "copies")


def test_folders_say_all_labels(root: Path) -> None:
    clips = {clip.id: clip for clip in Enterface05(root).clips()}
    assert len(clips) == 17
    clip = clips["subject01-anger-5"]
    assert clip.labels == {"speaker": "subject01", "emotion": "angry", "sentence": "angry 5"}
    assert clip.video == clip.audio == root / "subject 1/anger/sentence 5/s1_an_5.avi"
    assert clip.origin == "subject 1/anger/sentence 5/s1_an_5.avi"
    assert [clips[f"subject01-{emotion}-5"].labels["emotion"] for emotion in EMOTIONS.values()] == [
        "angry", "disgust", "fearful", "happy", "sad", "surprised",
    ]  # fmt: skip


def test_names_with_slips_are_read_by_their_folders(root: Path) -> None:
    clips = {clip.id: clip for clip in Enterface05(root).clips()}
    for name, subject in (("03-happiness-1", "03"), ("11-fear-3", "11"), ("12-fear-3", "12"), ("16-surprise-3", "16")):
        clip = clips[f"subject{name}"]
        assert (clip.labels["speaker"], clip.rejected) == (f"subject{subject}", "")


def test_subject_6_is_not_cut_into_sentences(root: Path) -> None:
    whole = [clip for clip in Enterface05(root).clips() if clip.labels["speaker"] == "subject06"]
    assert [clip.id for clip in whole] == [f"subject06-{emotion}" for emotion in EMOTIONS.values()]
    assert all(clip.rejected.startswith("not cut into sentences") and "sentence" not in clip.labels for clip in whole)
    assert not any(clip.rejected for clip in Enterface05(root, unsegmented=True).clips())


def test_a_name_of_another_emotion_than_its_folder_is_rejected(root: Path, medium: Medium) -> None:
    medium(root / "subject 2/anger/sentence 1/s2_fe_1.avi")
    medium(root / "subject 2/anger/sentence 2/whatever.avi")
    one, two = (clip for clip in Enterface05(root).clips() if clip.labels["speaker"] == "subject02")
    assert one.rejected == "its folder says anger, its name 's2_fe_1.avi' something else"
    assert not two.rejected


def test_sound_that_was_taken_out_is_heard(root: Path, medium: Medium) -> None:
    sound = medium(root / "subject 1/anger/sentence 5/s1_an_5.wav")
    clip = Enterface05(root).clips()[0]
    assert (clip.id, clip.audio) == ("subject01-anger-5", sound)
    assert clip.video is not None


def test_folders_without_blanks(tmp_path: Path, medium: Medium) -> None:
    medium(tmp_path / "enterface-database/subject-1/anger/sentence-1/s1_an_1.avi")
    medium(tmp_path / "enterface-database/subject_2/anger/sentence_1/s2_an_1.avi")
    assert [clip.id for clip in Enterface05(tmp_path).clips()] == ["subject01-anger-1", "subject02-anger-1"]


def test_two_files_for_one_sentence_are_refused(root: Path, medium: Medium) -> None:
    medium(root / "subject 1/anger/sentence 5/s1_an_6.avi").write_bytes(b"other")
    assert "s1_an_6.avi: another file of this name is" in refused(root)


OTHER_PLACES = (
    "subject 1/s1_an_1.avi", "subject 1/rage/sentence 1/x.avi", "anger/sentence 1/x.avi",
    "subject 1/anger/sentence 6/x.avi", "subject 1/anger/sentence 1/old/x.avi",
)  # fmt: skip


@pytest.mark.parametrize("name", OTHER_PLACES)
def test_other_places_are_problems(root: Path, medium: Medium, name: str) -> None:
    path = medium(root / name)
    assert f"{path}: not a name of eNTERFACE'05\n    -> expected subject 1/anger/sentence 1/s1_an_1.avi" in refused(
        root
    )


def test_folders_without_videos_say_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("x")
    assert f"{tmp_path}: no file of eNTERFACE'05\n    -> expected subject 1/anger" in refused(tmp_path)
