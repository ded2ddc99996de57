"""Where the numbers come from: data, seeds, versions, recipes, and the commands that make them again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from emoprism.leakage.results import Leakage, digests
from emoprism.pages.tables import Cell, Column, Row, Table
from emoprism.report.load import Audit
from emoprism.report.view import View
from emoprism.report.words import split_words
from emoprism.types import SPLITS


@dataclass(frozen=True, slots=True)
class Recipe:
    """A system's settings as its first run saved them."""

    label: str
    name: str
    width: int
    text: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What section "Provenance" of the page shows."""

    versions: Mapping[str, str]
    data: Table
    recipes: tuple[Recipe, ...]
    commands: tuple[str, ...]


def provenance(audit: Audit, view: View) -> Provenance:
    """Everything of it that an audit directory holds."""
    recipes = tuple(
        Recipe(system.label, system.name, view.width(system), run.recipe)
        for system in view.systems
        if (run := next((run for run in audit.runs_of(system) if run.recipe), None)) is not None
    )
    versions = {"emoprism": audit.manifest.emoprism, **dict(sorted(audit.manifest.versions.items()))}
    return Provenance(versions, _data_table(audit), recipes, _commands(audit, trained=bool(recipes)))


def _data_table(audit: Audit) -> Table:
    """Clips and speakers per split, one row for each seed (all runs of a seed share their data)."""
    by_seed: dict[int | None, list[Leakage]] = {}
    for run in audit.runs.values():
        by_seed.setdefault(run.leakage.seed, []).append(run.leakage)
    splits = [s for s in SPLITS if any(s in row[0].clips for row in by_seed.values())]
    rows = [
        Row(
            "no seed" if seed is None else f"seed {seed}",
            (*(_counts(row[0], s) for s in splits), Cell(str(len(row))), Cell(_short(row[0].data))),
        )
        for seed, row in sorted(by_seed.items(), key=lambda item: -1 if item[0] is None else item[0])
    ]
    columns = (*(Column(split_words(s)) for s in splits), Column("runs"), Column("fingerprint of the data"))
    caption = "Clips (and speakers) of each split. All runs of a seed share clips, labels and split."
    return Table("data", caption, "", columns, tuple(rows))


def _counts(row: Leakage, split: str) -> Cell:
    if split not in row.clips:
        return Cell("–")
    speakers = row.speakers.get(split)
    return Cell(f"{row.clips[split]}" + (f" ({len(speakers)})" if speakers else ""))


def _commands(audit: Audit, *, trained: bool) -> tuple[str, ...]:
    """Paths in capitals are the reader's own; options are those that were given."""
    given = dict(audit.manifest.options) | ({} if audit.manifest.seed is None else {"seed": audit.manifest.seed})
    options = " ".join(shlex.quote(f"{key}={_value(value)}") for key, value in sorted(given.items()))
    before = (
        "emoprism train RECIPE.yaml PREPARED RUN seed=SEED    # each recipe below, each seed above",
        "emoprism embed RUN PREPARED EMBEDDINGS/NAME",
    )
    after = (f"emoprism audit EMBEDDINGS AUDIT {options}".rstrip(), "emoprism report AUDIT REPORT")
    return (*before, *after) if trained else after


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _short(fingerprint: str) -> str:
    """The first eight figures of each part: "clips=3e25d59b split=b3425bd5"."""
    return " ".join(f"{name}={digest[:8]}" for name, digest in digests(fingerprint).items())
