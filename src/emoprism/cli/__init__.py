"""The verbs. No logic: every command imports its stage late, so that `--help` is there at once."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from emoprism import __version__
from emoprism.cli import corpora, people, splits, stages

FIRST = ("corpus", "prepare", "split", "train")


class Verbs(TyperGroup):
    """The commands, which Ctrl-C stops with a word on how to go on."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order of the work: Typer alone would name groups of verbs last."""
        names = super().list_commands(ctx)
        return [*(name for name in FIRST if name in names), *(name for name in names if name not in FIRST)]

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
app.add_typer(corpora.app, name="corpus")
app.add_typer(splits.app, name="split")
for verb in stages.BEFORE_TRAINING:
    app.command()(verb)
for verb in (*stages.FROM_TRAINING, *people.VERBS):
    app.command()(verb)


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
