"""What a pretrained model is to us: face crops or a voice in, a vector (embedding or logits) out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, UInt8

from emoprism.errors import MediaError

VOICE_RATE = 16_000
"""Samples a second of the waveforms that models are given."""


class Pretrained(ABC):
    """A model by its file, directory or name on a hub: `source` comes from the house, the options are the user's.

    It says which of the two it takes by overriding one method or both; asked for the other it raises MediaError.
    Same input, same output: no dropout, no random crops. Making one is cheap: what is slow to load is loaded when first
    asked. What is wrong with the model itself (its file, its name, its shapes) is an InputError; MediaError is for a
    clip that it cannot tell anything of.
    """

    libraries: ClassVar[tuple[str, ...]] = ()
    """Packages whose versions may decide what it answers, for manifests."""

    def __init__(self, source: str) -> None:
        self.source = source

    @property
    @abstractmethod
    def takes(self) -> frozenset[str]:
        """Of {"face", "audio"} (types.FACE, types.AUDIO): what it can be asked for."""

    @property
    @abstractmethod
    def files(self) -> Mapping[str, Path]:
        """The files that decide what it answers, by name, for the hashes of a manifest."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class of each output where the outputs are logits or probabilities of classes, else empty."""
        return ()

    def faces(self, crops: UInt8[np.ndarray, "T S S 3"]) -> Float32[np.ndarray, "T D"]:  # noqa: ARG002
        """One vector per face crop, RGB; crops are resized to what the model expects. T >= 1."""
        raise MediaError(f"{self.source} does not take faces")

    def voice(self, samples: Float32[np.ndarray, "N"]) -> Float32[np.ndarray, "D"]:  # noqa: ARG002
        """One vector for a mono waveform at 16 kHz in [-1, 1]. N >= 1; what is too short for the model is repeated."""
        raise MediaError(f"{self.source} does not take voices")
