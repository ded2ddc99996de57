"""The representation encoder ENC of Li et al. 2020 (Table 1): convolutions over time, a GRU, statistical pooling."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from pydantic import PositiveInt
from torch import Tensor, nn

from emoprism.models._masked import MaskedBatchNorm, Pooling, keep_valid
from emoprism.models.base import Stream
from emoprism.models.encoders.base import Encoder
from emoprism.types import StreamSpec

LAYERS = ((10, 2), (5, 2))
"""Kernel size and stride of the convolutions; nothing is padded."""


class Crnn(Encoder):
    """Conv1D (kernel 10, stride 2), Conv1D (5, 2), GRU, Linear, each but the GRU with PReLU, then mean, std and max.

    Table 1 gives every layer 32 channels (`channels`) and lets the pooling's output meet a layer of 32 inputs. Three
    statistics of 32 channels are 96 numbers, so the embedding is 96 wide here and the layer that reads it too. The
    paper normalises nothing per speaker or per sample; `standardised` scales every feature by statistics of all
    training data (a batch normalisation without scale and shift), as a pitch in hertz beside log energies needs.
    A clip shorter than the convolutions reach over (18 steps) is repeated up to that.
    """

    def __init__(
        self,
        spec: StreamSpec,
        *,
        channels: PositiveInt = 32,
        pooling: Pooling = "mean_std_max",
        standardised: bool = True,
    ) -> None:
        super().__init__(spec)
        if len(spec.shape) != 1:
            raise ValueError(f"crnn reads feature vectors (D,); the steps of this stream are {spec.shape}")
        self.pooling = pooling
        self.standardise = MaskedBatchNorm(spec.shape[0], affine=False) if standardised else None
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv1d(inside, channels, kernel, stride), nn.PReLU())
            for inside, (kernel, stride) in zip((spec.shape[0], channels), LAYERS, strict=True)
        )
        self.recurrent = nn.GRU(channels, channels, batch_first=True)
        self.linear = nn.Sequential(nn.Linear(channels, channels), nn.PReLU())
        self.step_width = channels

    def steps(self, stream: Stream) -> tuple[Float[Tensor, "B t D"], Bool[Tensor, "B t"]]:
        """See Encoder. Real steps come first in every clip, so what follows them never reaches back."""
        values, mask = self._standardised(stream)
        for layer, (kernel, stride) in zip(self.convolutions, LAYERS, strict=True):
            values = layer(values)
            mask = mask[:, kernel - 1 :: stride]
        steps, _ = self.recurrent(values.transpose(1, 2))
        return self.linear(steps), mask

    def _standardised(self, stream: Stream) -> tuple[Float[Tensor, "B D T"], Bool[Tensor, "B T"]]:
        """Values of all clips, zeros where masked, none shorter than the convolutions reach; and the new mask."""
        values, mask = _repeated(keep_valid(stream.values, stream.mask), stream.mask)
        values = values.to(next(self.parameters()).dtype).transpose(1, 2)
        if self.standardise is not None:
            values = self.standardise(values, mask)
        return values.masked_fill(~mask[:, None], 0.0), mask


def _repeated(
    values: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"]
) -> tuple[Float[Tensor, "B S D"], Bool[Tensor, "B S"]]:
    """Clips shorter than `reach` repeated up to it, as the paper repeats its clips (section 5); empty ones stay so."""
    lengths = mask.sum(dim=1)
    steps = torch.arange(max(reach(), values.shape[1]), device=values.device)
    longer = lengths.clamp(min=reach()) * (lengths > 0)
    places = torch.where(
        (lengths < reach())[:, None], steps % lengths.clamp(min=1)[:, None], steps.clamp(max=values.shape[1] - 1)
    )
    repeated = values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))
    return repeated, steps < longer[:, None]


def reach() -> int:
    """Steps that one step of the output depends on: 18."""
    steps = 1
    for kernel, stride in reversed(LAYERS):
        steps = (steps - 1) * stride + kernel
    return steps
