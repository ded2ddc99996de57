"""A split that somebody published: a CSV file with the columns clip and split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.splits._sides import refuse_overlaps
from emoprism.splits.base import Splitter, Unit, clips_hash, read_sides, refuse
from emoprism.stage import MANIFEST, Manifest
from emoprism.types import SPEAKER

STAGE = "split make"
"""The stage whose manifest says for which clips a split was made."""
NEAR = 1000
"""Names that are compared with one that is not found: more take long, and tell no more."""


class File(Splitter):
    """Every clip goes where the file puts it, whatever the seed; an empty split leaves a clip out.

    Reads what `emoprism split make` writes, and the `split.csv` of a run. Where the manifest of `emoprism split make`
    lies beside the file, clips with other speakers, sessions, sentences, sources or corpora are refused.
    """

    def __init__(
        self,
        *,
        path: Path = Path("split.csv"),
        others: Literal["refuse", "leave_out"] = "refuse",
        speaker: str = SPEAKER,
    ) -> None:
        """`path`: from the working directory. `others`: what becomes of clips that the file does not name."""
        self.path, self.others, self.speaker = path, others, speaker

    @property
    def files(self) -> Mapping[str, Path]:
        """The split file."""
        return {"split": self.path}

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:  # noqa: ARG002 (a file knows no seed)
        """See Splitter. Raises CorpusError with every clip that the file lacks or invents, and strangers who train."""
        told = read_sides(self.path)
        self._refuse_other_clips(units, told)
        kept = [unit for unit in sorted(units, key=lambda unit: unit.id) if told.get(unit.id)]
        self._refuse_other_people(kept)
        sides = {unit.id: told[unit.id] for unit in kept}
        refuse_overlaps(kept, sides, self.speaker)
        return sides

    def _refuse_other_clips(self, units: Sequence[Unit], told: Mapping[str, str]) -> None:
        ids = {unit.id for unit in units}
        lacking = sorted(ids - told.keys())
        problems = [
            Problem(f"{self.path}: '{clip}'", "no such clip in the corpus", _near(clip, lacking))
            for clip in sorted(clip for clip, side in told.items() if side and clip not in ids)
        ]
        if self.others == "refuse":
            fix = "write it there (an empty split leaves it out), or set data.split.others=leave_out"
            problems += [Problem(f"{self.path}: '{clip}'", "a clip that is not in the file", fix) for clip in lacking]
        refuse(problems, str(self.path))

    def _refuse_other_people(self, units: Sequence[Unit]) -> None:
        if _made_for(self.path) not in {None, clips_hash(units)}:
            what = "made for clips with other speakers, sessions, sentences, sources or corpora"
            fix = "make the split anew, or copy the file away from its manifest to use it all the same"
            raise CorpusError(Problem(str(self.path), what, fix))


def _near(clip: str, names: Sequence[str]) -> str:
    return did_you_mean(clip, names) if 0 < len(names) <= NEAR else ""


def _made_for(path: Path) -> str | None:
    """What the manifest beside a split says of the clips that it was made for; None where none says it."""
    try:
        manifest = Manifest.model_validate_json((path.parent / MANIFEST).read_bytes())
        return str(manifest.facts["files"][path.name]["clips_sha256"]) if manifest.stage == STAGE else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
