"""`emoprism corpus inspect`: from a prepared directory to a page, its numbers, the counts and the contact sheet."""

from __future__ import annotations

from pathlib import Path

from emoprism.console import say
from emoprism.errors import CorpusError, EmoprismError, Problem
from emoprism.inspection import export
from emoprism.inspection.findings import findings
from emoprism.inspection.options import InspectOptions
from emoprism.inspection.page import assemble, render
from emoprism.inspection.sheet import Sheet, contact_sheet
from emoprism.inspection.survey import Survey, survey
from emoprism.media.shards import PreparedCorpus
from emoprism.stage import Stage, write_bytes, write_text

STAGE = "inspect"
PAGE = "inspection.html"
NUMBERS = "inspection.json"
COUNTS = "counts.csv"
SHEET = "contact_sheet.jpg"
LIBRARIES = ("numpy", "scipy", "matplotlib", "jinja2", "opencv-python-headless")


def inspect(prepared: Path, out: Path, options: list[str], *, overwrite: bool) -> None:
    """Write what is known of the corpus in directory `prepared` to directory `out`.

    Raises RecipeError for options that are none or name a label that no clip has, StageError where `prepared` is not
    prepared or `out` holds something else, CorpusError where files cannot be read or hold no clips.
    """
    asked = InspectOptions.read(options)
    corpus = PreparedCorpus.open(prepared)
    if not corpus.clips:
        fix = f"look at {prepared / 'rejected.csv'}"
        raise CorpusError(Problem(str(prepared), "holds no usable clip, so there is nothing to inspect", fix))
    stage = Stage.begin(
        out, STAGE, options=asked.model_dump(mode="json", exclude={"seed"}), inputs={"prepared": prepared},
        seed=asked.seed, libraries=LIBRARIES, overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: inspected already; look at {out / PAGE}")
        return
    try:
        found = survey(corpus, asked)
        sheet = contact_sheet(corpus, found.attributes, asked)
    except EmoprismError:
        stage.abandon()
        raise
    _write(stage, corpus, found, sheet)
    for finding in findings(found):
        say(f"{finding.tone}: {finding.text}")
    say(f"\nThe page: {out / PAGE}")


def _write(stage: Stage, corpus: PreparedCorpus, found: Survey, sheet: Sheet | None) -> None:
    if sheet is not None:
        write_bytes(stage.directory / SHEET, sheet.picture)
    write_text(stage.directory / COUNTS, export.as_csv(found, corpus))
    write_text(stage.directory / NUMBERS, export.as_json(found))
    write_text(stage.directory / PAGE, render(assemble(found, sheet)))
    stage.finish({"clips": found.clips, "faces_shown": 0 if sheet is None else sheet.faces})
