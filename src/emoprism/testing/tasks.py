"""The contract of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emoprism.testing.plugins import check_plugin

if TYPE_CHECKING:
    from torch import Tensor

    from emoprism.models.tasks.base import Task

ATTRIBUTE = "feeling"
CLASSES = ("angry", "calm", "happy")
SAID = ("angry", "calm", "happy", "calm", None, "angry")
"""What the clips of the example are labelled with; the fifth has no label, and no value."""


def check_task(name: str, **options: Any) -> None:
    """A task, on six clips with labels `angry`, `calm`, `happy` and values in [-1, 1]: what is right costs least."""
    import numpy as np
    import torch

    from emoprism.families import TASKS

    check_plugin(TASKS, name)
    task: Task = TASKS.make(name, ATTRIBUTE, CLASSES, options=options)
    assert task.words and len(set(task.words)) == len(task.words), f"{name}: names each output once"
    labels: list[dict[str, str]] = [{} if word is None else {ATTRIBUTE: word} for word in SAID]
    values: list[dict[str, float]] = [{} if w is None else {ATTRIBUTE: 0.5 - i / 5} for i, w in enumerate(SAID)]
    targets = torch.from_numpy(task.targets(labels, values))
    assert len(targets) == len(SAID), f"{name}: a truth for every clip, known or not"
    assert np.array_equal(task.targets(labels[::-1], values[::-1])[::-1], targets.numpy(), equal_nan=True), (
        f"{name}: the truth of a clip does not depend on the others"
    )
    _check_loss(name, task, targets)
    outputs = torch.randn(6, len(task.words), generator=torch.Generator().manual_seed(0))
    read = task.read(outputs)
    assert read.shape == outputs.shape and bool(read.isfinite().all()), f"{name}: reads every output"
    for row in read.numpy():
        assert isinstance(task.answer(row), str | float), f"{name}: answers in words or with a number"
        assert task.caption(row), f"{name}: says in a few words what it tells"
    chosen = task.chosen(read.numpy())
    assert chosen is None or (chosen.dtype == np.int64 and chosen.shape == (6,)), f"{name}: chooses a class per clip"
    _check_evenness(name, task)


def _check_loss(name: str, task: Task, targets: Tensor) -> None:
    """Descent finds the truth; who has none does not count; nothing known costs nothing and can be learnt from."""
    import torch

    outputs = torch.zeros(len(SAID), len(task.words), requires_grad=True)
    first = task.loss(outputs, targets).item()
    optimiser = torch.optim.Adam([outputs], lr=0.1)
    for _ in range(50):
        optimiser.zero_grad()
        task.loss(outputs, targets).backward()
        optimiser.step()
    assert task.loss(outputs, targets).item() < first / 2, f"{name}: the loss falls as outputs come to the truth"
    assert bool((outputs[SAID.index(None)] == 0).all()), f"{name}: a clip without a truth moves nothing"
    unknown = targets[[SAID.index(None)] * 2]
    silent = task.loss(outputs[:2], unknown)
    assert silent.item() == 0, f"{name}: without any truth the loss is 0"
    (gradient,) = torch.autograd.grad(silent, outputs)
    assert bool((gradient == 0).all()), f"{name}: and still differentiable"


def _check_evenness(name: str, task: Task) -> None:
    """Knowing nothing is where confusion is least and entropy most; a task without such a state refuses."""
    import torch

    even, sure = torch.zeros(2, len(task.words), requires_grad=True), 1e4 * torch.eye(2, len(task.words))
    if not task.even:
        for measure in (task.confused, task.undecided):
            try:
                measure(even)
            except ValueError as error:
                assert str(error), f"{name}: says in words that there is no such thing"
            else:
                raise AssertionError(f"{name}: says that it has no state of knowing nothing, and measures it")
        return
    uneven = torch.tensor([[1.0, *[-1.0] * (len(task.words) - 1)]] * 2)
    assert task.confused(even).item() < task.confused(uneven).item(), f"{name}: knowing nothing confuses least"
    assert task.undecided(even).item() > task.undecided(uneven).item() >= 0, f"{name}: and is least decided"
    for measure in (task.confused, task.undecided):
        (gradient,) = torch.autograd.grad(measure(point := sure.clone().requires_grad_()), point)
        assert bool(gradient.isfinite().all()), f"{name}: gradients are finite where one is sure"
