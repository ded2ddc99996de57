"""`emoprism corpus ...`: corpora made, looked at and joined."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoprism.cli.words import Options, Out, Overwrite, Prepared, Workers

app = typer.Typer(
    no_args_is_help=True, help="List the corpora; make the embedded one; look at prepared ones, and join them."
)


@app.command("list")
def adapters() -> None:
    """List the corpora that `emoprism prepare` reads, with their options, licences and citations."""
    from emoprism.corpora._listing import show

    show()


@app.command()
def puppets(out: Out, options: Options = None, workers: Workers = None, overwrite: Overwrite = False) -> None:
    """Make the embedded corpus as real video files: `emoprism corpus puppets data/puppets speakers=24`."""
    from emoprism.puppets.corpus import make

    make("puppets", out, options or [], workers=workers, overwrite=overwrite)


@app.command()
def inspect(prepared: Prepared, out: Out, options: Options = None, overwrite: Overwrite = False) -> None:
    """Write one page on a prepared corpus: counts, durations, what tells what, faces, what was rejected and why."""
    from emoprism.inspection.build import inspect

    inspect(prepared, out, options or [], overwrite=overwrite)


@app.command()
def join(
    out: Out,
    corpora: Annotated[list[str], typer.Argument(metavar="NAME=PREPARED...", help="As ravdess=shards/ravdess.")],
    overwrite: Overwrite = False,
) -> None:
    """Make one of several prepared corpora, with the label `corpus`. Shards are referred to, not copied."""
    from emoprism.media.join import join

    join(out, corpora, overwrite=overwrite)


@app.command()
def relabel(
    prepared: Prepared,
    table: Annotated[Path, typer.Argument(help="CSV with the columns clip and speaker, or an identify directory.")],
    out: Out,
    overwrite: Overwrite = False,
) -> None:
    """Lay other labels over prepared clips, as the persons of `emoprism identify` as speakers. Decodes nothing."""
    from emoprism.media.relabel import relabel

    relabel(prepared, table, out, overwrite=overwrite)
