"""A study file: systems trained on every fold of a split, and what becomes of their models on another corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from emoprism.deploy.other import Maps
from emoprism.errors import Problem, RecipeError, did_you_mean
from emoprism.experiments.systems import Planned, Systems, recipe_of
from emoprism.families import SPLITTERS, SplitChoice
from emoprism.leakage.options import AuditOptions
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import Recipe, Strict, check_model, merge, with_overrides
from emoprism.splits.base import Splitter
from emoprism.training.units import units_of
from emoprism.types import EMOTION, SPEAKER, TEST, UNSEEN


class Cross(Strict):
    """How models are scored on another corpus."""

    maps: Maps = {}
    """Per attribute: label of the other corpus -> class of the study, null leaves its clips out."""
    score: Literal["label", "positive"] = "label"
    """`label`: right is the clip's own emotion after `maps`. `positive`: right is every emotion whose yes-or-no label
    of the clip is `yes`, or whose number is above 0; one that the corpus has neither for, where it is the clip's
    emotion (Li et al. 2020, section 6)."""
    positive: dict[str, str] = {}
    """Class -> name of its label or number, where that is another, as {happy: "intensity:happy"}."""
    among: Literal["shared", "all"] = "shared"
    """What may be predicted: the classes that are right for some clip of the other corpus, or all of the model's."""


class Shown(Strict):
    """Of what t-SNE maps are drawn: clips of unseen speakers of one fold and the first seed."""

    systems: tuple[str, ...] = ()
    """Names of recipes; all by default."""
    fold: NonNegativeInt = 0
    clips: PositiveInt = 1000
    """At most so many."""


class Study(Systems):
    """What a study file says."""

    split: SplitChoice
    """Laid over the recipes' own; `fold` is filled in, one run for each."""
    test: Literal["unseen", "test"] = "unseen"
    """The side that is reported beside validation: strangers, or other clips of those who train."""
    cross: Cross | None = None
    audit: tuple[str, ...] = ()
    """Options of emoprism audit for the attacks on the speaker, as key=value."""
    maps: Shown = Shown()
    order: tuple[str, ...] = ()
    """Names of recipes, the best first, as somebody has found it: the verdict says whether it is so here."""
    workers: PositiveInt | None = Field(default=None, exclude=True)
    """Processes; as many as there are cores by default."""

    def options(self) -> AuditOptions:
        """Of the attacks: who is speaking is what they tell."""
        own = {"projection": False, "splits": (TEST,), "tell": (SPEAKER,)}
        asked = check_model(AuditOptions, with_overrides(own, self.audit), "audit")
        if asked.tell != (SPEAKER,) or asked.splits != (TEST,):
            what = "a study lets them tell the speaker, on halves of the clips"
            raise RecipeError(Problem("audit: tell, splits", what, "leave both out"))
        return asked.model_copy(update={"attackers": asked.chosen_attackers()})

    @property
    def side(self) -> str:
        """The split that is reported as test."""
        return UNSEEN if self.test == "unseen" else TEST


@dataclass(frozen=True)
class FoldRun(Planned):
    """One system, fold and seed."""

    fold: int
    fold_name: str


def plan(study: Study, corpus: PreparedCorpus) -> list[FoldRun]:
    """Every run: seeds outermost, then folds, so that a study stopped early has all systems of the folds it has.

    Raises RecipeError for recipes that cannot be compared, CorpusError where the clips cannot be split.
    """
    if study.split.options.get("fold"):
        raise RecipeError(Problem("split.fold", "every fold is run", "leave it out"))
    split = {"data": {"split": {"name": study.split.name, **study.split.options}}}
    trees = [(where, merge(tree, split)) for where, tree in study.trees()]
    firsts = [recipe_of(tree, where, study.seeds[0] if study.seeds else 0) for where, tree in trees]
    _check(study, firsts)
    names = fold_names(firsts[0], corpus)
    return [
        _planned(tree, where, seed, fold, names)
        for seed in study.seeds
        for fold in range(len(names))
        for where, tree in trees
    ]


def fold_names(recipe: Recipe, corpus: PreparedCorpus) -> tuple[str, ...]:
    """The folds that the recipe's split makes of a corpus."""
    splitter: Splitter = SPLITTERS.make(recipe.data.split.name, options=recipe.data.split.options)
    return splitter.folds(units_of(corpus, recipe.data.maps, recipe.data.merge, recipe.data.numbers))


def _planned(tree: Mapping[str, Any], where: str, seed: int, fold: int, names: Sequence[str]) -> FoldRun:
    if len(names) > 1:
        tree = merge(tree, {"data": {"split": {"fold": fold}}})
    recipe = recipe_of(tree, where, seed)
    return FoldRun(f"{recipe.name.replace('/', '-')}-fold{fold:02d}-seed{seed}", recipe, fold, names[fold])


def _check(study: Study, recipes: Sequence[Recipe]) -> None:
    names = [recipe.name for recipe in recipes]
    problems = [Problem("recipes", "names none", "name one at least")] if not names else []
    problems += [] if study.seeds else [Problem("seeds", "names none", "as seeds: [0]")]
    problems += [
        Problem("recipes", f"'{name}' stands there twice") for name in sorted(set(names)) if names.count(name) > 1
    ]
    problems += [
        Problem(f"{key}: {name}", "no recipe of the study has this name", did_you_mean(name, names))
        for key, told in (("order", study.order), ("maps.systems", study.maps.systems))
        for name in told
        if name not in names
    ]
    problems += [
        Problem(
            f"recipe {recipe.name}",
            "has other data.maps or data.merge than the first",
            "folds are compared clip by clip",
        )
        for recipe in recipes
        if (recipe.data.maps, recipe.data.merge) != (recipes[0].data.maps, recipes[0].data.merge)
    ]
    problems += [
        Problem(f"recipe {recipe.name}", f"its model has no embedding of '{EMOTION}'", "a study scores emotions")
        for recipe in recipes
        if EMOTION not in _embedded(recipe)
    ]
    if problems:
        raise RecipeError(problems)


def _embedded(recipe: Recipe) -> Sequence[str]:
    options = recipe.model.options
    return tuple(options.get("attributes", options.get("embeddings", (EMOTION,))))
