"""EmoDB: the true names, in the layout that its archive unpacks to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from emoprism.corpora.emodb import SENTENCES, SPEAKERS, EmoDB
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "emodb"
NAMES = ("03a01Fa", "03a01Nc", "03a01Wa", "08a02La", "09b10Ed", "16a05Tb", "11b09Ac", "13b02Na", "14a07Wb")


@pytest.fixture
def root(tmp_path: Path, medium: Callable[[Path], Path]) -> Path:
    """What download.zip unpacks to, with a few of its recordings."""
    root = tmp_path / "emodb"
    for name in NAMES:
        medium(root / f"wav/{name}.wav")
        for folder, suffix in (("lablaut", "lablaut"), ("labsilb", "labsilb"), ("silb", "silb")):
            path = root / folder / f"{name}.{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_text("0.0 0.5 x\n")
    (root / "erkennung.txt").write_text("Satz Erkennung\n")
    return root


def refused(root: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        EmoDB(root).clips()
    return str(caught.value)


def test_keeps_the_contract(root: Path) -> None:
    check_corpus("emodb", root)


def test_reads_copies_as_people_have_them(root: Path, tmp_path: Path) -> None:
    check_copies("emodb", root, tmp_path / "copies")


def test_a_name_says_all_labels(root: Path) -> None:
    clips = {clip.id: clip for clip in EmoDB(root).clips()}
    assert tuple(clips) == tuple(sorted(NAMES))
    assert clips["03a01Fa"].labels == {
        "speaker": "speaker03",
        "emotion": "happy",
        "gender": "male",
        "sentence": "Der Lappen liegt auf dem Eisschrank.",
        "version": "a",
    }
    assert clips["03a01Fa"].values == {"age": 31.0}
    assert (clips["03a01Fa"].video, clips["03a01Fa"].audio) == (None, root / "wav/03a01Fa.wav")
    assert clips["03a01Fa"].origin == "wav/03a01Fa.wav"
    emotions = {name[5]: clip.labels["emotion"] for name, clip in clips.items()}
    assert emotions == {
        "F": "happy", "N": "neutral", "W": "angry", "L": "bored", "E": "disgust", "T": "sad", "A": "fearful",
    }  # fmt: skip


def test_a_name_without_a_version(root: Path, medium: Callable[[Path], Path]) -> None:
    medium(root / "wav/10b03N.wav")
    (clip,) = (clip for clip in EmoDB(root).clips() if clip.id == "10b03N")
    assert "version" not in clip.labels


def test_five_women_and_five_men_speak_ten_sentences() -> None:
    assert Counter(gender for gender, _ in SPEAKERS.values()) == {"female": 5, "male": 5}
    assert len(SENTENCES) == 10


@pytest.mark.parametrize("name", ["04a01Fa", "03a03Fa", "03a01Xa", "03a01Fg", "03a01Faa", "holiday", "03a01"])
def test_other_names_are_problems(root: Path, medium: Callable[[Path], Path], name: str) -> None:
    path = medium(root / f"wav/{name}.wav")
    assert f"{path}: not a name of EmoDB\n    -> expected files named SStttEv" in refused(root)


def test_the_same_recording_twice_counts_once(root: Path, medium: Callable[[Path], Path]) -> None:
    expected = EmoDB(root).clips()
    medium(root / "copy/03a01Fa.wav")
    medium(root / "flac/03a01Fa.flac")
    clips = EmoDB(root).clips()
    assert [clip.id for clip in clips] == [clip.id for clip in expected]
    assert clips[0].audio == root / "copy/03a01Fa.wav"
    (root / "copy/03a01Fa.wav").write_bytes(b"other")
    assert f"wav/03a01Fa.wav: another file of this name is {root}/copy/03a01Fa.wav" in refused(root)


def test_folders_without_recordings_say_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("x")
    said = refused(tmp_path)
    assert f"{tmp_path}: no file of EmoDB\n    -> expected files named SStttEv at any depth, as wav/03a01Fa.wav" in said


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real corpus in {REAL}")
def test_the_real_corpus() -> None:
    check_corpus("emodb", REAL)
    clips = EmoDB(REAL).clips()
    assert len(clips) == 535
    assert Counter(clip.labels["emotion"] for clip in clips) == {
        "angry": 127, "bored": 81, "disgust": 46, "fearful": 69, "happy": 71, "neutral": 79, "sad": 62,
    }  # fmt: skip
    assert {clip.labels["speaker"] for clip in clips} == {f"speaker{name}" for name in SPEAKERS}
    assert {clip.labels["sentence"] for clip in clips} == set(SENTENCES.values())
