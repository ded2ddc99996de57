"""Training where strangers select and test: nothing of them is learnt, and the run says who they were."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from emoprism.deploy.embed import embed
from emoprism.embeddings import load_embeddings
from emoprism.errors import StageError
from emoprism.media.join import join
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import Recipe
from emoprism.splits.base import read_sides
from emoprism.stage import read_manifest
from emoprism.training.checkpoint import load_tensors
from emoprism.training.dataset import label_clips
from emoprism.training.run import WEIGHTS, train
from emoprism.training.split import make_split
from emoprism.types import TRAIN, UNSEEN, VALIDATION


def recipe(**split: Any) -> Recipe:
    return Recipe.model_validate({
        "name": "test/strangers", "label": "S",
        "data": {"streams": ["action_units"], "split": split},
        "model": {
            "name": "multitask", "embeddings": {"emotion": 6, "speaker": 4},
            "encoders": {"action_units": {"name": "features"}},
        },
        "players": {"model": {"learning_rate": 0.01}},
        "training": {"epochs": 2, "batch_size": 32},
    })  # fmt: skip


SPLITS = {
    "k_fold": {"name": "k_fold", "folds": 3, "fold": 1, "validate_on": "groups", "validation": 0.3},
    "leave_one_session_out": {"name": "leave_one_session_out", "groups": 3, "fold": 3},
}


@pytest.mark.parametrize("name", SPLITS)
def test_strangers_select_and_test_and_are_no_class(name: str, prepared: Path, tmp_path: Path) -> None:
    train(recipe(**SPLITS[name]), prepared, tmp_path / "run")
    sides = read_sides(tmp_path / "run" / "split.csv")
    people = {side: {clip[:2] for clip, found in sides.items() if found == side} for side in sides.values()}
    assert not people[TRAIN] & (people[VALIDATION] | people[UNSEEN]) and not people[VALIDATION] & people[UNSEEN]
    classes = json.loads((tmp_path / "run" / "run.json").read_text())["classes"]
    assert classes["speaker"] == sorted(people[TRAIN]), "the heads know those who train, and nobody else"
    scores = json.loads((tmp_path / "run" / "history.json").read_text())[-1]["scores"]
    assert "validation/emotion/macro_f1" in scores
    assert "validation/speaker/accuracy" not in scores, "nobody can tell the names of strangers"
    embed(tmp_path / "run", prepared, tmp_path / "embeddings")
    found = load_embeddings(tmp_path / "embeddings")
    assert dict(zip(found.clips, found.split, strict=True)) == sides


@pytest.mark.parametrize("name", SPLITS)
def test_unseen_speakers_change_nothing(name: str, prepared: Path, tmp_path: Path, monkeypatch) -> None:
    """The same weights to the bit, and the same classes, when the tested speakers are called and feel otherwise."""
    train(recipe(**SPLITS[name]), prepared, tmp_path / "run")
    sides = read_sides(tmp_path / "run" / "split.csv")

    def disguised(*given: Any, **named: Any) -> Any:
        corpus = given[0]
        clips = [
            dataclasses.replace(clip, labels={"speaker": "nobody", "emotion": "unheard of", "gender": "x"})
            if sides[clip.id] == UNSEEN else clip
            for clip in corpus.clips
        ]  # fmt: skip
        return label_clips(dataclasses.replace(corpus, clips=tuple(clips)), *given[1:], sides)

    monkeypatch.setattr("emoprism.training.run.label_clips", disguised)
    train(recipe(**SPLITS[name]), prepared, tmp_path / "other")
    one, other = (load_tensors(tmp_path / run / WEIGHTS)[0] for run in ("run", "other"))
    assert all(torch.equal(one[key], other[key]) for key in one) and one.keys() == other.keys()
    assert (
        json.loads((tmp_path / "run" / "run.json").read_text())["classes"]
        == (json.loads((tmp_path / "other" / "run.json").read_text())["classes"])
    )


def test_the_control_those_who_train_do_change_it(prepared: Path) -> None:
    corpus = PreparedCorpus.open(prepared)
    data = recipe(**SPLITS["k_fold"]).data
    before = label_clips(corpus, data, seed=0)
    row = before.split.index(TRAIN)
    clips = list(corpus.clips)
    clips[row] = dataclasses.replace(clips[row], labels=clips[row].labels | {"emotion": "unheard of"})
    sides = dict(zip((clip.id for clip in before.clips), before.split, strict=True))
    after = label_clips(dataclasses.replace(corpus, clips=tuple(clips)), data, 0, sides)
    assert after.trained["emotion"] == before.trained["emotion"] + 1


def test_a_run_on_a_split_file_outlives_the_file(prepared: Path, tmp_path: Path) -> None:
    make_split(prepared, tmp_path / "s", ["k_fold", "folds=2"])
    path = tmp_path / "s" / "fold-00.csv"
    train(recipe(name="file", path=path), prepared, tmp_path / "run")
    assert set(read_manifest(tmp_path / "run", "train").inputs) == {"prepared", "split"}
    assert (tmp_path / "run" / "split.csv").read_bytes() == path.read_bytes()
    changed = path.read_text().replace("train\n", "\n", 1)
    (tmp_path / "s" / "manifest.json").unlink()
    path.write_text(changed)
    with pytest.raises(StageError, match=r"inputs\.split"):
        train(recipe(name="file", path=path), prepared, tmp_path / "run")
    shutil.rmtree(tmp_path / "s")
    embed(tmp_path / "run", prepared, tmp_path / "embeddings")
    assert load_embeddings(tmp_path / "embeddings").split.count(UNSEEN) == 45


def test_joined_corpora_train_and_predict_from_one_recipe(prepared: Path, make_prepared, tmp_path: Path) -> None:
    join(tmp_path / "both", [f"a={prepared}", f"b={make_prepared(3, 9)}"])
    train(recipe(name="cross_corpus", test=["b"]), tmp_path / "both", tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["classes"]["speaker"] == [f"a-s{i}" for i in range(6)]
    assert run["prepare"]["corpus"]["name"] == "join", "of media there is nothing to say in this fixture"
    facts = read_manifest(tmp_path / "run", "train").facts
    assert facts["clips"]["unseen"] == 27 and facts["left_out"] == 0
    embed(tmp_path / "run", tmp_path / "both", tmp_path / "embeddings")
