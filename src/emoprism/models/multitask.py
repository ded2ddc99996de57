"""The multitask model of Peri et al. 2021 (Fig. 1): pooled streams -> an embedding per attribute -> softmax heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from emoprism.families import EncoderChoice
from emoprism.models._masked import MaskedBatchNorm, exact
from emoprism.models.base import Heads, Model, Stream
from emoprism.models.encoders._usual import NO_CHOICE, Encoders, check_known
from emoprism.models.tasks.base import Task
from emoprism.types import EMOTION, SPEAKER, StreamSpec

Embeddings = Annotated[dict[str, PositiveInt], Field(min_length=1)]
PAPER: dict[str, int] = {EMOTION: 2048, SPEAKER: 2048}


class Multitask(Model):
    """An encoder per stream, their vectors side by side, and an independent embedding layer and head per attribute.

    `embeddings` gives the width of each attribute's embedding; any attribute of the corpus can have one, and a single
    one makes a single-task model. `encoders` gives the encoder of a stream where it is not the usual one. An embedding
    layer is fully connected and linear, as Peri et al. name nothing that follows it; signs are kept, so that cosines
    between embeddings tell something. `normalised` puts a batch normalisation there, which is no detail: see
    docs/methods.md. `dropout` is applied to the pooled vectors.
    """

    def __init__(
        self,
        streams: Mapping[str, StreamSpec],
        tasks: Mapping[str, Task],
        *,
        embeddings: Embeddings = PAPER,
        encoders: dict[str, EncoderChoice] = NO_CHOICE,
        normalised: bool = False,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    ) -> None:
        super().__init__(streams, tasks)
        check_known("the corpus has no attribute", embeddings, tasks)
        self.dimensions = dict(embeddings)
        self.encoders = Encoders(streams, encoders)
        pooled = sum(encoder.width for encoder in self.encoders.each)
        self.dropout = nn.Dropout(dropout)
        self.embedders = nn.ModuleList(_embedder(pooled, width, normalised=normalised) for width in embeddings.values())
        self.heads = Heads(embeddings, tasks)

    @property
    def image_size(self) -> int | None:
        """Side in pixels of the face crops that it wants, None where it reads no faces."""
        return self.encoders.image_size

    def parts(self) -> dict[str, nn.Module]:
        """The encoders as "encoder"; the embedding layer and the head of each attribute under its name."""
        own = zip(self.dimensions, self.embedders, self.heads.layers, strict=True)
        return {"encoder": self.encoders, **{name: nn.ModuleList([layer, head]) for name, layer, head in own}}

    def embed(self, streams: Mapping[str, Stream]) -> dict[str, Float[Tensor, "b _"]]:
        """Embeddings of this process's rows. A stream that a clip lacks counts as zeros."""
        encoded = [encoder(streams[name]) for name, encoder in zip(self.streams, self.encoders, strict=True)]
        pooled = self.dropout(torch.cat(encoded, dim=1))
        return {name: exact(layer(pooled)) for name, layer in zip(self.dimensions, self.embedders, strict=True)}


def _embedder(inside: int, width: int, *, normalised: bool) -> nn.Module:
    layer = nn.Linear(inside, width, bias=not normalised)
    return nn.Sequential(layer, MaskedBatchNorm(width)) if normalised else layer
