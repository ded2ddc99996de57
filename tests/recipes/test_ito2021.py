"""The ten recipes of Ito et al. 2021 (five systems, for emotions and for the sentiment) and the presets over them."""

import pytest
import torch
from trees import differing

from emoprism.families import DISENTANGLERS, MODELS, TASKS
from emoprism.recipe import Recipe, check_model, load_recipe, merge, read_yaml, recipes_directory
from emoprism.report.papers.ito2021 import LABELS
from emoprism.types import StreamSpec

ROOT = recipes_directory()
EMOTION = [f"ito2021/{system}" for system in LABELS]
SENTIMENT = [f"ito2021/sentiment_{system}" for system in LABELS]
HEAD = {"name", "label"}


def from_without_lm(name: str) -> set[str]:
    """Where a recipe differs from that of the whole model, trained on the sum of both losses."""
    plain = "ito2021/sentiment_without_learning_method" if "sentiment" in name else "ito2021/without_learning_method"
    return differing(load_recipe(name).model_dump(mode="json"), load_recipe(plain).model_dump(mode="json"))


@pytest.mark.parametrize("name", [*EMOTION, *SENTIMENT])
def test_what_the_paper_gives_is_in_every_one_of_them(name: str) -> None:
    recipe = load_recipe(name)
    assert (recipe.name, recipe.data.streams) == (name, ("face", "mfcc"))
    told = {"emotion": "several_of"} if name in EMOTION else {"sentiment": "number"}
    assert {attribute: choice.name for attribute, choice in recipe.data.tasks.items()} == told
    streams = {"face": StreamSpec((224, 224, 3)), "mfcc": StreamSpec((40,))}
    (attribute,) = told
    tasks = {
        attribute: TASKS.make(told[attribute], attribute, ("one", "two"), options=recipe.data.tasks[attribute].options),
        "speaker": TASKS.make("one_of", "speaker", ("one", "two")),
    }
    with torch.device("meta"):
        model = MODELS.make(recipe.model.name, streams, tasks, options=recipe.model.options)
    assert [type(encoder).__name__ for encoder in model.encoders.each] == ["VggMFace", "VggMAudio"]
    for branch in model.branches:
        transformers = [*branch.between, *(branch.across or [])]
        assert len(transformers) == (4 if "learning_method" in name else 2), "CAA in the proposed model alone"
        assert {(len(t.co_layers), len(t.self_layers)) for t in transformers} == {(5, 3)}
        assert {linear.weight.shape for t in transformers for linear in t.modules() if hasattr(linear, "weight")} == {
            (128, 128),
            (128,),
        }
    assert set(model.dimensions) == ({attribute} if "baseline" in name else {attribute, "speaker"})
    method = DISENTANGLERS.make(recipe.method.name, model.dimensions, tasks, options=recipe.method.options)
    assert set(method.players(model)) <= set(recipe.players)


@pytest.mark.parametrize(
    ("system", "own"),
    [
        ("baseline", {"model.attributes"}),
        ("without_caa", {"model.cross_attribute"}),
        (
            "confusion",
            {"model.cross_attribute", "method.name", "method.weight", "method.hidden", "method.protect"}
            | {"players.adversary"},
        ),
        ("with_learning_method", {"method.name", "method.primary", "method.auxiliary", "training.epochs"}),
    ],
)
def test_a_system_differs_from_the_whole_model_only_where_the_paper_says_so(system: str, own: set[str]) -> None:
    for name, attribute in ((f"ito2021/{system}", "emotion"), (f"ito2021/sentiment_{system}", "sentiment")):
        owners = {f"players.{owner}" for owner in ("encoder", attribute, "speaker")}
        assert from_without_lm(name) == HEAD | own | (owners if system == "with_learning_method" else set())


def test_either_task_of_the_learning_method_has_as_many_steps_and_the_same_rates_as_elsewhere() -> None:
    for name in ("ito2021/with_learning_method", "ito2021/sentiment_with_learning_method"):
        turns, plain = load_recipe(name), load_recipe("ito2021/base")
        assert turns.training.epochs == 2 * plain.training.epochs
        for owner in set(turns.players) - {"model"}:
            rates = [turns.players[owner].rate(epoch, turns.training.epochs) for epoch in range(0, 60, 2)]
            others = [plain.players["model"].rate(epoch, plain.training.epochs) for epoch in range(30)]
            assert rates == pytest.approx(others, rel=0.03)


def test_labels_are_those_of_the_paper_s_rows() -> None:
    for names in (EMOTION, SENTIMENT):
        labels = [load_recipe(name).label for name in names]
        assert len(set(labels)) == 5
        assert all(label in row for label, row in zip(labels, LABELS.values(), strict=True))


@pytest.mark.parametrize(
    ("preset", "names"),
    [
        ("ravdess_ito", EMOTION),
        ("puppets_ito", SENTIMENT),
        ("mosei_ito", [*EMOTION, *SENTIMENT]),
        ("mosei_ito_features", [*EMOTION, *SENTIMENT]),
    ],
)
def test_presets_leave_tasks_methods_and_losses_alone_and_fit(preset: str, names: list[str]) -> None:
    above = read_yaml(ROOT / "presets" / f"{preset}.yaml")
    assert not {"method", "name", "label"} & above.keys()
    assert {*above.get("model", {})} <= {"encoders", "width", "depth", "self_depth"}
    for name in names:
        laid = merge(read_yaml(ROOT / f"{name}.yaml"), above)
        recipe = check_model(Recipe, laid, name)  # which puts it together on paper
        plain = load_recipe(name)
        assert recipe.method == plain.method and recipe.model.options["attributes"] == plain.model.options["attributes"]
        known = {"vgg_m_face", "conv1d", "features"}
        assert {encoder.name for encoder in recipe.model.options["encoders"].values()} <= known
