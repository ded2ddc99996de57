"""Layers that know which steps of a padded batch are real: normalisation and pooling that padding cannot change."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from emoprism.models.ranks import sum_over_ranks, world_size

Pooling = Literal["mean", "mean_std", "max", "mean_std_max"]
"""How the steps of a clip become one vector: their mean, standard deviation and maximum, those named side by side."""

SMALLEST_VARIANCE = 1e-6
"""Keeps the gradient of a standard deviation from growing without bound."""


def keep_valid(values: Float[Tensor, "B T *rest"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T *rest"]:
    """`values` with zeros where the mask is False, whatever was there (NaN too)."""
    return values.masked_fill(~_like(mask, values), 0.0)


def _like(mask: Tensor, values: Tensor) -> Tensor:
    return mask.reshape(*mask.shape, *[1] * (values.ndim - 2))


def exact(values: Tensor) -> Tensor:
    """`values` in an arithmetic fit for sums: half precisions become float32, others stay."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def pooled_width(width: int, pooling: Pooling) -> int:
    """Size of the vector that `pool` makes of steps of size `width`."""
    return (1 + pooling.count("_")) * width


def pool(values: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"], pooling: Pooling) -> Float[Tensor, "B _"]:
    """One vector per clip from its valid steps; zeros for a clip that has none."""
    if pooling == "max":
        return _highest(values, mask)
    if pooling == "mean_std_max":
        return torch.cat([pool(values, mask, "mean_std"), exact(_highest(values, mask))], dim=1)
    count = mask.sum(dim=1)[:, None].clamp(min=1)
    values = keep_valid(exact(values), mask)
    mean = values.sum(dim=1) / count
    if pooling == "mean":
        return mean
    variance = keep_valid(values - mean[:, None], mask).square().sum(dim=1) / count
    return torch.cat([mean, _deviation(variance)], dim=1)


def _highest(values: Tensor, mask: Tensor) -> Tensor:
    highest = values.masked_fill(~mask[..., None], -torch.inf).amax(dim=1)
    return highest.masked_fill(~mask.any(dim=1)[:, None], 0.0)


def _deviation(variance: Tensor) -> Tensor:
    """Standard deviation with a gradient that stays finite at no variance, where it is 0 itself."""
    return (variance + SMALLEST_VARIANCE).sqrt() - SMALLEST_VARIANCE**0.5


class MaskedBatchNorm(nn.Module):
    """Batch normalisation (Ioffe & Szegedy 2015) whose statistics are over the valid positions of all processes.

    Channels are dimension 1, as in torch: values [N, C, *positions]. A mask [N, T] speaks of dimension 2, and what it
    hides is finite. One valid value per channel is enough; with none at all the running statistics stay as they are.
    `affine` False leaves out scale and shift: a shift before a layer that is normalised again would be moved by
    rounding errors alone.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, momentum: float = 0.1, eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(
        self, values: Float[Tensor, "N C *positions"], mask: Bool[Tensor, "N T"] | None = None
    ) -> Float[Tensor, "N C *positions"]:
        """Normalised values, of the same type. Positions that are not valid come out as anything: mask them after."""
        if not self.training:
            return F.batch_norm(values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        if _all_valid(mask) and world_size() == 1 and values[:, :1].numel() > 1:
            return F.batch_norm(
                values, self.running_mean, self.running_var, self.weight, self.bias,
                training=True, momentum=self.momentum, eps=self.eps,
            )  # fmt: skip
        mean, variance = self._statistics(exact(values), mask)
        shape = (1, -1, *[1] * (values.ndim - 2))
        normal = (exact(values) - mean.view(shape)) * (variance + self.eps).rsqrt().view(shape)
        if self.weight is not None and self.bias is not None:
            normal = normal * self.weight.view(shape) + self.bias.view(shape)
        return normal.to(values.dtype)

    def _statistics(self, values: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and variance per channel in two passes, which is exact where one pass would cancel."""
        over = [d for d in range(values.ndim) if d != 1]
        shape = (1, -1, *[1] * (values.ndim - 2))
        valid = values.new_ones(len(values), *[1] * (values.ndim - 1)) if mask is None else _along_time(mask, values)
        each = values[:, 0].numel() // max(1, valid.numel())
        count = sum_over_ranks(valid.sum(dtype=values.dtype) * each)
        mean = sum_over_ranks((values * valid).sum(over)) / count.clamp(min=1)
        variance = sum_over_ranks(((values - mean.view(shape)).square() * valid).sum(over)) / count.clamp(min=1)
        self._follow(mean.detach(), variance.detach(), count)
        return mean, variance

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        pace = self.momentum * (count > 0).to(self.running_mean.dtype)
        unbiased = variance * count / (count - 1).clamp(min=1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), pace)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), pace)


def _all_valid(mask: Tensor | None) -> bool:
    return mask is None or bool(mask.all())


def _along_time(mask: Tensor, values: Tensor) -> Tensor:
    """The mask [N, T] as [N, 1, T, 1...] of ones and zeros."""
    return mask.reshape(len(mask), 1, -1, *[1] * (values.ndim - 3)).to(values.dtype)
