"""Pre-extracted vectors (action units, anybody's features) -> one vector per clip."""

from __future__ import annotations

from typing import Annotated

import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from emoprism.models._masked import MaskedBatchNorm, Pooling, exact
from emoprism.models.base import Stream
from emoprism.models.encoders._standardise import Standardise
from emoprism.models.encoders.base import Encoder
from emoprism.types import StreamSpec


class Features(Encoder):
    """Each step standardised, through a perceptron with one hidden layer per entry of `hidden`, then pooled over time.

    Only the valid steps are computed. A clip described by a single vector is a sequence of one step.
    """

    def __init__(
        self,
        spec: StreamSpec,
        *,
        hidden: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (128, 128),
        pooling: Pooling = "mean",
    ) -> None:
        super().__init__(spec)
        if len(spec.shape) != 1:
            raise ValueError(f"features reads feature vectors (D,); the steps of this stream are {spec.shape}")
        self.pooling = pooling
        sizes = list(zip((spec.shape[0], *hidden), hidden, strict=False))
        self.standardise = Standardise(spec.shape[0])
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in sizes)
        self.norms = nn.ModuleList(MaskedBatchNorm(b) for _, b in sizes)
        self.step_width = hidden[-1]

    def steps(self, stream: Stream) -> tuple[Float[Tensor, "B t D"], Bool[Tensor, "B t"]]:
        """See Encoder."""
        steps = self.standardise(stream.values[stream.mask].to(self.standardise.running_mean.dtype))
        for layer, norm in zip(self.layers, self.norms, strict=True):
            steps = F.relu(norm(layer(steps)))
        placed = steps.new_zeros(*stream.mask.shape, steps.shape[1])
        placed[stream.mask] = steps
        return exact(placed), stream.mask
