"""MSP-IMPROV: the true layout, names and file of labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emoprism.corpora.msp_improv import MSPImprov
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus

Medium = Callable[[Path], Path]
ROWS = {
    "S01A-F01-P-FM01": "N; A:3.000000; V:3.500000; D:3.000000 ; N:4.000000;",
    "S01A-M01-S-FM02": "A; A:2.200000; V:1.400000; D:NaN ; N:NaN;",
    "S01A-F01-T-FM01": "X; A:2.000000; V:2.000000; D:2.000000 ; N:3.000000;",
    "S20H-F02-R-FF01": "H; A:2.000000; V:4.600000; D:2.000000 ; N:3.000000;",
    "S08S-M06-S-MF03": "S; A:4.000000; V:2.000000; D:2.500000 ; N:3.000000;",
    "S03N-F06-S-MF03": "O; A:4.000000; V:2.000000; D:2.500000 ; N:3.000000;",
}
RATERS = """A3G7BW2J; Neutral; Neutral,Other-Concerned; A:3.000000; V:3.000000; D:3.000000; N:4.000000;
P-01; Happy; Happy,Excited; A:3.000000; V:4.000000; D:3.000000; N:4.000000;
"""


def place(name: str, suffix: str) -> str:
    scene, speaker, scenario, _ = name.split("-")
    return f"session{int(speaker[1:])}/{scene}/{scenario}/MSP-IMPROV-{name}{suffix}"


def write(root: Path, rows: dict[str, str], name: str = "Evalution.txt") -> Path:
    blocks = [f"UTD-IMPROV-{key}.avi; {said}\n{RATERS}\n" for key, said in rows.items()]
    (root / name).write_text("".join(blocks), newline="\r\n")
    return root / name


@pytest.fixture
def root(tmp_path: Path, medium: Medium) -> Path:
    """The release of videos with sound files in the same folders, labels in the file with the wrong name."""
    root = tmp_path / "MSP-IMPROV"
    for name in ROWS:
        medium(root / place(name, ".avi"))
        medium(root / place(name, ".wav"))
    write(root, ROWS)
    return root


def refused(root: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        MSPImprov(root).clips()
    return str(caught.value)


def test_keeps_the_contract(root: Path) -> None:
    check_corpus("msp_improv", root)


def test_reads_copies_as_people_have_them(root: Path, tmp_path: Path) -> None:
    check_copies("msp_improv", root, tmp_path / "copies")


def test_a_turn_says_all_labels(root: Path) -> None:
    clips = {clip.id: clip for clip in MSPImprov(root).clips()}
    assert tuple(clips) == tuple(sorted(ROWS))
    clip = clips["S01A-M01-S-FM02"]
    assert clip.labels == {
        "speaker": "M01", "emotion": "angry", "gender": "male", "session": "session1", "source": "session1 S01A",
        "intended": "angry", "scenario": "improvised", "turn": "FM02",
    }  # fmt: skip
    assert clip.values == {"arousal": 2.2, "valence": 1.4}
    assert clip.video == root / "session1/S01A/S/MSP-IMPROV-S01A-M01-S-FM02.avi"
    assert clip.audio == root / "session1/S01A/S/MSP-IMPROV-S01A-M01-S-FM02.wav"
    assert clip.origin.endswith("MSP-IMPROV-S01A-M01-S-FM02.wav, Evalution.txt, line 5")
    assert clips["S01A-F01-P-FM01"].values == {"arousal": 3.0, "valence": 3.5, "dominance": 3.0, "naturalness": 4.0}
    assert {name: clip.labels.get("emotion") for name, clip in clips.items()} == {
        "S01A-F01-P-FM01": "neutral", "S01A-F01-T-FM01": None, "S01A-M01-S-FM02": "angry",
        "S03N-F06-S-MF03": "other", "S08S-M06-S-MF03": "sad", "S20H-F02-R-FF01": "happy",
    }  # fmt: skip


def test_a_sentence_is_where_it_is_said(root: Path) -> None:
    said = {clip.labels["scenario"]: clip.labels.get("sentence") for clip in MSPImprov(root).clips()}
    assert said == {"natural": None, "target": "S01", "improvised": None, "read": "S20"}


def test_the_release_of_sound(tmp_path: Path, medium: Medium) -> None:
    for name in ROWS:
        medium(tmp_path / "Audio" / place(name, ".wav"))
    write(tmp_path, ROWS, "Evaluation.txt")
    clips = MSPImprov(tmp_path).clips()
    assert len(clips) == len(ROWS)
    assert all(clip.video is None and clip.audio is not None and not clip.rejected for clip in clips)


def test_missing_sessions_and_turns_are_rejected_clips(root: Path) -> None:
    for path in (root / "session6").rglob("*.*"):
        path.unlink()
    write(root, {name: said for name, said in ROWS.items() if name != "S20H-F02-R-FF01"})
    rejected = {clip.id: clip.rejected for clip in MSPImprov(root).clips() if clip.rejected}
    assert rejected == {
        "S03N-F06-S-MF03": "no file of this turn is in the folder",
        "S08S-M06-S-MF03": "no file of this turn is in the folder",
        "S20H-F02-R-FF01": "no row of this turn is among the labels",
    }
    check_corpus("msp_improv", root)


def test_without_labels_nothing_is_read(root: Path) -> None:
    (root / "Evalution.txt").unlink()
    assert f"{root}/Evalution.txt: missing: the labels of all turns" in refused(root)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("UTD-IMPROV-S01A-F01-P-FM02.avi N", "cannot be read: 'UTD-IMPROV-S01A-F01-P-FM02.avi N'\n    -> expected UTD"),
        ("UTD-IMPROV-S21A-F01-P-FM02.avi; N; A:3;", "line 9: cannot be read: 'UTD-IMPROV-S21A"),
        ("UTD-IMPROV-S01A-F01-P-FM02.avi; Q; A:3;", "line 9: unknown emotion 'Q'\n    -> known: A, H, N, O, S, X"),
        ("UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:3;", "'S01A-F01-P-FM01' stands there already: Evalution.txt, line 1"),
    ],
)  # fmt: skip
def test_lines_that_cannot_be_read_are_named(root: Path, line: str, words: str) -> None:
    blocks = (root / "Evalution.txt").read_text().split("\n\n")
    (root / "Evalution.txt").write_text("\n\n".join([*blocks[:2], line, *blocks[2:]]))
    assert f"{root}/Evalution.txt, line" in refused(root)
    assert words in refused(root)


def test_a_file_of_other_lines_holds_no_label(root: Path) -> None:
    (root / "Evalution.txt").write_text("what?\n")
    assert f"{root}/Evalution.txt: holds no label\n    -> expected lines as UTD-IMPROV" in refused(root)


@pytest.mark.parametrize(
    "name", ["MSP-IMPROV-S01X-F01-P-FM01", "MSP-IMPROV-S01A-F07-P-FM01", "S01A-F01-P-FM01", "demo"]
)
def test_other_names_are_problems(root: Path, medium: Medium, name: str) -> None:
    path = medium(root / f"session1/S01A/P/{name}.avi")
    assert f"{path}: not a name of MSP-IMPROV\n    -> expected session1/S01A/P/MSP-IMPROV-S01A" in refused(root)


def test_folders_without_media_say_what_was_expected(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    assert f"{tmp_path}: no file of MSP-IMPROV\n    -> expected session1/S01A/P/MSP-IMPROV" in refused(tmp_path)
