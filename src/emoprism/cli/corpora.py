"""`emoprism corpus ...`: corpora made, looked at and joined."""

from __future__ import annotations

import typer

from emoprism.cli.words import Options, Out, Overwrite, Workers

app = typer.Typer(no_args_is_help=True, help="Make the embedded corpus; look at a prepared one.")


@app.command()
def puppets(out: Out, options: Options = None, workers: Workers = None, overwrite: Overwrite = False) -> None:
    """Make the embedded corpus as real video files: `emoprism corpus puppets data/puppets speakers=24`."""
    from emoprism.puppets.corpus import make

    make("puppets", out, options or [], workers=workers, overwrite=overwrite)
