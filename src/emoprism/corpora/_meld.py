"""The tables of MELD: text that was damaged on its way, and who speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emoprism.corpora._folder import Folder, folded
from emoprism.corpora._tables import Row, Table, read_table
from emoprism.corpora._takes import without_copies
from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.types import EMOTION, GENDER, SOURCE, SPEAKER

PARTS = ("train", "dev", "test")
COLUMNS = ("Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode")
EMOTIONS = {
    "anger": "angry", "disgust": "disgust", "fear": "fearful", "joy": "happy", "neutral": "neutral", "sadness": "sad",
    "surprise": "surprised",
}  # fmt: skip
SENTIMENTS = {name: name for name in ("negative", "neutral", "positive")}
FRIENDS = {
    "Chandler": "male", "Joey": "male", "Monica": "female", "Phoebe": "female", "Rachel": "female", "Ross": "male",
}  # fmt: skip
NOBODY = frozenset({"all", "both", "everybody", "everyone", "the guys", "her-friends", "an"})
"""Groups, and a name that the table cuts off."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A row: which of PARTS it is in, its labels, and where it stands."""

    part: str
    labels: Mapping[str, str]
    origin: str


def utterances(folder: Folder) -> dict[str, Utterance]:
    """The rows of all tables by clip id; what is wrong with the tables becomes problems of the folder."""
    found: dict[str, Utterance] = {}
    for part in PARTS:
        if table := _table(folder, part):
            for row in table.rows:
                _add(folder, table, part, row, found)
    return found


def _table(folder: Folder, part: str) -> Table | None:
    name = f"{part}_sent_emo.csv"
    files = [path for path in folder.files(".csv") if folded(path.name) == name]
    if not files:
        folder.need(name, f"the labels of {part}")
        return None
    without_copies(files, lambda path: folded(path.name), folder.problems)
    try:
        table = read_table(files[0], decode=decode)
    except CorpusError as error:
        folder.problems += error.problems
        return None
    missing = [column for column in COLUMNS if column not in table.columns]
    folder.problems += [
        Problem(str(table.path), f"missing column '{column}'", did_you_mean(column, table.columns))
        for column in missing
    ]
    return None if missing else table


def _add(folder: Folder, table: Table, part: str, row: Row, found: dict[str, Utterance]) -> None:
    numbers = [_number(folder, table, row, column) for column in COLUMNS[3:]]
    emotion = _word(folder, table, row, "Emotion", EMOTIONS)
    sentiment = _word(folder, table, row, "Sentiment", SENTIMENTS)
    dialogue, utterance, season, episode = numbers
    name = f"{part}-dia{dialogue}-utt{utterance}"
    if name in found:
        what = f"dialogue {dialogue}, utterance {utterance} stands there already: {found[name].origin}"
        folder.problems.append(Problem(table.place(row, "Utterance_ID"), what, "keep one row"))
    labels = {
        EMOTION: emotion,
        "sentiment": sentiment,
        SOURCE: f"s{season:02d}e{episode:02d}",
        "dialogue": f"{part} {dialogue}",
    }
    who = speaker(row.cells["Speaker"])
    labels |= {SPEAKER: who} if who else {}
    labels |= {GENDER: FRIENDS[who]} if who in FRIENDS else {}
    found.setdefault(name, Utterance(part, labels, f"{folder.relative(table.path)}, row {row.number}"))


def _number(folder: Folder, table: Table, row: Row, column: str) -> int:
    cell = row.cells[column]
    if re.fullmatch(r"\d{1,4}", cell, re.ASCII) is None:
        folder.problems.append(Problem(table.place(row, column), f"'{cell[:80]}' is not a number", "as 12"))
        return 0
    return int(cell)


def _word(folder: Folder, table: Table, row: Row, column: str, words: Mapping[str, str]) -> str:
    cell = row.cells[column].lower()
    if cell not in words:
        folder.problems.append(Problem(table.place(row, column), f"unknown word '{cell}'", did_you_mean(cell, words)))
    return words.get(cell, "")


def decode(content: bytes) -> str:
    """UTF-8 or Windows-1252; also what was Windows-1252 and taken for Latin-1, as U+0092 in place of an apostrophe."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.sub("[\x80-\x9f]", lambda match: match[0].encode("latin-1").decode("cp1252", "replace"), text)


def speaker(name: str) -> str | None:
    """Who speaks: `Joey/Drake` is Joey in a role, `Phoebe Sr.` is Phoebe Sr as elsewhere. None for groups of people."""
    one = " ".join(name.partition("/")[0].split()).rstrip(". ")
    return None if not one or one.lower() in NOBODY or " and " in one else one
