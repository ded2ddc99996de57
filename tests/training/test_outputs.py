"""Runs whose heads tell several emotions at once and a number: trained, embedded, saved, and what is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from sklearn.metrics import f1_score
from torch import Tensor, nn

from emoprism.deploy.embed import embed
from emoprism.deploy.other import embed_as_asked
from emoprism.deploy.trained import Trained
from emoprism.embeddings import load_embeddings
from emoprism.errors import CorpusError, RecipeError
from emoprism.families import DISENTANGLERS, METRICS
from emoprism.leakage.results import Epoch
from emoprism.recipe import Recipe, load_recipe
from emoprism.training.dataset import Labelled, Store, label_clips, open_prepared
from emoprism.training.evaluation import score_epoch
from emoprism.training.run import train
from emoprism.types import NUMBER, PRESENCE, TEST, UNSEEN, VALIDATION

TASKS = {"emotion": "several_of", "mood": {"name": "number", "low": -2.0, "high": 2.0}}
NUMBERS = {"mood": {"value": "valence", "times": 2.0, "levels": {"bad": -2.0, "good": 0.0}}}
VALENCE: dict[str, Any] = {"value": "valence"}
DATA: dict[str, Any] = {
    "streams": ["audio", "action_units"],
    "split": {"name": "held_out", "unseen": 1},
    "tasks": TASKS,
    "numbers": NUMBERS,
}


def recipe(tmp_path: Path, method: str = "none", **data: Any) -> Recipe:
    path = tmp_path / "recipe.yaml"
    tree = {
        "name": "test/outputs",
        "label": "outputs",
        "data": DATA | data,
        "model": {
            "name": "multitask",
            "embeddings": {"emotion": 8, "mood": 8, "speaker": 8},
            "encoders": {"audio": {"name": "features"}, "action_units": {"name": "features"}},
        },
        "method": {"name": method},
        "players": {name: {"learning_rate": 0.01, "decay": 0.95} for name in ("model", "adversary")},
        "training": {"epochs": 12, "batch_size": 16, "selection": {"every": 6}},
    }
    path.write_text(yaml.safe_dump(tree))
    return load_recipe(path)


@pytest.fixture(scope="module")
def run(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("outputs")
    train(recipe(directory), prepared, directory / "run")
    return directory / "run"


def test_heads_that_tell_several_and_a_number_learn_and_are_told_apart_on_disk(
    run: Path, prepared: Path, tmp_path: Path
) -> None:
    embed(run, prepared, tmp_path / "embeddings")
    found = load_embeddings(tmp_path / "embeddings")
    emotion, mood = found.outputs["emotion"], found.outputs["mood"]
    assert (emotion.kind, emotion.words) == (PRESENCE, ("angry", "happy", "neutral"))
    assert (mood.kind, mood.words) == (NUMBER, ("mood",))
    rows = found.rows(TEST, UNSEEN)
    assert METRICS.make("presence_weighted_accuracy")(emotion.true[rows], emotion.told[rows]) > 0.8
    assert METRICS.make("correlation")(mood.true[rows], mood.told[rows]) > 0.7
    assert 0 <= emotion.told.min() <= emotion.told.max() <= 1
    words = [found.classes["emotion"][i] for i in found.labels["emotion"]]
    assert [emotion.words[i] for i in emotion.true.argmax(1)] == words
    assert (emotion.true.sum(1) == 1).all()


def test_a_number_is_on_the_scale_asked_for_and_has_levels_that_probes_can_read(
    run: Path, prepared: Path, tmp_path: Path
) -> None:
    embed(run, prepared, tmp_path / "embeddings")
    found = load_embeddings(tmp_path / "embeddings")
    valence = {clip.id: clip.values["valence"] for clip in open_prepared(prepared).clips}
    true = found.outputs["mood"].true[:, 0]
    assert true.tolist() == pytest.approx([2 * valence[clip] for clip in found.clips])
    levels = np.array(found.classes["mood"])
    assert (levels[found.labels["mood"]] == np.where(true < 0, "bad", "good")).all()
    told = found.outputs["mood"].told[:, 0]
    said = found.predictions["mood"]
    assert (levels[said[told >= 0]] == "good").all()
    assert (levels[said[(told < 0) & (told >= -2)]] == "bad").all()


def test_selection_scores_each_head_by_its_own_metric(run: Path) -> None:
    history = [Epoch.model_validate(one) for one in yaml.safe_load((run / "history.json").read_text())]
    scores = history[-1].scores
    names = ("emotion/presence_weighted_accuracy", "mood/correlation", "speaker/accuracy")
    assert {f"validation/{name}" for name in names} <= scores.keys()
    assert {"probe/speaker>emotion", "probe/speaker>mood", "probe/emotion>speaker"} <= scores.keys()


def test_an_adversary_finds_several_and_numbers_too(prepared: Path, tmp_path: Path) -> None:
    one = recipe(tmp_path, "gradient_reversal").model_copy(
        update={"training": recipe(tmp_path).training.model_copy(update={"epochs": 2})}
    )
    train(one, prepared, tmp_path / "run")
    history = [Epoch.model_validate(e) for e in yaml.safe_load((tmp_path / "run" / "history.json").read_text())]
    assert {"adversary/speaker>emotion", "adversary/speaker>mood"} <= history[-1].scores.keys()


class Scripted(nn.Module):
    """An adversary that is right about two clips of three: of emotions by its likeliest word, of moods by the level."""

    def __init__(self, labelled: Labelled, rows: np.ndarray) -> None:
        super().__init__()
        wrong = np.arange(len(rows)) % 3 == 0
        emotion, mood = (labelled.labels[name][rows] for name in ("emotion", "mood"))
        self.emotion = np.where(wrong, (emotion + 1) % 3, emotion)
        self.mood = np.where(wrong, 1 - mood, mood)
        bad = labelled.classes["mood"].index("bad")
        logits = torch.full((len(rows), 3), -5.0)
        logits[torch.arange(len(rows)), torch.from_numpy(self.emotion)] = -1.0  # likeliest, and not likely
        values = torch.from_numpy(np.where(self.mood == bad, -0.3, 0.3)).float()[:, None]
        self.outputs = {("speaker", "emotion"): logits, ("speaker", "mood"): values}

    def forward(self, _embedded: Mapping[str, Tensor]) -> dict[tuple[str, str], Tensor]:
        return self.outputs


def test_an_adversary_is_scored_as_a_fresh_probe_is(run: Path, prepared: Path) -> None:
    """By classes, of several and of numbers too: the report lays the two scores side by side."""
    trained, corpus = Trained.open(run), open_prepared(prepared)
    labelled = label_clips(corpus, trained.recipe.data, trained.recipe.seed)
    rows = labelled.rows(VALIDATION)
    adversary = Scripted(labelled, rows)
    store = Store(corpus, trained.recipe.data, trained.model.image_size)
    method = DISENTANGLERS.make("none", trained.model.dimensions, trained.tasks)
    method.adversary = adversary
    found = score_epoch(trained.model, method, labelled, store, seed=0)
    for name, said in (("emotion", adversary.emotion), ("mood", adversary.mood)):
        truth = labelled.labels[name][rows]
        wanted = f1_score(truth, said, average="macro", labels=np.unique(truth))
        assert found.by_name[f"adversary/speaker>{name}"] == pytest.approx(wanted) and 0.4 < wanted < 0.8


def test_another_corpus_without_the_number_is_embedded_and_says_that_nothing_is_true(
    run: Path, make_prepared: Any, tmp_path: Path
) -> None:
    other = make_prepared(3, 6)
    rows = list(csv.reader((other / "clips.csv").read_text().splitlines()))
    place = rows[0].index("value:valence")
    (other / "clips.csv").write_text("\n".join(",".join(c for i, c in enumerate(r) if i != place) for r in rows) + "\n")
    embed_as_asked(run, other, tmp_path / "embeddings", ["other=true"])
    found = load_embeddings(tmp_path / "embeddings")
    assert np.isnan(found.outputs["mood"].true).all()
    assert np.isfinite(found.outputs["mood"].told).all()
    assert json.loads((tmp_path / "embeddings" / "manifest.json").read_text())["facts"]["clips"] == len(found.clips)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"numbers": {"mood": {"value": "valense"}}}, r"no clip of .* has the value 'valense'"),
        ({"numbers": {"mood": VALENCE | {"levels": {"a": 0.0, "b": -1.0}}}}, "each begins above the one before"),
        ({"numbers": {"gender": VALENCE | {"levels": {"a": 0.0}}}, "tasks": {}}, "a label of this name already"),
        ({"numbers": {"mood": VALENCE | {"times": 9.0}}}, r"data\.tasks\.mood: .* outside \[-2, 2\]"),
        ({"numbers": {}}, r"data\.tasks\.mood: no clip says anything of 'mood'"),
        ({"tasks": {"emotion": {"name": "several_of", "of": ["gender"]}}}, "the label 'gender' says 'f'"),
        ({"tasks": {"emotion": {"name": "several_of", "of": ["joy"]}}}, "no clip says anything of 'joy'"),
        ({"tasks": {"feeling": "several_of"}}, "no label 'feeling' in train"),
    ],
)
def test_what_clips_do_not_say_is_refused(data: dict[str, Any], sentence: str, prepared: Path, tmp_path: Path) -> None:
    with pytest.raises((CorpusError, RecipeError), match=sentence):
        label_clips(open_prepared(prepared), recipe(tmp_path, **data).data, 0)
