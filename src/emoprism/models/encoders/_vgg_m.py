"""The convolutions of VGG-M (Chatfield et al. 2014, "Return of the devil in the details", Table 1, CNN-M).

Kernels, strides and pooling are the paper's. Three things are not: batch normalisation stands in place of local
response normalisation (quicker, and no constants to tune); it follows all five convolutions, not the first two; and
every layer is padded by half its kernel, so that any size of input works and padding in time is exact.
"""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from emoprism.models._masked import MaskedBatchNorm, keep_valid

Channels = Annotated[tuple[PositiveInt, ...], Field(min_length=5, max_length=5)]
"""Output channels of the five convolutions."""

VGG_M: tuple[int, ...] = (96, 256, 512, 512, 512)
LAYERS = ((7, 2, True), (5, 2, True), (3, 1, False), (3, 1, False), (3, 1, True))
"""Kernel size, stride, and whether 3 x 3 max pooling with stride 2 follows."""


class Block(nn.Module):
    """Convolution, batch normalisation, ReLU and perhaps max pooling, with the mask of time steps kept exact.

    Images [N, C, H, W] have no mask; of log-mels [N, C, T, F] the mask [N, T] says which steps are real. Masked steps
    are zero on the way in and on the way out, just as the zeros beyond the end of a clip that is not padded at all.
    """

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, *, pooled: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inside, outside, kernel, stride, padding=kernel // 2, bias=False)
        self.norm = MaskedBatchNorm(outside)
        self.stride, self.pooled = stride, pooled

    def forward(
        self, values: Float[Tensor, "N C T F"], mask: Bool[Tensor, "N T"] | None
    ) -> tuple[Float[Tensor, "N D t f"], Bool[Tensor, "N t"] | None]:
        """Values and the mask of the steps that they are centred on."""
        if mask is not None:
            mask = mask[:, :: self.stride]
        values = _masked(F.relu(self.norm(self.convolution(values), mask), inplace=True), mask)
        if not self.pooled:
            return values, mask
        if mask is not None:
            mask = mask[:, ::2]
        return _masked(F.max_pool2d(values, 3, 2, padding=1), mask), mask


def _masked(values: Tensor, mask: Tensor | None) -> Tensor:
    return values if mask is None else keep_valid(values.transpose(1, 2), mask).transpose(1, 2)


class VggM(nn.Module):
    """Five convolutional layers; `width` is the number of channels that come out."""

    def __init__(self, inside: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        sizes = zip((inside, *channels), channels, LAYERS, strict=False)
        self.blocks = nn.ModuleList(Block(a, b, kernel, stride, pooled=p) for a, b, (kernel, stride, p) in sizes)
        self.width = channels[-1]

    def forward(
        self, values: Float[Tensor, "N C T F"], mask: Bool[Tensor, "N T"] | None = None
    ) -> tuple[Float[Tensor, "N D t f"], Bool[Tensor, "N t"] | None]:
        """Feature maps, 32 times smaller along each side, and their mask."""
        for block in self.blocks:
            values, mask = block(values, mask)
        return values, mask
