"""Names of VoxCeleb: which speaker, which video and which segment a path means, in each layout that was released."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from emoprism.corpora._folder import Folder
from emoprism.corpora._names import folded
from emoprism.corpora._tables import Row, read_table
from emoprism.errors import Problem

METAS = ("vox1_meta.csv", "vox2_meta.csv")
FIRST_OF_VOX1 = 10_001
"""Ids from id10001 are VoxCeleb1, those below are VoxCeleb2."""
VIDEO = r"[\w-]{11}"
"""A YouTube id."""
NEW = re.compile(rf"(?P<speaker>id\d{{5}})/(?P<video>{VIDEO})/(?P<number>\d{{5}})", re.IGNORECASE)
OLD = re.compile(rf"(?P<folders>.+)/(?P<video>{VIDEO})_(?P<number>\d{{7}})")
ID = re.compile(rf"(?:.*-)?(?P<speaker>id\d{{5}})-(?P<video>{VIDEO})-(?P<number>\d{{5}})", re.IGNORECASE)
EXPECTED = "expected id10001/<YouTube id>/00001.wav (or .m4a, .mp4), or Name_Surname/<YouTube id>_0000001.wav"
GENDERS = {"m": "male", "f": "female"}
Key = tuple[str, str, int]
"""Speaker id, YouTube id and number of a segment, as names are compared."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech of one speaker in one video."""

    speaker: str
    video: str
    number: int

    @property
    def key(self) -> Key:
        """What the same segment has in common wherever it is named."""
        return folded(self.speaker), folded(self.video), self.number

    @property
    def id(self) -> str:
        """As id10001-1zcIwhmdeo4-00001."""
        return f"{self.speaker}-{self.video}-{self.number:05d}"


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who there is, by id and by the name that the first release of VoxCeleb1 used."""

    labels: Mapping[str, Mapping[str, str]]
    """Gender and nationality, by speaker id."""
    ids: Mapping[str, str] = field(repr=False)
    """Speaker id, by id or name as names are compared."""

    def segment(self, name: str) -> Segment | str:
        """The segment that a path or the id of a clip means, or in words why it is none."""
        path = PurePosixPath(name.replace("\\", "/"))
        stem = str(path.with_suffix("")) if path.suffix and "/" in str(path) else str(path)
        if match := NEW.fullmatch("/".join(stem.split("/")[-3:])) or ID.fullmatch(stem):
            folders = [match["speaker"]]
        elif match := OLD.fullmatch(stem):
            folders = match["folders"].split("/")[::-1]
        else:
            return f"'{name}' is no VoxCeleb name"
        speaker = next((self.ids[folded(part)] for part in folders if folded(part) in self.ids), None)
        if speaker is None:
            return f"'{name}' is of no speaker in {_meta_of(folders[0])}"
        return Segment(speaker, match["video"], int(match["number"]))


def read_speakers(folder: Folder) -> Speakers:
    """From the tables that lie anywhere in the folder; that there is none is a problem.

    `vox1_meta.csv` has the columns "VoxCeleb1 ID", "VGGFace1 ID" (the name), Gender, Nationality and Set, between tabs;
    `vox2_meta.csv` "VoxCeleb2 ID", "VGGFace2 ID", Gender and Set, between commas and blanks.
    """
    found = [path for path in folder.all_files if folded(path.name) in METAS]
    if not found:
        fix = "download it from the page of VoxCeleb1 (vox2_meta.csv for VoxCeleb2)"
        folder.problems.append(Problem(str(folder.root / METAS[0]), "missing: gender and names of the speakers", fix))
    labels: dict[str, Mapping[str, str]] = {}
    ids: dict[str, str] = {}
    for path in found:
        _read_meta(path, labels, ids, folder.problems)
    return Speakers(labels, ids)


def _read_meta(path: Path, labels: dict[str, Mapping[str, str]], ids: dict[str, str], problems: list[Problem]) -> None:
    with path.open("rb") as file:
        delimiter = "\t" if b"\t" in file.readline() else ","
    table = read_table(path, delimiter)
    columns = {folded(column): column for column in table.columns}
    key = next((name for name in ("voxceleb1 id", "voxceleb2 id") if name in columns), None)
    if key is None or "gender" not in columns:
        missing = "VoxCeleb1 ID" if key is None else "Gender"
        problems.append(Problem(str(path), f"missing column '{missing}'", f"it has {', '.join(table.columns)}"))
        return
    for row in table.rows:
        speaker = row.cells[columns[key]].casefold()
        labels[speaker] = _labels(row, columns)
        ids[speaker] = speaker
        name = row.cells.get(columns.get("vggface1 id", ""), "")
        if name:
            ids[folded(name)] = speaker


def _labels(row: Row, columns: Mapping[str, str]) -> dict[str, str]:
    gender = row.cells[columns["gender"]].casefold()
    nationality = " ".join(row.cells.get(columns.get("nationality", ""), "").split())
    found = {"gender": GENDERS.get(gender, ""), "nationality": nationality}
    return {name: word for name, word in found.items() if word}


def _meta_of(speaker: str) -> str:
    digits = speaker[2:] if re.fullmatch(r"id\d{5}", speaker, re.IGNORECASE) else ""
    return METAS[1] if digits and int(digits) < FIRST_OF_VOX1 else METAS[0]
