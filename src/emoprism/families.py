"""The families of plug-ins, and how a recipe names one: `confusion`, or `{name: confusion, weight: 0.5}`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_serializer

from emoprism.plugins import Family

CORPORA: Family[Any] = Family("corpora", "Corpus", "corpus")
DETECTORS: Family[Any] = Family("media/detectors", "Detector", "face detector")
SPLITTERS: Family[Any] = Family("splits", "Splitter", "split")
MODELS: Family[Any] = Family("models", "Model", "model")
ENCODERS: Family[Any] = Family("models/encoders", "Encoder", "encoder")
DISENTANGLERS: Family[Any] = Family("disentangle", "Disentangler", "disentangler")
METRICS: Family[Any] = Family("leakage/metrics", "Metric", "metric")
ATTACKERS: Family[Any] = Family("leakage/attackers", "Attacker", "attacker")
ACOUSTICS: Family[Any] = Family("media/acoustics", "Acoustics", "kind of acoustic features")
PRETRAINED: Family[Any] = Family("pretrained", "Pretrained", "pretrained model")
TASKS: Family[Any] = Family("models/tasks", "Task", "task")
FAMILIES = (
    CORPORA, DETECTORS, ACOUSTICS, SPLITTERS, MODELS, ENCODERS, TASKS, DISENTANGLERS, METRICS, ATTACKERS, PRETRAINED,
)  # fmt: skip


class Choice(BaseModel):
    """A plug-in by name with its options, all defaults filled in. In YAML: `confusion` or `{name: confusion, ...}`."""

    model_config = ConfigDict(frozen=True)
    name: str
    options: dict[str, Any] = {}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return {"name": self.name, **self.options}


def choose(family: Family[Any], value: object) -> Choice:
    """What somebody wrote as a plug-in of the family, checked. Raises ValueError with all that is wrong with it."""
    if isinstance(value, Choice):
        value = {"name": value.name, **value.options}
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping) or not isinstance(cast("Mapping[str, Any]", value).get("name"), str):
        raise ValueError(f"expected the name of a {family.noun}, or a mapping with the key 'name' and its options")
    given = dict(cast("Mapping[str, Any]", value))
    name = given.pop("name")
    options, problems = family.validate(name, given, "")
    if problems:
        raise ValueError("; ".join(str(problem).replace("\n    -> ", ": ") for problem in problems))
    return Choice(name=name, options=options)


AcousticsChoice = Annotated[Choice, BeforeValidator(partial(choose, ACOUSTICS))]
DetectorChoice = Annotated[Choice, BeforeValidator(partial(choose, DETECTORS))]
SplitChoice = Annotated[Choice, BeforeValidator(partial(choose, SPLITTERS))]
ModelChoice = Annotated[Choice, BeforeValidator(partial(choose, MODELS))]
EncoderChoice = Annotated[Choice, BeforeValidator(partial(choose, ENCODERS))]
MethodChoice = Annotated[Choice, BeforeValidator(partial(choose, DISENTANGLERS))]
PretrainedChoice = Annotated[Choice, BeforeValidator(partial(choose, PRETRAINED))]
AttackerChoice = Annotated[Choice, BeforeValidator(partial(choose, ATTACKERS))]
TaskChoice = Annotated[Choice, BeforeValidator(partial(choose, TASKS))]
