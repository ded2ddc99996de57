"""The game: gradients reach the movers alone, and what breaks a rule is refused."""

from collections.abc import Callable, Iterator, Mapping

import pytest
import torch
from torch import Tensor, nn

from emoprism.disentangle.base import Adversary, Disentangler, Move, detached
from emoprism.errors import GameError
from emoprism.models.base import Batch, Heads, Model, Stream
from emoprism.models.tasks.one_of import one_of
from emoprism.recipe import Player
from emoprism.training.game import Game
from emoprism.types import StreamSpec

DIMENSIONS = {"emotion": 3, "speaker": 4}
TASKS = one_of(emotion=2, speaker=3)
PLAYERS = {"model": Player(learning_rate=0.1, decay=0.5), "adversary": Player(learning_rate=0.2, decay=1.0)}


class TinyModel(Model):
    def __init__(self) -> None:
        super().__init__({"au": StreamSpec((5,))}, TASKS)
        self.dimensions = DIMENSIONS
        self.layers = nn.ModuleDict({name: nn.Linear(5, width) for name, width in DIMENSIONS.items()})
        self.heads = Heads(DIMENSIONS, TASKS)

    @property
    def image_size(self) -> None:
        return None

    def embed(self, streams: Mapping[str, Stream]) -> dict[str, Tensor]:
        pooled = streams["au"].values.mean(1)
        return {name: layer(pooled) for name, layer in self.layers.items()}


class Scripted(Disentangler):
    """A method whose moves a test writes."""

    def __init__(self, script: Callable[["Scripted", Model, Batch], Iterator[Move]]) -> None:
        super().__init__(DIMENSIONS, TASKS)
        self.adversary = Adversary(DIMENSIONS, TASKS, hidden=6)
        self.script = script

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        yield from self.script(self, model, batch)


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(1)
    stream = Stream(torch.randn(6, 2, 5), torch.ones(6, 2, dtype=torch.bool))
    labels = {"emotion": torch.tensor([0, 1, 0, 1, -1, 0]), "speaker": torch.tensor([0, 1, 2, 0, 1, 2])}
    return Batch({"au": stream}, labels)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def snapshot(module: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def changed(module: nn.Module, before: list[Tensor]) -> bool:
    return any(not torch.equal(p, old) for p, old in zip(module.parameters(), before, strict=True))


def adversary_only(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
    # Not detached on purpose: the game, not the method, must keep the model still.
    yield Move(method.adversary.loss(model(batch), batch.labels), by=("adversary",), name="auxiliary")


def model_only(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
    yield Move(-method.adversary.loss(model(batch), batch.labels), by=("model",), name="minus auxiliary")


@pytest.mark.parametrize(("script", "mover"), [(adversary_only, "adversary"), (model_only, "model")])
def test_a_move_changes_its_movers_and_nobody_else(script, mover, batch):
    model, method = TinyModel(), Scripted(script)
    game = Game(model, method, PLAYERS)
    before = {"model": snapshot(model), "adversary": snapshot(method.adversary)}
    losses = game.step(batch)
    assert set(losses) == {next(iter(losses))}
    assert changed(model, before["model"]) == (mover == "model")
    assert changed(method.adversary, before["adversary"]) == (mover == "adversary")
    stayed = method.adversary if mover == "model" else model
    assert all(p.grad is None for p in stayed.parameters())


def test_a_later_move_sees_the_player_that_has_moved(batch):
    seen: list[Tensor] = []

    def script(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
        embedded = model(batch)
        first = method.adversary.loss(detached(embedded), batch.labels)
        yield Move(first, by=("adversary",), name="first")
        second = method.adversary.loss(embedded, batch.labels)
        seen.extend([first.detach(), second.detach()])
        yield Move(-second, by=("model",), name="second")

    Game(TinyModel(), Scripted(script), PLAYERS).step(batch)
    assert seen[1] < seen[0]


def test_stale_gradients_do_not_add_up(batch):
    model, method = TinyModel(), Scripted(adversary_only)
    game = Game(model, method, PLAYERS)
    game.step(batch)
    loss = method.adversary.loss(model(batch), batch.labels)
    expected = torch.autograd.grad(loss, list(method.adversary.parameters()))
    game.optimisers["adversary"].step = lambda: None
    game.step(batch)
    for parameter, gradient in zip(method.adversary.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_a_polynomial_rate_falls_to_nothing_over_the_epochs():
    player = Player.model_validate({"learning_rate": 0.3, "decay": {"power": 2.0}})
    rates = [player.rate(epoch, 10) for epoch in (0, 5, 9)]
    assert rates == [pytest.approx(0.3), pytest.approx(0.3 * 0.25), pytest.approx(0.3 * 0.01)]
    game = Game(TinyModel(), Scripted(adversary_only), {**PLAYERS, "model": player}, epochs=10)
    assert game.begin_epoch(5)["model"] == pytest.approx(0.3 * 0.25)


def test_a_warm_up_rises_evenly_and_leaves_later_epochs_alone():
    plain = Player(learning_rate=0.8, decay=0.5)
    warmed = Player(learning_rate=0.8, decay=0.5, warm_up=3)
    shares = [warmed.rate(epoch, 10) / plain.rate(epoch, 10) for epoch in range(6)]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])
    falling = Player.model_validate({"learning_rate": 0.8, "decay": {"power": 1.0}, "warm_up": 1})
    assert [falling.rate(epoch, 4) for epoch in range(4)] == pytest.approx([0.4, 0.6, 0.4, 0.2])
    game = Game(TinyModel(), Scripted(adversary_only), {**PLAYERS, "model": warmed})
    assert game.begin_epoch(1)["model"] == pytest.approx(0.8 * 0.5 * 0.5)


def test_learning_rates_decay_per_epoch_and_owner():
    game = Game(TinyModel(), Scripted(adversary_only), PLAYERS)
    assert game.begin_epoch(2) == {"model": pytest.approx(0.1 * 0.25), "adversary": 0.2}
    assert game.optimisers["model"].param_groups[0]["lr"] == pytest.approx(0.025)


def refused(script, message, batch, players=PLAYERS, model=None):
    with pytest.raises(GameError, match=message):
        Game(model or TinyModel(), Scripted(script), players).step(batch)


def test_a_parameter_without_owner_is_refused(batch):
    method = Scripted(adversary_only)
    method.extra = nn.Linear(2, 2)
    with pytest.raises(GameError, match=r"method's parameter 'extra\.weight' has no owner"):
        Game(TinyModel(), method, PLAYERS)
    method.extra.requires_grad_(requires_grad=False)
    Game(TinyModel(), method, PLAYERS)


def test_a_parameter_with_two_owners_is_refused():
    model = TinyModel()
    method = Scripted(adversary_only)
    method.adversary.branches.append(model.heads)
    with pytest.raises(GameError, match="owners must be disjoint"):
        Game(model, method, PLAYERS)


def test_an_owner_without_parameters_or_optimiser_is_refused(batch):
    method = Scripted(adversary_only)
    method.adversary.requires_grad_(requires_grad=False)
    with pytest.raises(GameError, match="'adversary' has no parameters to train"):
        Game(TinyModel(), method, PLAYERS)
    with pytest.raises(GameError, match=r"add players\.adversary"):
        Game(TinyModel(), Scripted(adversary_only), {"model": PLAYERS["model"]})


def test_a_loss_that_reaches_none_of_its_movers_is_refused(batch):
    def detached_from_model(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
        yield Move(method.adversary.loss(detached(model(batch)), batch.labels), by=("model",))

    def constant(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
        yield Move(torch.zeros(()), by=("model",))

    refused(detached_from_model, "reaches no parameter of 'model'", batch)
    refused(constant, "depends on no parameter", batch)


def test_unknown_movers_and_infinite_losses_are_refused(batch):
    def misspelt(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
        yield Move(method.adversary.loss(model(batch), batch.labels), by=("adversery",))

    def infinite(method: Scripted, model: Model, batch: Batch) -> Iterator[Move]:
        yield Move(method.adversary.loss(model(batch), batch.labels) * float("nan"), by=("adversary",))

    refused(misspelt, "did you mean 'adversary'", batch)
    refused(infinite, "is nan", batch)
