"""`emoprism split ...`: splits made and audited."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Make a split as a file that people can publish; audit anybody's.")
