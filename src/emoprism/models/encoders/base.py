"""What an encoder is: one stream of a batch in, one vector per clip out; padding cannot change it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from emoprism.models.base import Stream
from emoprism.types import StreamSpec


class Encoder(nn.Module, ABC):
    """One stream -> [B, width]. Subclasses take `spec` from the house; keyword-only arguments are the user's options.

    A clip whose steps are all masked (the stream is missing) gets zeros.
    """

    width: int
    """Size of the vector it gives for a clip."""
    image_size: int | None = None
    """Side in pixels of the face crops it wants; None for encoders of feature vectors."""

    def __init__(self, spec: StreamSpec) -> None:
        super().__init__()
        self.spec = spec

    @abstractmethod
    def forward(self, stream: Stream) -> Float[Tensor, "B D"]:
        """One vector per clip."""
