"""Read an audit directory whole, once: every file checked, all problems named together, nothing computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from emoprism.embeddings import HISTORY, RECIPE, SPLIT_AUDIT, TRUE
from emoprism.errors import Problem, StageError
from emoprism.leakage.results import WHOLE, Comparison, Epoch, Leakage, Point, System, differing
from emoprism.split_audit.results import SplitAudit
from emoprism.stage import Manifest, read_manifest

T = TypeVar("T")
POINTS = TypeAdapter(list[Point])
EPOCHS = TypeAdapter(list[Epoch])


@dataclass(frozen=True, slots=True)
class Run:
    """The audit of one set of embeddings, with whatever its training left beside it (empty where it left nothing)."""

    folder: str
    leakage: Leakage
    points: tuple[Point, ...]
    history: tuple[Epoch, ...]
    recipe: str
    """Text of recipe.yaml."""
    splits: SplitAudit | None = None
    """The audit of the split that it was trained on; None for embeddings that came without."""


@dataclass(frozen=True, slots=True)
class Audit:
    """All that a report is made from."""

    manifest: Manifest
    comparison: Comparison
    runs: Mapping[str, Run]
    """By folder, as System.runs names them."""

    def runs_of(self, system: System) -> list[Run]:
        """The runs that `system` sums up, in its order."""
        return [self.runs[folder] for folder in system.runs]


def read_audit(directory: Path) -> Audit:
    """Read a directory made by `emoprism audit`.

    Raises StageError, with every problem found, for a directory of another stage, for files that are missing or
    unreadable, and where runs of one seed were measured on different data.
    """
    manifest = read_manifest(directory, "audit")
    problems: list[Problem] = []
    comparison = _read(directory / "comparison.json", Comparison.model_validate_json, problems)
    if comparison is None:
        raise StageError(problems)
    if not comparison.systems:
        raise StageError(Problem(str(directory / "comparison.json"), "holds no system", "audit some embeddings first"))
    folders = dict.fromkeys(folder for system in comparison.systems for folder in system.runs)
    runs = {folder: _read_run(directory, folder, problems) for folder in folders}
    if problems:
        raise StageError(problems)
    found = {folder: run for folder, run in runs.items() if run is not None}
    if mixed := _mixed_data(directory, list(found.values())):
        raise StageError(mixed)
    return Audit(manifest, comparison, found)


def _read(path: Path, parse: Callable[[bytes], T], problems: list[Problem]) -> T | None:
    try:
        return parse(path.read_bytes())
    except OSError:
        problems.append(Problem(str(path), "no such file, or it cannot be read", "run emoprism audit again"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        problems.append(Problem(f"{path}: {where}" if where else str(path), first["msg"], "run emoprism audit again"))
    return None


def _read_run(directory: Path, folder: str, problems: list[Problem]) -> Run | None:
    base = directory / folder
    if not base.resolve().is_relative_to(directory.resolve()):
        problems.append(Problem(f"{directory / 'comparison.json'}: {folder}", "lies outside the audit's directory"))
        return None
    leakage = _read(base / "leakage.json", Leakage.model_validate_json, problems)
    points = _optional(base / "projection.json", POINTS.validate_json, problems)
    history = _optional(base / HISTORY, EPOCHS.validate_json, problems)
    splits = base / SPLIT_AUDIT
    found = _read(splits, SplitAudit.model_validate_json, problems) if splits.is_file() else None
    recipe = base / RECIPE
    text = recipe.read_bytes().decode("utf-8", "replace") if recipe.is_file() else ""
    if leakage is None:
        return None
    return Run(folder, leakage, tuple(points), tuple(history), text, found)


def _optional(path: Path, parse: Callable[[bytes], list[T]], problems: list[Problem]) -> list[T]:
    return (_read(path, parse, problems) or []) if path.is_file() else []


def _mixed_data(directory: Path, runs: list[Run]) -> list[Problem]:
    """A problem for each run whose data differ from those of the first run of the same seed."""
    first: dict[int | None, Run] = {}
    problems: list[Problem] = []
    for run in sorted(runs, key=lambda run: -run.leakage.data.count(TRUE)):
        reference = first.setdefault(run.leakage.seed, run)
        if differing(run.leakage.data, reference.leakage.data):
            what = (
                f"was measured on other data than {reference.folder}: {_what_differs(run.leakage, reference.leakage)}"
            )
            problems.append(Problem(str(directory / run.folder), what, "audit them apart, or embed the same clips"))
    return problems


def _what_differs(one: Leakage, other: Leakage) -> str:
    """The parts of the fingerprints that differ, and where counts or speakers show it, how."""
    parts: list[str] = []
    changed = [name for name in differing(one.data, other.data) if name != WHOLE]
    if changed:
        parts.append(f"other {' and '.join(changed)}")
    for split in sorted(one.clips.keys() | other.clips.keys()):
        counts = one.clips.get(split, 0), other.clips.get(split, 0)
        if counts[0] != counts[1]:
            parts.append(f"{counts[0]} clips in {split} against {counts[1]}")
    for split in sorted(one.speakers.keys() | other.speakers.keys()):
        uncommon = {*one.speakers.get(split, [])} ^ {*other.speakers.get(split, [])}
        if uncommon:
            parts.append(f"speakers in {split} that only one of them has: {', '.join(sorted(uncommon)[:8])}")
    return "; ".join(parts) or "the same counts, but other clips, labels or split"
