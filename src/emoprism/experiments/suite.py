"""A suite: several recipes, dimensions and seeds on one prepared corpus, trained, embedded, audited and reported.

Everything below the output directory is made by the same stages that a user calls one by one, so a suite that was
stopped goes on where it was, and a single run of it can be repeated by hand:

    runs/<run>/   embeddings/<run>/   audit/   report/
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from emoprism import console
from emoprism.errors import Problem, StageError
from emoprism.media.shards import JOINED, STAGE
from emoprism.recipe import Recipe, Strict, check_model, find_recipe, merge, read_yaml, with_overrides
from emoprism.stage import read_manifest, write_text
from emoprism.workers import Lost, run_jobs


class Suite(Strict):
    """What a suite file says."""

    name: str
    about: str = ""
    recipes: tuple[str, ...]
    """Recipes by name or path, in the order of the tables."""
    presets: tuple[str, ...] = ()
    """Files of overrides, laid over every recipe in order."""
    overrides: dict[str, Any] = {}
    """Laid over every recipe after the presets."""
    dimensions: dict[str, tuple[int, ...]] = {}
    """Embedding widths per attribute; a recipe is run with each, for the attributes that it embeds."""
    seeds: tuple[int, ...] = (0,)
    audit: tuple[str, ...] = ()
    """Options of emoprism audit, as key=value."""


@dataclass(frozen=True)
class Planned:
    """One run of a suite."""

    slug: str
    recipe: Recipe


def load_suite(name: str, overrides: Sequence[str] = ()) -> Suite:
    """Read a suite file by path or by name (`suites/puppets`)."""
    path = find_recipe(name)
    return check_model(Suite, with_overrides(read_yaml(path), overrides), str(path))


def plan(suite: Suite) -> list[Planned]:
    """Every run of the suite, seeds outermost, so that a suite stopped early has whole rounds of all systems."""
    above: dict[str, Any] = {}
    for preset in suite.presets:
        above = merge(above, read_yaml(find_recipe(preset)))
    above = merge(above, suite.overrides)
    return [
        _planned(tree, str(find_recipe(recipe)), seed)
        for seed in suite.seeds
        for recipe in suite.recipes
        for tree in _with_dimensions(merge(read_yaml(find_recipe(recipe)), above), suite.dimensions)
    ]


def _with_dimensions(tree: Mapping[str, Any], widths: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
    embeds: Mapping[str, int] = check_model(Recipe, tree, "").model.options.get("embeddings", {})
    names = [name for name in widths if name in embeds]
    for chosen in itertools.product(*(widths[name] for name in names)):
        embeddings = dict(zip(names, chosen, strict=True))
        yield merge(tree, {"model": {"embeddings": embeddings}}) if embeddings else dict(tree)


def _planned(tree: Mapping[str, Any], where: str, seed: int) -> Planned:
    recipe = check_model(Recipe, {**tree, "seed": seed}, where)
    widths = "-".join(f"{name}{width}" for name, width in recipe.model.options.get("embeddings", {}).items())
    return Planned("-".join([recipe.name.replace("/", "-"), *([widths] if widths else []), f"seed{seed}"]), recipe)


def run_suite(name: str, prepared: Path, out: Path, overrides: Sequence[str], *, workers: int | None) -> None:
    """Run a suite and print its table. Raises the errors of its stages; the same command goes on after them."""
    from emoprism.leakage.audit import audit
    from emoprism.report.build import build

    suite = load_suite(name, overrides)
    read_manifest(prepared, STAGE, JOINED)
    planned = plan(suite)
    console.say(f"{suite.name}: {len(planned)} runs ({len(suite.seeds)} seeds) into {out}")
    write_text(out / "suite.yaml", yaml.safe_dump(suite.model_dump(mode="json"), sort_keys=False, allow_unicode=True))
    _train_all(planned, prepared, out, workers)
    _made_anew(partial(audit, out / "embeddings", out / "audit", list(suite.audit), workers=workers))
    _made_anew(partial(build, out / "audit", out / "report"))


def _made_anew(stage: Callable[..., None]) -> None:
    """A stage that is made of all runs: where runs have come since, it is made again."""
    try:
        stage(overwrite=False)
    except StageError:
        stage(overwrite=True)


def _train_all(planned: Sequence[Planned], prepared: Path, out: Path, workers: int | None) -> None:
    """One process per run, as many at a time as there are cores: small models scale better so than by threads."""
    jobs = run_jobs(partial(_train_one, prepared, out), planned, workers=workers)
    for index, result in console.track(jobs, "train", len(planned)):
        if isinstance(result, Lost):
            raise StageError(Problem(planned[index].slug, result.reason, "run the same command again"))


def _train_one(prepared: Path, out: Path, item: Planned) -> None:
    from emoprism.deploy.embed import embed
    from emoprism.training.run import train

    train(item.recipe, prepared, out / "runs" / item.slug)
    embed(out / "runs" / item.slug, prepared, out / "embeddings" / item.slug)
