"""Embeddings of a corpus: every clip of the split, true labels beside them, and refusals that name the next step."""

import json
import shutil

import numpy as np
import pytest

from emoprism.deploy.embed import embed
from emoprism.deploy.trained import Trained
from emoprism.embeddings import load_embeddings
from emoprism.errors import CheckpointError, StageError
from emoprism.stage import read_manifest
from emoprism.training.dataset import open_prepared
from emoprism.training.run import WEIGHTS


def test_every_clip_is_embedded_with_its_labels(run, shards, tmp_path, capsys):
    embed(run, shards, tmp_path / "embeddings")
    found = load_embeddings(tmp_path / "embeddings")
    corpus = open_prepared(shards)
    assert found.clips == tuple(clip.id for clip in corpus.clips)
    assert {name: rows.shape for name, rows in found.vectors.items()} == {"emotion": (16, 8), "speaker": (16, 6)}
    for clip, index in zip(corpus.clips, found.labels["speaker"], strict=True):
        assert found.classes["speaker"][index] == clip.labels["speaker"]
    assert set(found.predictions) == {"emotion", "speaker"}
    assert set(found.split) == {"train", "validation", "test"}
    manifest = read_manifest(tmp_path / "embeddings", "embed")
    assert manifest.facts == {"clips": 16, "dimensions": {"emotion": 8, "speaker": 6}}
    for name in ("recipe.yaml", "history.json", "split.csv", "split_audit.json"):
        assert (tmp_path / "embeddings" / name).read_bytes() == (run / name).read_bytes()
    embed(run, shards, tmp_path / "embeddings")
    assert "done already" in capsys.readouterr().out


def test_embedding_twice_gives_the_same_bytes(run, shards, tmp_path):
    for name in ("a", "b"):
        embed(run, shards, tmp_path / name)
    for file in ("embeddings.safetensors", "clips.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_the_predictions_are_those_of_the_heads(run, shards, tmp_path):
    embed(run, shards, tmp_path / "embeddings")
    found = load_embeddings(tmp_path / "embeddings")
    tensors = Trained.open(run).model.heads.state_dict()
    place = list(found.vectors).index("emotion")
    weight, bias = (tensors[f"layers.{place}.{part}"].numpy() for part in ("weight", "bias"))
    expected = (found.vectors["emotion"] @ weight.T + bias).argmax(1)
    assert np.array_equal(found.predictions["emotion"], expected)


def test_another_corpus_is_refused(run, shards, tmp_path):
    other = shutil.copytree(shards, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"seed": 9}))
    with pytest.raises(StageError, match="not the corpus that"):
        embed(run, other, tmp_path / "out")


def test_damaged_runs_are_refused_with_the_next_step(run, tmp_path):
    broken = shutil.copytree(run, tmp_path / "broken")
    (broken / WEIGHTS).write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"0 bytes(.|\n)*train again"):
        Trained.open(broken)
    (broken / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="no such file"):
        Trained.open(broken)
    (broken / "run.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"run\.json: cannot be read"):
        Trained.open(broken)
    with pytest.raises(StageError, match="expected one made by emoprism train"):
        Trained.open(run.with_name("prepared"))
