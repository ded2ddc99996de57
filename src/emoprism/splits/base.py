"""What a splitter is: clips with labels in, the side of each clip out; and a split as a file, `clip,split`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.stage import csv_text
from emoprism.types import CORPUS, SENTENCE, SESSION, SOURCE, SPEAKER, SPLITS

HEADER = ("clip", "split")
LARGEST = 2**29
"""Bytes of the largest file that is read as a split."""
SHOWN = 20
"""Problems that an error lists before it only counts the rest."""
IDENTITIES = (SPEAKER, SESSION, SENTENCE, SOURCE, CORPUS)
"""The labels that say which clips belong together."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A clip as splitters see it. `given` is the split its corpus declares, None where it declares none."""

    id: str
    labels: Mapping[str, str]
    given: str | None = None


class Splitter(ABC):
    """Decides which clips train, select (validation) and test. Keyword-only arguments are the user's options.

    A splitter with folds (cross-validation) takes the option `fold`, the place of one of `folds`, from 0.
    """

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:  # noqa: ARG002 (those with folds read them off the clips)
        """Names of the folds that these clips give, in order; a single one where the splitter has no folds."""
        return ("all",)

    @abstractmethod
    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """Clip id -> one of emoprism.types.SPLITS. A clip that is left out of the experiment is left out of the result.

        A function of (units, options, seed) alone. Raises CorpusError where the clips cannot be split as asked,
        naming the clips or speakers that stand in the way.
        """

    @property
    def files(self) -> Mapping[str, Path]:
        """Files that the split is read from, by a name each: stages keep their hashes in the manifest."""
        return {}


def sides_csv(clips: Iterable[str], sides: Mapping[str, str]) -> str:
    """A split as the text of a file that people can publish: `clip,split`, in order of id.

    One row for each of `clips`; the split of a clip that is left out of the experiment is empty.
    """
    return csv_text(HEADER, ((clip, sides.get(clip, "")) for clip in sorted(clips)))


def read_sides(path: Path) -> dict[str, str]:
    """Clip id -> side, "" where the clip is left out; reads what `sides_csv` writes. More columns do no harm.

    Raises CorpusError with every row that is wrong.
    """
    rows = _rows(path)
    sides: dict[str, str] = {}
    problems: list[Problem] = []
    for number, row in rows:
        clip, side = (row[name].strip() for name in HEADER)
        where = f"{path}, row {number}"
        if not clip:
            problems.append(Problem(where, "names no clip"))
        elif clip in sides:
            problems.append(Problem(where, f"the clip '{clip}' stands there twice", "a clip is on one side"))
        elif side and side not in SPLITS:
            problems.append(Problem(where, f"unknown split '{side}'", did_you_mean(side, SPLITS)))
        sides[clip] = side
    refuse(problems, str(path))
    return sides


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    fix = "a split is a CSV file with the columns clip and split"
    try:
        if path.stat().st_size > LARGEST:
            raise CorpusError(Problem(str(path), f"larger than {LARGEST >> 20} MiB", fix))
        table = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True))
    except OSError as error:
        raise CorpusError(Problem(str(path), f"cannot be read: {error.strerror}", fix)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(Problem(str(path), f"not a CSV file in UTF-8: {error}", fix)) from None
    names = [cell.strip() for cell in table[0]] if table else []
    lacking = [f"'{name}'" for name in HEADER if names.count(name) != 1]
    if lacking:
        raise CorpusError(Problem(f"{path}, row 1", f"expected one column {' and one '.join(lacking)}", fix))
    ragged = [
        Problem(f"{path}, row {number}", f"{len(cells)} cells, expected {len(names)} as in the header")
        for number, cells in enumerate(table[1:], start=2)
        if cells and len(cells) != len(names)
    ]
    refuse(ragged, str(path))
    return [(i, dict(zip(names, cells, strict=True))) for i, cells in enumerate(table[1:], start=2) if cells]


def refuse(problems: Sequence[Problem], where: str) -> None:
    """Raise CorpusError with the first problems and the count of the others; return where there is none."""
    rest = len(problems) - SHOWN
    if problems:
        raise CorpusError([*problems[:SHOWN], *([Problem(where, f"... and {rest} more problems")] if rest > 0 else [])])


def clips_hash(units: Iterable[Unit]) -> str:
    """SHA-256 of who is in which clip: ids, and the labels that say which clips belong together.

    Equal for two corpora that a split means the same for; other labels, as the emotion, may be corrected or merged.
    """
    told = sorted((unit.id, *(unit.labels.get(name, "") for name in IDENTITIES)) for unit in units)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
