"""Several processes as one: gather rows, sum statistics. Without a process group everything here is the identity.

The rule that makes any loss right: every process computes the loss of the whole batch from gathered embeddings, and
gradients are averaged over processes. A parameter above the gathering then has the same, whole gradient everywhere; for
one below it, the backward pass of `gather_rows` sums what all processes send to a row, so that the mean over processes
is again the gradient of the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def world_size() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Index of this process among them."""
    return dist.get_rank() if world_size() > 1 else 0


def rows_of_rank(count: int) -> slice:
    """Which of `count` rows are this process's: contiguous, sizes differing by one at most."""
    bounds = [count * r // world_size() for r in range(world_size() + 1)]
    return slice(bounds[rank()], bounds[rank() + 1])


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        sizes = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(world_size())]
        dist.all_gather(sizes, torch.tensor([len(rows)], device=rows.device))
        counts = [int(size) for size in sizes]
        padded = rows.new_zeros((max(counts), *rows.shape[1:]))
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        dist.all_gather(parts, padded)
        ctx.first, ctx.count = sum(counts[: rank()]), len(rows)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].contiguous().clone()
        dist.all_reduce(total)
        return total[ctx.first : ctx.first + ctx.count]


class _SumOver(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:  # noqa: ARG004
        total = value.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:  # noqa: ARG004
        total = grads[0].contiguous().clone()
        dist.all_reduce(total)
        return total


def gather_rows(rows: Tensor) -> Tensor:
    """The rows of all processes in order of rank, differentiably."""
    if world_size() == 1:
        return rows
    gathered: Tensor = _GatherRows.apply(rows)
    return gathered


def sum_over_ranks(value: Tensor) -> Tensor:
    """The sum of a tensor over processes, differentiably: for batch statistics."""
    if world_size() == 1:
        return value
    total: Tensor = _SumOver.apply(value)
    return total


def average_gradients(parameters: Sequence[Tensor]) -> None:
    """Replace each gradient by its mean over processes. One that no process has stays None, as with one process."""
    if world_size() == 1:
        return
    reached = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=parameters[0].device)
    dist.all_reduce(reached)
    for parameter, anywhere in zip(parameters, reached.tolist(), strict=True):
        if anywhere:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            dist.all_reduce(gradient)
            parameter.grad = gradient / world_size()
