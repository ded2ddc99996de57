"""Which sets of embeddings a directory holds, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from emoprism.embeddings import CLIPS, HISTORY, RECIPE, SPLIT_AUDIT, VECTORS, load_embeddings
from emoprism.errors import EmbeddingsError, InputError, Problem
from emoprism.leakage.auditable import check_auditable
from emoprism.leakage.auditor import Origin, fingerprint
from emoprism.leakage.options import AuditOptions
from emoprism.recipe import check_model, read_yaml
from emoprism.stage import PARTIAL


class _Facts(BaseModel):
    """What an audit reads of a recipe. The recipe is not validated: its plug-ins need not be installed here."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    name: str
    label: str | None = None
    seed: int = 0
    method: str | dict[str, Any] = "none"


@dataclass(frozen=True)
class Source:
    """A directory of embeddings: where it lies, the folder that its audit goes to, and whose it is."""

    path: Path
    folder: str
    origin: Origin
    method: str | None
    """Name of the recipe's method; None for embeddings without a recipe."""
    dimensions: tuple[tuple[str, int], ...]
    data: str
    """Fingerprint of clips, split and labels."""

    @property
    def system(self) -> tuple[object, ...]:
        """Equal for the seeds of one system."""
        return (self.origin.name, self.dimensions)

    def inputs(self) -> dict[str, Path]:
        """The files that its audit depends on, by name."""
        files = [self.path / name for name in (VECTORS, CLIPS, RECIPE, HISTORY, SPLIT_AUDIT)]
        return {f"{self.folder}/{file.name}": file for file in files if file.is_file()}


def find_sources(directory: Path, options: AuditOptions) -> list[Source]:
    """The directory itself where it holds embeddings, else every sub-directory, all of which must.

    Every set is read whole, so that the problems of all come together, before any work: raises EmbeddingsError.
    """
    if not directory.is_dir():
        raise EmbeddingsError(Problem(str(directory), "no such directory", "make it with emoprism embed"))
    folders = [directory.resolve()] if (directory / VECTORS).is_file() else _below(directory)
    if not folders:
        advice = f"expected {VECTORS} and {CLIPS} there, or in its sub-directories"
        raise EmbeddingsError(Problem(str(directory), "holds no embeddings", advice))
    sources: list[Source] = []
    problems: list[Problem] = []
    for folder in folders:
        try:
            sources.append(_source(folder, options))
        except InputError as error:
            problems += error.problems
    if problems:
        raise EmbeddingsError(problems)
    return sources


def origin_of(directory: Path) -> tuple[Origin, str | None]:
    """Name, label and seed from recipe.yaml, and its method; the folder's name where there is no recipe."""
    path = directory / RECIPE
    if not path.is_file():
        return Origin(directory.name, directory.name), None
    facts = check_model(_Facts, read_yaml(path), str(path))
    method = facts.method if isinstance(facts.method, str) else str(facts.method.get("name", ""))
    return Origin(facts.name, facts.label or facts.name, facts.seed), method


def _below(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))


def _source(folder: Path, options: AuditOptions) -> Source:
    if (folder / PARTIAL).is_file():
        raise EmbeddingsError(Problem(str(folder), "this stage was not finished", "run emoprism embed again"))
    embeddings = load_embeddings(folder)
    origin, method = origin_of(folder)
    check_auditable(embeddings, options, str(folder))
    return Source(
        path=folder,
        folder=folder.name,
        origin=origin,
        method=method,
        dimensions=tuple(sorted((name, int(v.shape[1])) for name, v in embeddings.vectors.items())),
        data=fingerprint(embeddings, options.told()),
    )
