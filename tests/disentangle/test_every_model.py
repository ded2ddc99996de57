"""Every method with every model, whatever heads tell: played for a few steps, or refused when the recipe is read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from emoprism.errors import RecipeError
from emoprism.families import DISENTANGLERS, MODELS, TASKS
from emoprism.models.base import Batch, Model
from emoprism.recipe import Player, Recipe, check_model
from emoprism.testing import example_stream
from emoprism.training.game import Game
from emoprism.training.run import build
from emoprism.training.targets import make_tasks
from emoprism.types import StreamSpec

BOTH = ["emotion", "speaker"]
SMALL: dict[str, list[dict[str, Any]]] = {
    "multitask": [{"embeddings": {"emotion": 6, "speaker": 5}}, {"embeddings": {"emotion": 6}}],
    "speech": [{"attributes": BOTH}, {}],
    "cross_attention": [
        {"width": 8, "depth": 1, "self_depth": 1},
        {"width": 8, "depth": 1, "self_depth": 1, "cross_attribute": False},
        {"width": 8, "depth": 1, "self_depth": 1, "attributes": ["emotion"]},
    ],
}
"""Models small enough to be quick; one that is not listed is tried as it comes."""
PROTECT = {"protect": {"emotion": ["speaker"]}}
STREAMS = (["one", "two"], ["one"])
OWNERS = ("model", "adversary", "encoder", *BOTH)
MODELS_AND_OPTIONS = [(name, options) for name in MODELS.names() for options in SMALL.get(name, [{}])]
ATTRIBUTES = {"emotion": ("a", "b", "c"), "speaker": ("v", "w", "x", "y")}


def recipe(method: str, model: str, options: dict[str, Any], task: str, streams: list[str], **more: Any) -> Recipe:
    tree = {
        "name": "test",
        "label": "test",
        "data": {"streams": streams, "tasks": {"emotion": task}},
        "model": {"name": model, **options},
        "method": {"name": method, **more},
        "players": {owner: {"learning_rate": 0.01} for owner in OWNERS},
    }
    return check_model(Recipe, tree, "test.yaml")


def read(method: str, model: str, options: dict[str, Any], task: str) -> tuple[Recipe | None, list[str]]:
    """The recipe with what it takes to make sense (one stream or two, with `protect` or not), and the refusals."""
    refusals: list[str] = []
    for more in ({}, PROTECT):
        for streams in STREAMS:
            try:
                return recipe(method, model, options, task, streams, **more), refusals
            except RecipeError as error:
                refusals.append(str(error))
    return None, refusals


def example(one: Recipe) -> tuple[Batch, dict[str, StreamSpec]]:
    """Six clips of random vectors with labels and values, some missing; what is not there is NaN."""
    specs = {name: StreamSpec((43,)) for name in one.data.streams}
    tasks = make_tasks(one.data, ATTRIBUTES)
    said = [{"emotion": "a", "speaker": "v"}, {"emotion": "b", "speaker": "w"}, {"emotion": "a"}]
    said += [{"speaker": "x"}, {"emotion": "c", "speaker": "v"}, {"emotion": "b", "speaker": "v"}]
    values = [{"emotion": 0.5 * i - 1} if "emotion" in own else {} for i, own in enumerate(said)]
    labels = {name: torch.from_numpy(task.targets(said, values)) for name, task in tasks.items()}
    # Long enough for a convolution of width 10 with a stride of 2, and one clip without the stream.
    streams = {name: example_stream((43,), lengths=(30, 25, 0, 40, 33, 30), seed=i) for i, name in enumerate(specs)}
    return Batch(streams, labels), specs


def play(one: Recipe) -> tuple[list[dict[str, float]], dict[str, Tensor]]:
    """Two epochs of two steps by the game itself; the losses, and all weights at the end."""
    batch, specs = example(one)
    model, method = build(one, specs, make_tasks(one.data, ATTRIBUTES))
    game = Game(model.train(), method.train(), {name: Player(learning_rate=0.01) for name in OWNERS})
    torch.manual_seed(0)
    losses: list[dict[str, float]] = []
    for epoch in (0, 1):
        for _ in range(2):
            losses.append(game.step(Batch(batch.streams, batch.labels, epoch)))
            _check_finite(model)
    return losses, {**model.state_dict(), **{f"method.{k}": v for k, v in method.state_dict().items()}}


def _check_finite(model: Model) -> None:
    assert all(bool(p.isfinite().all()) for p in model.parameters())


@pytest.mark.parametrize("task", TASKS.names())
@pytest.mark.parametrize(("model", "options"), MODELS_AND_OPTIONS, ids=lambda v: v if isinstance(v, str) else str(v))
@pytest.mark.parametrize("method", DISENTANGLERS.names())
def test_a_method_and_a_model_play_together_or_are_refused_with_a_reason(
    method: str, model: str, options: dict[str, Any], task: str
) -> None:
    one, refusals = read(method, model, options, task)
    assert all("test.yaml" in reason and len(reason.split()) > 6 for reason in refusals), "says in words why not"
    if one is None:
        return
    (first, weights), (again, same) = play(one), play(one)
    assert first == again, "the same seed plays the same game"
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    batch, specs = example(one)
    built, playing = build(one, specs, make_tasks(one.data, ATTRIBUTES))
    owners = {name: list(module.parameters()) for name, module in playing.players(built).items()}
    for epoch in (0, 1):
        for move in playing.moves(built, Batch(batch.streams, batch.labels, epoch)):
            assert set(move.by) <= owners.keys()
            movers = [p for name in move.by for p in owners[name]]
            assert any(g is not None for g in torch.autograd.grad(move.loss, movers, allow_unused=True))


TWO = {"alternate", "alternate_freeze", "confusion", "cross_contrast", "gradient_reversal", "max_entropy", "none"}
PLAYED = {"multitask": TWO, "speech": TWO - {"alternate_freeze"}, "cross_attention": TWO}


@pytest.mark.parametrize("model", PLAYED)
def test_nothing_that_makes_sense_is_refused(model: str) -> None:
    """The control of the test above, which would pass if everything were refused."""
    for method in PLAYED[model]:
        assert read(method, model, SMALL[model][0], "one_of")[0] is not None, f"{method} with {model}"


@pytest.mark.parametrize(
    ("method", "model", "options", "task", "streams", "reason"),
    [
        ("confusion", "multitask", SMALL["multitask"][1], "one_of", ["one"], "needs two attributes"),
        ("alternate_freeze", "multitask", SMALL["multitask"][1], "one_of", ["one"], "embeds no 'speaker'"),
        ("none", "speech", {}, "one_of", ["one", "two"], "reads one stream, and data.streams names one, two"),
        ("none", "cross_attention", {}, "one_of", ["one"], "between two streams, and data.streams names one"),
        ("confusion", "multitask", SMALL["multitask"][0], "number", ["one"], "no even distribution to confuse"),
        ("max_entropy", "multitask", SMALL["multitask"][0], "number", ["one"], "no even distribution to confuse"),
        ("cross_contrast", "multitask", SMALL["multitask"][0], "several_of", ["one"], "'emotion' is told otherwise"),
        ("none", "multitask", {"encoders": {"one": "vgg_m_face"}}, "one_of", ["one"], r"reads face crops \(H, W, 3\)"),
    ],
)
def test_what_makes_no_sense_is_refused_when_the_recipe_is_read(
    method: str, model: str, options: dict[str, Any], task: str, streams: list[str], reason: str
) -> None:
    with pytest.raises(RecipeError, match=reason):
        recipe(method, model, options, task, streams)


def test_an_owner_without_an_optimiser_is_named_when_the_recipe_is_read() -> None:
    tree = {"name": "t", "label": "t", "data": {"streams": ["one"]}, "model": "multitask", "method": "confusion"}
    with pytest.raises(RecipeError, match=r"'confusion' needs an optimiser for 'adversary': add players\.adversary"):
        check_model(Recipe, tree, "test.yaml")
