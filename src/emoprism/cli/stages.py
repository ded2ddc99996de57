"""The stages from a corpus to the report, and what is made of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoprism.cli.words import Options, Out, Overwrite, Prepared, Workers


def prepare(
    corpus: Annotated[str, typer.Argument(help="Corpus, as ravdess; `emoprism corpus list` names all.")],
    path: Annotated[Path, typer.Argument(help="Folder of the corpus, or the CSV or Parquet file of your own.")],
    out: Out,
    options: Options = None,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Turn a corpus into shards: face tracks and crops, log-mels. Resumes where it was stopped."""
    from emoprism.media.prepare import prepare

    prepare(corpus, path, out, options or [], workers=workers, overwrite=overwrite)


def train(
    recipe: Annotated[str, typer.Argument(help="Recipe file, or the name of one, as peri2021/confusion.")],
    prepared: Prepared,
    out: Out,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="As seed=3.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Train one recipe on prepared clips. Resumes from its last checkpoint; torchrun trains in several processes."""
    from emoprism.recipe import load_recipe
    from emoprism.training.run import train

    train(load_recipe(recipe, overrides or []), prepared, out, overwrite=overwrite)


def embed(
    run: Annotated[Path, typer.Argument(help="Directory made by emoprism train.")],
    prepared: Prepared,
    out: Out,
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="For a corpus of strangers: other=true.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the embeddings of every prepared clip, with labels, splits and predictions."""
    from emoprism.deploy.other import embed_as_asked

    embed_as_asked(run, prepared, out, options or [], overwrite=overwrite)


def audit(
    embeddings: Annotated[Path, typer.Argument(help="Embeddings directory, or a directory of several.")],
    out: Out,
    options: Options = None,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Attack embeddings with fresh probes: what does each still tell of the other attribute?"""
    from emoprism.leakage.audit import audit

    audit(embeddings, out, options or [], workers=workers, overwrite=overwrite)


def report(
    audit: Annotated[Path, typer.Argument(help="Directory made by emoprism audit.")],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Write one self-contained page, and the same as JSON, CSV and LaTeX. Computes nothing."""
    from emoprism.report.build import build

    build(audit, out, overwrite=overwrite)


def predict(
    run: Annotated[Path, typer.Argument(help="Directory made by emoprism train.")],
    media: Annotated[Path, typer.Argument(help="Any video or sound file.")],
    out: Annotated[Path | None, typer.Argument(help="Directory to write; beside the file by default.")] = None,
    options: Options = None,
    overwrite: Overwrite = False,
) -> None:
    """Emotions over time, tracks and embeddings of any video."""
    from emoprism.deploy.predict import predict

    predict(run, media, out, options or [], overwrite=overwrite)


def benchmark(
    suite: Annotated[str, typer.Argument(help="Suite file, or the name of one, as benchmarks/ravdess_av.")],
    prepared: Prepared,
    out: Out,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="As seeds=[0].")] = None,
    workers: Workers = None,
) -> None:
    """Train, embed, audit and report every system and seed of a suite, and print its table. Resumes."""
    from emoprism.experiments.suite import run_suite

    run_suite(suite, prepared, out, overrides or [], workers=workers)


def crossvalidate(
    study: Annotated[str, typer.Argument(help="Study file, or the name of one, as studies/li2020_ravdess.")],
    prepared: Prepared,
    out: Out,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[other=PREPARED] [KEY=VALUE]...", help="Another corpus to score on; as seeds=[0]."),
    ] = None,
    workers: Workers = None,
) -> None:
    """Train the systems of a study on every fold of a split; accuracies, speaker probes, another corpus. Resumes."""
    from emoprism.experiments.crossvalidate import crossvalidate

    crossvalidate(study, prepared, out, overrides or [], workers=workers)


def demo(
    out: Annotated[Path, typer.Argument(help="Directory to write.")] = Path("runs/demo"),
    workers: Workers = None,
) -> None:
    """The whole road on the embedded corpus: videos, shards, baselines and methods, report.html."""
    from emoprism.experiments.demo import run_demo

    run_demo(out, workers=workers)


BEFORE_TRAINING = (prepare,)
FROM_TRAINING = (train, embed, audit, report, predict, benchmark, crossvalidate, demo)
"""In the order of the help."""
