"""The split audit of a run, and the stage `emoprism split audit`: a split of any kind in, findings and a verdict out.

The directory holds `split_audit.json`, `split_audit.md` (the same to read), `copies.csv` (every pair of clips with the
same recording) and `manifest.json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveFloat, ValidationError

from emoprism.console import say
from emoprism.embeddings import RECIPE, SPLIT_AUDIT
from emoprism.errors import Problem, RecipeError, StageError
from emoprism.families import SPLITTERS, Choice, SplitChoice
from emoprism.media.shards import CLIPS, JOINED, STAGE, PreparedCorpus
from emoprism.recipe import LabelMaps, Merge, Recipe, check_model, load_recipe, with_overrides
from emoprism.split_audit.audit import Asked
from emoprism.split_audit.page import as_lines, as_page, copies_csv
from emoprism.split_audit.prepared import audit_prepared
from emoprism.split_audit.results import Copy, SplitAudit
from emoprism.splits.base import Splitter, read_sides
from emoprism.stage import MANIFEST, Stage, read_manifest, write_text
from emoprism.training.units import units_of
from emoprism.types import SPLITS

PAGE, COPIES = "split_audit.md", "copies.csv"
RUN = "train"
Audited = tuple[SplitAudit, list[Copy]]


class SplitAuditOptions(Asked):
    """What `emoprism split audit` can be asked. `seed` is that of the split too; `maps` and `merge` are a recipe's."""

    split: SplitChoice | None = None
    """For prepared clips: how to split them."""
    file: Path | None = None
    """For prepared clips: a split that is a file (`clip,split`), whatever is wrong with it."""
    prepared: Path | None = None
    """For a run: where its prepared clips are now."""
    maps: LabelMaps = {}
    merge: Merge = {}
    sides: dict[str, str] = {}
    """For a list: what its words for sides mean, as `sides.dev=validation`."""
    anywhere: bool = False
    """For a list: files outside the table's own folder are welcome."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    sound: bool = True
    """For a list: whether the files that it names are listened to."""
    seconds: Annotated[PositiveFloat, Field(le=3600)] = 60.0
    """For a list: of longer clips the beginning is listened to."""

    @classmethod
    def read(cls, words: Sequence[str]) -> SplitAuditOptions:
        """From `key=value`. Raises RecipeError with everything that is wrong with them."""
        named = [f"split.name={word.removeprefix('split=')}" if word.startswith("split=") else word for word in words]
        return check_model(cls, with_overrides({}, named), "")

    def asked(self) -> Asked:
        """What is asked of every audit."""
        return Asked.model_validate(self.model_dump(include=set(Asked.model_fields)))


@dataclass(frozen=True)
class _Source:
    """Something that can be audited: the files it is read from, and how."""

    inputs: Mapping[str, Path]
    audit: Callable[[], Audited]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else the result depends on, by name."""


def audit_split(
    clips: Path, out: Path, words: Sequence[str], *, workers: int | None = None, overwrite: bool = False
) -> bool:
    """Audit the split of a prepared directory, of a run, or of a list of clips; print and write what was found.

    True where the split is faulty. Raises RecipeError for unknown options, and the errors of whatever is read.
    """
    asked = SplitAuditOptions.read(words)
    source = _source(clips, asked, workers)
    options = asked.model_dump(mode="json", exclude={"seed", "file", "prepared"}) | dict(source.facts)
    stage = Stage.begin(
        out, "split audit", options=options, inputs=source.inputs, seed=asked.seed, libraries=("numpy", "scipy", "av"),
        overwrite=overwrite,
    )  # fmt: skip
    audit = read_audit(out / SPLIT_AUDIT) if stage.done else None
    if audit is None:
        audit, copies = source.audit()
        write_audit(out, audit)
        write_text(out / PAGE, as_page(audit))
        write_text(out / COPIES, copies_csv(copies))
        stage.finish({"grade": audit.grade, "clips": audit.clips, "copies": audit.copies_found})
    say(as_lines(audit))
    say(f"\nThe page: {out / PAGE}")
    return audit.grade == "faulty"


def audit_run(corpus: PreparedCorpus, recipe: Recipe, sides: Mapping[str, str]) -> Audited:
    """The audit of what a recipe trains and tests on: `sides` of the clips by id, with the recipe's labels."""
    return _audited(corpus, recipe.data.maps, recipe.data.merge, sides, Asked())


def write_audit(directory: Path, audit: SplitAudit) -> None:
    """Write split_audit.json."""
    write_text(directory / SPLIT_AUDIT, audit.model_dump_json(indent=1))


def read_audit(path: Path) -> SplitAudit:
    """Read what `write_audit` wrote. Raises StageError where it cannot be read."""
    try:
        return SplitAudit.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error.strerror)
        raise StageError(Problem(str(path), f"not a split audit: {reason}", "audit again with --overwrite")) from None


def _source(clips: Path, asked: SplitAuditOptions, workers: int | None) -> _Source:
    """What `clips` is. Raises StageError where it is nothing that has a split, RecipeError where none is named."""
    if clips.is_dir():
        stage = read_manifest(clips, STAGE, JOINED, RUN).stage
        return _run(clips, asked) if stage == RUN else _prepared(clips, asked)
    from emoprism.split_audit.lists import audit_list, read_list  # decoders: training does without

    listed = read_list(clips, _sides(asked), anywhere=asked.anywhere, delimiter=asked.delimiter)
    heard = {"media_sha256": listed.media_hash()} if asked.sound and any(listed.excerpts) else {}

    def audit() -> Audited:
        return audit_list(listed, asked.asked(), longest=asked.seconds, sound=asked.sound, workers=workers)

    return _Source({"clips": clips}, audit, heard)


def _sides(asked: SplitAuditOptions) -> Mapping[str, str]:
    wrong = [
        Problem(f"sides.{word}", f"'{side}' is no side", f"one of {', '.join(SPLITS)}")
        for word, side in asked.sides.items()
        if side not in SPLITS
    ]
    if wrong:
        raise RecipeError(wrong)
    return asked.sides


def _prepared(directory: Path, asked: SplitAuditOptions) -> _Source:
    if (asked.split is None) == (asked.file is None):
        fix = "split=NAME with split.KEY=VALUE, or file=SPLIT.csv"
        raise RecipeError(Problem(str(directory), "prepared clips have no split of their own: name one", fix))
    corpus = PreparedCorpus.open(directory)
    if asked.file is not None:
        sides = _known(read_sides(asked.file), corpus, asked.file)
        return _Source(
            {"prepared": directory, "file": asked.file},
            lambda: _audited(corpus, asked.maps, asked.merge, sides, asked.asked()),
        )
    return _Source({"prepared": directory, **_files(asked)}, lambda: _split_and_audited(corpus, asked))


def _files(asked: SplitAuditOptions) -> Mapping[str, Path]:
    """Files that the splitter reads."""
    splitter: Splitter | None = SPLITTERS.make(asked.split.name, options=asked.split.options) if asked.split else None
    return splitter.files if splitter else {}


def _split_and_audited(corpus: PreparedCorpus, asked: SplitAuditOptions) -> Audited:
    choice = asked.split or Choice(name="given")
    splitter: Splitter = SPLITTERS.make(choice.name, options=choice.options)
    sides = splitter.split(units_of(corpus, asked.maps, asked.merge), asked.seed)
    return _audited(corpus, asked.maps, asked.merge, sides, asked.asked())


def _run(directory: Path, asked: SplitAuditOptions) -> _Source:
    named = read_manifest(directory, RUN).inputs["prepared"]
    prepared = directory / named.path if asked.prepared is None else asked.prepared
    if not (prepared / MANIFEST).is_file():
        fix = "say where they are now: prepared=DIRECTORY"
        raise StageError(Problem(str(prepared), f"the clips that {directory} was trained on are not there", fix))
    corpus, recipe = PreparedCorpus.open(prepared), load_recipe(directory / RECIPE)
    sides = _known(read_sides(directory / "split.csv"), corpus, directory / "split.csv")
    return _Source(
        {"run": directory, "prepared": prepared},
        lambda: _audited(corpus, recipe.data.maps, recipe.data.merge, sides, asked.asked()),
    )


def _known(sides: Mapping[str, str], corpus: PreparedCorpus, path: Path) -> Mapping[str, str]:
    """`sides`, all of whose clips are in the corpus."""
    unknown = sorted({clip for clip, side in sides.items() if side} - {clip.id for clip in corpus.clips})
    if unknown:
        what = f"{len(unknown)} of its clips are not in {corpus.directory / CLIPS}, the first is '{unknown[0]}'"
        raise StageError(Problem(str(path), what, "name the prepared clips that the split was made for"))
    return sides


def _audited(corpus: PreparedCorpus, maps: LabelMaps, merge: Merge, sides: Mapping[str, str], asked: Asked) -> Audited:
    units = [unit for unit in units_of(corpus, maps, merge) if sides.get(unit.id)]
    ids = [unit.id for unit in units]
    return audit_prepared(corpus, ids, [sides[clip] for clip in ids], [unit.labels for unit in units], asked)
