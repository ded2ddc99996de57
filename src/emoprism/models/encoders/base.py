"""What an encoder is: one stream of a batch in, a sequence of vectors or one per clip out; padding cannot change it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Bool, Float
from torch import Tensor, nn

from emoprism.models._masked import Pooling, pool, pooled_width
from emoprism.models.base import Stream
from emoprism.types import StreamSpec


class Encoder(nn.Module, ABC):
    """One stream -> [B, T, step_width], or pooled over time [B, width].

    Subclasses take `spec` from the house; keyword-only arguments are the user's options. A clip whose steps are all
    masked (the stream is missing) is masked whole, and zeros when it is pooled.
    """

    step_width: int
    """Size of the vector it gives for a step."""
    pooling: Pooling = "mean"
    """How steps become one vector."""
    image_size: int | None = None
    """Side in pixels of the face crops it wants; None for encoders of feature vectors."""

    def __init__(self, spec: StreamSpec) -> None:
        super().__init__()
        self.spec = spec

    @property
    def width(self) -> int:
        """Size of the vector it gives for a clip."""
        return pooled_width(self.step_width, self.pooling)

    @abstractmethod
    def steps(self, stream: Stream) -> tuple[Float[Tensor, "B t D"], Bool[Tensor, "B t"]]:
        """A vector per step, in time as fine as the encoder makes it, and which of the steps are real."""

    def forward(self, stream: Stream) -> Float[Tensor, "B D"]:
        """One vector per clip."""
        return pool(*self.steps(stream), self.pooling)
