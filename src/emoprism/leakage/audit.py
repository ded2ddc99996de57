"""The audit stage: embeddings in, `<folder>/leakage.json` for each set of them and `comparison.json` for all out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from emoprism.console import say, track
from emoprism.embeddings import HISTORY, RECIPE, SPLIT_AUDIT, load_embeddings
from emoprism.errors import EmbeddingsError, InputError, Problem
from emoprism.leakage.auditor import audit_embeddings
from emoprism.leakage.compare import Run, compare, refuse_mixed
from emoprism.leakage.options import AuditOptions
from emoprism.leakage.projection import project
from emoprism.leakage.results import Leakage
from emoprism.leakage.sources import Source, find_sources
from emoprism.leakage.store import load_record, save_record
from emoprism.recipe import check_model, with_overrides
from emoprism.stage import Stage, replacing, write_text
from emoprism.workers import Lost, run_jobs, usable_cores

LEAKAGE, COMPARISON, PROJECTION = "leakage.json", "comparison.json", "projection.json"


def audit(
    embeddings: Path, out: Path, options: list[str], *, workers: int | None = None, overwrite: bool = False
) -> None:
    """Audit one directory of embeddings, or every one below a directory, in parallel; resumes set by set.

    The result does not depend on the number of workers. Raises EmbeddingsError for embeddings that cannot be audited
    or do not compare, RecipeError for unknown options, StageError where `out` holds something else.
    """
    asked = check_model(AuditOptions, with_overrides({}, options), "option")
    asked = asked.model_copy(update={"attackers": asked.chosen_attackers()})
    sources = find_sources(embeddings, asked)
    refuse_mixed([(source.folder, source.origin.seed, source.data) for source in sources])
    stage = Stage.begin(
        out, "audit", options=asked.model_dump(mode="json", exclude={"seed"}),
        inputs={name: path for source in sources for name, path in source.inputs().items()},
        seed=asked.seed, libraries=("numpy", "scipy", "scikit-learn", "statsmodels"), overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: done already")
        return
    _audit_all(sources, out, asked, workers)
    runs = [_read_run(source, out) for source in sources]
    comparison = compare(runs, asked)
    write_text(out / COMPARISON, comparison.model_dump_json(indent=1))
    stage.finish({"runs": [source.folder for source in sources], "systems": len(comparison.systems)})


def _audit_all(sources: Sequence[Source], out: Path, options: AuditOptions, workers: int | None) -> None:
    mapped = _first_seeds(sources) if options.projection else set[str]()
    todo = [source for source in sources if _finished(out / source.folder) is None]
    work = partial(_audit_one, out=out, options=options, mapped=mapped)
    processes = min(usable_cores() if workers is None else workers, len(todo))
    problems: list[Problem] = []
    done = map(work, todo) if processes in (0, 1) else _in_parallel(work, todo, processes)
    for found in track(done, "audit", len(sources), done=len(sources) - len(todo)):
        problems += found
    if problems:
        raise EmbeddingsError(problems)


def _in_parallel(work: partial[list[Problem]], todo: Sequence[Source], processes: int) -> Iterator[list[Problem]]:
    for index, found in run_jobs(work, todo, workers=processes):
        yield [Problem(str(todo[index].path), found.reason)] if isinstance(found, Lost) else found


def _audit_one(source: Source, out: Path, options: AuditOptions, mapped: set[str]) -> list[Problem]:
    """Audit one set and write its folder, leakage.json last; returns what is wrong with it."""
    folder = out / source.folder
    try:
        embeddings = load_embeddings(source.path)
        found = audit_embeddings(embeddings, options, source.origin)
    except InputError as error:
        return list(error.problems)
    save_record(folder, found.record)
    if source.folder in mapped:
        told = (options.primary, options.secondary)
        points = project(embeddings, options.splits, told, options.projected, options.seed)
        write_text(folder / PROJECTION, json.dumps([point.model_dump() for point in points]))
    for name in (RECIPE, HISTORY, SPLIT_AUDIT):
        if (source.path / name).is_file():
            with replacing(folder / name) as temporary:
                shutil.copyfile(source.path / name, temporary)
    write_text(folder / LEAKAGE, found.leakage.model_dump_json(indent=1))
    return []


def _first_seeds(sources: Sequence[Source]) -> set[str]:
    """Folders of the lowest seed of each system."""
    first: dict[tuple[object, ...], Source] = {}
    for source in sorted(sources, key=lambda s: (s.origin.seed is not None, s.origin.seed or 0)):
        first.setdefault(source.system, source)
    return {source.folder for source in first.values()}


def _finished(folder: Path) -> Leakage | None:
    """What an earlier, interrupted run of the stage has written of this set, if it is whole."""
    try:
        return Leakage.model_validate_json((folder / LEAKAGE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _read_run(source: Source, out: Path) -> Run:
    folder = out / source.folder
    leakage = Leakage.model_validate_json((folder / LEAKAGE).read_bytes())
    return Run(source.folder, leakage, load_record(folder), source.method)
