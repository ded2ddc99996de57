"""The speech model of Li et al. 2020 (Fig. 1): one embedding of one stream, with a stack of layers per attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from jaxtyping import Float
from pydantic import Field, PositiveInt
from torch import Tensor

from emoprism.errors import did_you_mean
from emoprism.families import ENCODERS, Choice, EncoderChoice
from emoprism.models._masked import exact
from emoprism.models.base import Heads, Model, Stream
from emoprism.models.encoders.base import Encoder
from emoprism.models.tasks.base import Task
from emoprism.types import EMOTION, StreamSpec

CRNN = Choice(name="crnn")


class Speech(Model):
    """ENC makes one embedding v of the only stream; EC (and, in the multitask system, SC) are `hidden` layers on it.

    Every one of `attributes` has the same v as its embedding: the multitask system of the paper has one representation
    for emotion and speaker. Where a speaker classifier is an adversary it belongs to the method, not to the model.
    """

    def __init__(
        self,
        streams: Mapping[str, StreamSpec],
        tasks: Mapping[str, Task],
        *,
        attributes: Annotated[tuple[str, ...], Field(min_length=1)] = (EMOTION,),
        encoder: EncoderChoice = CRNN,
        hidden: tuple[PositiveInt, ...] = (32, 10),
    ) -> None:
        super().__init__(streams, tasks)
        if len(streams) != 1:
            raise ValueError(f"the speech model reads one stream, and data.streams names {', '.join(streams)}")
        for name in attributes:
            if name not in tasks:
                raise ValueError(f"the corpus has no attribute '{name}'; {did_you_mean(name, tasks)}")
        ((self.stream, spec),) = streams.items()
        self.encoder: Encoder = ENCODERS.make(encoder.name, spec, options=encoder.options)
        self.dimensions = dict.fromkeys(attributes, self.encoder.width)
        self.heads = Heads(self.dimensions, tasks, hidden)

    @property
    def image_size(self) -> int | None:
        """None for vectors; the encoder's own where it reads faces."""
        return self.encoder.image_size

    def embed(self, streams: Mapping[str, Stream]) -> dict[str, Float[Tensor, "b _"]]:
        """The embedding v of this process's rows, once for every attribute."""
        vectors = exact(self.encoder(streams[self.stream]))
        return dict.fromkeys(self.dimensions, vectors)
