"""The user's options of `emoprism identify`, as key=value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from emoprism.families import PRETRAINED
from emoprism.recipe import Strict
from emoprism.types import SPEAKER

Probability = Annotated[float, Field(ge=0, le=1)]
Kind = str
"""Of evidence: "face" or "voice"."""


def _runs(value: object) -> object:
    return (value,) if isinstance(value, str | Path) else value


def _split(value: object) -> object:
    """`{name, source, **options}` as the plug-in's own options beside name and source."""
    if not isinstance(value, dict) or "options" in value:
        return value
    given: dict[str, Any] = {str(key): item for key, item in value.items()}
    own = {key: given.pop(key) for key in ("name", "source") if key in given}
    return {**own, "options": given}


class Source(Strict):
    """A pretrained model: `face.name=onnx face.source=FILE`, and the plug-in's own options beside them."""

    name: str
    source: str
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known(self) -> Source:
        _, problems = PRETRAINED.validate(self.name, self.options, "")
        if problems:
            raise ValueError("; ".join(str(problem).replace("\n    -> ", ": ") for problem in problems))
        return self


AnySource = Annotated[Source, BeforeValidator(_split)]


class IdentifyOptions(Strict):
    """Whose vectors are compared, what their likeness means, and when a person is named."""

    run: Annotated[tuple[Path, ...], BeforeValidator(_runs)] = ()
    """Directories of emoprism train: the first one that reads faces embeds faces, the first that hears, voices."""
    face: AnySource | None = None
    voice: AnySource | None = None
    """Any other model, instead of a run."""
    attribute: str = SPEAKER
    """Name of the label that says who somebody is: in the run, in the clips it is calibrated on, and in this corpus
    where the outcome can be scored."""
    calibration: Path | None = None
    """A prepared corpus of known speakers that the models were not trained on; by default a run's own."""
    threshold: dict[Literal["face", "voice"], Annotated[float, Field(gt=-1, lt=1)]] = {}
    """Cosine at which two faces, or voices, are as likely of one person as of two; instead of a calibration."""
    slope: PositiveFloat = 15.0
    """With `threshold`: how much a log-likelihood ratio grows per unit of cosine."""
    evidence: NonNegativeFloat | None = None
    """Two groups become one person where their log-likelihood ratio is above this; by default what clusters the
    speakers best that it is calibrated on (0 where `threshold` takes the place of a calibration)."""
    link: Probability = 0.9
    """Probability that the voice of a clip belongs to its one face; of several, to the main one by its share."""
    confidence: Probability = 0.5
    """An appearance whose person is less certain than this is unknown."""
    crops: PositiveInt = 2
    """Faces that a track must have to tell anything."""
    seconds: NonNegativeFloat = 0.5
    """Sound that a clip must have to tell anything."""
    gallery: Path | None = None
    """Known people: a folder per person with pictures, videos or sound, or the directory of an earlier identify."""

    @model_validator(mode="after")
    def _some_model(self) -> IdentifyOptions:
        if not self.run and self.face is None and self.voice is None:
            raise ValueError("no model to compare faces or voices with: give run=DIR, or face.name= and face.source=")
        return self
