"""One clip through everything: streams, times, notes and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.errors import MediaError, RecipeError
from emoprism.media.options import PrepareOptions
from emoprism.media.prepare import process_clip
from emoprism.types import AUDIO, FACE, Clip, FeatureSource


def options(*arguments: str) -> PrepareOptions:
    return PrepareOptions.read(["crop=32", *arguments])


def of(path: Path | None, **changes: Any) -> Clip:
    return Clip(**{"id": "clip", "labels": {}, "video": path, "audio": path, **changes})


def test_picture_and_sound_of_one_file(talking: Path) -> None:
    done = process_clip(of(talking), options())
    assert done.streams[FACE].shape == (3, 32, 32, 3) and done.streams[FACE].dtype == np.uint8
    assert done.times[FACE] == pytest.approx([0, 1 / 3, 2 / 3])
    assert done.streams[AUDIO].shape[1] == 40 and len(done.streams[AUDIO]) == pytest.approx(98, abs=6)
    assert done.seconds == pytest.approx(1, abs=0.06) and done.notes == {}
    (track,) = done.tracks
    assert track.main and np.array_equal(done.boxes, track.boxes)
    red, green, blue = done.streams[FACE][:, 14:18, 14:18].mean(axis=(0, 1, 2))
    assert red > green > blue, "skin, in RGB"


def test_the_same_every_time(talking: Path) -> None:
    one, two = (process_clip(of(talking), options()) for _ in range(2))
    assert all(np.array_equal(one.streams[name], two.streams[name]) for name in one.streams)


def test_long_clips_are_cut(tmp_path: Path, make: Any) -> None:
    path = make.video(tmp_path / "v.mp4", seconds=3, sound=3.0)
    np.save(tmp_path / "f.npy", np.arange(30, dtype=np.float32)[:, None])
    clip = of(path, features={"units": FeatureSource(tmp_path / "f.npy")})
    done = process_clip(clip, options("seconds=1"))
    assert done.seconds == 1 and len(done.streams[FACE]) == 3
    assert len(done.streams[AUDIO]) == 98 and done.times[AUDIO][-1] < 1
    assert done.streams["units"][:, 0].tolist() == pytest.approx(list(range(10)), abs=0)
    whole = process_clip(clip, options())
    assert whole.seconds == pytest.approx(3, abs=0.1) and len(whole.streams["units"]) == 30


def test_a_part_of_a_file(tmp_path: Path, make: Any) -> None:
    path = make.video(tmp_path / "v.mp4", seconds=4, sound=4.0)
    done = process_clip(of(path, start=2.5, end=3.5), options())
    assert done.seconds == pytest.approx(1) and len(done.streams[FACE]) == 3 and len(done.streams[AUDIO]) == 98
    with pytest.raises(MediaError, match=r"no sound in it between 9 s and 10 s; there is no picture"):
        process_clip(of(path, start=9.0, end=10.0), options())
    with pytest.raises(MediaError, match="no picture in it between 9 s and its end"):
        process_clip(of(path, start=9.0), options())
    with pytest.raises(MediaError, match="ends at 1 s, before it starts at 2 s"):
        process_clip(of(path, start=2.0, end=1.0), options())


def test_picture_and_sound_of_two_files(tmp_path: Path, make: Any) -> None:
    video = make.video(tmp_path / "v.mp4")
    sound = make.wav(tmp_path / "a.wav", make.tone(0.5, 16_000))
    done = process_clip(of(video, audio=sound), options())
    assert len(done.streams[FACE]) == 3 and len(done.streams[AUDIO]) == 48 and done.seconds == 1


def test_a_missing_stream_is_a_note(tmp_path: Path, make: Any) -> None:
    silent = make.video(tmp_path / "silent.mp4")
    done = process_clip(of(silent), options())
    assert set(done.streams) == {FACE} and done.notes == {AUDIO: "silent.mp4 has no sound track"}
    heard = make.wav(tmp_path / "a.wav", make.tone(0.5, 16_000))
    done = process_clip(of(heard), options())
    assert set(done.streams) == {AUDIO} and done.notes == {FACE: "a.wav holds no picture"}
    empty = make.video(tmp_path / "empty.mp4", faces=None, sound=1.0)
    assert process_clip(of(empty), options()).notes == {FACE: "no face was found in 3 sampled pictures"}
    once = make.video(tmp_path / "once.mp4", faces=lambda t: [(48, 50, 30)] if t < 0.3 else [], sound=1.0)
    said = process_clip(of(once), options()).notes[FACE]
    assert said == "no face was found in 3 sampled pictures for longer than a moment"
    assert set(process_clip(of(once), options("track_frames=1")).streams) == {FACE, AUDIO}
    done = process_clip(of(None, audio=heard), options())
    assert done.notes == {FACE: "the corpus names no video for it"}


@pytest.mark.parametrize(
    ("require", "said"),
    [
        ("any", None),
        ("audio", None),
        ("face", "no face was found in 3 sampled pictures"),
        ("both", "no face was found in 3 sampled pictures"),
    ],
)
def test_what_is_required(tmp_path: Path, make: Any, require: str, said: str | None) -> None:
    clip = of(make.video(tmp_path / "v.mp4", faces=None, sound=1.0))
    if said is None:
        assert set(process_clip(clip, options(f"require={require}")).streams) == {AUDIO}
    else:
        with pytest.raises(MediaError) as caught:
            process_clip(clip, options(f"require={require}"))
        assert caught.value.reason == said


def test_nothing_usable_is_refused_with_every_reason(tmp_path: Path, make: Any) -> None:
    with pytest.raises(MediaError) as caught:
        process_clip(of(make.video(tmp_path / "v.mp4", faces=None, seconds=0.1)), options())
    assert caught.value.reason == "v.mp4 has no sound track; no face was found in 1 sampled picture"
    with pytest.raises(MediaError, match="names no sound for it; the corpus names no video"):
        process_clip(of(None), options())


def test_features_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.ones(35, np.float32))
    np.save(tmp_path / "many.npy", np.ones((8, 2), np.float32))
    sources = {"units": FeatureSource(tmp_path / "one.npy"), "more": FeatureSource(tmp_path / "many.npy")}
    done = process_clip(of(None, features=sources), options())
    assert done.streams["units"].shape == (1, 35) and done.times["more"].tolist() == list(range(8))
    assert done.seconds == 0
    timed = process_clip(of(None, features=sources, start=2.0, end=6.0), options())
    assert timed.seconds == 4 and timed.times["more"] == pytest.approx(np.arange(8) / 2)


def test_features_that_are_absent_are_a_note_and_alone_a_reason(tmp_path: Path) -> None:
    np.save(tmp_path / "some.npy", np.ones((4, 2), np.float32))
    np.save(tmp_path / "none.npy", np.zeros((4, 2), np.float32))
    sources = {name: FeatureSource(tmp_path / f"{name}.npy", padded=True) for name in ("some", "none")}
    done = process_clip(of(None, features=sources), options())
    assert set(done.streams) == {"some"} and done.notes["none"] == "none.npy holds nothing but padding for it"
    with pytest.raises(MediaError, match="holds nothing but padding"):
        process_clip(of(None, features={"none": sources["none"]}), options())


def test_a_clip_that_takes_too_long(talking: Path) -> None:
    with pytest.raises(MediaError, match="too long"):
        process_clip(of(talking), options("timeout=1e-9"))


def test_two_faces_give_two_tracks(tmp_path: Path, make: Any) -> None:
    faces = lambda _: [(60, 75, 30), (220, 75, 45)]  # noqa: E731
    done = process_clip(of(make.video(tmp_path / "v.mp4", size=(300, 150), faces=faces)), options())
    assert sorted(track.main for track in done.tracks) == [False, True]
    centre = (done.boxes[:, 0] + done.boxes[:, 2]) / 2
    assert np.abs(centre - 220).max() < 15


# --- options


def test_options_are_read_and_refused_in_words() -> None:
    read = PrepareOptions.read(["fps=5", "detector.threshold=0.6", "corpus.anywhere=true", "detector=blazeface"])
    assert read.fps == 5 and read.detector.options["threshold"] == 0.6 and read.corpus == {"anywhere": True}
    assert PrepareOptions.read([]) == PrepareOptions.read(["detector={name: blazeface}"])
    with pytest.raises(RecipeError) as caught:
        PrepareOptions.read(["fsp=3", "crop=1", "detector=blazefac"])
    said = str(caught.value)
    assert "fsp: unknown key" in said and "did you mean 'fps'" in said
    assert "crop:" in said and "did you mean 'blazeface'" in said
    with pytest.raises(RecipeError, match=r"treshold.*did you mean 'threshold'"):
        PrepareOptions.read(["detector.treshold=0.6"])


def test_options_come_back_from_a_manifest() -> None:
    read = PrepareOptions.read(["fps=5", "tracks=all", "detector.smallest=20"])
    told = read.for_manifest("manifest")
    assert PrepareOptions.of_manifest(told) == read
    assert told["corpus"] == {"name": "manifest"}
