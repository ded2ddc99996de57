from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from emoprism.corpora.puppets import PuppetsCorpus
from emoprism.errors import CorpusError, EmoprismError, RecipeError, StageError
from emoprism.families import CORPORA
from emoprism.puppets import clip as clips
from emoprism.puppets import encode
from emoprism.puppets.clip import Job
from emoprism.puppets.corpus import make
from emoprism.puppets.emotions import EMOTIONS
from emoprism.testing import check_corpus
from emoprism.workers import Lost

TINY = ["speakers=2", "clips=6", "seconds=0.6", "size=96", "fps=10", "seed=3"]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def packets(path: Path) -> dict[str, list[bytes]]:
    """What each stream of a video holds, so that a difference can be told from another."""
    found: dict[str, list[bytes]] = {}
    with av.open(str(path)) as file:
        for packet in file.demux():
            found.setdefault(packet.stream.type, []).append(bytes(packet))
    return found


def differences(one: Path, other: Path) -> list[str]:
    """Files that are not the same in both folders; of videos, the streams and their first packets that differ."""
    ours, theirs = contents(one), contents(other)
    told = sorted(ours.keys() ^ theirs.keys())
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] == theirs[name]:
            continue
        told.append(name)
        if name.endswith(".mp4"):
            pair = packets(one / name), packets(other / name)
            for stream in pair[0]:
                at = [n for n, (a, b) in enumerate(zip(pair[0][stream], pair[1][stream], strict=False)) if a != b]
                told.append(f"{stream}: packets {at} of {len(pair[0][stream])} and {len(pair[1][stream])}")
    return told


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made in a process of its own, as by anybody else."""
    out = tmp_path_factory.mktemp("tiny") / "corpus"
    command = [sys.executable, "-m", "emoprism.cli", "corpus", "puppets", str(out), *TINY, "--workers", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return out


def test_what_it_writes(tiny: Path) -> None:
    names = {name for name in contents(tiny) if "/" not in name}
    assert names == {"clips.csv", "factors.json", "contact_sheet.jpg", "manifest.json"}
    facts = json.loads((tiny / "manifest.json").read_text())["facts"]
    assert facts["clips"] == 6 == sum(facts["emotions"].values())
    assert tuple(facts["emotions"]) == EMOTIONS
    assert str(tiny) not in (tiny / "manifest.json").read_text()


def test_same_bytes_from_one_process_and_from_two(tiny: Path, tmp_path: Path) -> None:
    make("puppets", tmp_path / "two", TINY, workers=2, overwrite=False)
    assert differences(tmp_path / "two", tiny) == []


def test_the_wildest_settings_can_be_rendered(tmp_path: Path) -> None:
    wild = [*TINY, "expressiveness=3", "style=3", "motion=3", "nuisance=3", "label_noise=1", "entanglement=1"]
    make("puppets", tmp_path / "wild", wild, workers=1, overwrite=False)
    assert len(list((tmp_path / "wild" / "clips").iterdir())) == 6


def test_another_seed_gives_other_people(tiny: Path, tmp_path: Path) -> None:
    make("puppets", tmp_path / "other", [*TINY[:-1], "seed=4"], workers=1, overwrite=False)
    ours, others = contents(tiny), contents(tmp_path / "other")
    assert ours.keys() == others.keys()
    assert all(ours[name] != others[name] for name in ours)


def test_a_clip_whose_encoder_disagrees_with_itself_is_encoded_anew(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As x264 does once in thousands of times; one that never agrees is said to."""
    picture, spoilt = encode.Mp4.picture, [3]

    def differing(self: encode.Mp4, image: np.ndarray) -> None:
        spoilt[0] -= 1
        picture(self, 255 - image if spoilt[0] == 0 else image)

    monkeypatch.setattr(encode.Mp4, "picture", differing)
    make("puppets", tmp_path / "once", TINY, workers=1, overwrite=False)
    assert spoilt[0] < 0 and differences(tmp_path / "once", tiny) == []
    calls = iter(range(10**6))
    monkeypatch.setattr(encode.Mp4, "picture", lambda self, image: picture(self, image + np.uint8(next(calls) % 7)))
    make("puppets", tmp_path / "never", TINY, workers=1, overwrite=False)
    assert "the encoder did not agree with itself" in capsys.readouterr().out
    assert not list((tmp_path / "never").rglob("*.twin"))


def test_interrupted_it_goes_on_and_keeps_what_is_there(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, render = tmp_path / "corpus", clips.render_clip

    def stopped(job: Job) -> None:
        if job.plan.index == 2:
            raise KeyboardInterrupt
        render(job)

    monkeypatch.setattr(clips, "render_clip", stopped)
    with pytest.raises(KeyboardInterrupt):
        make("puppets", out, TINY, workers=1, overwrite=False)
    monkeypatch.undo()
    before = {path: path.stat().st_mtime_ns for path in (out / "clips").iterdir()}
    assert len(before) == 2
    assert not (out / "manifest.json").exists()
    (out / "clips" / ".p02-001.mp4.half.mp4").write_bytes(b"half a clip")
    make("puppets", out, TINY, workers=1, overwrite=False)
    assert differences(out, tiny) == []
    assert all(path.stat().st_mtime_ns == moment for path, moment in before.items())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
def test_killed_it_leaves_no_process_and_goes_on(tmp_path: Path) -> None:
    out, whole = tmp_path / "corpus", tmp_path / "whole"
    options = ["speakers=2", "clips=12", "seconds=1", "size=96", "fps=10"]
    command = [sys.executable, "-m", "emoprism.cli", "corpus", "puppets", str(out), *options, "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(out.glob("clips/p*.mp4"))) < 2:
        time.sleep(0.01)
    children = offspring(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    end = time.monotonic() + 10
    while any(alive(child) for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert children, "there were workers"
    assert not any(alive(child) for child in children)
    assert 2 <= len(list(out.glob("clips/p*.mp4"))) <= 12
    assert not (out / "manifest.json").exists()
    for folder in (out, whole):  # each in a process of its own, as whoever goes on after a kill
        again = [sys.executable, "-m", "emoprism.cli", "corpus", "puppets", str(folder), *options, "--workers", "1"]
        subprocess.run(again, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert differences(out, whole) == []


def test_a_killed_worker_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "_one_thread", partial(os._exit, 3))
    with pytest.raises(EmoprismError, match="ended before it could start"):
        make("puppets", tmp_path / "out", TINY, workers=2, overwrite=False)
    monkeypatch.setattr(clips, "run_jobs", lambda *_, **__: iter([(0, Lost("it was killed by signal 9"))]))
    with pytest.raises(StageError, match=r"killed by signal 9(.|\n)*run the same command again"):
        make("puppets", tmp_path / "out", TINY, workers=2, overwrite=False)


def offspring(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listing.read_text().split()] if listing.exists() else []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_made_already_it_is_left_alone_and_made_otherwise_refused(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(tiny)
    make("puppets", tiny, TINY, workers=1, overwrite=False)
    assert "made already" in capsys.readouterr().out
    with pytest.raises(StageError, match="fps"):
        make("puppets", tiny, [*TINY, "fps=11"], workers=1, overwrite=False)
    assert contents(tiny) == before


@pytest.mark.parametrize(
    ("name", "says"),
    [("ravdess", "emoprism prepare ravdess"), ("pupets", "did you mean 'puppets'"), ("nothing", "one corpus only")],
)
def test_other_corpora_go_elsewhere(name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=says):
        make(name, tmp_path / "out", [], workers=1, overwrite=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "workers", "says"),
    [
        (["speaker=3"], 1, "did you mean 'speakers'"),
        (["speakers"], 1, "key=value"),
        (["clips=1"], 1, "too few"),
        ([], 0, "0 processes cannot work"),
    ],
)
def test_settings_that_cannot_be(options: list[str], workers: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=says):
        make("puppets", tmp_path / "out", options, workers=workers, overwrite=False)


def test_adapter_keeps_the_contract_and_reads_what_the_plain_table_says(tiny: Path) -> None:
    check_corpus("puppets", tiny)
    ours, plain = PuppetsCorpus(tiny).clips(), CORPORA.make("manifest", tiny / "clips.csv").clips()
    assert list(ours) == list(plain)
    assert set(ours[0].labels) == {"speaker", "emotion", "gender", "expression", "emotion_true"}
    assert set(ours[0].values) == {"valence", "arousal"}
    assert ours[0].video == ours[0].audio


def test_adapter_refuses_an_unfinished_or_shortened_corpus(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no such directory"):
        PuppetsCorpus(tmp_path / "none").clips()
    for name, data in contents(tiny).items():
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / name).write_bytes(data)
    table = tmp_path / "copy" / "clips.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(CorpusError, match="5 rows, but 6 clips"):
        PuppetsCorpus(tmp_path / "copy").clips()
