"""The learning method of Ito et al. 2021: who moves in which epoch, every parameter compared before and after."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from emoprism.disentangle.alternate_freeze import AlternateFreeze
from emoprism.families import MODELS
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.one_of import one_of
from emoprism.recipe import Player
from emoprism.testing import example_stream
from emoprism.training.game import Game
from emoprism.types import StreamSpec

TASKS = one_of(emotion=3, speaker=4)
STREAMS = {"units": StreamSpec((7,)), "mfcc": StreamSpec((5,))}
OPTIONS = {
    "cross_attention": {"width": 8, "depth": 2, "self_depth": 1},
    "multitask": {"embeddings": {"emotion": 6, "speaker": 5}},
    "speech": {"attributes": ("emotion", "speaker")},
}


def made(name: str) -> tuple[Model, AlternateFreeze, Batch]:
    torch.manual_seed(0)
    given = {"units": STREAMS["units"]} if name == "speech" else STREAMS
    model: Model = MODELS.make(name, given, TASKS, options=OPTIONS[name])
    method = AlternateFreeze(model.dimensions, TASKS)
    streams = {key: example_stream(spec.shape, lengths=(60, 40, 33, 50), seed=7) for key, spec in given.items()}
    labels = {"emotion": torch.tensor([0, 1, 2, 1]), "speaker": torch.tensor([3, 0, 1, 2])}
    return model, method, Batch(streams, labels)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize(("epoch", "movers"), [(0, {"speaker"}), (1, {"encoder", "emotion"}), (2, {"speaker"})])
def test_only_the_part_of_the_epochs_task_moves(name: str, epoch: int, movers: set[str]) -> None:
    model, method, batch = made(name)
    game = Game(model, method, dict.fromkeys(model.parts(), Player(learning_rate=0.05)))
    before = {part: [p.detach().clone() for p in module.parameters()] for part, module in model.parts().items()}
    game.step(replace(batch, epoch=epoch))
    for part, module in model.parts().items():
        same = [torch.equal(old, new) for old, new in zip(before[part], module.parameters(), strict=True)]
        assert not any(same) if part in movers else all(same), part


@pytest.mark.parametrize("name", OPTIONS)
def test_losses_are_those_of_equations_3_and_4(name: str) -> None:
    model, method, batch = made(name)
    model.eval()
    expected = model.heads.losses(model(batch), batch.labels)
    for epoch, task in ((0, "speaker"), (1, "emotion")):
        (move,) = method.moves(model, replace(batch, epoch=epoch))
        assert move.loss.item() == pytest.approx(expected[task].item(), rel=1e-6)


def test_two_tasks_are_needed() -> None:
    with pytest.raises(ValueError, match="auxiliary: the model embeds no 'speaker'"):
        AlternateFreeze({"emotion": 3}, TASKS)
    with pytest.raises(ValueError, match="two tasks take turns"):
        AlternateFreeze({"emotion": 3, "speaker": 4, "gender": 2}, TASKS)
    with pytest.raises(ValueError, match="two tasks take turns"):
        AlternateFreeze({"emotion": 3, "speaker": 4}, TASKS, auxiliary="emotion")
