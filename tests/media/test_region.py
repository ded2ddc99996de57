"""A clip in one half of a split screen, with a sound file of its own, and clips that the corpus itself rules out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.corpora.manifest import ManifestCorpus
from emoprism.media.options import PrepareOptions
from emoprism.media.picture import Frame, Region
from emoprism.media.prepare import prepare, process_clip
from emoprism.media.shards import PreparedCorpus
from emoprism.types import AUDIO, FACE, Clip

WIDE = (240, 96)
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
SMALL_FACE, LARGE_FACE = (60, 48, 24), (180, 50, 32)


def two_faces(_: float) -> list[tuple[float, float, float]]:
    """A small face in the left half, a large one in the right half."""
    return [SMALL_FACE, LARGE_FACE]


def only_right(_: float) -> list[tuple[float, float, float]]:
    return [LARGE_FACE]


@pytest.fixture(scope="module")
def split_screen(tmp_path_factory: pytest.TempPathFactory, make: Any) -> Path:
    path = tmp_path_factory.mktemp("split") / "both.mp4"
    return make.video(path, size=WIDE, faces=two_faces, sound=1.0)


def centres(boxes: np.ndarray) -> Sequence[float]:
    return ((boxes[:, 0] + boxes[:, 2]) / 2).tolist()


def options(*arguments: str) -> PrepareOptions:
    return PrepareOptions.read(["crop=32", *arguments])


@pytest.mark.parametrize(("region", "centre"), [(LEFT, 60), (RIGHT, 180), (None, 180)])
def test_the_face_of_the_region_is_the_clips(
    split_screen: Path, region: tuple[float, float, float, float] | None, centre: float
) -> None:
    done = process_clip(Clip("c", {}, video=split_screen, audio=split_screen, region=region), options())
    assert centres(done.boxes) == pytest.approx([centre] * 3, abs=6), "in pixels of the whole picture"
    assert len(done.tracks) == (2 if region is None else 1), "the other half's face is not even seen"


def test_a_half_without_a_face_has_none(tmp_path: Path, make: Any) -> None:
    path = make.video(tmp_path / "right.mp4", size=WIDE, faces=only_right, sound=0.5)
    done = process_clip(Clip("c", {}, video=path, audio=path, region=LEFT), options())
    assert FACE not in done.streams and done.notes[FACE].startswith("no face was found in 3 sampled pictures")
    assert FACE in process_clip(Clip("c", {}, video=path, audio=path, region=RIGHT), options()).streams


def test_large_pictures_are_cut_in_pixels_of_the_shown_picture() -> None:
    frame = Frame(0.0, np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3), scale=2.5)
    part = Region(0.5, 0.25, 1.0, 1.0).cut(frame)
    assert (part.left, part.top, part.scale) == (10, 2.5, 2.5)
    assert np.array_equal(part.image, frame.image[1:, 4:])
    assert Region(0.99, 0.99, 1.0, 1.0).cut(frame).image.shape == (1, 1, 3), "at least a pixel"


def test_sound_of_its_own_begins_where_it_says(tmp_path: Path, make: Any) -> None:
    """Picture from 2 s to 3 s of the dialogue, sound from the start of a file that was cut to the clip."""
    video = make.video(tmp_path / "dialogue.mp4", seconds=4, sound=4.0)
    cut = make.wav(tmp_path / "turn.wav", make.tone(1.0, 16_000, hertz=2000.0))
    clip = Clip("c", {}, video=video, audio=cut, start=2.0, end=3.0)
    whole = process_clip(Clip("c", {}, audio=cut), options())
    own = process_clip(Clip(**{**_fields(clip), "audio_start": 0.0}), options())
    assert len(own.streams[FACE]) == 3 and np.array_equal(own.streams[AUDIO], whole.streams[AUDIO])
    assert own.seconds == pytest.approx(1, abs=0.01)
    lost = process_clip(clip, options())
    assert AUDIO not in lost.streams, "without it the sound is sought 2 s into a file of 1 s"
    shifted = process_clip(Clip(**{**_fields(clip), "audio": video, "audio_start": 0.5}), options())
    assert len(shifted.streams[FACE]) == 3 and len(shifted.streams[AUDIO]) == pytest.approx(98, abs=1)


def test_a_dialogue_of_iemocap(tmp_path: Path, make: Any) -> None:
    """The woman wears the markers and is on the left; her partner, with the larger face, is on the right."""
    session = tmp_path / "Session1"
    for folder in ("dialog/avi/DivX", "dialog/EmoEvaluation", "sentences/wav/Ses01F_impro01"):
        (session / folder).mkdir(parents=True)
    make.video(session / "dialog/avi/DivX/Ses01F_impro01.avi", size=WIDE, faces=two_faces, seconds=3, codec="mpeg4")
    names = ("Ses01F_impro01_F000", "Ses01F_impro01_M000")
    for name in names:
        make.wav(session / f"sentences/wav/Ses01F_impro01/{name}.wav", make.tone(1.0, 16_000))
    lines = [f"[{1 + i:.4f} - {2 + i:.4f}]\t{name}\tneu\t[2.5, 2.5, 2.5]\n" for i, name in enumerate(names)]
    (session / "dialog/EmoEvaluation/Ses01F_impro01.txt").write_text("".join(lines))
    prepare("iemocap", tmp_path, tmp_path / "out", ["crop=32", "corpus.sessions=[1]"], workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    woman, man = corpus.clips
    assert centres(corpus.boxes(woman)) == pytest.approx([60] * 3, abs=6)
    assert centres(corpus.boxes(man)) == pytest.approx([180] * 3, abs=6)
    assert [len(corpus.tracks(clip)) for clip in corpus.clips] == [1, 1]
    assert [clip.steps[AUDIO] for clip in corpus.clips] == [98, 98] and woman.seconds == pytest.approx(1, abs=0.05)


def _fields(clip: Clip) -> dict[str, Any]:
    return {name: getattr(clip, name) for name in Clip.__slots__}


def test_values_and_rejections_come_through(
    tmp_path: Path, split_screen: Path, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clips(_: object) -> list[Clip]:
        here = {"video": split_screen, "audio": split_screen, "origin": "table, row 2"}
        return [
            Clip("a", {"speaker": "x"}, **here, values={"sentiment": -1.5, "intensity:happy": 2 / 3}, region=LEFT),
            Clip("b", {"speaker": "y"}, **here, values={"sentiment": 3.0}, region=RIGHT),
            Clip("c", {"speaker": "z"}, video=tmp_path / "gone.mp4", origin="table, row 4", rejected="it ends before"),
        ]

    monkeypatch.setattr(ManifestCorpus, "clips", clips)
    prepare("manifest", split_screen.parent, tmp_path / "out", ["crop=32"], workers=1)
    first, second = make.rows(tmp_path / "out" / "clips.csv")
    assert (first["value:sentiment"], first["value:intensity:happy"]) == ("-1.5", str(2 / 3))
    assert (second["value:sentiment"], second["value:intensity:happy"]) == ("3.0", "")
    corpus = PreparedCorpus.open(tmp_path / "out")
    a, b = corpus.clips
    assert a.values == {"sentiment": -1.5, "intensity:happy": 2 / 3} and b.values == {"sentiment": 3.0}
    assert centres(corpus.boxes(a)) == pytest.approx([60] * 3, abs=6)
    assert centres(corpus.boxes(b)) == pytest.approx([180] * 3, abs=6)
    assert make.rows(tmp_path / "out" / "rejected.csv") == [
        {"clip": "c", "origin": "table, row 4", "reason": "it ends before"}
    ]
    assert corpus.manifest.facts["rejected"] == 1
