"""Predictions of any medium: equal to what the stages give for the same clip, seamless, and never a traceback."""

import csv
import itertools
import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from emoprism.deploy import timeline
from emoprism.deploy.draw import box_at
from emoprism.deploy.embed import embed
from emoprism.deploy.predict import predict
from emoprism.deploy.timeline import Pace, Sighting, spans_of
from emoprism.embeddings import load_embeddings
from emoprism.errors import InputError, MediaError, RecipeError
from emoprism.media.processed import FaceTrack

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "clips"


@pytest.fixture(scope="module")
def clip(puppets) -> Path:
    return sorted((puppets / "clips").glob("*.mp4"))[0]


def tree(directory: Path) -> dict:
    return json.loads((directory / "predictions.json").read_text())


@pytest.fixture(scope="module")
def long_clip(puppets, tmp_path_factory) -> Path:
    """Four clips of the same person one after the other: six seconds."""
    out = tmp_path_factory.mktemp("long") / "long.mp4"
    with av.open(str(out), "w") as file:
        video = file.add_stream("libx264", rate=10, options={"crf": "18"})
        video.width = video.height = 160
        audio = file.add_stream("aac", rate=16000, layout="mono")
        images, sound = [], []
        for path in sorted((puppets / "clips").glob("p01*.mp4") or (puppets / "clips").glob("*.mp4"))[:4]:
            with av.open(str(path)) as source:
                images += [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)][:15]
            with av.open(str(path)) as source:
                resampler = av.AudioResampler("fltp", "mono", 16000)
                parts = [p.to_ndarray()[0] for f in source.decode(audio=0) for p in resampler.resample(f)]
                sound.append(np.concatenate(parts)[:24000])
        for image in images:
            file.mux(video.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        file.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(np.concatenate(sound)[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        file.mux(audio.encode(frame))
        file.mux(audio.encode(None))
    return out


def test_a_training_clip_is_predicted_as_it_is_embedded(run, shards, clip, tmp_path):
    embed(run, shards, tmp_path / "embeddings")
    stored = load_embeddings(tmp_path / "embeddings")
    row = stored.clips.index(clip.stem)
    predict(run, clip, tmp_path / "out", [])
    found = load_file(tmp_path / "out" / "embeddings.safetensors")
    for name in ("emotion", "speaker"):
        np.testing.assert_allclose(found[f"clip/{name}"], stored.vectors[name][row], atol=1e-4)
    told = stored.classes["emotion"][stored.predictions["emotion"][row]]
    assert tree(tmp_path / "out")["clip"]["emotion"] == told


def test_all_formats_say_the_same(run, clip, tmp_path, capsys):
    predict(run, clip, tmp_path / "out", ["window=1.0", "hop=0.5", "attributes=[emotion,speaker]"])
    found = tree(tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "predictions.csv").read_text().splitlines()))
    table = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
    assert len(rows) == len(table) == len(found["windows"]) + len(found["segments"])
    windows = [row for row in rows if row["kind"] == "window"]
    for row, window in zip(windows, found["windows"], strict=True):
        assert float(row["start"]) == window["start"]
        assert row["emotion"] == window["emotion"]
        probabilities = [value for key, value in window.items() if key.startswith("emotion:")]
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    vectors = load_file(tmp_path / "out" / "embeddings.safetensors")
    assert vectors["rows/speaker"].shape == (len(rows), 6)
    assert found["tracks"][0]["main"]
    assert found["tracks"][0]["frames"] == len(found["tracks"][0]["boxes"])
    printed = capsys.readouterr().out
    assert "emotion:" in printed
    predict(run, clip, tmp_path / "out", ["window=1.0", "hop=0.5", "attributes=[emotion,speaker]"])
    assert "done already" in capsys.readouterr().out


def test_parts_of_a_long_medium_join_without_a_seam(run, long_clip, tmp_path, monkeypatch):
    options = ["window=1.0", "hop=0.5"]
    predict(run, long_clip, tmp_path / "whole", options)
    monkeypatch.setattr(timeline, "PART_SECONDS", 1.5)
    predict(run, long_clip, tmp_path / "parts", options)
    whole, parts = tree(tmp_path / "whole"), tree(tmp_path / "parts")
    spans = [[(w["start"], w["end"]) for w in found["windows"]] for found in (whole, parts)]
    assert spans[0] == spans[1]
    assert [(s["start"], s["end"]) for s in parts["segments"]] == [(0.0, 1.5), (1.5, 3.0), (3.0, 4.5), (4.5, 6.0)]
    assert len(parts["tracks"]) == len(whole["tracks"]) == 1, "a face that stays keeps its number"
    for one, other in zip(whole["windows"], parts["windows"], strict=True):
        for key in (k for k in one if k.startswith("emotion:")):
            # Boxes are smoothed over time from the start of each part, so crops differ a little at the seams.
            assert one[key] == pytest.approx(other[key], abs=0.05)


def test_sound_alone_and_picture_alone_are_predicted(run, clip, tmp_path):
    with av.open(str(clip)) as source:
        images = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    with av.open(str(tmp_path / "silent.mp4"), "w") as file:
        video = file.add_stream("libx264", rate=10)
        video.width = video.height = 160
        for image in images:
            file.mux(video.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        file.mux(video.encode(None))
    soundfile.write(tmp_path / "voice.wav", np.random.default_rng(0).normal(0, 0.1, 24000), 16000)
    predict(run, tmp_path / "silent.mp4", None, [])
    silent = tree(tmp_path / "silent.emoprism")
    assert "no sound track" in silent["notes"]["audio"]
    assert silent["windows"][0]["audio_steps"] == 0
    assert silent["windows"][0]["face_steps"] > 0
    predict(run, tmp_path / "voice.wav", None, [])
    voice = tree(tmp_path / "voice.emoprism")
    assert voice["windows"][0]["track"] is None
    assert voice["windows"][0]["face_steps"] == 0
    assert "no picture" in voice["notes"]["face"]
    for found in (silent, voice):
        assert found["clip"]["emotion"] in {"angry", "happy", "neutral", "other", "sad"}


def refused(run: Path, media: Path, tmp_path: Path, match: str, options: tuple[str, ...] = ()) -> None:
    with pytest.raises((InputError, RecipeError), match=match):
        predict(run, media, tmp_path / "never", list(options))


def test_what_cannot_be_used_is_refused_by_name(run, clip, tmp_path):
    (tmp_path / "text.mp4").write_text("not a video at all\n" * 50)
    (tmp_path / "empty.mp4").touch()
    refused(run, tmp_path / "text.mp4", tmp_path, r"text\.mp4")
    refused(run, tmp_path / "empty.mp4", tmp_path / "b", r"empty\.mp4")
    assert not (tmp_path / "never").exists(), "a file of no use leaves no directory behind"
    refused(run, tmp_path / "absent.mp4", tmp_path, "no such file")
    refused(run, clip, tmp_path, "did you mean 'emotion'", ("attributes=[emotoin]",))
    refused(run, clip, tmp_path, "did you mean 'window'", ("windw=2",))


def test_the_drawn_video_plays_as_long_and_sounds(run, clip, tmp_path):
    predict(run, clip, tmp_path / "out", ["draw=true"])
    with av.open(str(tmp_path / "out" / "annotated.mp4")) as drawn, av.open(str(clip)) as original:
        assert len(drawn.streams.audio) == 1
        seconds = drawn.duration / av.time_base
        assert seconds == pytest.approx(original.duration / av.time_base, abs=0.25)
        image = next(drawn.decode(video=0)).to_ndarray(format="rgb24").astype(int)
        plain = next(original.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    changed = (np.abs(image - plain).max(2) > 60).mean()
    assert 0.005 < changed < 0.3, "a box and a label, and not the whole picture"


def test_a_box_is_drawn_between_sampled_moments_and_not_where_the_face_is_away():
    boxes = np.float32([[0, 0, 10, 10], [10, 0, 20, 10], [50, 0, 60, 10]])
    seen = Sighting(1, True, np.array([0.0, 0.5, 4.0]), boxes)
    np.testing.assert_allclose(box_at(seen, 0.25), [5, 0, 15, 10])
    assert box_at(seen, 2.25) is None
    assert box_at(seen, 5.0) is None


@given(st.floats(0.05, 200), st.floats(0.5, 20), st.floats(0.1, 5), st.floats(0.1, 5))
def test_segments_tile_the_medium_and_windows_stay_inside(seconds, segment, window, hop):
    spans = spans_of(seconds, seconds, Pace(segment, window, hop))
    segments = [(start, end) for kind, start, end in spans if kind == "segment"]
    assert segments[0][0] == 0
    assert seconds - timeline.TAIL * segment <= segments[-1][1] <= seconds + 1e-9
    assert all(one[1] == pytest.approx(two[0]) for one, two in itertools.pairwise(segments))
    windows = [(start, end) for kind, start, end in spans if kind == "window"]
    assert windows
    assert all(0 <= start < end <= seconds + 1e-9 for start, end in windows)
    assert all(end - start >= min(window / 2, seconds) - 1e-9 for start, end in windows)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real clips (../shared/data/clips) are not at hand")
@pytest.mark.parametrize(
    ("name", "faces", "audio"),
    [
        ("single_face.mp4", 1, True),
        ("face_noface.mov", 1, True),
        ("no_face.mp4", 0, True),
        ("test_video_audio_5_seconds.mp4", 1, True),
        ("test_video_multi_5_frames.mp4", 2, False),
    ],
)
def test_real_clips(run, tmp_path, name, faces, audio):
    predict(run, REAL / name, tmp_path / "out", ["every_track=true"])
    found = tree(tmp_path / "out")
    assert len(found["tracks"]) >= faces
    assert ("audio" not in found["notes"]) == audio
    assert found["clip"]["emotion"] is not None
    if name == "no_face.mp4":
        assert "no face was found" in found["notes"]["face"]
    if name == "face_noface.mov":
        main = next(track for track in found["tracks"] if track["main"])
        assert main["end"] < found["seconds"] - 2, "the face leaves, and its track ends"


def test_a_later_part_that_cannot_be_used_is_a_note_and_the_first_an_error(run, long_clip, tmp_path, monkeypatch):
    original = timeline.process_clip

    def damaged(clip, options, wanted):
        if clip.start >= 3.0:
            raise MediaError("the picture is damaged")
        return original(clip, options, wanted)

    monkeypatch.setattr(timeline, "PART_SECONDS", 1.5)
    monkeypatch.setattr(timeline, "process_clip", damaged)
    predict(run, long_clip, tmp_path / "out", [])
    found = tree(tmp_path / "out")
    assert any("from 3 s on: the picture is damaged" in note for note in found["notes"].values())
    assert max(window["start"] for window in found["windows"]) < 3.0


def test_a_span_without_any_step_has_no_probabilities(run, clip, tmp_path, capsys, monkeypatch):
    original = timeline.process_clip

    def nothing(clip, options, wanted):
        done = original(clip, options, wanted)
        return replace(done, streams={}, times={}, tracks=(), notes={"face": "no face was found", "audio": "no sound"})

    monkeypatch.setattr(timeline, "process_clip", nothing)
    predict(run, clip, tmp_path / "out", [])
    found = tree(tmp_path / "out")
    assert found["clip"]["emotion"] is None
    assert found["windows"][0]["emotion:happy"] is None
    assert "nothing to predict from" in capsys.readouterr().out
    assert load_file(tmp_path / "out" / "embeddings.safetensors") == {}


def test_sound_has_no_picture_to_draw_on(run, tmp_path, capsys):
    soundfile.write(tmp_path / "voice.wav", np.random.default_rng(0).normal(0, 0.1, 24000), 16000)
    predict(run, tmp_path / "voice.wav", tmp_path / "out", ["draw=true"])
    assert "not drawn, it has no picture" in capsys.readouterr().out
    assert not list((tmp_path / "out").glob("*.mp4"))
    assert tree(tmp_path / "out")["clip"]["emotion"] is not None


def test_faces_far_apart_in_place_or_time_are_two():
    faces = timeline.Faces()
    here, there = (np.tile(np.float32([x, 0, x + 10, 10]), (2, 1)) for x in (0, 100))

    def track(number: int, boxes: np.ndarray) -> FaceTrack:
        crops = np.zeros((2, 8, 8, 3), dtype=np.uint8)
        return FaceTrack(number, np.array([0.0, 0.3]), boxes, np.ones(2, dtype=np.float32), crops, main=True)

    assert faces.follow([track(0, here), track(1, there)], 0.0) == {0: 1, 1: 2}
    assert faces.follow([track(0, there)], 1.0) == {0: 2}
    assert faces.follow([track(0, there)], 60.0) == {0: 3}, "a minute later it may be somebody else"
    assert faces.follow([], 120.0) == {}
