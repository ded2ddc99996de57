"""Log-mels (or any sequence of vectors) -> one vector per clip, by convolutions over time alone: small and quick."""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from emoprism.models._masked import MaskedBatchNorm, Pooling, keep_valid
from emoprism.models.base import Stream
from emoprism.models.encoders._standardise import Standardise
from emoprism.models.encoders.base import Encoder
from emoprism.types import StreamSpec

KERNEL, STRIDE = 5, 2


class Conv1d(Encoder):
    """Convolutions over time (kernel 5, stride 2), each with batch normalisation and ReLU, then pooling over time.

    `channels` has one entry per layer; the vectors' entries are the input channels. Inputs are standardised by a batch
    normalisation of their own. From no paper: the encoder of the benchmark's reference prototype.
    """

    def __init__(
        self,
        spec: StreamSpec,
        *,
        channels: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (64, 128, 128),
        pooling: Pooling = "mean_std",
    ) -> None:
        super().__init__(spec)
        if len(spec.shape) != 1:
            raise ValueError(f"conv1d reads feature vectors (D,); the steps of this stream are {spec.shape}")
        self.pooling = pooling
        sizes = list(zip((spec.shape[0], *channels), channels, strict=False))
        self.standardise = Standardise(spec.shape[0])
        self.convolutions = nn.ModuleList(
            nn.Conv1d(a, b, KERNEL, STRIDE, padding=KERNEL // 2, bias=False) for a, b in sizes
        )
        self.norms = nn.ModuleList(MaskedBatchNorm(b) for _, b in sizes)
        self.step_width = channels[-1]

    def steps(self, stream: Stream) -> tuple[Float[Tensor, "B t D"], Bool[Tensor, "B t"]]:
        """See Encoder."""
        mask = stream.mask
        values = keep_valid(stream.values.to(self.standardise.running_mean.dtype), mask).transpose(1, 2)
        values = _masked(self.standardise(values, mask), mask)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            mask = mask[:, ::STRIDE]
            values = _masked(F.relu(norm(convolution(values), mask)), mask)
        return values.transpose(1, 2), mask


def _masked(values: Tensor, mask: Tensor) -> Tensor:
    return keep_valid(values.transpose(1, 2), mask).transpose(1, 2)
