"""A suite: several recipes, dimensions and seeds on one prepared corpus, trained, embedded, audited and reported.

Everything below the output directory is made by the same stages that a user calls one by one, so a suite that was
stopped goes on where it was, and a single run of it can be repeated by hand:

    runs/<run>/   embeddings/<run>/   audit/   report/
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from emoprism import console
from emoprism.errors import InputError, Problem, RecipeError
from emoprism.experiments.systems import Planned, Systems, made_anew, recipe_of, run_all
from emoprism.media.shards import JOINED, STAGE
from emoprism.recipe import Recipe, Strict, check_model, find_recipe, merge, read_yaml
from emoprism.stage import read_manifest


class Suite(Systems):
    """What a suite file says."""

    dimensions: dict[str, tuple[int, ...]] = {}
    """Embedding widths per attribute; a recipe is run with each, for the attributes that it embeds."""
    audit: tuple[str, ...] = ()
    """Options of emoprism audit, as key=value."""


class Suites(Strict):
    """Several suites as one: a part whose labels a corpus does not have is left out of it."""

    name: str
    about: str = ""
    suites: Annotated[tuple[str, ...], Field(min_length=1)]


def load_suite(name: str, overrides: Sequence[str] = ()) -> Suite:
    """Read a suite file by path or by name (`suites/puppets`)."""
    return Suite.load(name, overrides)


def load_suites(name: str, overrides: Sequence[str] = ()) -> list[Suite]:
    """The suite of a file, or those that it names, with `overrides` laid over each.

    Raises RecipeError for other recipes of several suites: what one tells, another one's audit has no question for.
    """
    path = find_recipe(name)
    tree = read_yaml(path)
    if "suites" not in tree:
        return [load_suite(name, overrides)]
    parts = check_model(Suites, tree, str(path)).suites
    if any(override.partition("=")[0] == "recipes" for override in overrides):
        what = f"{name} is {len(parts)} suites, each with recipes of its own"
        raise RecipeError(Problem("recipes", what, f"name one of them in its place: {', '.join(parts)}"))
    return [load_suite(part, overrides) for part in parts]


def plan(suite: Suite) -> list[Planned]:
    """Every run of the suite, seeds outermost, so that a suite stopped early has whole rounds of all systems."""
    return [
        _planned(tree, where, seed)
        for seed in suite.seeds
        for where, below in suite.trees()
        for tree in _with_dimensions(below, where, suite.dimensions)
    ]


def _with_dimensions(
    tree: Mapping[str, Any], where: str, widths: Mapping[str, Sequence[int]]
) -> Iterator[dict[str, Any]]:
    embeds: Mapping[str, int] = check_model(Recipe, tree, where).model.options.get("embeddings", {})
    names = [name for name in widths if name in embeds]
    for chosen in itertools.product(*(widths[name] for name in names)):
        embeddings = dict(zip(names, chosen, strict=True))
        yield merge(tree, {"model": {"embeddings": embeddings}}) if embeddings else dict(tree)


def _planned(tree: Mapping[str, Any], where: str, seed: int) -> Planned:
    recipe = recipe_of(tree, where, seed)
    widths = "-".join(f"{name}{width}" for name, width in recipe.model.options.get("embeddings", {}).items())
    return Planned("-".join([recipe.name.replace("/", "-"), *([widths] if widths else []), f"seed{seed}"]), recipe)


def run_suite(name: str, prepared: Path, out: Path, overrides: Sequence[str], *, workers: int | None) -> None:
    """Run a suite, or several, and print their tables; `overrides` are laid over each of them.

    Raises the errors of its stages; the same command goes on after them.
    """
    read_manifest(prepared, STAGE, JOINED)
    parts = load_suites(name, overrides)
    if len(parts) == 1:
        _run_one(parts[0], prepared, out, workers)
        return
    reasons = {part.name: why for part in parts if (why := _reason_against(part, prepared))}
    if len(reasons) == len(parts):
        raise RecipeError([Problem(part, why) for part, why in reasons.items()])
    for part in parts:
        if part.name in reasons:
            console.say(f"{part.name}: left out. {reasons[part.name]}")
        else:
            _run_one(part, prepared, out / part.name, workers)


def _reason_against(suite: Suite, prepared: Path) -> str:
    """Why the corpus has not what the suite's recipes ask for, "" where it has."""
    from emoprism.training.dataset import label_clips, open_prepared, stream_specs

    recipe, corpus = plan(suite)[0].recipe, open_prepared(prepared)
    try:
        stream_specs(corpus, recipe.data)
        label_clips(corpus, recipe.data, recipe.seed)
    except InputError as error:
        return str(error)
    return ""


def _run_one(suite: Suite, prepared: Path, out: Path, workers: int | None) -> None:
    from emoprism.leakage.audit import audit
    from emoprism.report.build import build

    planned = plan(suite)
    console.say(f"{suite.name}: {len(planned)} runs ({len(suite.seeds)} seeds) into {out}")
    suite.save(out / "suite.yaml")
    _train_all(planned, prepared, out, workers)
    made_anew(partial(audit, out / "embeddings", out / "audit", list(suite.audit), workers=workers))
    made_anew(partial(build, out / "audit", out / "report"))


def _train_all(planned: Sequence[Planned], prepared: Path, out: Path, workers: int | None) -> None:
    run_all(partial(_train_one, prepared, out), planned, workers)


def _train_one(prepared: Path, out: Path, item: Planned) -> None:
    from emoprism.deploy.embed import embed
    from emoprism.training.run import train

    train(item.recipe, prepared, out / "runs" / item.slug)
    embed(out / "runs" / item.slug, prepared, out / "embeddings" / item.slug)
