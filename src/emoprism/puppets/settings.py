"""The knobs of the puppet corpus."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from emoprism.recipe import Strict

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=3)]


class PuppetSettings(Strict):
    """What `emoprism corpus puppets OUT key=value ...` understands."""

    speakers: Annotated[int, Field(ge=2, le=500)] = 24
    clips: PositiveInt = 600
    """Clips in all, spread evenly over the speakers."""
    seconds: Annotated[float, Field(ge=0.5, le=60)] = 3.0
    size: Annotated[int, Field(ge=96, le=1024, multiple_of=16)] = 256
    """Height and width of the square picture in pixels."""
    fps: Annotated[int, Field(ge=5, le=60)] = 15
    seed: Annotated[int, Field(ge=0)] = 0
    entanglement: Share = 0.5
    """How far emotion frequencies depend on the speaker. Frequencies of speaker s are
    (1 - entanglement) * uniform + entanglement * P[s], P[s] drawn from a Dirichlet of `concentration`."""
    concentration: PositiveFloat = 1.0
    """1 is the flat Dirichlet; smaller gives speakers who show one or two emotions only."""
    label_noise: Share = 0.0
    """Share of clips whose emotion label is replaced by another one. The column emotion_true keeps the truth."""
    expressiveness: Amount = 1.0
    """Multiplies every expression in face and voice; 0 leaves no trace of the emotion."""
    style: Amount = 1.0
    """How far people differ in the action units and the prosody they express an emotion with."""
    motion: Amount = 1.0
    """Multiplies head motion and the variety of poses."""
    nuisance: Amount = 1.0
    """Multiplies what is neither person nor emotion: light, camera and microphone noise, room."""

    @model_validator(mode="after")
    def _at_least_one_clip_each(self) -> PuppetSettings:
        if self.clips < self.speakers:
            raise ValueError(f"{self.clips} clips are too few for {self.speakers} speakers: at least one clip each")
        return self
