"""The verbs. No logic: every command imports its stage late, so that `--help` is there at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from emoprism import __version__

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Remake the output directory from nothing.")]
Options = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Options, as speakers=12.")]
Workers = Annotated[int | None, typer.Option(help="Processes to work in; all cores by default.")]
Out = Annotated[Path, typer.Argument(help="Directory to write.")]


class Verbs(TyperGroup):
    """The commands, which Ctrl-C stops with a word on how to go on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.secho("stopped; the same command goes on from here", fg=typer.colors.YELLOW, err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Separate how people feel from who they are, and measure what still leaks.",
    epilog="Stages: corpus -> prepare -> train -> embed -> audit -> report; predict works on any video.",
)


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"emoprism {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Separate how people feel from who they are, and measure what still leaks."""


@app.command()
def corpus(
    name: Annotated[str, typer.Argument(help="Corpus to make: puppets.")],
    out: Out,
    options: Options = None,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Make an embedded corpus as real video files: `emoprism corpus puppets data/puppets speakers=24`."""
    from emoprism.puppets.corpus import make

    make(name, out, options or [], workers=workers, overwrite=overwrite)


@app.command()
def prepare(
    corpus: Annotated[str, typer.Argument(help="Corpus adapter: manifest, puppets, ravdess.")],
    path: Annotated[Path, typer.Argument(help="Folder of the corpus, or the CSV or Parquet file of your own.")],
    out: Out,
    options: Options = None,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Turn a corpus into shards: face tracks and crops, log-mels. Resumes where it was stopped."""
    from emoprism.media.prepare import prepare

    prepare(corpus, path, out, options or [], workers=workers, overwrite=overwrite)


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="Recipe file, or the name of one, as peri2021/confusion.")],
    prepared: Annotated[Path, typer.Argument(help="Directory made by emoprism prepare.")],
    out: Out,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="As seed=3.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Train one recipe on prepared clips. Resumes from its last checkpoint; torchrun trains in several processes."""
    from emoprism.recipe import load_recipe
    from emoprism.training.run import train

    train(load_recipe(recipe, overrides or []), prepared, out, overwrite=overwrite)


@app.command()
def embed(
    run: Annotated[Path, typer.Argument(help="Directory made by emoprism train.")],
    prepared: Annotated[Path, typer.Argument(help="Directory made by emoprism prepare.")],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Write the embeddings of every prepared clip, with labels, splits and predictions."""
    from emoprism.deploy.embed import embed

    embed(run, prepared, out, overwrite=overwrite)


@app.command()
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


@app.command()
def report(
    audit: Annotated[Path, typer.Argument(help="Directory made by emoprism audit.")],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Write one self-contained page, and the same as JSON, CSV and LaTeX. Computes nothing."""
    from emoprism.report.build import build

    build(audit, out, overwrite=overwrite)


@app.command()
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


@app.command()
def benchmark(
    suite: Annotated[str, typer.Argument(help="Suite file, or the name of one, as benchmarks/ravdess_av.")],
    prepared: Annotated[Path, typer.Argument(help="Directory made by emoprism prepare.")],
    out: Out,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="As seeds=[0].")] = None,
    workers: Workers = None,
) -> None:
    """Train, embed, audit and report every system and seed of a suite, and print its table. Resumes."""
    from emoprism.experiments.suite import run_suite

    run_suite(suite, prepared, out, overrides or [], workers=workers)


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="Directory to write.")] = Path("runs/demo"),
    workers: Workers = None,
) -> None:
    """The whole road on the embedded corpus: videos, shards, baselines and methods, report.html."""
    from emoprism.experiments.demo import run_demo

    run_demo(out, workers=workers)


def main() -> None:
    """Entry point: a user never sees a traceback for bad input."""
    from emoprism.errors import EmoprismError

    try:
        app()
    except EmoprismError as error:
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    except OSError as error:  # no room, no permission: what was whole is kept, what was half-written is not there
        where = f"{error.filename}: " if error.filename else ""
        typer.secho(f"error: {where}{error.strerror or error}", fg=typer.colors.RED, err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
