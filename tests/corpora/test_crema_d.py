"""CREMA-D: the repository's layout, its demographics and votes, and the files its README lists as wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from emoprism.corpora.crema_d import CremaD
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus
from emoprism.types import Clip

TAKES = ("1001_DFA_ANG_XX", "1001_IEO_HAP_LO", "1002_TIE_NEU_XX")
ACTORS = (
    '"ActorID","Age","Sex","Race","Ethnicity"\n'
    '1001,51,"Male","Caucasian","Not Hispanic"\n'
    '1002,21,"Female","African American","Hispanic"\n'
    '1064,53,"Male","Caucasian","Not Hispanic"\n'
    '1076,25,"Female","Caucasian","Not Hispanic"\n'
)
VOTES = {  # A D F H N S, by what was shown
    "1001_DFA_ANG_XX": {"1": "6,2,0,0,1,0", "2": "4,4,0,0,2,0", "3": "1,0,0,0,8,1"},
    "1001_IEO_HAP_LO": {"1": "0,0,0,3,6,0", "2": "0,0,0,9,0,0", "3": "0,0,0,8,2,0"},
    "1002_TIE_NEU_XX": {"1": "0,0,0,0,10,0", "2": "0,0,0,0,10,0", "3": "0,0,0,0,0,9"},
}


def votes_csv(votes: Mapping[str, Mapping[str, str]]) -> str:
    """As R writes it: the first column, of names of rows, has no name."""
    rows = [
        f'"{shown}{number:05d}",{counts},"{take}",9,0.5,"N"'
        for shown in "123"
        for number, (take, counts) in enumerate(((t, v[shown]) for t, v in votes.items() if shown in v), start=1)
    ]
    header = '"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"'
    return "\n".join([header, *rows]) + "\n"


@pytest.fixture
def crema(tmp_path: Path, medium: Callable[[Path], Path]) -> Path:
    root = tmp_path / "CREMA-D"
    for take in TAKES:
        medium(root / f"VideoFlash/{take}.flv")
        medium(root / f"AudioWAV/{take}.wav")
        medium(root / f"AudioMP3/{take}.mp3")
    (root / "VideoDemographics.csv").write_text(ACTORS)
    (root / "processedResults").mkdir()
    (root / "processedResults/tabulatedVotes.csv").write_text(votes_csv(VOTES))
    (root / "SentenceFilenames.csv").write_text('"Stimulus_Number","Filename"\n1,"1001_IEO_NEU_XX"\n')
    return root


def clips(root: Path, **options: Any) -> dict[str, Clip]:
    return {clip.id: clip for clip in CremaD(root, **options).clips()}


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        CremaD(root, **options).clips()
    return str(caught.value)


def test_keeps_the_contract_on_copies_as_people_have_them(crema: Path, tmp_path: Path) -> None:
    check_corpus("crema_d", crema)
    check_corpus("crema_d", crema, label="both")
    check_copies("crema_d", crema, tmp_path / "copies", label="voice")


def test_what_is_known_of_a_clip(crema: Path) -> None:
    clip = clips(crema)["1001_DFA_ANG_XX"]
    assert clip.labels == {
        "speaker": "1001",
        "emotion": "angry",
        "gender": "male",
        "sentence": "don't forget a jacket",
        "intensity": "unspecified",
        "race": "Caucasian",
        "ethnicity": "Not Hispanic",
    }
    assert clip.video == crema / "VideoFlash/1001_DFA_ANG_XX.flv"
    assert clip.audio == crema / "AudioWAV/1001_DFA_ANG_XX.wav"
    assert clip.values["age"] == 51
    assert clip.values["votes:neutral"] == 0.8
    assert clip.values["face_votes:angry"] == 0.4
    assert clip.values["voice_votes:angry"] == pytest.approx(6 / 9)
    assert len(clip.values) == 1 + 3 * 6
    assert clips(crema)["1001_IEO_HAP_LO"].labels["intensity"] == "low"


def test_which_emotion_is_the_label(crema: Path) -> None:
    def emotions(label: str) -> list[str | None]:
        return [clip.labels.get("emotion") for clip in clips(crema, label=label).values()]

    assert emotions("acted") == ["angry", "happy", "neutral"]
    assert emotions("voice") == ["angry", "neutral", "neutral"]
    assert emotions("face") == [None, "happy", "neutral"], "as many votes for two emotions are no majority"
    assert emotions("both") == ["neutral", "happy", "sad"]


@pytest.mark.parametrize(
    ("folders", "video", "audio"),
    [
        (("AudioWAV", "AudioMP3"), None, "AudioWAV/1001_DFA_ANG_XX.wav"),
        (("AudioMP3", "VideoFlash"), "VideoFlash/1001_DFA_ANG_XX.flv", "AudioMP3/1001_DFA_ANG_XX.mp3"),
        (("VideoFlash",), "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1001_DFA_ANG_XX.flv"),
    ],
)
def test_parts_of_the_corpus_are_read(crema: Path, folders: tuple[str, ...], video: str | None, audio: str) -> None:
    for folder in {"AudioWAV", "AudioMP3", "VideoFlash"} - set(folders):
        shutil.rmtree(crema / folder)
    clip = clips(crema)["1001_DFA_ANG_XX"]
    assert (clip.video, clip.audio) == (crema / video if video else None, crema / audio)


def test_converted_videos_are_read(crema: Path, medium: Callable[[Path], Path]) -> None:
    shutil.rmtree(crema / "VideoFlash")
    path = medium(crema / "VideoMP4/1001_DFA_ANG_XX.mp4")
    assert clips(crema)["1001_DFA_ANG_XX"].video == path


def test_files_that_the_readme_lists_as_wrong_are_left_out(crema: Path, medium: Callable[[Path], Path]) -> None:
    for take in ("1076_MTI_SAD_XX", "1076_MTI_NEU_XX", "1064_TIE_SAD_XX"):
        for name in (f"VideoFlash/{take}.flv", f"AudioWAV/{take}.wav", f"AudioMP3/{take}.mp3"):
            medium(crema / name)
    medium(crema / "AudioMP3/1064_IEO_DIS_MD.mp3")
    found = clips(crema)
    silent, sound = found["1076_MTI_SAD_XX"], found["1076_MTI_NEU_XX"]
    assert silent.rejected == "the corpus's README lists its files as wrong: no sound, very short"
    assert (silent.video, silent.audio) == (None, None)
    assert (sound.video, sound.audio, sound.rejected) == (None, crema / "AudioWAV/1076_MTI_NEU_XX.wav", "")
    assert found["1064_IEO_DIS_MD"].rejected.endswith("a minute long, all emotions")
    assert [name for name, clip in found.items() if clip.rejected] == ["1064_IEO_DIS_MD", "1076_MTI_SAD_XX"]
    check_corpus("crema_d", crema)


def test_without_votes_the_acted_emotion_is_there_and_the_perceived_one_missing(crema: Path) -> None:
    (crema / "processedResults/tabulatedVotes.csv").unlink()
    assert set(clips(crema)["1001_DFA_ANG_XX"].values) == {"age"}
    assert f"{crema / 'tabulatedVotes.csv'}: missing: the raters' votes" in refused(crema, label="face")


def test_a_missing_table_is_named(crema: Path) -> None:
    (crema / "VideoDemographics.csv").unlink()
    assert f"{crema / 'VideoDemographics.csv'}: missing: gender and age of the actors" in refused(crema)


def test_an_actor_or_a_take_without_a_row_is_named(crema: Path, medium: Callable[[Path], Path]) -> None:
    medium(crema / "AudioWAV/1003_TIE_SAD_XX.wav")
    assert "no row with the sex of actor 1003, who is in 1003_TIE_SAD_XX.wav" in refused(crema)
    (crema / "VideoDemographics.csv").write_text(ACTORS + "1003,21,Female,Caucasian,Not Hispanic\n")
    assert "1003_TIE_SAD_XX" in clips(crema)
    assert "tabulatedVotes.csv: no row for 1003_TIE_SAD_XX (both)" in refused(crema, label="both")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"100001",6,2', '"900001",6,2', "row 2: '900001' of '1001_DFA_ANG_XX'"),
        (
            '"100001",6,2,0,0,1,0,"1001_DFA_ANG_XX"',
            '"100001",6,2,0,0,1,0,"ANG_practice"',
            "row 2: '100001' of 'ANG_prac",
        ),
        ('"100001",6,2', '"100001",-6,2', "row 2, column 'A': '-6' is not a number of votes"),
        ('"fileName"', '"file"', "missing column 'fileName'"),
    ],
)
def test_votes_that_are_wrong_say_where(crema: Path, old: str, new: str, words: str) -> None:
    table = crema / "processedResults/tabulatedVotes.csv"
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    assert words in refused(crema)


def test_demographics_without_a_column_say_which(crema: Path) -> None:
    (crema / "VideoDemographics.csv").write_text(ACTORS.replace('"Sex"', '"Gender"'))
    assert "VideoDemographics.csv: missing column 'Sex'" in refused(crema)


def test_names_that_are_none_are_listed_all(crema: Path, medium: Callable[[Path], Path]) -> None:
    bad = ("1092_DFA_ANG_XX.wav", "1001_XXX_ANG_XX.wav", "1001_DFA_JOY_XX.flv", "holiday.mp4")
    for name in bad:
        medium(crema / name)
    said = refused(crema)
    assert all(f"{crema / name}: not a CREMA-D name" in said for name in bad)


def test_a_checkout_without_its_media_says_git_lfs(crema: Path) -> None:
    for path in (crema / "AudioWAV").iterdir():
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 82260\n")
    assert "3 files are Git LFS pointers" in refused(crema)


def test_a_folder_of_something_else(crema: Path) -> None:
    for name in ("AudioWAV", "AudioMP3", "VideoFlash"):
        shutil.rmtree(crema / name)
    assert "no CREMA-D file\n    -> expected files named ACTOR_SENTENCE_EMOTION_LEVEL" in refused(crema)
