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
from typing import Any

from emoprism import console
from emoprism.experiments.systems import Planned, Systems, made_anew, recipe_of, run_all
from emoprism.media.shards import JOINED, STAGE
from emoprism.recipe import Recipe, check_model, merge
from emoprism.stage import read_manifest


class Suite(Systems):
    """What a suite file says."""

    dimensions: dict[str, tuple[int, ...]] = {}
    """Embedding widths per attribute; a recipe is run with each, for the attributes that it embeds."""
    audit: tuple[str, ...] = ()
    """Options of emoprism audit, as key=value."""


def load_suite(name: str, overrides: Sequence[str] = ()) -> Suite:
    """Read a suite file by path or by name (`suites/puppets`)."""
    return Suite.load(name, overrides)


def plan(suite: Suite) -> list[Planned]:
    """Every run of the suite, seeds outermost, so that a suite stopped early has whole rounds of all systems."""
    return [
        _planned(tree, where, seed)
        for seed in suite.seeds
        for where, below in suite.trees()
        for tree in _with_dimensions(below, suite.dimensions)
    ]


def _with_dimensions(tree: Mapping[str, Any], widths: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
    embeds: Mapping[str, int] = check_model(Recipe, tree, "").model.options.get("embeddings", {})
    names = [name for name in widths if name in embeds]
    for chosen in itertools.product(*(widths[name] for name in names)):
        embeddings = dict(zip(names, chosen, strict=True))
        yield merge(tree, {"model": {"embeddings": embeddings}}) if embeddings else dict(tree)


def _planned(tree: Mapping[str, Any], where: str, seed: int) -> Planned:
    recipe = recipe_of(tree, where, seed)
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
