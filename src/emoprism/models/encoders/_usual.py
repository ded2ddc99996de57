"""The encoders of a model: for each stream the one that the recipe chooses, or the usual one for its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import nn

from emoprism.errors import did_you_mean
from emoprism.families import ENCODERS, Choice
from emoprism.models.encoders.base import Encoder
from emoprism.types import AUDIO, FACE, MFCC, StreamSpec

USUAL: Mapping[str, str] = {FACE: "vgg_m_face", AUDIO: "vgg_m_audio", MFCC: "vgg_m_audio"}
"""Encoders by the name of the stream; any other stream is taken as pre-extracted features."""
NO_CHOICE: dict[str, Choice] = {}


class Encoders(nn.ModuleList):
    """An encoder per stream, in order. Raises ValueError for a choice of no stream, or one that cannot read it."""

    def __init__(self, streams: Mapping[str, StreamSpec], choices: Mapping[str, Choice]) -> None:
        check_known("the recipe's data.streams have no stream", choices, streams)
        super().__init__(_make(name, spec, choices.get(name)) for name, spec in streams.items())

    @property
    def each(self) -> list[Encoder]:
        """The encoders, by their type."""
        return [encoder for encoder in self if isinstance(encoder, Encoder)]

    @property
    def image_size(self) -> int | None:
        """Side in pixels of the face crops that they want, None where none of them reads faces."""
        return next((encoder.image_size for encoder in self.each if encoder.image_size is not None), None)


def _make(stream: str, spec: StreamSpec, choice: Choice | None) -> Encoder:
    chosen = choice or Choice(name=USUAL.get(stream, "features"))
    try:
        return ENCODERS.make(chosen.name, spec, options=chosen.options)
    except ValueError as error:
        raise ValueError(f"stream '{stream}': {error}") from None


def check_known(sentence: str, named: Iterable[str], known: Iterable[str]) -> None:
    """Raise ValueError, with a suggestion, for the first name that is not known."""
    known = list(known)
    for name in named:
        if name not in known:
            raise ValueError(f"{sentence} '{name}'; {did_you_mean(name, known)}")
