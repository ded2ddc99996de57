"""Prepared clips with other labels: a table of clip and label laid over a prepared corpus, without decoding anew."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from emoprism.console import say
from emoprism.errors import CorpusError, Problem
from emoprism.media.shards import CLIPS, LABEL, REJECTED, STAGE, PreparedCorpus
from emoprism.stage import Stage, csv_text, replacing, write_text

IDENTITIES = "identities.csv"
"""What emoprism identify calls its table."""
NAMED = 5
LONGEST = 200


def relabel(prepared: Path, table: Path, out: Path, *, overwrite: bool = False) -> None:
    """Write a prepared corpus whose clips have the labels of a table: a column `clip`, and one for each attribute.

    `table` is a CSV file or the directory of emoprism identify. A label in the table takes the place of the clip's own,
    an empty cell leaves the clip without; clips that are not in the table lose the attribute, too. Shards are linked,
    not copied, where the disk can. Raises CorpusError with what is wrong with the table, StageError as every stage.
    """
    corpus = PreparedCorpus.open(prepared)
    if corpus.manifest.stage != STAGE:
        fix = "relabel what it was joined of, and join again"
        raise CorpusError(Problem(str(prepared), "is joined of others and has no shards of its own", fix))
    source = table / IDENTITIES if table.is_dir() else table
    names, labels = _read(source, {clip.id for clip in corpus.clips})
    stage = Stage.begin(
        out, STAGE, options={**corpus.manifest.options, "labels": names},
        inputs={"prepared": prepared, "labels": source}, overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: done already")
        return
    for name in [*sorted({clip.shard for clip in corpus.clips}), REJECTED]:
        if (prepared / name).is_file():
            _link(prepared / name, out / name)
    write_text(out / CLIPS, _clips_csv(prepared / CLIPS, names, labels))
    stage.finish(corpus.manifest.facts)
    for name in names:
        told = sum(bool(own.get(name)) for own in labels.values())
        say(f"{out}: {told} of {len(corpus.clips)} clips have a label '{name}'")


def _read(path: Path, known: set[str]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Names of the attributes, and the labels of each clip."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, ValueError, csv.Error) as error:
        fix = "expected a CSV file with the columns clip and speaker"
        raise CorpusError(Problem(str(path), f"cannot be read: {error}", fix)) from None
    names = [name for name in columns if name != "clip"]
    problems = _column_problems(path, columns, names)
    labels: dict[str, dict[str, str]] = {}
    for number, row in [] if problems else rows:
        clip = row["clip"] or ""
        what = _row_problem(row, clip, names, known, labels)
        if what:
            problems.append(Problem(f"{path}, row {number}", what, "the table has a row per prepared clip"))
        labels[clip] = {name: " ".join((row[name] or "").split()) for name in names}
    if problems:
        more = len(problems) - NAMED
        raise CorpusError([*problems[:NAMED], *([Problem(str(path), f"{more} more like these")] if more > 0 else [])])
    return names, labels


def _column_problems(path: Path, columns: Sequence[str], names: Sequence[str]) -> list[Problem]:
    if "clip" not in columns or not names:
        what = f"has the columns {', '.join(columns) or 'none'}"
        return [Problem(str(path), what, "expected clip and one or more of labels, as speaker")]
    if len(set(columns)) < len(columns) or not all(names):
        return [Problem(str(path), "a column has no name, or two have the same", "name each column once")]
    return []


def _row_problem(
    row: Mapping[str, str | None], clip: str, names: Sequence[str], known: set[str], seen: Mapping[str, object]
) -> str:
    if None in row or any(row[name] is None for name in names):
        return "has more or fewer cells than the header"
    if clip not in known:
        return f"no clip '{clip[:LONGEST]}' in the prepared corpus"
    return f"the clip '{clip}' stands twice" if clip in seen else ""


def _clips_csv(path: Path, names: Sequence[str], labels: Mapping[str, Mapping[str, str]]) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    columns += [LABEL + name for name in names if LABEL + name not in columns]
    for row in rows:
        row.update({LABEL + name: labels.get(row["clip"], {}).get(name, "") for name in names})
    return csv_text(columns, ([row[column] for column in columns] for row in rows))


def _link(source: Path, to: Path) -> None:
    """The same file under another name; a copy where the file system has no links. Stages replace, never change."""
    if to.is_file():
        return
    try:
        os.link(source, to)
    except OSError:
        with replacing(to) as temporary:
            shutil.copyfile(source, temporary)
