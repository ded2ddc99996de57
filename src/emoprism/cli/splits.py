"""`emoprism split ...`: splits made and audited."""

from __future__ import annotations

from typing import Annotated

import typer

from emoprism.cli.words import Out, Overwrite, Prepared

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
