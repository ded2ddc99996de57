"""MELD: MELD.Raw as it unpacks, with what is known to be wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emoprism.corpora import _meld
from emoprism.corpora.meld import Meld
from emoprism.errors import CorpusError
from emoprism.families import SPLITTERS
from emoprism.splits.base import Unit
from emoprism.testing import check_copies, check_corpus

Medium = Callable[[Path], Path]
HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"
FOLDERS = {"train": "train/train_splits", "dev": "dev/dev_splits_complete", "test": "test/output_repeated_splits_test"}
ROWS = {  # speaker, emotion, sentiment, dialogue, utterance, season, episode
    "train": [
        "Chandler,neutral,neutral,0,0,8,21", "Monica,joy,positive,0,1,8,21", "All,surprise,positive,1,0,4,7",
        "Joey/Drake,anger,negative,1,1,4,7", "Ross,fear,negative,125,3,2,1", "Phoebe,sadness,negative,1,2,4,7",
        "Rachel,disgust,negative,2,0,4,7", "Frank Sr.,neutral,neutral,3,0,4,7",
    ],
    "dev": [
        "Ross,neutral,neutral,0,0,8,21", "Waitress,neutral,neutral,0,1,8,21", "Kori,neutral,neutral,0,2,8,21",
        "Monica,anger,negative,110,7,1,1",
    ],
    "test": [
        "Joey,surprise,positive,0,0,3,19", "Mark,neutral,neutral,0,1,3,19", "Waitress,joy,positive,1,0,3,19",
        "Ross and Joey,joy,positive,1,1,3,19", "Frank Sr,neutral,neutral,2,0,3,19",
    ],
}  # fmt: skip


def write(root: Path, part: str, rows: list[str], encoding: str = "utf-8", apostrophe: str = "’") -> Path:
    lines = [f'{n},"Don{apostrophe}t, Jo!",{row},"0:16:16,059","0:16:21,731"' for n, row in enumerate(rows, start=1)]
    path = root / part / f"{part}_sent_emo.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join([HEADER, *lines, ""]).encode(encoding))
    return path


@pytest.fixture
def root(tmp_path: Path, medium: Medium) -> Path:
    """MELD.Raw with all three parts: videos of all rows but the one that no release has, and some that no row names."""
    root = tmp_path / "MELD.Raw"
    for part, rows in ROWS.items():
        write(root, part, rows)
        for row in rows:
            dialogue, utterance = row.split(",")[3:5]
            medium(root / FOLDERS[part] / f"dia{dialogue}_utt{utterance}.mp4")
    (root / FOLDERS["dev"] / "dia110_utt7.mp4").unlink()
    (root / FOLDERS["test"] / "._dia0_utt0.mp4").write_bytes(b"\x00\x05\x16\x07")
    medium(root / FOLDERS["test"] / "final_videos_testdia0_utt1.mp4")
    medium(root / FOLDERS["dev"] / "dia66_utt9.mp4")
    return root


def refused(root: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        Meld(root).clips()
    return str(caught.value)


def test_keeps_the_contract(root: Path) -> None:
    check_corpus("meld", root)
    check_corpus("meld", root, minor=False)


def test_reads_copies_as_people_have_them(root: Path, tmp_path: Path) -> None:
    check_copies("meld", root, tmp_path / "copies")


def test_a_row_says_all_labels(root: Path) -> None:
    clips = {clip.id: clip for clip in Meld(root).clips()}
    assert list(clips) == sorted(clips)
    clip = clips["train-dia0-utt1"]
    assert clip.labels == {
        "speaker": "Monica", "emotion": "happy", "sentiment": "positive", "gender": "female", "source": "s08e21",
        "dialogue": "train 0",
    }  # fmt: skip
    assert clip.video == clip.audio == root / "train/train_splits/dia0_utt1.mp4"
    assert clip.origin == "train/train_sent_emo.csv, row 3, train/train_splits/dia0_utt1.mp4"
    train = [clips[f"train-dia{row.split(',')[3]}-utt{row.split(',')[4]}"] for row in ROWS["train"]]
    assert [clip.labels["emotion"] for clip in train] == [
        "neutral", "happy", "surprised", "angry", "fearful", "sad", "disgust", "neutral",
    ]  # fmt: skip


def test_groups_are_nobody_and_roles_are_their_actor(root: Path) -> None:
    speakers = {clip.id: clip.labels.get("speaker") for clip in Meld(root).clips()}
    assert speakers["train-dia1-utt0"] is None
    assert speakers["test-dia1-utt1"] is None
    assert speakers["train-dia1-utt1"] == "Joey"
    assert speakers["train-dia3-utt0"] == speakers["test-dia2-utt0"] == "Frank Sr"


def test_sides_are_the_official_ones_as_far_as_speakers_allow(root: Path) -> None:
    clips = {clip.id: clip for clip in Meld(root).clips()}
    assert {clip.split for name, clip in clips.items() if name.startswith("train")} == {"train"}
    assert {name: clip.split for name, clip in clips.items() if name.startswith("test")} == {
        "test-dia0-utt0": "test",
        "test-dia0-utt1": "unseen",
        "test-dia1-utt0": "unseen",
        "test-dia1-utt1": "test",
        "test-dia2-utt0": "test",
    }
    assert (clips["dev-dia0-utt0"].split, clips["dev-dia0-utt2"].split) == ("validation", "validation")
    assert clips["dev-dia0-utt1"].rejected == "'Waitress' tests as unseen, and nobody unseen selects the epoch"


def test_the_official_split_can_be_given(root: Path) -> None:
    units = [Unit(clip.id, clip.labels, clip.split) for clip in Meld(root).clips() if not clip.rejected]
    sides = SPLITTERS.make("given").split(units, 0)
    assert sides == {unit.id: unit.given for unit in units}


def test_what_is_wrong_with_the_release_is_rejected(root: Path) -> None:
    broken = root / "train/train_splits/dia125_utt3.mp4"
    rejected = {clip.id: clip.rejected for clip in Meld(root).clips() if clip.rejected}
    assert rejected.pop("dev-dia0-utt1")
    assert rejected == {
        "dev-dia110-utt7": "its video is not in the folder",
        "dev-dia66-utt9": "no row of the tables names it",
    }
    whole = broken.read_bytes()
    broken.write_bytes(whole[: whole.index(b"moov")])
    clips = {clip.id: clip for clip in Meld(root).clips()}
    assert clips["train-dia125-utt3"].rejected == "its file is broken in the release: it has no index of its frames"
    check_corpus("meld", root)


def test_what_was_cut_again_takes_the_place_of_what_was_wrong(root: Path, medium: Medium) -> None:
    again = root / FOLDERS["test"] / "final_videos_testdia0_utt1.mp4"
    clips = {clip.id: clip for clip in Meld(root).clips()}
    assert clips["test-dia0-utt1"].video == again
    assert clips["test-dia0-utt0"].video == root / FOLDERS["test"] / "dia0_utt0.mp4"
    (root / FOLDERS["test"] / "dia0_utt1.mp4").unlink()
    assert {clip.id: clip.video for clip in Meld(root).clips()}["test-dia0-utt1"] == again
    medium(root / FOLDERS["test"] / "final_videos_testdia101_utt0.mp4")
    (clip,) = (clip for clip in Meld(root).clips() if "dia101" in clip.id)
    assert (clip.id, clip.rejected) == ("test-dia101-utt0-cut-again", "no row of the tables names it")


def test_minor_speakers_can_be_left_out(root: Path) -> None:
    clips = [clip for clip in Meld(root, minor=False).clips() if not clip.rejected]
    assert {clip.labels["speaker"] for clip in clips} <= set(_meld.FRIENDS)
    assert {clip.split for clip in clips} == {"train", "validation", "test"}


@pytest.mark.parametrize(("encoding", "apostrophe"), [("utf-8-sig", "’"), ("cp1252", "’"), ("utf-8", "\x92")])
def test_tables_in_the_encodings_that_there_are(root: Path, encoding: str, apostrophe: str) -> None:
    expected = Meld(root).clips()
    rows = [row.replace("Mark", f"Richard{apostrophe}s Date") for row in ROWS["test"]]
    write(root, "test", rows, encoding, apostrophe)
    clips = {clip.id: clip for clip in Meld(root).clips()}
    assert len(clips) == len(expected)
    assert clips["test-dia0-utt1"].labels["speaker"] == "Richard’s Date"


def test_the_layout_of_sound_alone(tmp_path: Path, medium: Medium) -> None:
    for part, rows in ROWS.items():
        write(tmp_path, part, rows)
        for row in rows:
            dialogue, utterance = row.split(",")[3:5]
            medium(tmp_path / "audio" / part / f"dia{dialogue}_utt{utterance}.flac")
    check_corpus("meld", tmp_path)
    assert all(clip.video is None for clip in Meld(tmp_path).clips())


@pytest.mark.parametrize("part", FOLDERS)
def test_parts_that_are_missing_are_named(root: Path, part: str) -> None:
    folder = FOLDERS[part].split("/")[1]
    for path in (root / FOLDERS[part]).iterdir():
        path.unlink()
    assert f"{root}/{folder}: missing: the videos of {part}\n    -> unpack {part}.tar.gz there" in refused(root)
    (root / part / f"{part}_sent_emo.csv").unlink()
    assert f"{root}/{part}_sent_emo.csv: missing: the labels of {part}" in refused(root)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("Ross,rage,negative,9,0,1,1", "row 2, column 'Emotion': unknown word 'rage'\n    -> did you mean 'anger'?"),
        ("Ross,anger,negatif,9,0,1,1", "row 2, column 'Sentiment': unknown word 'negatif'\n    -> did you mean"),
        ("Ross,anger,negative,nine,0,1,1", "row 2, column 'Dialogue_ID': 'nine' is not a number"),
        ("Ross,anger,negative,9,0,1,", "row 2, column 'Episode': '' is not a number"),
        ("Ross,anger,negative,0,0,8,21", "row 3, column 'Utterance_ID': dialogue 0, utterance 0 stands there already"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_read_are_named(root: Path, row: str, words: str) -> None:
    path = write(root, "train", [row, *ROWS["train"]])
    assert f"{path}, {words}" in refused(root)


def test_tables_that_are_none_are_named(root: Path) -> None:
    path = root / "dev/dev_sent_emo.csv"
    path.write_text("Utterance,Speaker\nx,y\n")
    assert f"{path}: missing column 'Emotion'" in refused(root)
    path.write_bytes(b"")
    assert f"{path}: empty file" in refused(root)


def test_two_tables_of_one_name_are_refused_where_they_differ(root: Path) -> None:
    path = root / "data" / "train_sent_emo.csv"
    path.parent.mkdir()
    path.write_bytes((root / "train/train_sent_emo.csv").read_bytes())
    Meld(root).clips()
    path.write_text("other")
    assert "train/train_sent_emo.csv: another file of this name is" in refused(root)


@pytest.mark.parametrize("name", ["train/train_splits/dia1.mp4", "train/train_splits/final_videos_testdia0_utt0.mp4",
                                  "extra/dia0_utt0.mp4"])  # fmt: skip
def test_other_names_are_problems(root: Path, medium: Medium, name: str) -> None:
    path = medium(root / name)
    assert f"{path}: not a name of MELD\n    -> expected train_splits/dia0_utt0.mp4" in refused(root)
