"""The stage `emoprism split make`: prepared clips in, a split that people can publish out, one CSV per fold.

The directory holds `split.csv`, or `fold-00.csv` and so on for a splitter with folds (`clip,split`, the split of a clip
that takes no part is empty), `counts.csv` (clips by fold, side, attribute and label) and `manifest.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt

from emoprism.console import say, track
from emoprism.errors import CorpusError, Problem, RecipeError
from emoprism.families import SPLITTERS, SplitChoice
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import LabelMaps, Merge, Strict, check_model, with_overrides
from emoprism.splits.base import Splitter, Unit, clips_hash, sides_csv
from emoprism.splits.file import STAGE
from emoprism.stage import Stage, csv_text, write_text
from emoprism.training.units import units_of
from emoprism.types import EMOTION, SPEAKER, SPLITS, TRAIN

DEFAULT = "held_out"
OWN = ("seed", "maps", "merge")
"""Keys that are this stage's; all others are options of the splitter."""
COUNTS = "counts.csv"
COUNTED = (SPEAKER, EMOTION)


class SplitOptions(Strict):
    """What a split is made by. `maps` and `merge` are those of a recipe's `data`, see docs/splits.md."""

    split: SplitChoice
    seed: NonNegativeInt = 0
    maps: LabelMaps = {}
    merge: Merge = {}

    @classmethod
    def read(cls, words: Sequence[str]) -> SplitOptions:
        """From `[NAME] [KEY=VALUE]...`. Raises RecipeError with everything that is wrong with them."""
        named = bool(words) and "=" not in words[0]
        tree = with_overrides({}, words[1:] if named else words)
        if "fold" in tree:
            raise RecipeError(Problem("fold", "every fold is written, a file each", "leave it out"))
        own = {key: tree.pop(key) for key in OWN if key in tree}
        return check_model(cls, own | {"split": {"name": words[0] if named else DEFAULT, **tree}}, "")


def make_split(prepared: Path, out: Path, words: Sequence[str], *, overwrite: bool = False) -> None:
    """Write every fold of a split. Raises CorpusError, before any fold is written, where the clips cannot be split."""
    asked = SplitOptions.read(words)
    corpus = PreparedCorpus.open(prepared)
    units = units_of(corpus, asked.maps, asked.merge)
    splitter = _splitter(asked, {})
    names = splitter.folds(units)
    stage = Stage.begin(
        out, STAGE, options=asked.model_dump(mode="json", exclude={"seed"}), seed=asked.seed,
        inputs={"prepared": prepared, **splitter.files}, overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: made already")
        return
    try:
        folds = list(_folds(asked, units, names))
    except CorpusError:
        stage.abandon()
        raise
    for file, sides in folds:
        write_text(out / file, sides_csv((clip.id for clip in corpus.clips), sides))
    write_text(out / COUNTS, _counts(units, folds))
    facts = {file: _facts(name, units, sides) for name, (file, sides) in zip(names, folds, strict=True)}
    stage.finish({"clips": len(corpus.clips), "clips_sha256": clips_hash(units), "files": facts})
    for file, fact in facts.items():
        told = ", ".join(f"{count} {side}" for side, count in fact["clips"].items())
        left = len(corpus.clips) - sum(fact["clips"].values())
        say(f"{out / file}: {told}" + (f", {left} left out" if left else ""))


def _splitter(asked: SplitOptions, more: Mapping[str, Any]) -> Splitter:
    return SPLITTERS.make(asked.split.name, options={**asked.split.options, **more})


def _folds(asked: SplitOptions, units: Sequence[Unit], names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """File and sides of each fold."""
    if len(names) == 1:
        yield "split.csv", _splitter(asked, {}).split(units, asked.seed)
        return
    digits = max(2, len(str(len(names) - 1)))
    for fold in track(range(len(names)), "split", len(names)):
        sides = _splitter(asked, {"fold": fold}).split(units, asked.seed)
        yield f"fold-{fold:0{digits}d}.csv", sides


def _facts(name: str, units: Sequence[Unit], sides: Mapping[str, str]) -> dict[str, Any]:
    if TRAIN not in sides.values():
        raise CorpusError(Problem(name, "leaves no clip to train on"))
    of = {side: [unit for unit in units if sides.get(unit.id) == side] for side in SPLITS}
    return {
        "fold": name,
        "clips_sha256": clips_hash(unit for unit in units if unit.id in sides),
        "clips": {side: len(found) for side, found in of.items() if found},
        "speakers": {side: len({u.labels.get(SPEAKER) for u in found} - {None}) for side, found in of.items() if found},
    }


def _counts(units: Sequence[Unit], folds: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """Clips by file, side, attribute and label."""
    rows: list[tuple[str, str, str, str, int]] = []
    for file, sides in folds:
        count = Counter(
            (SPLITS.index(sides[unit.id]), key, unit.labels[key])
            for unit in units
            for key in COUNTED
            if unit.id in sides and key in unit.labels
        )
        rows += [(file, SPLITS[side], key, word, number) for (side, key, word), number in sorted(count.items())]
    return csv_text(["file", "split", "attribute", "label", "clips"], rows)
