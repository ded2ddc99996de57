"""Another corpus through a trained model: nobody in it has trained, so every clip is of an unseen speaker."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoprism.console import say
from emoprism.deploy.embed import embed, embed_clips
from emoprism.deploy.trained import Trained
from emoprism.embeddings import RECIPE, save_embeddings
from emoprism.errors import CorpusError, Problem, RecipeError, StageError, did_you_mean
from emoprism.media.join import refuse_differences
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.recipe import Data, Strict, check_model, with_overrides
from emoprism.splits.base import refuse
from emoprism.stage import Stage, fingerprint, replacing
from emoprism.training.dataset import Labelled, Store, indexed, open_prepared, stream_specs
from emoprism.training.numbers import level_words, levels_of, values_of
from emoprism.training.targets import targets_of
from emoprism.training.units import mapped
from emoprism.types import UNSEEN, Embeddings, StreamSpec

Maps = dict[str, dict[str, str | None]]
"""Per attribute: label of the other corpus -> class of the model; None leaves its clips out."""


class OtherOptions(Strict):
    """Options of `emoprism embed` on another corpus than the run was trained on."""

    maps: Maps = {}
    among: dict[str, tuple[str, ...]] = {}
    """Per attribute: the classes that may be predicted, as those that both corpora know; all by default."""


class EmbedOptions(OtherOptions):
    """Options of `emoprism embed`, as key=value: `other=true maps.emotion.anger=angry`."""

    other: bool = False
    """The clips are of another corpus, all of them strangers to the run."""


def embed_as_asked(run: Path, prepared: Path, out: Path, words: Sequence[str], *, overwrite: bool = False) -> None:
    """`embed`, or with `other=true` `embed_other`. Raises RecipeError for options that do not go together."""
    options = check_model(EmbedOptions, with_overrides({}, words), "")
    if options.other:
        embed_other(run, prepared, out, OtherOptions(maps=options.maps, among=options.among), overwrite=overwrite)
        return
    if options.maps or options.among:
        what = "labels are mapped by the run's own recipe"
        raise RecipeError(Problem("maps, among", what, "they are for another corpus: say other=true"))
    embed(run, prepared, out, overwrite=overwrite)


def embed_other(run: Path, prepared: Path, out: Path, options: OtherOptions, *, overwrite: bool = False) -> None:
    """Embed every clip of another corpus, all as `unseen`, with labels in the model's own classes and predictions.

    Raises StageError for the corpus that the run was trained on and for one that was prepared otherwise; RecipeError
    for streams that it lacks and classes that the model does not know; CorpusError for labels that nobody has.
    """
    trained = Trained.open(run)
    refuse_same(trained.manifest.inputs["prepared"].sha256, prepared)
    corpus = open_prepared(prepared)
    check_streams(trained.streams, {str(run): trained.prepare}, trained.recipe.data, corpus)
    _check_classes(trained, options)
    labelled = label_strangers(corpus, trained, options.maps)
    stage = Stage.begin(
        out, "embed", options={"other": True} | options.model_dump(mode="json"),
        inputs={"run": run, "prepared": prepared}, seed=trained.recipe.seed, libraries=("numpy", "torch"),
        overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: done already")
        return
    store = Store(corpus, trained.recipe.data, trained.model.image_size)
    found = _among(embed_clips(trained, labelled, store), trained, options.among)
    save_embeddings(out, found)
    with replacing(out / RECIPE) as temporary:
        shutil.copyfile(run / RECIPE, temporary)
    widths = {name: int(vectors.shape[1]) for name, vectors in found.vectors.items()}
    stage.finish({"clips": len(found.clips), "left_out": len(labelled.left_out), "dimensions": widths})


def label_strangers(corpus: PreparedCorpus, trained: Trained, maps: Maps) -> Labelled:
    """All clips as unseen, their labels as classes: those of `trained` come first. A label mapped to None goes."""
    refuse([*_idle(corpus, maps), *_foreign(trained.classes, maps)], "maps")
    numbers = trained.recipe.data.numbers
    told = {clip.id: mapped(clip.labels, maps) for clip in corpus.clips}
    kept = [
        (clip, labels | level_words(values_of(clip, numbers), numbers))
        for clip in corpus.clips
        if (labels := told[clip.id]) is not None
    ]
    if not kept:
        raise CorpusError(Problem(str(corpus.directory), "the maps leave no clip", "map some label to a class"))
    classes: dict[str, tuple[str, ...]] = {}
    indices: dict[str, np.ndarray] = {}
    heads = {name for name in trained.tasks if trained.classes.get(name)}
    for name in sorted({name for _, labels in kept for name in labels} | heads):
        words = [labels.get(name) for _, labels in kept]
        classes[name], indices[name] = indexed(words, trained.classes.get(name, ()))
    counts = {name: len(trained.classes.get(name, ())) for name in classes}
    left_out = tuple(clip.id for clip in corpus.clips if told[clip.id] is None)
    clips: tuple[PreparedClip, ...] = tuple(clip for clip, _ in kept)
    tasks = {name: task for name, task in trained.tasks.items() if task.kind}
    targets = targets_of(tasks, indices, [labels for _, labels in kept], [values_of(clip, numbers) for clip in clips])
    return Labelled(
        clips, (UNSEEN,) * len(kept), classes, counts, indices, tasks, targets, levels_of(numbers), left_out
    )


def _idle(corpus: PreparedCorpus, maps: Maps) -> list[Problem]:
    """Maps of labels that no clip has: a label spelt otherwise would go unmapped without a word."""
    problems: list[Problem] = []
    for name, words in maps.items():
        found = {clip.labels[name] for clip in corpus.clips if name in clip.labels}
        problems += [
            Problem(f"maps.{name}.{word}", f"no clip of {corpus.directory} has this label", did_you_mean(word, found))
            for word in sorted(words.keys() - found)
        ]
    return problems


def _foreign(trained: Mapping[str, Sequence[str]], maps: Maps) -> list[Problem]:
    """Maps to what the model has never heard of."""
    return [
        Problem(f"maps.{name}.{word}", f"the model knows no {name} '{told}'", did_you_mean(told, trained[name]))
        for name, words in maps.items()
        if name in trained
        for word, told in words.items()
        if told is not None and told not in trained[name]
    ]


def refuse_same(sha256: str, prepared: Path) -> None:
    """Raise StageError where `prepared` is the corpus with this fingerprint, that somebody trained on."""
    if sha256 == fingerprint(prepared):
        what = "the corpus that was trained on, whose speakers are no strangers"
        raise StageError(
            Problem(str(prepared), what, "name another; emoprism embed without other=true embeds this one")
        )


def check_streams(
    wanted: Mapping[str, StreamSpec], prepare: Mapping[str, Mapping[str, Any]], data: Data, corpus: PreparedCorpus
) -> None:
    """Raise where a corpus was prepared otherwise than `prepare` (by a name for the error: the options of prepare), or
    has not the streams that are `wanted`. The versions of clips are for training alone: it need not have them.
    """
    refuse_differences({**prepare, str(corpus.directory): corpus.manifest.options})
    specs = stream_specs(corpus, data.model_copy(update={"versions": {}}))
    problems = [
        Problem(
            f"{corpus.directory}: stream '{name}'",
            f"its steps are {list(spec.shape)}, the model reads {list(wanted[name].shape)}",
            "prepare both corpora with the same options",
        )
        for name, spec in specs.items()
        if spec != wanted[name]
    ]
    if problems:
        raise StageError(problems)


def _check_classes(trained: Trained, options: OtherOptions) -> None:
    problems = [
        Problem(f"among.{name}", f"the model predicts no '{name}'", did_you_mean(name, trained.model.dimensions))
        for name in options.among
        if name not in trained.model.dimensions
    ]
    problems += [
        Problem(f"among.{name}: {word}", f"the model knows no such {name}", did_you_mean(word, trained.classes[name]))
        for name, words in options.among.items()
        if name in trained.model.dimensions
        for word in words
        if word not in trained.classes[name]
    ]
    problems += [
        Problem(f"among.{name}", "names no class", "leave it out for all")
        for name, words in options.among.items()
        if not words
    ]
    if problems:
        raise RecipeError(problems)


@torch.no_grad()
def _among(found: Embeddings, trained: Trained, among: Mapping[str, Sequence[str]]) -> Embeddings:
    """With predictions chosen among some classes alone."""
    if not among:
        return found
    logits = trained.model.heads({name: torch.from_numpy(rows) for name, rows in found.vectors.items()})
    predictions = dict(found.predictions)
    for name, words in among.items():
        allowed = np.array([trained.classes[name].index(word) for word in words], dtype=np.int64)
        predictions[name] = allowed[logits[name].numpy()[:, allowed].argmax(1)]
    return replace(found, predictions=predictions)
