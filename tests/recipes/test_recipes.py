"""The recipes that come with the project: all load, and a variant differs from its parent only where it says so."""

from pathlib import Path
from typing import Any

import pytest
import torch
from trees import differing

from emoprism.families import DISENTANGLERS, MODELS
from emoprism.models.tasks.one_of import one_of
from emoprism.recipe import Recipe, check_model, load_recipe, merge, read_yaml, recipes_directory
from emoprism.types import StreamSpec

ROOT = recipes_directory()
SYSTEMS = sorted([*ROOT.glob("peri2021/*.yaml"), *ROOT.glob("emoprism/*.yaml")])
LI = sorted(ROOT.glob("li2020/*.yaml"))
STREAMS = {
    "face": StreamSpec((224, 224, 3)),
    "audio": StreamSpec((40,)),
    "action_units": StreamSpec((35,)),
    "speech": StreamSpec((43,)),
}
TASKS = one_of(emotion=5, speaker=24)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


def tree(name: str) -> dict[str, Any]:
    return load_recipe(name).model_dump(mode="json")


@pytest.mark.parametrize("path", [*SYSTEMS, *LI], ids=name_of)
def test_a_recipe_is_named_after_its_file_and_says_what_it_is(path):
    recipe = load_recipe(path)
    assert recipe.name == name_of(path)
    assert "paper" in recipe.about or "et al." in recipe.about


def test_labels_tell_systems_apart():
    labels = [load_recipe(path).label for path in [*SYSTEMS, *LI]]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("path", SYSTEMS, ids=name_of)
@pytest.mark.parametrize("preset", [None, "presets/small.yaml", "presets/ravdess_av.yaml"])
def test_every_system_can_be_built_with_every_preset(path, preset):
    above = read_yaml(ROOT / preset) if preset else {}
    recipe = check_model(Recipe, merge(read_yaml(path), above), str(path))
    streams = {name: STREAMS[name] for name in recipe.data.streams}
    with torch.device("meta"):
        model = MODELS.make(recipe.model.name, streams, TASKS, options=recipe.model.options)
        method = DISENTANGLERS.make(recipe.method.name, model.dimensions, TASKS, options=recipe.method.options)
    assert set(method.players(model)) <= set(recipe.players)


HEAD = {"name", "label"}


@pytest.mark.parametrize(
    ("name", "parent", "own"),
    [
        ("peri2021/single_emotion", "peri2021/multitask", HEAD | {"model.embeddings.speaker"}),
        ("peri2021/single_speaker", "peri2021/multitask", HEAD | {"model.embeddings.emotion"}),
        ("peri2021/adversarial", "peri2021/multitask", HEAD | {"players.adversary"}),
        (
            "peri2021/gradient_reversal",
            "peri2021/adversarial",
            HEAD | {"method.name", "method.weight", "method.hidden", "method.protect", "method.activation"},
        ),
        (
            "peri2021/confusion",
            "peri2021/adversarial",
            HEAD | {"method.name", "method.weight", "method.hidden", "method.protect"},
        ),
        (
            "peri2021/alternate",
            "peri2021/adversarial",
            HEAD | {"method.name", "method.primary", "method.auxiliary", "method.hidden"},
        ),
        (
            "emoprism/cross_contrast",
            "peri2021/multitask",
            HEAD | {"about", "method.name", "method.weight", "method.temperature", "method.embedding", "method.across"},
        ),
        ("emoprism/sound_or_picture", "peri2021/multitask", HEAD | {"about", "data.modality_dropout"}),
    ],
)
def test_a_variant_differs_only_where_it_says_so(name, parent, own):
    assert differing(tree(name), tree(parent)) == own


def test_what_the_paper_gives_is_in_the_recipes():
    recipe = load_recipe("peri2021/alternate")
    assert recipe.model.options["embeddings"] == {"emotion": 2048, "speaker": 2048}
    assert (recipe.players["model"].learning_rate, recipe.players["adversary"].learning_rate) == (1e-4, 1e-3)
    assert {player.decay for player in recipe.players.values()} == {0.9}
    assert recipe.method.options["primary"] == {"emotion": 0.5, "speaker": 0.5}
    assert recipe.method.options["auxiliary"] == {"emotion": 0.3, "speaker": 0.3}
    assert recipe.data.streams == ("face", "audio")
    assert set(recipe.data.merge["emotion"].values()) == {"other"}


@pytest.mark.parametrize("path", LI, ids=name_of)
def test_the_systems_of_li_et_al_are_built_as_table_1(path):
    recipe = load_recipe(path)
    model = MODELS.make(recipe.model.name, {"speech": STREAMS["speech"]}, TASKS, options=recipe.model.options)
    method = DISENTANGLERS.make(recipe.method.name, model.dimensions, TASKS, options=recipe.method.options)
    assert set(method.players(model)) == set(recipe.players)
    assert {player.learning_rate for player in recipe.players.values()} == {1e-3}
    assert (recipe.training.epochs, recipe.training.batch_size) == (300, 16)
    assert recipe.data.exact_steps == {"speech": 1400}
    if path.stem in ("dat", "menan"):
        (classifier,) = method.adversary.branches
        widths = [(m.in_features, m.out_features) for m in classifier.modules() if isinstance(m, torch.nn.Linear)]
        assert widths == [(96, 32), (32, 10), (10, 24)]
        assert sum(isinstance(m, torch.nn.PReLU) for m in classifier.modules()) == 2
    if path.stem == "menan":
        assert recipe.method.options["balance"] == 0.5


def test_the_small_preset_leaves_tasks_and_methods_alone():
    small = read_yaml(ROOT / "presets/small.yaml")
    assert "method" not in small
    assert "embeddings" not in small["model"]
    assert "name" not in small
