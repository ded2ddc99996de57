"""CMU-MOSEI from the SDK's features alone, from .csd files to a trained model."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emoprism.corpora._folder import Folder
from emoprism.corpora._mosei_features import Features
from emoprism.corpora.cmu_mosei import CmuMosei
from emoprism.errors import CorpusError
from emoprism.media.features import read_features
from emoprism.media.prepare import prepare
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import load_recipe
from emoprism.stage import read_manifest
from emoprism.testing import check_copies, check_corpus
from emoprism.training.run import train

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'emoprism[hdf5]'")

VIDEOS = [f"video{number:02d}" for number in range(12)]
SECONDS = 0.6
RATES = {"COVAREP": (100, 5), "FACET 4.2": (30, 3)}
FILES = {"COVAREP": "CMU_MOSEI_COVAREP.csd", "FACET 4.2": "CMU_MOSEI_VisualFacet42.csd"}
Medium = Callable[[Path], Path]


def segments(video: int) -> list[tuple[float, float, list[float]]]:
    """Four sentences, happy and sad in turn: start, end, and the scores."""
    return [
        (0.1 + n * SECONDS, 0.1 + (n + 1) * SECONDS, [0, happy, 1 - happy, 0, 0, 0, 0])
        for n in range(4)
        for happy in [(n + video) % 2]
    ]


def sequence(name: str, video: int, signal: float) -> tuple[np.ndarray, np.ndarray]:
    """Noise far from 0, higher by `signal` deviations while somebody is happy; COVAREP with minus infinity in it."""
    rate, width = RATES[name]
    starts = np.arange(round(2.7 * rate)) / rate
    values = np.random.default_rng([video, rate]).normal(size=(len(starts), width))
    for start, end, scores in segments(video):
        values[(starts >= start) & (starts < end)] += signal * scores[1]
    if name == "COVAREP":
        values[20, 1] = -np.inf
    return (5000 + 900 * values).astype(np.float32), np.stack([starts, starts + 1 / rate], 1)


def write(path: Path, name: str, entries: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    with h5py.File(path, "w") as file:
        file.create_group(f"{name}/metadata")["root name"] = name
        for key, (features, intervals) in entries.items():
            file[f"{name}/data/{key}/features"], file[f"{name}/data/{key}/intervals"] = features, intervals


def mosei(root: Path, signal: float = 1.0) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    labels = {
        name: (np.array([row[2] for row in rows], float), np.array([row[:2] for row in rows]))
        for name, rows in ((name, segments(number)) for number, name in enumerate(VIDEOS))
    }
    write(root / "CMU_MOSEI_Labels.csd", "All Labels", labels)
    for name, file in FILES.items():
        write(root / file, name, {video: sequence(name, n, signal) for n, video in enumerate(VIDEOS)})
    folds = {"train": VIDEOS[:8], "valid": VIDEOS[8:10], "test": VIDEOS[10:]}
    (root / "folds.py").write_text("\n".join(f"standard_{side}_fold={names}" for side, names in folds.items()))
    return root


BOTH = ("covarep", "facet_4_2")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mosei(tmp_path_factory.mktemp("mosei") / "CMU_MOSEI")


def test_keeps_the_contract(tree: Path, tmp_path: Path) -> None:
    check_corpus("cmu_mosei", tree, features=BOTH, folds=Path("folds.py"))
    check_copies("cmu_mosei", tree, tmp_path, features=BOTH)


def test_a_segment_has_its_steps_of_every_sequence(tree: Path, tmp_path: Path) -> None:
    prepare("cmu_mosei", tree, tmp_path / "out", ["corpus.features=[covarep,facet_4_2]"], workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    assert len(corpus.clips) == 48 and {name: spec.shape for name, spec in corpus.streams.items()} == {
        "covarep": (5,), "facet_4_2": (3,),
    }  # fmt: skip
    clip = corpus.clips[1]
    assert (clip.id, clip.labels["emotion"], clip.seconds) == ("video00[1]", "happy", pytest.approx(SECONDS))
    for stream, name in zip(BOTH, RATES, strict=True):
        values, intervals = sequence(name, 0, 1.0)
        start, end, _ = segments(0)[1]
        inside = (intervals[:, 1] > start + 1e-5) & (intervals[:, 0] < end - 1e-5)
        assert np.array_equal(corpus.read(clip, stream), values[inside])
        middles = np.clip(intervals[inside], start, end).mean(1) - start
        assert corpus.times(clip, stream) == pytest.approx(middles)
    assert clip.steps == {"covarep": 60, "facet_4_2": 18}
    assert read_manifest(tmp_path / "out", "prepare").facts["filled"] == {"covarep": {"clips": 12, "values": 12}}


def test_with_videos_too(tree: Path, tmp_path: Path, medium: Medium) -> None:
    for path in tree.iterdir():
        (tmp_path / path.name).symlink_to(path)
    medium(tmp_path / "video03.mp4")
    clips = {clip.id: clip for clip in CmuMosei(tmp_path, features=BOTH).clips()}
    assert clips["video03[0]"].video == tmp_path / "video03.mp4" and set(clips["video03[0]"].features) == set(BOTH)
    assert clips["video04[0]"].video is None and clips["video04[0]"].start == 0.1 and not clips["video04[0]"].rejected
    alone = {clip.id: clip for clip in CmuMosei(tmp_path).clips()}
    assert not alone["video03[0]"].features and alone["video04[0]"].rejected


def test_a_video_that_a_sequence_lacks(tree: Path, tmp_path: Path) -> None:
    root = mosei(tmp_path / "corpus")
    for name, lacking in (("COVAREP", VIDEOS[:2]), ("FACET 4.2", VIDEOS[1:3])):
        with h5py.File(root / FILES[name], "a") as file:
            for video in lacking:
                del file[f"{name}/data/{video}"]
    prepare("cmu_mosei", root, tmp_path / "out", ["corpus.features=[covarep,facet_4_2]"], workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    notes = {clip.id: clip.notes.get("covarep") for clip in corpus.clips if "covarep" not in clip.steps}
    assert notes == {f"video00[{n}]": "CMU_MOSEI_COVAREP.csd has no 'video00'" for n in range(4)}
    facts = read_manifest(tmp_path / "out", "prepare").facts
    assert facts["missing"]["covarep"] == facts["missing"]["facet_4_2"] == 4 and facts["rejected"] == 4
    said = "there is no video01.mp4 or video01.wav, nor covarep, facet_4_2 of it"
    assert said in (tmp_path / "out/rejected.csv").read_text()


def test_files_that_were_aligned_and_written_again(tree: Path, tmp_path: Path) -> None:
    """Entries `<video>[<n>]`: segments where the labels are aligned, words where they are not."""
    for name, file in {**FILES, "All Labels": "CMU_MOSEI_Labels.csd"}.items():
        with h5py.File(tree / file) as whole:
            parts: dict[str, Any] = {}
            for number, video in enumerate(VIDEOS):
                group = whole[f"{name}/data/{video}"]
                values, times = group["features"][()], group["intervals"][()]
                for n, (start, end, _) in enumerate(segments(number)):
                    inside = (times[:, 1] > start + 1e-5) & (times[:, 0] < end - 1e-5)
                    rows = [n] if name == "All Labels" else np.flatnonzero(inside)
                    parts[f"{video}[{n}]"] = values[rows], np.clip(times[rows], start, end)
        write(tmp_path / file, name, parts)
    whole, parted = CmuMosei(tree, features=BOTH).clips(), CmuMosei(tmp_path, features=BOTH).clips()
    assert [(c.id, c.labels, c.start, c.end) for c in parted] == [(c.id, c.labels, c.start, c.end) for c in whole]
    for first, second in zip(whole[::7], parted[::7], strict=True):
        for stream in BOTH:
            one, other = read_features(first.features[stream]), read_features(second.features[stream])
            assert np.array_equal(one.values, other.values) and np.array_equal(one.times, other.times)


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        CmuMosei(root, **options).clips()
    return str(caught.value)


def test_without_h5py_it_says_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(CorpusError, match="pip install 'emoprism"):
        Features(Folder(tree), BOTH, "CMU_MOSEI_Labels.csd")


def test_sequences_that_cannot_be_taken(tree: Path, tmp_path: Path) -> None:
    assert "no .csd file of 'covarp'\n    -> did you mean 'covarep'?" in refused(tree, features=("covarp",))
    assert "a stream of features cannot be called 'face'" in refused(tree, features=("face",))
    said = refused(tree)
    assert "there is no video00.mp4" in said and "set corpus.features=[covarep]" in said
    root = mosei(tmp_path / "corpus")
    (root / "copy").mkdir()
    (root / "copy/again.csd").write_bytes((root / FILES["COVAREP"]).read_bytes())
    assert "another file of 'covarep' is" in refused(root, features=("covarep",))
    (root / "copy/again.csd").unlink()
    content = (root / FILES["FACET 4.2"]).read_bytes()
    (root / FILES["FACET 4.2"]).write_bytes(content[: len(content) // 2])
    said = refused(root, features=BOTH)
    assert "CMU_MOSEI_VisualFacet42.csd is not an array file that can be read" in said and "no .csd file of" in said
    assert len(CmuMosei(root, features=("covarep",)).clips()) == 48, "what is not asked for may be broken"


RECIPE = {
    "name": "test/mosei",
    "label": "CAA",
    "data": {"streams": list(BOTH), "split": {"name": "given"}},
    "model": {
        "name": "cross_attention", "width": 16, "depth": 1, "self_depth": 1,
        "encoders": {"covarep": {"name": "conv1d", "channels": [16, 16]}, "facet_4_2": {"name": "features"}},
    },
    "method": {"name": "none"},
    "players": {"model": {"learning_rate": 0.003}},
    "training": {"epochs": 4, "batch_size": 8, "selection": {"every": 4}},
}  # fmt: skip


def trained(tmp_path: Path, signal: float) -> float:
    """Macro F1 on the standard validation fold, whose videos never train."""
    root = mosei(tmp_path / f"corpus{signal}", signal)
    asked = ["corpus.features=[covarep,facet_4_2]", "corpus.folds=folds.py", "corpus.emotions=[happy,sad]"]
    prepare("cmu_mosei", root, tmp_path / f"prepared{signal}", asked, workers=1)
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(RECIPE))
    train(load_recipe(tmp_path / "recipe.yaml"), tmp_path / f"prepared{signal}", tmp_path / f"run{signal}")
    history = json.loads((tmp_path / f"run{signal}" / "history.json").read_text())
    return history[-1]["scores"]["validation/emotion/macro_f1"]


def test_from_features_to_a_trained_model(tmp_path: Path) -> None:
    """A signal of one deviation, far from 0 and with minus infinities around it, is learnt and holds for strangers."""
    assert trained(tmp_path, 1.0) >= 0.9
    assert trained(tmp_path, 0.0) <= 0.75, "the negative control: nothing is learnt where there is nothing"
