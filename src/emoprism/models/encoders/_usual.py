"""The encoder of a stream: the one that the recipe chooses, or the usual one for a stream of its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from emoprism.errors import did_you_mean
from emoprism.models.encoders.base import Encoder
from emoprism.recipe import ENCODERS, Choice
from emoprism.types import AUDIO, FACE, StreamSpec

USUAL: Mapping[str, str] = {FACE: "vgg_m_face", AUDIO: "vgg_m_audio"}
"""Encoders by the name of the stream; any other stream is taken as pre-extracted features."""
NO_CHOICE: dict[str, Choice] = {}


def make_encoder(stream: str, spec: StreamSpec, choice: Choice | None) -> Encoder:
    """Raises ValueError, with the name of the stream, where the encoder cannot read it."""
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
