"""What a run is: a YAML file read into strict, frozen models, saved beside the results it made.

A recipe may say `extends: other.yaml` (relative to itself) and then holds only what differs. On the command line
`key=value` overrides one entry: `model.embeddings.speaker=64 seed=3`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from emoprism.errors import Problem, RecipeError, did_you_mean
from emoprism.families import (
    DISENTANGLERS,
    SPLITTERS,
    MethodChoice,
    ModelChoice,
    SplitChoice,
    TaskChoice,
    choose,
)
from emoprism.plugins import problems_of
from emoprism.rehearsal import rehearse

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Base of everything a user writes: unknown keys refused, values immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


Merge = dict[str, dict[str, str]]
"""Per attribute: label -> the label it is merged into ({"emotion": {"calm": "neutral"}})."""
LabelMaps = dict[str, dict[str, dict[str, str | None]]]
"""Per corpus of a joined one: {"ravdess": {"emotion": {"calm": "neutral", "sad": None}}}; None leaves clips out."""


class Measured(Strict):
    """A number that clips have: where it comes from, and what words it has."""

    value: str = ""
    """The value of the corpus that it is; by default the one of its own name."""
    times: float = 1.0
    """Multiplied by this: another scale (a valence in [-1, 1] as a sentiment in [-3, 3])."""
    levels: dict[str, float] = {}
    """A word -> where it begins ({negative: -3.0, positive: 0.0}): a label of the number's name, so that splits, probes
    and audits know it."""


Numbers = dict[str, Measured]
"""Per number: {"sentiment": {"value": "valence", "times": 3.0}}."""


class Data(Strict):
    """Which streams of the prepared corpus are read, how labels are mapped and merged and how clips are split."""

    streams: tuple[str, ...] = ("face", "audio")
    maps: LabelMaps = {}
    """What single corpora of a joined one call by other names; applied first."""
    merge: Merge = {}
    numbers: Numbers = {}
    """Values of clips by other names, on other scales, as labels besides."""
    tasks: dict[str, TaskChoice] = {}
    """What a head tells of an attribute where that is not one of its classes: several at once, or a number."""
    split: SplitChoice = Field(default_factory=lambda: choose(SPLITTERS, "held_out"))
    max_steps: dict[str, PositiveInt] = {}
    """Per stream: training draws this many steps of a clip at a time; evaluation always sees all of them."""
    exact_steps: dict[str, PositiveInt] = {}
    """Per stream: a clip always counts so many steps, the middle ones of a longer clip; a shorter one is repeated
    (Li et al. 2020, section 5)."""
    versions: dict[str, tuple[str, ...]] = {}
    """Per stream: other streams that hold the same clips changed, as by speed; training reads them as further clips."""
    modality_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How often training hides one of a clip's streams, drawn for each clip and epoch; the last one stays."""


class Polynomial(Strict):
    """A learning rate that falls to nothing over the epochs of a run: multiplied by (1 - epoch / epochs) ** power."""

    power: PositiveFloat = 1.0


class Player(Strict):
    """The optimiser of one owner of parameters: Adam. `decay`: a factor for every epoch, or {power: 1.0}.

    `warm_up`: so many epochs have a smaller rate first, rising evenly (Vaswani et al. 2017, section 5.3, by epochs):
    deep transformers do not bear a rate at once that they bear later.
    """

    learning_rate: PositiveFloat = 1e-4
    decay: Annotated[float, Field(gt=0, le=1)] | Polynomial = 0.9
    warm_up: NonNegativeInt = 0
    weight_decay: NonNegativeFloat = 0.0

    def rate(self, epoch: int, epochs: int) -> float:
        """Learning rate in an epoch, from 0, of so many."""
        rate = self.learning_rate * min(1.0, (epoch + 1) / (self.warm_up + 1))
        if isinstance(self.decay, Polynomial):
            return rate * (1 - epoch / epochs) ** self.decay.power
        return rate * self.decay**epoch


class Selection(Strict):
    """Which epoch is kept: the lowest combined leakage on validation among those useful enough (Peri et al., 4.2).

    The paper keeps the epoch of the lowest combined score and names no bound on utility; an untrained network
    would win that. Here an epoch qualifies when the mean of its primary scores is within `tolerance` of the best.
    """

    every: PositiveInt = 1
    """Score every so many epochs (and always the last)."""
    tolerance: NonNegativeFloat = 0.02


class Training(Strict):
    """How long and how: epochs, clips per batch (over all processes), arithmetic, checkpoints."""

    epochs: PositiveInt = 30
    batch_size: PositiveInt = 32
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: PositiveInt = 1
    """Torch threads. Part of the recipe because the order of sums, and so the last bit, depends on it."""
    checkpoint_every: PositiveInt = 1
    """Write a resumable checkpoint every so many epochs."""
    selection: Selection = Selection()


class Recipe(Strict):
    """All that a run depends on besides the code and the data."""

    name: str
    """Unique and stable, as `peri2021/confusion`: runs of the same name and settings are seeds of one system."""
    label: str
    """As tables and figures show it."""
    about: str = ""
    """What is from the paper and what the paper does not give."""
    seed: NonNegativeInt = 0
    data: Data = Field(default_factory=Data)
    model: ModelChoice
    method: MethodChoice = Field(default_factory=lambda: choose(DISENTANGLERS, "none"))
    players: dict[str, Player] = {"model": Player()}
    training: Training = Training()

    @model_validator(mode="after")
    def _sensible(self) -> Recipe:
        rehearse(self.data.streams, self.data.tasks, self.model, self.method, self.players)
        return self

    def dump(self) -> str:
        """The recipe as YAML with every default written out; `load_recipe` reads it back equal."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def recipes_directory() -> Path:
    """Where the recipes that come with the project lie: in the installed package or at the root of a checkout."""
    inside = Path(__file__).parent / "recipes"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "recipes"


def find_recipe(name: str | Path) -> Path:
    """A recipe by path, or one that comes with the project by its name (`peri2021/confusion`)."""
    root = recipes_directory()
    for path in (Path(name), root / name, root / f"{name}.yaml"):
        if path.is_file():
            return path
    known = sorted(p.relative_to(root).with_suffix("").as_posix() for p in root.rglob("*.yaml"))
    raise RecipeError(Problem(str(name), "no such recipe file", did_you_mean(str(name), known)))


def load_recipe(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe with its `extends`, apply `key=value` overrides, and check every key and option."""
    path = find_recipe(name)
    return check_model(Recipe, with_overrides(read_yaml(path), overrides), str(path))


def check_model(model: type[M], tree: Mapping[str, Any], where: str) -> M:
    """`tree` as a checked `model`; RecipeError with all its problems, in the house's words, otherwise."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise RecipeError(problems_of(error, where, model)) from None


class _OnceLoader(yaml.SafeLoader):
    """YAML without the silent half of it: of two equal keys the later would win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value]
        for key, _ in node.value:
            if keys.count(str(key.value)) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' stands twice", key.start_mark
                )
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """One YAML mapping with what it extends merged below it."""
    path = path.resolve()
    if path in seen:
        raise RecipeError(Problem(str(path), "extends itself", " -> ".join(p.name for p in (*seen, path))))
    try:
        tree: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_OnceLoader)
    except FileNotFoundError:
        source = f"named by 'extends' in {seen[-1]}" if seen else ""
        raise RecipeError(Problem(str(path), "no such recipe file", source)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(Problem(str(path), f"not YAML: {error}")) from None
    except OSError as error:
        raise RecipeError(Problem(str(path), f"cannot be read: {error.strerror}")) from None
    if not isinstance(tree, dict):
        raise RecipeError(Problem(str(path), "expected a YAML mapping of keys", "see recipes/peri2021/ for examples"))
    own = cast("dict[str, Any]", tree)
    parent = own.pop("extends", None)
    return own if parent is None else merge(read_yaml(path.parent / str(parent), (*seen, path)), own)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`, mapping by mapping. Another plug-in (`name`) starts from its own defaults."""
    out = dict(below)
    for key, value in above.items():
        old = out.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and not _other_plugin(old, value):
            out[key] = merge(cast("Mapping[str, Any]", old), cast("Mapping[str, Any]", value))
        else:
            out[key] = value
    return out


def _other_plugin(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return "name" in new and "name" in old and old["name"] != new["name"]


def with_overrides(tree: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """`tree` with dotted `key=value` entries replaced; values are read as YAML (`seed=3`, `data.streams=[audio]`)."""
    out = dict(tree)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key:
            raise RecipeError(Problem(override, "an override is written key=value", "for example training.epochs=10"))
        try:
            value: Any = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise RecipeError(Problem(override, f"the value is not YAML: {error}")) from None
        for part in reversed(key.split(".")):
            value = {part: value}
        out = merge(_named(out), cast("dict[str, Any]", value))
    return out


def _named(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Plug-ins written as a bare word, as mappings, so that an override can reach their options."""
    out = dict(tree)
    for key in ("model", "method"):
        if isinstance(out.get(key), str):
            out[key] = {"name": out[key]}
    data = out.get("data")
    if isinstance(data, Mapping) and isinstance(cast("Mapping[str, Any]", data).get("split"), str):
        out["data"] = {**data, "split": {"name": data["split"]}}
    return out
