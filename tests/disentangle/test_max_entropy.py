"""MEnAN (Li et al. 2020): equations 1, 2, 4 and 5 against formulas written by hand, and who is frozen when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from emoprism.disentangle.base import Move
from emoprism.disentangle.max_entropy import MaxEntropy
from emoprism.models.base import Batch, Model
from emoprism.models.speech import Speech
from emoprism.models.tasks.one_of import one_of
from emoprism.recipe import Player
from emoprism.testing import example_stream
from emoprism.training.game import Game
from emoprism.types import StreamSpec

TASKS = one_of(emotion=4, speaker=8)
entropy = TASKS["speaker"].undecided
EMOTION = torch.tensor([0, 1, 2, 3, 0, 1])
SPEAKER = torch.tensor([0, 1, 7, 3, 4, 5])


def menan(**options: Any) -> tuple[Speech, MaxEntropy, Batch]:
    """The paper's model and method, on six clips of 43 features, in float64."""
    torch.manual_seed(1)
    model = Speech({"speech": StreamSpec((43,))}, TASKS).double().eval()
    method = MaxEntropy(model.dimensions, TASKS, protect={"emotion": ("speaker",)}, **options).double()
    stream = example_stream((43,), lengths=(40, 33, 60, 5, 21, 50))
    return model, method, Batch({"speech": stream}, {"emotion": EMOTION, "speaker": SPEAKER})


def perceptron(stack: torch.nn.Module, v: np.ndarray) -> np.ndarray:
    """Linear, PReLU, Linear, PReLU, Linear in numpy."""
    p = {name: value.detach().numpy() for name, value in stack.named_parameters()}
    for linear, slope in ((0, 1), (2, 3)):
        v = v @ p[f"{linear}.weight"].T + p[f"{linear}.bias"]
        v = np.where(v > 0, v, p[f"{slope}.weight"] * v)
    return v @ p["4.weight"].T + p["4.bias"]


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def by_hand(model: Speech, method: MaxEntropy, batch: Batch) -> tuple[float, float, float]:
    """(1), (2) and (4), as means over the clips."""
    v = model(batch)["emotion"].detach().numpy()
    p_k = log_softmax(perceptron(method.adversary.branches[0], v))
    p_e = log_softmax(perceptron(model.heads.layers[0], v))
    rows = np.arange(6)
    speaker = -p_k[rows, SPEAKER.numpy()].mean()
    undecided = np.mean([-sum(math.exp(x) * x for x in row) for row in p_k])
    return float(speaker), float(undecided), float(-p_e[rows, EMOTION.numpy()].mean())


@pytest.mark.parametrize("balance", [0.5, 0.2, 0.9])
def test_equations_1_2_4_and_5(balance: float) -> None:
    model, method, batch = menan(balance=balance)
    speaker, undecided, emotion = by_hand(model, method, batch)
    first, second = method.moves(model, batch)
    assert first.loss.item() == pytest.approx(speaker, rel=1e-12)
    assert second.loss.item() == pytest.approx(balance * emotion - (1 - balance) * undecided, rel=1e-12)
    assert undecided > 0 and emotion > 0  # no term is there by accident of being nothing


def test_the_gradient_of_the_entropy() -> None:
    """dH/dlogit_j = - p_j (log p_j + H), of each clip."""
    logits = torch.randn(5, 7, dtype=torch.float64, requires_grad=True)
    entropy(logits).backward()
    log_p = log_softmax(logits.detach().numpy())
    p = np.exp(log_p)
    own = -(p * log_p).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(logits.grad, -p * (log_p + own) / 5, rtol=1e-10, atol=1e-14)


def test_entropy_is_largest_where_all_are_alike_and_nothing_where_one_is_sure() -> None:
    assert float(entropy(torch.zeros(3, 8))) == pytest.approx(math.log(8))
    assert float(entropy(1e4 * torch.eye(8))) == 0.0
    assert bool(torch.autograd.grad(entropy(x := (1e4 * torch.eye(8)).requires_grad_()), x)[0].isfinite().all())


def state(module: torch.nn.Module) -> dict[str, bytes]:
    return {name: p.detach().numpy().tobytes() for name, p in module.named_parameters()}


def test_who_is_frozen_when_to_the_bit() -> None:
    model, method, batch = menan()
    game = Game(model, method, {"model": Player(learning_rate=0.01), "adversary": Player(learning_rate=0.01)})
    seen: list[tuple[dict[str, bytes], dict[str, bytes]]] = [(state(model), state(method))]
    moves = method.moves

    def watched(model: Model, batch: Batch) -> Iterator[Move]:
        for move in moves(model, batch):
            yield move
            seen.append((state(model), state(method)))

    method.moves = watched
    game.step(batch)
    before, after_sc, after_enc = seen
    assert after_sc[0] == before[0], "ENC and EC are frozen while SC moves"
    assert all(after_sc[1][name] != before[1][name] for name in before[1]), "all of SC moves"
    assert after_enc[1] == after_sc[1], "SC is frozen while ENC and EC move"
    assert all(after_enc[0][name] != after_sc[0][name] for name in before[0]), "all of ENC and EC move"


def test_the_encoder_makes_the_classifier_undecided() -> None:
    """A frozen classifier that knows the speakers: the model's moves alone raise the entropy of what it says."""
    model, method, batch = menan(balance=0.01)
    model.train()
    game = Game(model, method, {"model": Player(learning_rate=0.02), "adversary": Player(learning_rate=1e-12)})

    def undecided() -> float:
        return entropy(method.adversary(model(batch))[("emotion", "speaker")]).item()

    with torch.no_grad():
        for parameter in method.parameters():
            parameter.mul_(3)
    before = undecided()
    for _ in range(30):
        game.step(batch)
    assert before < 0.9 * math.log(8) < undecided()
