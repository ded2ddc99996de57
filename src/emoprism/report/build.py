"""`emoprism report`: from an audit directory to a page, the same as JSON, CSV and LaTeX, and the figures as files."""

from __future__ import annotations

from pathlib import Path

from emoprism.console import say
from emoprism.pages.text import as_markdown, as_text
from emoprism.report import export
from emoprism.report.load import read_audit
from emoprism.report.page import assemble, render
from emoprism.report.papers.ito2021 import ito_tables
from emoprism.report.stamp import stamps
from emoprism.report.tables import methods_table
from emoprism.report.view import View
from emoprism.stage import Stage, write_text

PAGE = "report.html"


def build(audit: Path, out: Path, *, overwrite: bool) -> None:
    """Write the report of the audit in directory `audit` to directory `out`: report.html and its companions.

    Raises StageError where `audit` is not a finished audit, holds unreadable files or mixes data, or where `out`
    holds something else.
    """
    found = read_audit(audit)
    stage = Stage.begin(
        out, "report", options={}, inputs={"audit": audit}, libraries=("matplotlib", "jinja2"), overwrite=overwrite
    )
    if not stage.done:
        report = assemble(found)
        for figure in report.drawings:
            write_text(out / "figures" / f"{figure.key}.svg", figure.file)
        write_text(out / "results.json", export.as_json(found, report))
        write_text(out / "results.csv", export.as_csv(found))
        write_text(out / "tables.tex", export.as_latex(report.tables))
        write_text(out / "tables.md", as_markdown(report.tables))
        write_text(out / PAGE, render(report))
        stage.finish({"systems": len(found.comparison.systems), "figures": len(report.drawings)})
    view = View(found.comparison)
    say(as_text(methods_table(view)))
    for table in ito_tables(view):
        say(f"\n{table.caption}\n{as_text(table)}")
    for stamp in stamps(found):
        say(f"Split audit{stamp.where}: {stamp.text}")
    say(f"\nThe report: {out / PAGE}")
