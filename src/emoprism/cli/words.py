"""Arguments that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Remake the output directory from nothing.")]
Options = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Options, as speakers=12.")]
Workers = Annotated[int | None, typer.Option(help="Processes to work in; all cores by default.")]
Out = Annotated[Path, typer.Argument(help="Directory to write.")]
Prepared = Annotated[Path, typer.Argument(help="Directory made by emoprism prepare.")]
