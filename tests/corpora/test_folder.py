"""Any tree of media: folders or patterns that are labels, and what is said of files that do not fit."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoprism.corpora.folder import FolderCorpus
from emoprism.errors import CorpusError
from emoprism.families import CORPORA
from emoprism.recipe import with_overrides
from emoprism.testing import check_copies, check_corpus

Medium = Callable[[Path], Path]
DEEP = {"levels": ("speaker", "emotion")}


@pytest.fixture
def root(tmp_path: Path, medium: Medium) -> Path:
    """Three speakers, three files each; one with its sound in a file of its own; a table that is no medium."""
    root = tmp_path / "mine"
    for speaker in ("anna", "bob", "Zoë B"):
        for number in (1, 2):
            medium(root / speaker / f"take {number}.mp4")
        medium(root / speaker / "take 3.wav")
    medium(root / "anna" / "take 1.wav")
    (root / "notes.csv").write_text("x\n")
    return root


@pytest.fixture
def deep(tmp_path: Path, medium: Medium) -> Path:
    """Two speakers with two emotions each."""
    root = tmp_path / "deep"
    for speaker in ("anna", "bob"):
        for emotion in ("joyful", "in a rage"):
            medium(root / speaker / emotion / "1.wav")
    return root


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        FolderCorpus(root, **options).clips()
    return str(caught.value)


def test_keeps_the_contract(root: Path, deep: Path) -> None:
    check_corpus("folder", root)
    check_corpus("folder", root, pair=False)
    check_corpus("folder", deep, **DEEP)


def test_reads_copies_as_people_have_them(root: Path, tmp_path: Path) -> None:
    check_copies("folder", root, tmp_path / "copies", case=False)


def test_a_folder_is_a_speaker_where_nothing_else_is_said(root: Path) -> None:
    clips = {clip.id: clip for clip in FolderCorpus(root).clips()}
    assert list(clips) == [f"{who}-take {n}" for who in ("Zoë B", "anna", "bob") for n in (1, 2, 3)]
    paired, video, sound = (clips[f"anna-take {number}"] for number in (1, 2, 3))
    assert (paired.video, paired.audio) == (root / "anna/take 1.mp4", root / "anna/take 1.wav")
    assert (video.video, video.audio) == (root / "anna/take 2.mp4", root / "anna/take 2.mp4")
    assert (sound.video, sound.audio) == (None, root / "anna/take 3.wav")
    assert {clip.labels["speaker"] for clip in clips.values()} == {"anna", "bob", "Zoë B"}
    assert paired.origin == "anna/take 1.mp4, anna/take 1.wav"


def test_levels_are_labels(deep: Path) -> None:
    clip = FolderCorpus(deep, levels=("speaker", "emotion")).clips()[0]
    assert (clip.id, clip.labels) == ("anna-in a rage-1", {"speaker": "anna", "emotion": "in a rage"})
    assert FolderCorpus(deep, levels=("-", "emotion")).clips()[0].labels == {"emotion": "in a rage"}


def test_no_level_at_all(tmp_path: Path, medium: Medium) -> None:
    medium(tmp_path / "1.wav")
    (clip,) = FolderCorpus(tmp_path, levels=()).clips()
    assert (clip.id, clip.labels) == ("1", {})


def test_a_pattern_reads_whole_paths(tmp_path: Path, medium: Medium) -> None:
    for name in ("s1/x/angry-1-loud.wav", "s2/calm-2.wav"):
        medium(tmp_path / name)
    pattern = r"(?P<speaker>s\d)/(?:.*/)?(?P<emotion>[a-z]+)-\d+(?:-(?P<voice>.*))?\.wav"
    check_corpus("folder", tmp_path, pattern=pattern)
    assert {clip.id: dict(clip.labels) for clip in FolderCorpus(tmp_path, pattern=pattern).clips()} == {
        "s1-x-angry-1-loud": {"speaker": "s1", "emotion": "angry", "voice": "loud"},
        "s2-calm-2": {"speaker": "s2", "emotion": "calm"},
    }


def test_a_pattern_from_the_command_line() -> None:
    given = with_overrides({}, [r"corpus.pattern=(?P<speaker>[^/]+)/(?P<emotion>\w+)-\d+\.wav"])["corpus"]
    assert CORPORA.validate("folder", given, "corpus")[1] == []
    given = with_overrides({}, ["corpus.levels=[speaker,emotion]", "corpus.suffixes=[.wav]"])["corpus"]
    assert CORPORA.validate("folder", given, "corpus")[1] == []


def test_without_pairs_each_file_is_a_clip(root: Path) -> None:
    ids = [clip.id for clip in FolderCorpus(root, pair=False).clips() if clip.labels["speaker"] == "anna"]
    assert ids == ["anna-take 1.mp4", "anna-take 1.wav", "anna-take 2.mp4", "anna-take 3.wav"]


def test_suffixes_choose_files(root: Path) -> None:
    clips = FolderCorpus(root, suffixes=(".wav",)).clips()
    assert len(clips) == 4
    assert all(clip.video is None for clip in clips)


def test_names_are_read_in_composed_form(tmp_path: Path, medium: Medium) -> None:
    medium(tmp_path / unicodedata.normalize("NFD", "Zoë") / unicodedata.normalize("NFD", "é.wav"))
    (clip,) = FolderCorpus(tmp_path).clips()
    assert (clip.id, clip.labels["speaker"]) == ("Zoë-é", "Zoë")


def test_files_that_do_not_fit_are_listed(root: Path, medium: Medium) -> None:
    above, below = medium(root / "stray.wav"), medium(root / "anna/old/take 9.mp4")
    said = refused(root)
    assert f"{above}: does not fit\n    -> expected media in SPEAKER/, as SPEAKER/file.mp4; move" in said
    assert f"{below}: does not fit" in said
    assert "expected media in SPEAKER/ANY/EMOTION/" in refused(root, levels=("speaker", "-", "emotion"))
    assert "expected media in the folder itself, as file.mp4" in refused(root, levels=())
    said = refused(root, pattern=r"(?P<speaker>\w+)/.*")
    assert f"{root}/Zoë B/take 1.mp4: does not fit\n    -> expected paths of at most 500 characters that fit" in said
    assert f"{root}/anna/take 1.mp4" not in said


def test_a_long_path_is_not_tried(tmp_path: Path, medium: Medium) -> None:
    medium(tmp_path / "/".join(["a" * 100] * 6) / "x.wav")
    start = time.monotonic()
    assert "does not fit" in refused(tmp_path, pattern=r"(?P<speaker>(a+/?)+)/y\.wav")
    assert time.monotonic() - start < 1


def test_two_paths_of_one_id_are_refused(tmp_path: Path, medium: Medium) -> None:
    medium(tmp_path / "a-b/c/1.wav")
    medium(tmp_path / "a/b-c/1.wav")
    said = refused(tmp_path, levels=("speaker", "emotion"))
    assert "would have the id 'a-b-c-1', as" in said
    assert said.endswith("-> rename one of the two")


def test_what_cannot_be_an_id_is_refused(tmp_path: Path, medium: Medium) -> None:
    path = medium(tmp_path / "a/what?.wav")
    assert f"{path}: 'a-what?' cannot be the id of a clip\n    -> printable characters" in refused(tmp_path)


def test_a_clip_has_one_picture_and_one_sound(tmp_path: Path, medium: Medium) -> None:
    for name in ("a/1.mp4", "a/1.avi", "b/2.wav", "b/2.flac"):
        medium(tmp_path / name)
    said = refused(tmp_path)
    assert f"{tmp_path}/a/1.mp4: has a picture, as 1.avi has\n    -> keep one of the two" in said
    assert f"{tmp_path}/b/2.wav: has sound alone, as 2.flac has" in said
    assert len(FolderCorpus(tmp_path, pair=False).clips()) == 4


def test_a_pair_has_the_same_labels(tmp_path: Path, medium: Medium) -> None:
    for name in ("a/1.mp4", "a/1.wav"):
        medium(tmp_path / name)
    said = refused(tmp_path, pattern=r"(?P<speaker>\w)/\d\.(?P<kind>\w+)")
    assert f"{tmp_path}/a/1.wav: says other labels than 1.mp4" in said


def test_a_folder_without_media(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert f"{tmp_path}: no media\n    -> expected media in SPEAKER/, as SPEAKER/file.mp4" in refused(tmp_path)


def test_levels_and_pattern_are_one_or_the_other(root: Path) -> None:
    with pytest.raises(CorpusError, match=r"corpus\.levels: is given, and corpus\.pattern as well"):
        FolderCorpus(root, levels=("speaker",), pattern="(?P<speaker>.*)/.*")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"levels": ["speaker", "speaker"]}, "levels: 'speaker' stands there twice"),
        ({"levels": ["the speaker"]}, "levels: 'the speaker' is no name of a label"),
        ({"levels": ["split"]}, "levels: 'split' is no label: a table (corpus `manifest`) can give it"),
        ({"pattern": "(?P<speaker>[a-z"}, "pattern: not a regular expression: unterminated"),
        ({"pattern": "[a-z]+/.*"}, "pattern: has no named group, as (?P<speaker>"),
        ({"pattern": "(?P<split>[a-z]+)/.*"}, "pattern: 'split' is no label"),
        ({"suffixes": [".txt"]}, "suffixes: '.txt' is none of .avi, .flac"),
        ({"suffixes": []}, "suffixes: name one at least"),
    ],
)
def test_options_that_make_no_sense_are_named(options: dict[str, Any], words: str) -> None:
    (problem,) = CORPORA.validate("folder", options, "corpus")[1]
    assert words in str(problem)
