"""MEAD: a folder per actor, views, levels, and archives left packed."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoprism.corpora.mead import Mead, sentence
from emoprism.errors import CorpusError
from emoprism.testing import check_copies, check_corpus
from emoprism.types import Clip

TAKES = ("M003 happy 1 007", "M003 neutral 1 031", "W009 fear 3 021", "W009 disgusted 2 002")


@pytest.fixture
def mead(tmp_path: Path, medium: Callable[[Path], Path]) -> Path:
    root = tmp_path / "MEAD"
    for actor, emotion, level, number in map(str.split, TAKES):
        for view in ("front", "left_30"):
            medium(root / f"{actor}/video/{view}/{emotion}/level_{level}/{number}.mp4")
        medium(root / f"{actor}/audio/{emotion}/level_{level}/{number}.m4a")
    return root


def clips(root: Path, **options: Any) -> dict[str, Clip]:
    return {clip.id: clip for clip in Mead(root, **options).clips()}


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        Mead(root, **options).clips()
    return str(caught.value)


def test_keeps_the_contract_on_copies_as_people_have_them(mead: Path, tmp_path: Path) -> None:
    check_corpus("mead", mead)
    check_copies("mead", mead, tmp_path / "copies")


def test_what_is_known_of_a_clip(mead: Path) -> None:
    found = clips(mead)
    assert list(found) == ["M003-happy-1-007", "M003-neutral-1-031", "W009-disgusted-2-002", "W009-fear-3-021"]
    clip = found["W009-fear-3-021"]
    assert clip.labels == {
        "speaker": "W009",
        "emotion": "fearful",
        "gender": "female",
        "sentence": "common 31",
        "intensity": "level_3",
    }
    assert clip.video == mead / "W009/video/front/fear/level_3/021.mp4"
    assert clip.audio == mead / "W009/audio/fear/level_3/021.m4a"
    assert clip.origin == "W009/audio/fear/level_3/021.m4a, W009/video/front/fear/level_3/021.mp4"
    assert found["M003-happy-1-007"].labels["gender"] == "male"


def test_common_sentences_have_one_label_in_all_emotions() -> None:
    assert {sentence(emotion, 2) for emotion in ("neutral", "happy", "fear")} == {"common 02"}
    assert sentence("sad", 30) == sentence("neutral", 40) == "common 40"
    own = [(e, n) for e in ("happy", "fear") for n in range(4, 21)] + [("neutral", n) for n in range(4, 31)]
    assert len({sentence(*one) for one in own}) == len(own)
    assert sentence("fear", 4) == "fearful 04"


def test_another_view(mead: Path) -> None:
    assert clips(mead, view="left_30")["M003-happy-1-007"].video == mead / "M003/video/left_30/happy/level_1/007.mp4"


def test_a_take_without_the_view_keeps_its_sound(mead: Path) -> None:
    """As W017 of the release, of whom there is one view."""
    shutil.rmtree(mead / "M003/video/front")
    clip = clips(mead)["M003-happy-1-007"]
    assert (clip.video, clip.audio, clip.rejected) == (None, mead / "M003/audio/happy/level_1/007.m4a", "")


def test_a_take_with_neither_is_rejected(mead: Path) -> None:
    shutil.rmtree(mead / "M003/video/front")
    shutil.rmtree(mead / "M003/audio")
    assert clips(mead)["M003-happy-1-007"].rejected == "it has no sound, and no picture of the view 'front'"
    check_corpus("mead", mead)


def test_videos_alone_give_their_own_sound(mead: Path) -> None:
    for actor in ("M003", "W009"):
        shutil.rmtree(mead / actor / "audio")
    clip = clips(mead)["M003-happy-1-007"]
    assert clip.video == clip.audio


def test_sounds_alone(mead: Path) -> None:
    for actor in ("M003", "W009"):
        shutil.rmtree(mead / actor / "video")
    assert {clip.video for clip in clips(mead).values()} == {None}


def test_folders_as_others_have_unpacked_them(mead: Path, tmp_path: Path) -> None:
    """Without the folder `video`, or with one of another name, below folders of one's own."""
    expected = {name: dict(clip.labels) for name, clip in clips(mead).items()}
    (mead / "W009/video").rename(mead / "W009/video_extracted")
    for path in (mead / "M003/video").iterdir():
        path.rename(mead / "M003" / path.name)
    (mead / "M003/video").rmdir()
    (mead / "part0").mkdir()
    (mead / "M003").rename(mead / "part0/M003")
    found = clips(mead)
    assert {name: dict(clip.labels) for name, clip in found.items()} == expected
    assert all(clip.video and clip.audio for clip in found.values())


def test_archives_left_packed_are_named(mead: Path) -> None:
    for name in ("video", "audio"):
        with tarfile.open(mead / f"M003/{name}.tar", "w") as file:
            file.add(mead / f"M003/{name}", name)
    assert len(clips(mead)) == len(TAKES), "unpacked beside them"
    shutil.rmtree(mead / "M003/video")
    assert f"{mead / 'M003/video.tar'}: this archive was not unpacked\n    -> unpack it there" in refused(mead)


def test_a_view_that_nobody_has_says_which_there_are(mead: Path) -> None:
    for actor in ("M003", "W009"):
        shutil.rmtree(mead / actor / "audio")
    said = refused(mead, view="top")
    assert "holds no video of the view 'top'\n    -> there are front, left_30: corpus.view=front" in said


@pytest.mark.parametrize(
    "name",
    [
        "M003/video/front/happy/level_4/001.mp4",
        "M003/video/front/joyful/level_1/001.mp4",
        "M003/video/behind/happy/level_1/001.mp4",
        "X003/video/front/happy/level_1/001.mp4",
        "M003/audio/happy/level_1/001.mp4",
        "holiday.mp4",
    ],
)
def test_paths_that_say_nothing_are_named(mead: Path, medium: Callable[[Path], Path], name: str) -> None:
    medium(mead / name)
    assert f"{mead / name}: not a MEAD path\n    -> expected M003/video/front/happy/level_1/001.mp4" in refused(mead)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing here")
    assert "holds no MEAD file\n    -> expected M003/video/front/happy" in refused(tmp_path)


def test_the_same_file_twice_counts_once(mead: Path) -> None:
    shutil.copytree(mead / "M003", mead / "again/M003")
    assert len(clips(mead)) == len(TAKES)
    (mead / "again/M003/audio/happy/level_1/007.m4a").write_bytes(b"other")
    assert "another file of this name is" in refused(mead)
