"""`emoprism split ...`: splits made and audited."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoprism.cli.words import Out, Overwrite, Prepared, Workers

app = typer.Typer(no_args_is_help=True, help="Make a split as a file that people can publish; audit anybody's.")


@app.command()
def make(
    prepared: Prepared,
    out: Out,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME] [KEY=VALUE]...", help="As k_fold folds=5 seed=3.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a split, a CSV file per fold: by `held_out` or another splitter NAME with its options, and a seed."""
    from emoprism.training.split import make_split

    make_split(prepared, out, words or [], overwrite=overwrite)


@app.command()
def audit(
    clips: Annotated[
        Path, typer.Argument(help="Prepared directory, run, or a CSV or Parquet list with a clip and its split a row.")
    ],
    out: Out,
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="As split=k_fold split.fold=1, or file=s.csv.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 1 where the split is faulty.")] = False,
    workers: Workers = None,
    overwrite: Overwrite = False,
) -> None:
    """Find who and what stands on two sides of a split, recordings that do so, and shortcuts to the label."""
    from emoprism.training.split_audit import audit_split

    if audit_split(clips, out, options or [], workers=workers, overwrite=overwrite) and strict:
        raise typer.Exit(1)
