"""The user's options of `emoprism prepare`, which `predict` takes over from the data a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from emoprism.families import ACOUSTICS, DETECTORS, AcousticsChoice, Choice, DetectorChoice
from emoprism.media.acoustics.base import Acoustics
from emoprism.media.detectors.base import Detector
from emoprism.recipe import Strict, check_model, with_overrides


class PrepareOptions(Strict):
    """How clips are turned into streams. `detector` is written `detector=NAME`, its options `detector.KEY=VALUE`."""

    fps: Annotated[float, Field(gt=0, le=120)] = 3.0
    """Pictures sampled per second."""
    seconds: Annotated[float, Field(gt=0, le=7200)] = 12.0
    """Clips are cut after so many seconds (Peri et al. 2021, section 4.2); shorter ones keep their length."""
    crop: Annotated[int, Field(ge=16, le=1024)] = 224
    """Side of the face crops in pixels."""
    margin: Annotated[float, Field(ge=0, le=2)] = 0.2
    """Added to each side of a face's box, in sides of the box."""
    detector: DetectorChoice = Choice(name="blazeface")
    acoustics: tuple[AcousticsChoice, ...] = ()
    """Further features of the sound, beside the log-mels that every clip has: `acoustics=[speech]`."""
    require: Literal["any", "face", "audio", "both"] = "any"
    """What a clip must have to be used; `any`: a face, or sound, or features."""
    tracks: Literal["main", "all"] = "main"
    """Whose crops are kept. `all`: those of every face in the shard, beside the main one's."""
    track_frames: PositiveInt = 2
    """A face is one that was found in at least so many sampled pictures (in all, where a clip has fewer)."""
    timeout: PositiveFloat = 120.0
    """A clip that takes longer than so many seconds to process is rejected."""
    corpus: dict[str, Any] = {}
    """Options of the corpus adapter, `corpus.KEY=VALUE`."""

    @classmethod
    def read(cls, arguments: Sequence[str]) -> PrepareOptions:
        """From `key=value` arguments. Raises RecipeError with everything that is wrong with them."""
        return check_model(cls, with_overrides({"detector": {"name": "blazeface"}}, list(map(_named, arguments))), "")

    @classmethod
    def of_manifest(cls, options: Mapping[str, Any]) -> PrepareOptions:
        """From the options of a prepared directory's manifest: what other media need to be processed the same way."""
        return check_model(cls, options["media"], "options of prepare")

    def for_manifest(self, corpus: str) -> dict[str, Any]:
        """What the manifest says was asked; `of_manifest` reads it back."""
        return {"corpus": {"name": corpus, **self.corpus}, "media": self.model_dump(mode="json", exclude={"corpus"})}


def find_detector(options: PrepareOptions) -> Detector:
    """The detector of these options, made once per process."""
    return _detector(options.detector.model_dump_json())


def find_acoustics(options: PrepareOptions) -> list[Acoustics]:
    """The kinds of features of these options."""
    return [ACOUSTICS.make(choice.name, options=choice.options) for choice in options.acoustics]


@lru_cache(maxsize=4)
def _detector(choice: str) -> Detector:
    import json

    tree: dict[str, Any] = json.loads(choice)
    return DETECTORS.make(tree.pop("name"), options=tree)


def _named(argument: str) -> str:
    """`detector=NAME` as `detector.name=NAME`, so that it goes together with `detector.KEY=VALUE`."""
    key, _, value = argument.partition("=")
    return f"detector.name={value}" if key == "detector" and not value.lstrip().startswith("{") else argument
