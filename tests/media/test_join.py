"""Joined corpora: every clip reads the bits that it was prepared with, under names that cannot clash."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.errors import CorpusError, StageError
from emoprism.media.join import join
from emoprism.media.options import PrepareOptions
from emoprism.media.processed import FaceTrack, ProcessedClip
from emoprism.media.shards import CLIPS, JOINED, REJECTED, PreparedCorpus
from emoprism.media.writer import Rejection, encode, finish, write_shard
from emoprism.stage import MANIFEST, Stage
from emoprism.types import AUDIO, FACE, Clip, StreamSpec

SHARD = "shard-00000.safetensors"
Make = Callable[..., Path]


def processed(value: int, width: int, *, face: bool, filled: int = 0) -> ProcessedClip:
    streams = {AUDIO: np.full((5, 40), value, np.float32), "units": np.full((2, width), value, np.float32)}
    times = {AUDIO: np.arange(5) / 100, "units": np.array([0.0, 1.0])}
    boxes, tracks = np.zeros((0, 4), np.float32), ()
    if face:
        crops = np.full((2, 16, 16, 3), int(value), np.uint8)
        boxes = np.full((2, 4), value, np.float32)
        streams[FACE], times[FACE] = crops, np.arange(2) / 3
        tracks = (FaceTrack(0, np.arange(2) / 3, boxes, np.ones(2, np.float32), crops, main=True),)
    notes, counts = {} if face else {FACE: "no picture"}, {"units": filled} if filled else {}
    return ProcessedClip(1.5, streams, times, boxes, tracks, notes, filled=counts)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A prepared directory of two clips of one speaker, a01 and a02."""

    def make(name: str, value: int = 1, width: int = 3, *, face: bool = True, filled: int = 0, **media: Any) -> Path:
        asked = PrepareOptions.model_validate(media).for_manifest("manifest") | {"clips_sha256": name}
        asked |= {"detector_sha256": media.get("weights", "w")} if face else {}
        stage = Stage.begin(tmp_path / name, "prepare", options=asked, inputs={})
        labels = {"speaker": "anna", "session": "1", "source": "v", "sentence": "the words", "emotion": "happy"}
        used = [
            encode(
                Clip(f"a0{i}", labels, split="train", values={"arousal": float(value + i)}),
                processed(value + i, width, face=face, filled=filled),
                all_tracks=True,
            )
            for i in (1, 2)
        ]
        write_shard(stage.directory / SHARD, used, [Rejection("a03", "row 3", "too short")])
        finish(stage, [SHARD], {"citation": f"{name} 2020", "licence": "free"})
        return tmp_path / name

    return make


def test_clips_keep_their_bits_and_take_the_name_of_their_corpus(make: Make, tmp_path: Path) -> None:
    one, two = make("one", 10), make("two", 20)
    join(tmp_path / "deep" / "both", [f"emodb={one}", f"ravdess={two}"])
    both = PreparedCorpus.open(tmp_path / "deep" / "both")
    assert [clip.id for clip in both.clips] == ["emodb-a01", "emodb-a02", "ravdess-a01", "ravdess-a02"]
    for clip, (corpus, name) in zip(both.clips, [(one, "emodb")] * 2 + [(two, "ravdess")] * 2, strict=True):
        single = PreparedCorpus.open(corpus)
        before = next(old for old in single.clips if old.id == clip.key)
        assert clip.labels == {
            "speaker": f"{name}-anna", "session": f"{name}-1", "source": f"{name}-v",
            "sentence": "the words", "emotion": "happy", "corpus": name,
        }  # fmt: skip
        assert (clip.values, clip.split, clip.seconds, clip.steps) == (before.values, "train", 1.5, before.steps)
        for stream in (AUDIO, "units", FACE):
            assert np.array_equal(both.read(clip, stream), single.read(before, stream))
            assert np.array_equal(both.times(clip, stream), single.times(before, stream))
        assert np.array_equal(both.face(clip, 1, size=16), single.face(before, 1, size=16))
        assert np.array_equal(both.boxes(clip), single.boxes(before)) and both.tracks(clip) == single.tracks(before)
        assert np.array_equal(both.read_track(clip, 0), single.read_track(before, 0)) and both.tracks(clip)
    assert list((tmp_path / "deep" / "both").glob("*.safetensors")) == [], "nothing is copied"


def test_what_the_manifest_says(make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"emodb={make('one', timeout=50)}", f"ravdess={make('two', require='face')}"]
    join(tmp_path / "both", words)
    assert "both: 4 clips of 2 corpora, with audio, face, units" in capsys.readouterr().out
    manifest = PreparedCorpus.open(tmp_path / "both").manifest
    assert (manifest.stage, {name: ref.path for name, ref in manifest.inputs.items()}) == (
        JOINED, {"emodb": "../one", "ravdess": "../two"},
    )  # fmt: skip
    facts = manifest.facts
    assert (facts["clips"], facts["rejected"], facts["seconds"]) == (4, 2, 6.0)
    assert facts["corpora"] == {"emodb": 2, "ravdess": 2} and facts["citation"] == "one 2020; two 2020"
    assert facts["licence"] == "free" and facts["left_out"] == {}
    options = PrepareOptions.of_manifest(manifest.options)
    assert (options.require, options.timeout) == ("any", 120.0), "what predict needs, of both corpora"
    rows = list(csv.reader((tmp_path / "both" / REJECTED).read_text().splitlines()))
    assert rows[1:] == [[f"{name}-a03", f"{name}: row 3", "too short"] for name in ("emodb", "ravdess")]


def test_values_that_were_no_numbers_are_counted_over_all_corpora(make: Make, tmp_path: Path) -> None:
    words = [f"a={make('one', filled=3)}", f"b={make('two', filled=4)}", f"c={make('three')}"]
    join(tmp_path / "all", words)
    found = PreparedCorpus.open(tmp_path / "all").manifest.facts
    assert found["filled"] == {"units": {"clips": 4, "values": 14}}
    join(tmp_path / "odd", [words[0], f"d={make('other', width=5)}"])
    found = PreparedCorpus.open(tmp_path / "odd").manifest.facts
    assert "units" in found["left_out"] and "filled" not in found, "of streams that are there"


def test_the_same_again_is_left_alone_and_the_order_does_not_matter(make: Make, tmp_path: Path) -> None:
    words = [f"b={make('one')}", f"a={make('two')}"]
    for out in ("x", "y"):
        join(tmp_path / out, words if out == "x" else words[::-1])
        join(tmp_path / out, words)
    for name in (CLIPS, REJECTED):
        assert (tmp_path / "x" / name).read_bytes() == (tmp_path / "y" / name).read_bytes()
    with pytest.raises(StageError, match="inputs"):
        join(tmp_path / "x", [words[0], f"c={tmp_path / 'two'}"])


def test_streams_that_differ_are_left_out_in_words(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    join(tmp_path / "both", [f"a={make('one', width=3, face=False)}", f"b={make('two', width=4)}"])
    assert "the stream 'units' is left out: its steps are [3] (a), [4] (b)" in capsys.readouterr().out
    both = PreparedCorpus.open(tmp_path / "both")
    assert both.streams == {AUDIO: StreamSpec((40,)), FACE: StreamSpec((16, 16, 3))}
    assert both.clips[0].steps == {AUDIO: 5} and both.clips[0].notes == {FACE: "the corpus 'a' has no such stream"}
    assert both.manifest.facts["missing"] == {FACE: 2} and list(both.manifest.facts["left_out"]) == ["units"]
    assert both.read(both.clips[0], FACE).shape == (0, 16, 16, 3)


def test_every_option_that_differs_is_named(make: Make, tmp_path: Path) -> None:
    words = [f"a={make('one', fps=5, crop=64)}", f"b={make('two')}"]
    with pytest.raises(CorpusError) as caught:
        join(tmp_path / "both", words)
    assert str(caught.value) == (
        "crop: prepared with 64 (a), 224 (b)\n    -> prepare them with the same options\n"
        "fps: prepared with 5.0 (a), 3.0 (b)\n    -> prepare them with the same options"
    )
    assert not (tmp_path / "both").exists()
    join(tmp_path / "sound", [f"a={make('three', face=False)}", f"b={make('four')}"])  # only one needs a detector


def test_another_detector_is_an_option_too(make: Make, tmp_path: Path) -> None:
    words = [f"a={make('one')}", f"b={make('two')}"]
    path = tmp_path / "two" / MANIFEST
    path.write_text(path.read_text().replace('"detector_sha256": "w"', '"detector_sha256": "v"'))
    with pytest.raises(CorpusError, match=r"detector_sha256: prepared with 'w' \(a\), 'v' \(b\)"):
        join(tmp_path / "both", words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a={one}"], "corpora: 1 given"),
        (["a={one}", "a={two}"], "there is another corpus 'a'"),
        (["a={one}", "{two}"], "not the name and directory of a corpus"),
        (["a={one}", "b-c={two}"], "not the name and directory of a corpus"),
        (["a={one}", "b="], "not the name and directory of a corpus"),
        (["a={one}", "b={one}/gone"], "no such directory"),
    ],
)
def test_words_that_name_no_corpora(make: Make, tmp_path: Path, words: list[str], told: str) -> None:
    paths = {"one": make("one"), "two": make("two")}
    with pytest.raises((CorpusError, StageError), match=told):
        join(tmp_path / "both", [word.format(**paths) for word in words])


def test_joined_corpora_are_not_joined_again(make: Make, tmp_path: Path) -> None:
    join(tmp_path / "both", [f"a={make('one')}", f"b={make('two')}"])
    with pytest.raises(CorpusError, match="its clips have a label 'corpus' already"):
        join(tmp_path / "all", [f"c={tmp_path / 'both'}", f"d={make('three')}"])


def test_a_corpus_that_changed_or_went_away_is_noticed(make: Make, tmp_path: Path) -> None:
    join(tmp_path / "both", [f"a={make('one')}", f"b={make('two')}"])
    manifest = tmp_path / "two" / MANIFEST
    manifest.write_text(manifest.read_text() + " ")
    with pytest.raises(CorpusError, match=r"the corpus 'b' is not what it was when it was joined\n.*join again"):
        PreparedCorpus.open(tmp_path / "both")
    (tmp_path / "two").rename(tmp_path / "elsewhere")
    with pytest.raises(CorpusError, match="the corpus 'b' is not there any more"):
        PreparedCorpus.open(tmp_path / "both")


@pytest.mark.parametrize(
    "shard", ["/etc/passwd", "../../secret/shard-00000.safetensors", "../one/other.safetensors", SHARD, "../one"]
)
def test_a_table_cannot_name_other_files(make: Make, tmp_path: Path, shard: str) -> None:
    (tmp_path / "secret").mkdir()
    join(tmp_path / "both", [f"a={make('one')}", f"b={make('two')}"])
    table = tmp_path / "both" / CLIPS
    table.write_text(table.read_text().replace(f"../one/{SHARD}", shard))
    with pytest.raises(CorpusError, match=r"clip 'a-a01': '.*' is no shard of this directory"):
        PreparedCorpus.open(tmp_path / "both")
    single = tmp_path / "one" / CLIPS
    single.write_text(single.read_text().replace(SHARD, f"../two/{SHARD}"))
    with pytest.raises(CorpusError, match="is no shard of this directory"):
        PreparedCorpus.open(tmp_path / "one")


def test_a_manifest_cannot_name_absolute_places(make: Make, tmp_path: Path) -> None:
    join(tmp_path / "both", [f"a={make('one')}", f"b={make('two')}"])
    path = tmp_path / "both" / MANIFEST
    tree = json.loads(path.read_text())
    tree["inputs"]["a"]["path"] = str(tmp_path / "one")
    path.write_text(json.dumps(tree))
    with pytest.raises(CorpusError, match="the corpus 'a' is not there any more"):
        PreparedCorpus.open(tmp_path / "both")


def test_through_symbolic_links(make: Make, tmp_path: Path) -> None:
    make("one"), make("two")
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    join(tmp_path / "link" / "both", [f"a={tmp_path / 'one'}", f"b={tmp_path / 'two'}"])
    for place in ("link/both", "far/away/both"):
        both = PreparedCorpus.open(tmp_path / place)
        assert both.read(both.clips[0], AUDIO).shape == (5, 40)
