"""What suites and studies share: recipes laid under presets and overrides, and one process per run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from emoprism import console
from emoprism.errors import Problem, StageError
from emoprism.recipe import Recipe, Strict, check_model, find_recipe, merge, read_yaml, with_overrides
from emoprism.stage import write_text
from emoprism.workers import Lost, run_jobs

S = TypeVar("S", bound="Systems")


class Systems(Strict):
    """Which recipes are run, with what laid over them, and with which seeds."""

    name: str
    about: str = ""
    recipes: tuple[str, ...]
    """Recipes by name or path, in the order of the tables."""
    presets: tuple[str, ...] = ()
    """Files of overrides, laid over every recipe in order."""
    overrides: dict[str, Any] = {}
    """Laid over every recipe after the presets."""
    seeds: tuple[int, ...] = (0,)

    @classmethod
    def load(cls: type[S], name: str, overrides: Sequence[str] = ()) -> S:
        """Read a file by path or by name. Raises RecipeError with all that is wrong with it."""
        path = find_recipe(name)
        return check_model(cls, with_overrides(read_yaml(path), overrides), str(path))

    def save(self, path: Path) -> None:
        """Write it whole, every default filled in."""
        write_text(path, yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True))

    def trees(self) -> list[tuple[str, dict[str, Any]]]:
        """Every recipe as the path of its file and its mapping, presets and overrides laid over it."""
        above: dict[str, Any] = {}
        for preset in self.presets:
            above = merge(above, read_yaml(find_recipe(preset)))
        above = merge(above, self.overrides)
        return [(str(find_recipe(recipe)), merge(read_yaml(find_recipe(recipe)), above)) for recipe in self.recipes]


@dataclass(frozen=True)
class Planned:
    """One run. `slug` names its directories."""

    slug: str
    recipe: Recipe


P = TypeVar("P", bound=Planned)


def recipe_of(tree: Mapping[str, Any], where: str, seed: int) -> Recipe:
    """The checked recipe with this seed."""
    return check_model(Recipe, {**tree, "seed": seed}, where)


def run_all(work: Callable[[P], None], planned: Sequence[P], workers: int | None) -> None:
    """One process per run, as many at a time as there are cores: small models scale better so than by threads."""
    for index, result in console.track(run_jobs(work, planned, workers=workers), "train", len(planned)):
        if isinstance(result, Lost):
            raise StageError(Problem(planned[index].slug, result.reason, "run the same command again"))


def made_anew(stage: Callable[..., None]) -> None:
    """A stage that is made of all runs: where runs have come since, it is made again."""
    try:
        stage(overwrite=False)
    except StageError:
        stage(overwrite=True)
