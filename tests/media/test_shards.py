"""Prepared clips come back as they went in, and whatever is not a prepared directory is refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoprism.errors import CorpusError, StageError
from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.shards import CLIPS, REJECTED, PreparedCorpus, read_header
from emoprism.media.writer import Rejection, encode, finish, write_shard
from emoprism.stage import MANIFEST, Stage
from emoprism.types import AUDIO, FACE, Clip, StreamSpec

SHARD = "shard-00000.safetensors"


def smooth(count: int, side: int = 32) -> np.ndarray:
    """Pictures that JPEG keeps nearly as they are."""
    ramp = np.linspace(0, 200, side)
    base = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 100 + 0 * ramp[None]), axis=-1)
    return np.stack([np.clip(base + 10 * i, 0, 255).astype(np.uint8) for i in range(count)])


def processed(steps: int = 3, width: int = 5, *, face: bool = True) -> ProcessedClip:
    streams: dict[str, np.ndarray] = {AUDIO: np.full((7, 40), 0.5, np.float32)}
    streams["units"] = np.arange(2 * width, dtype=np.float32).reshape(2, width)
    times = {AUDIO: np.arange(7) / 100, "units": np.array([0.0, 1.0])}
    boxes = np.arange(steps * 4, dtype=np.float32).reshape(steps, 4)
    if face:
        streams[FACE], times[FACE] = smooth(steps), np.arange(steps) / 3
    tracks = (FaceTrack(1, np.arange(steps) / 3, boxes, np.ones(steps, np.float32), smooth(steps), main=True),)
    notes = {} if face else {FACE: "no face was found, says the test"}
    return ProcessedClip(1.25, streams, times, boxes, tracks if face else (), notes)


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedCorpus:
    stage = Stage.begin(tmp_path / "prepared", "prepare", options={}, inputs={})
    clips = [Clip("b", {"emotion": "happy"}, split="train"), Clip("a", {"speaker": "Zoë, the 1st"})]
    used = [encode(clips[0], processed(), all_tracks=True), encode(clips[1], processed(face=False))]
    write_shard(stage.directory / SHARD, used, [Rejection("c", "row 4", "a reason, with a comma")])
    finish(stage, [SHARD], {"more": 1})
    return PreparedCorpus.open(stage.directory)


def test_clips_come_back_in_order(prepared: PreparedCorpus) -> None:
    a, b = prepared.clips
    assert (a.id, b.id) == ("a", "b")
    assert a.labels == {"speaker": "Zoë, the 1st"} and b.labels == {"emotion": "happy"}
    assert a.split is None and b.split == "train" and a.seconds == 1.25
    assert a.steps == {AUDIO: 7, "units": 2} and b.steps == {FACE: 3, AUDIO: 7, "units": 2}
    assert a.notes == {FACE: "no face was found, says the test"} and b.notes == {}
    assert prepared.streams == {
        FACE: StreamSpec((32, 32, 3)), AUDIO: StreamSpec((40,)), "units": StreamSpec((5,)),
    }  # fmt: skip
    assert prepared.manifest.facts["missing"] == {FACE: 1} and prepared.manifest.facts["more"] == 1
    assert (prepared.directory / REJECTED).read_text() == 'clip,origin,reason\nc,row 4,"a reason, with a comma"\n'


def test_streams_come_back(prepared: PreparedCorpus) -> None:
    _, b = prepared.clips
    faces = prepared.read(b, FACE)
    assert faces.dtype == np.uint8 and faces.shape == (3, 32, 32, 3)
    assert np.abs(faces.astype(int) - smooth(3)).mean() < 3
    assert np.abs(faces.astype(int) - smooth(3)[..., ::-1]).mean() > 20, "red and blue are told apart"
    half = prepared.read(b, FACE, size=16)
    assert np.abs(half.astype(float) - faces.reshape(3, 16, 2, 16, 2, 3).mean(axis=(2, 4))).max() <= 1
    assert prepared.read(b, FACE, size=64).shape == (3, 64, 64, 3)
    assert np.array_equal(prepared.read(b, "units"), np.arange(10, dtype=np.float32).reshape(2, 5))
    assert np.allclose(prepared.times(b, AUDIO), np.arange(7) / 100)
    assert np.array_equal(prepared.boxes(b), np.arange(12, dtype=np.float32).reshape(3, 4))


def test_absent_streams_are_empty(prepared: PreparedCorpus) -> None:
    a, _ = prepared.clips
    assert prepared.read(a, FACE).shape == (0, 32, 32, 3)
    assert prepared.read(a, FACE, size=8).shape == (0, 8, 8, 3)
    assert prepared.times(a, FACE).shape == (0,) and prepared.boxes(a).shape == (0, 4)
    with pytest.raises(CorpusError, match=r"no stream 'unit'.*\n.*did you mean 'units'"):
        prepared.read(a, "unit")


def test_a_feature_stream_that_a_clip_lacks_is_empty(tmp_path: Path) -> None:
    stage = Stage.begin(tmp_path / "p", "prepare", options={}, inputs={})
    bare = ProcessedClip(1.0, {AUDIO: np.ones((1, 40), np.float32)}, {AUDIO: np.zeros(1)}, np.zeros((0, 4), np.float32))
    write_shard(stage.directory / SHARD, [encode(Clip("a", {}), processed()), encode(Clip("b", {}), bare)], [])
    finish(stage, [SHARD], {})
    corpus = PreparedCorpus.open(stage.directory)
    assert corpus.read(corpus.clips[1], "units").shape == (0, 5)


def test_tracks(prepared: PreparedCorpus) -> None:
    a, b = prepared.clips
    assert prepared.tracks(a) == ()
    (track,) = prepared.tracks(b)
    assert track.main and track.frames == 3 and track.start == 0 and track.end == pytest.approx(2 / 3, abs=1e-5)
    assert np.array_equal(prepared.read_track(b, 1), prepared.read(b, FACE))
    with pytest.raises(CorpusError, match="track2"):
        prepared.read_track(b, 2)


def test_clips_of_another_width_are_rejected(tmp_path: Path) -> None:
    stage = Stage.begin(tmp_path / "p", "prepare", options={}, inputs={})
    used = [encode(Clip("a", {}), processed()), encode(Clip("b", {}, origin="row 3"), processed(width=4))]
    write_shard(stage.directory / SHARD, used, [])
    finish(stage, [SHARD], {})
    assert [clip.id for clip in PreparedCorpus.open(stage.directory).clips] == ["a"]
    said = (stage.directory / REJECTED).read_text()
    assert "b,row 3,\"the stream 'units' has [4] values a step, where that of clip 'a' has [5]\"" in said


def test_an_unfinished_directory_is_refused(tmp_path: Path) -> None:
    Stage.begin(tmp_path / "p", "prepare", options={}, inputs={})
    with pytest.raises(StageError, match="not finished"):
        PreparedCorpus.open(tmp_path / "p")


def test_a_missing_shard_is_named(prepared: PreparedCorpus) -> None:
    (prepared.directory / SHARD).unlink()
    with pytest.raises(CorpusError, match=rf"{SHARD}: no such shard"):
        PreparedCorpus.open(prepared.directory)


@pytest.mark.parametrize("content", ["", "what,is\n1,2\n", "clip,split,seconds,shard\na,,long,x\n", "clip\n\0a\n"])
def test_a_table_that_is_none_is_refused(prepared: PreparedCorpus, content: str) -> None:
    (prepared.directory / CLIPS).write_text(content)
    if content:
        with pytest.raises(CorpusError, match=r"not a table of prepared clips|no such shard"):
            PreparedCorpus.open(prepared.directory)
    (prepared.directory / CLIPS).unlink()
    with pytest.raises(CorpusError, match="no such file"):
        PreparedCorpus.open(prepared.directory)


def test_a_manifest_without_streams_is_refused(prepared: PreparedCorpus) -> None:
    path = prepared.directory / MANIFEST
    path.write_text(path.read_text().replace('"streams"', '"strems"'))
    with pytest.raises(StageError, match="names no streams"):
        PreparedCorpus.open(prepared.directory)


def test_damaged_shards_are_refused(prepared: PreparedCorpus) -> None:
    shard = prepared.directory / SHARD
    b = prepared.clips[1]
    shard.write_bytes(shard.read_bytes().replace(b"\xff\xd8\xff", b"\0\0\0"))
    with pytest.raises(CorpusError, match=r"'b'.*JPEG|JPEG.*'b'"):
        prepared.read(b, FACE)
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(CorpusError, match="cannot be read"):
        prepared.read(b, AUDIO)
    with pytest.raises(CorpusError, match="not a shard"):
        read_header(shard)
