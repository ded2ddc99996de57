"""A stage reads one directory and writes one with `manifest.json`; nothing is half-written, nothing flows back.

While a stage runs its directory holds `manifest.partial.json` (what was asked); the last act renames it to
`manifest.json`. Asked the same again, a finished stage is left alone and an unfinished one goes on; asked otherwise, it
refuses and says which option or input differs. Manifests hold no times and no absolute paths, so that the same
code, data, options and seed give the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from emoprism import __version__
from emoprism.errors import Problem, StageError

MANIFEST = "manifest.json"
PARTIAL = "manifest.partial.json"


class InputRef(BaseModel):
    """A directory (or file) that a stage read: its path relative to the stage's own, and what it held."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str
    sha256: str


class Manifest(BaseModel):
    """What a stage was asked (`options`, `inputs`, `seed`) and what came of it (`facts`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: str
    emoprism: str = __version__
    versions: dict[str, str] = {}
    options: dict[str, Any] = {}
    inputs: dict[str, InputRef] = {}
    seed: int | None = None
    facts: dict[str, Any] = {}

    def request(self) -> dict[str, Any]:
        """The part that must be equal for two runs of the stage to be the same piece of work."""
        inputs = {name: ref.sha256 for name, ref in self.inputs.items()}
        return {"stage": self.stage, "options": self.options, "inputs": inputs, "seed": self.seed}


class Stage:
    """One stage directory, being written. Make it with `Stage.begin`, end it with `finish`."""

    def __init__(self, directory: Path, asked: Manifest, *, done: bool) -> None:
        self.directory = directory
        self.asked = asked
        self.done = done

    @classmethod
    def begin(
        cls,
        directory: Path,
        stage: str,
        *,
        options: Mapping[str, Any],
        inputs: Mapping[str, Path],
        seed: int | None = None,
        libraries: tuple[str, ...] = ("numpy",),
        overwrite: bool = False,
    ) -> Stage:
        """Open `directory` for the stage: new, to be resumed, or (`done`) already finished with the same request.

        Raises StageError where it holds something else, naming every option and input that differs.
        """
        if directory.is_file():
            raise StageError(Problem(str(directory), "is a file; a stage writes a directory", "choose another path"))
        if overwrite:
            _keep_inputs(directory, inputs)
        asked = Manifest(
            stage=stage,
            versions={"python": platform.python_version(), **{name: metadata.version(name) for name in libraries}},
            options=json.loads(json.dumps(dict(options))),
            inputs={
                name: InputRef(path=os.path.relpath(path, directory), sha256=fingerprint(path))
                for name, path in inputs.items()
            },
            seed=seed,
        )
        if overwrite and directory.exists():
            _remove_own(directory)
        for name, done in ((MANIFEST, True), (PARTIAL, False)):
            if (directory / name).is_file():
                _same_request(directory, _parse(directory / name), asked)
                return cls(directory, asked, done=done)
        if directory.exists() and any(directory.iterdir()):
            raise StageError(Problem(str(directory), "not empty and without a manifest", "choose another directory"))
        directory.mkdir(parents=True, exist_ok=True)
        write_text(directory / PARTIAL, asked.model_dump_json(indent=2))
        return cls(directory, asked, done=False)

    def abandon(self) -> None:
        """Leave no trace of a stage that has written nothing, because its input turned out to be of no use."""
        (self.directory / PARTIAL).unlink(missing_ok=True)
        if not any(self.directory.iterdir()):
            self.directory.rmdir()

    def finish(self, facts: Mapping[str, Any]) -> Manifest:
        """Write the final manifest; from now on the stage counts as done."""
        final = self.asked.model_copy(update={"facts": json.loads(json.dumps(dict(facts)))})
        write_text(self.directory / MANIFEST, final.model_dump_json(indent=2))
        (self.directory / PARTIAL).unlink(missing_ok=True)
        self.done = True
        return final


def read_manifest(directory: Path, *stages: str) -> Manifest:
    """The manifest of a finished stage directory, which must be the work of one of `stages`."""
    verb = " or ".join(f"emoprism {stage}" for stage in stages)
    if not directory.is_dir():
        raise StageError(Problem(str(directory), "no such directory", f"make it with {verb}"))
    if not (directory / MANIFEST).is_file():
        if (directory / PARTIAL).is_file():
            raise StageError(Problem(str(directory), "this stage was not finished", "run the same command again"))
        raise StageError(Problem(str(directory), f"has no {MANIFEST}", f"expected a directory made by {verb}"))
    manifest = _parse(directory / MANIFEST)
    if manifest.stage not in stages:
        raise StageError(Problem(str(directory), f"made by emoprism {manifest.stage}", f"expected one made by {verb}"))
    return manifest


def _parse(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise StageError(Problem(str(path), f"not a manifest: {reason}", "remake the stage")) from None


def _same_request(directory: Path, old: Manifest, new: Manifest) -> None:
    problems: list[Problem] = []
    for key, before in old.request().items():
        after = new.request()[key]
        if before == after:
            continue
        pairs = flat(before, key), flat(after, key)
        for name in sorted(pairs[0].keys() | pairs[1].keys()):
            if pairs[0].get(name) != pairs[1].get(name):
                problems.append(
                    Problem(
                        f"{directory}: {name}",
                        f"made with {pairs[0].get(name, 'nothing')!r}, asked for {pairs[1].get(name, 'nothing')!r}",
                    )
                )
    if problems:
        advice = "choose another directory, or remake this one with --overwrite"
        raise StageError([*problems, Problem(str(directory), "made with other options or inputs", advice)])


def flat(value: Any, prefix: str) -> dict[str, Any]:
    """A tree of mappings as one mapping of dotted keys, for naming what differs."""
    if isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for key, item in value.items():
            out |= flat(item, f"{prefix}.{key}" if prefix else str(key))
        return out
    return {prefix: value}


def _keep_inputs(directory: Path, inputs: Mapping[str, Path]) -> None:
    """Refuse to remake a directory that holds what the stage reads: it would be removed first."""
    own = directory.resolve()
    problems = [
        Problem(str(directory), f"holds what the stage reads: {path}", "choose another directory to write")
        for path in inputs.values()
        if path.resolve().is_relative_to(own)
    ]
    if problems:
        raise StageError(problems)


def _remove_own(directory: Path) -> None:
    """Empty a stage directory; refuse one that no stage has made.

    Killed at any moment it leaves an unfinished stage: the manifest is taken back first and goes last.
    """
    if not any((directory / name).is_file() for name in (MANIFEST, PARTIAL)):
        if any(directory.iterdir()):
            what = "not made by emoprism, not overwritten"
            raise StageError(Problem(str(directory), what, "choose another directory"))
        return
    if (directory / MANIFEST).is_file():
        (directory / MANIFEST).replace(directory / PARTIAL)
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != PARTIAL:
            path.unlink()
    (directory / PARTIAL).unlink()


def fingerprint(path: Path) -> str:
    """SHA-256 of what `path` holds: a stage directory's manifest, a file's bytes, or a folder's names and sizes."""
    if path.is_dir():
        if (path / MANIFEST).is_file():
            return sha256(path / MANIFEST)
        listing = sorted((p.relative_to(path).as_posix(), p.stat().st_size) for p in path.rglob("*") if p.is_file())
        return hashlib.sha256(json.dumps(listing).encode()).hexdigest()
    if not path.exists():
        raise StageError(Problem(str(path), "no such file or directory", "check the path"))
    return sha256(path)


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def csv_text(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table as the text of a CSV file, lines ending in a newline alone on every system."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all, ending in a newline."""
    write_bytes(path, (text.rstrip("\n") + "\n").encode())
