"""CREMA-D: 91 actors say twelve sentences in six emotions, and a crowd votes on them (Cao et al. 2014)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from emoprism.corpora._folder import Folder
from emoprism.corpora._names import folded
from emoprism.corpora._tables import Row, Table, read_table
from emoprism.corpora._takes import best, without_copies
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER, Clip

PICTURES = (".flv", ".mp4")
SOUNDS = (".wav", ".mp3")
EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
LEVELS = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified"}
SENTENCES = {
    "IEO": "it's eleven o'clock",
    "TIE": "that is exactly what happened",
    "IOM": "I'm on my way to the meeting",
    "IWW": "I wonder what this is about",
    "TAI": "the airplane is almost full",
    "MTI": "maybe tomorrow it will be cold",
    "IWL": "I would like a new alarm clock",
    "ITH": "I think I have a doctor's appointment",
    "DFA": "don't forget a jacket",
    "ITS": "I think I've seen this before",
    "TSI": "the surface is slick",
    "WSI": "we'll stop in a couple of minutes",
}
NAME = re.compile(
    rf"10(0[1-9]|[1-8]\d|9[01])_({'|'.join(SENTENCES)})_({'|'.join(EMOTIONS)})_({'|'.join(LEVELS)})", re.IGNORECASE
)
NAMED_AS = "ACTOR_SENTENCE_EMOTION_LEVEL, as 1001_DFA_ANG_XX.wav"
DEMOGRAPHICS, VOTES = "VideoDemographics.csv", "tabulatedVotes.csv"
HOME = "https://github.com/CheyneyComputerScience/CREMA-D"

SHOWN: Mapping[str, str] = {"1": "voice", "2": "face", "3": "both"}
"""What raters were shown, by the first digit of a row's name in the table of votes."""
PREFIX = {"voice": "voice_votes:", "face": "face_votes:", "both": "votes:"}
LETTERS = {emotion[0]: word for emotion, word in EMOTIONS.items()}

BROKEN: Mapping[str, tuple[str, frozenset[str]]] = {
    "1076_MTI_NEU_XX": ("very short, no sound", frozenset({".flv", ".mp4", ".mp3"})),
    "1076_MTI_SAD_XX": ("no sound, very short", frozenset({".flv", ".mp4", ".mp3", ".wav"})),
    "1064_TIE_SAD_XX": ("no duration", frozenset({".flv", ".mp4", ".mp3"})),
    "1064_IEO_DIS_MD": ("a minute long, all emotions", frozenset({".flv", ".mp4", ".mp3"})),
}
"""Files that the corpus's own README lists as wrong, by take: what is wrong with them, and which kinds are."""

Shares = Mapping[str, Mapping[str, float]]
"""By what was shown and emotion, the share of the raters who chose it."""


class CremaD(Corpus):
    """The repository, with its media fetched by Git LFS, or any copy of its folders: names say all, folders nothing.

    `VideoFlash/1001_DFA_ANG_XX.flv` (or `VideoMP4/*.mp4`, as others have converted them), `AudioWAV/*.wav`,
    `AudioMP3/*.mp3`, `VideoDemographics.csv`, `processedResults/tabulatedVotes.csv`. A take is one clip. Sound is taken
    from the .wav, else the .mp3, else the video: 28 videos had none until December 2020. Files that the README lists
    as wrong are left out: 1076_MTI_SAD_XX, silent even as .wav, is rejected; of 1076_MTI_NEU_XX, 1064_TIE_SAD_XX and
    1064_IEO_DIS_MD only the .wav is used.

    The shares of the crowd's votes are in the values `votes:<emotion>` (shown with sound), `face_votes:<emotion>`
    (shown without) and `voice_votes:<emotion>` (heard only), where `tabulatedVotes.csv` is there: its rows are named
    1xxxxx for voice, 2xxxxx for face, 3xxxxx for both.
    """

    citation = (
        "Cao, H., Cooper, D. G., Keutmann, M. K., Gur, R. C., Nenkova, A. & Verma, R. (2014). CREMA-D: Crowd-sourced "
        "emotional multimodal actors dataset. IEEE Transactions on Affective Computing 5(4): 377-390."
    )
    licence = "Open Database License 1.0; contents under the Database Contents License 1.0."

    def __init__(self, root: Path, *, label: Literal["acted", "voice", "face", "both"] = "acted") -> None:
        """`label`: the emotion that was acted, or the one that most raters chose when they were given the voice, the
        face, or both. Where two emotions have as many votes, the clip has no emotion.
        """
        super().__init__(root)
        self.label = label

    def clips(self) -> Sequence[Clip]:
        """Every take, ordered by id. Raises CorpusError with all problems of the folder."""
        folder = Folder(self.root, expected=f"files named {NAMED_AS} at any depth, and {DEMOGRAPHICS}")
        paths = folder.files(*PICTURES, *SOUNDS)
        takes = _takes(paths, folder)
        people = _table(folder, DEMOGRAPHICS, "gender and age of the actors")
        votes_at = _anywhere(folder, VOTES) if self.label == "acted" else _table(folder, VOTES, "the raters' votes")
        folder.check(media=[*paths, *(path for path in (people, votes_at) if path)])
        if not takes:
            raise CorpusError(Problem(str(self.root), "no CREMA-D file", f"expected files named {NAMED_AS}"))
        actors = _actors(people, takes, folder.problems) if people else {}
        votes = _read_votes(votes_at, folder.problems) if votes_at else {}
        folder.problems += self._unrated(takes, votes, votes_at)
        folder.check()
        return [self._clip(take, files, actors[take[:4]], votes.get(take, {})) for take, files in sorted(takes.items())]

    def _unrated(self, takes: Mapping[str, object], votes: Mapping[str, Shares], path: Path | None) -> list[Problem]:
        if self.label == "acted":
            return []
        missing = [take for take in sorted(takes) if self.label not in votes.get(take, {})]
        fix = "take the whole table, or corpus.label=acted"
        return [Problem(str(path), f"no row for {take} ({self.label})", fix) for take in missing]

    def _clip(self, take: str, files: Sequence[Path], actor: Mapping[str, str], votes: Shares) -> Clip:
        reason, kinds = BROKEN.get(take, ("", frozenset[str]()))
        usable = [path for path in files if path.suffix.lower() not in kinds]
        video = best(usable, PICTURES)
        named = {f"{PREFIX[shown]}{word}": share for shown, shares in votes.items() for word, share in shares.items()}
        age = _number(actor.get("age", ""))
        return Clip(
            id=take,
            labels=self._labels(take, actor, votes),
            video=video,
            audio=best(usable, SOUNDS) or video,
            origin=", ".join(path.relative_to(self.root).as_posix() for path in files),
            values={**named, "age": age} if math.isfinite(age) else named,
            rejected="" if usable else f"the corpus's README lists its files as wrong: {reason}",
        )

    def _labels(self, take: str, actor: Mapping[str, str], votes: Shares) -> dict[str, str]:
        speaker, sentence, emotion, level = take.split("_")
        perceived = most(votes[self.label]) if self.label != "acted" else EMOTIONS[emotion]
        labels = {
            SPEAKER: speaker,
            EMOTION: perceived,
            GENDER: actor["sex"].lower(),
            SENTENCE: SENTENCES[sentence],
            "intensity": LEVELS[level],
            "race": actor.get("race", ""),
            "ethnicity": actor.get("ethnicity", ""),
        }
        return {name: word for name, word in labels.items() if word}


def most(shares: Mapping[str, float]) -> str:
    """The emotion with the largest share, "" where two have it."""
    largest = max(shares.values())
    first = [word for word, share in shares.items() if share == largest]
    return first[0] if len(first) == 1 else ""


def _takes(paths: Sequence[Path], folder: Folder) -> dict[str, list[Path]]:
    takes: dict[str, list[Path]] = {}
    for path in without_copies(paths, lambda path: folded(path.name), folder.problems):
        if NAME.fullmatch(path.stem):
            takes.setdefault(path.stem.upper(), []).append(path)
        else:
            fix = f"expected {NAMED_AS}; move other files elsewhere"
            folder.problems.append(Problem(str(path), "not a CREMA-D name", fix))
    return takes


def _anywhere(folder: Folder, name: str) -> Path | None:
    return next((path for path in folder.all_files if folded(path.name) == folded(name)), None)


def _table(folder: Folder, name: str, what: str) -> Path | None:
    """The table of this name at any depth; that there is none is a problem."""
    path = _anywhere(folder, name)
    if path is None:
        folder.problems.append(Problem(str(folder.root / name), f"missing: {what}", f"put it there, from {HOME}"))
    return path


def _actors(path: Path, takes: Mapping[str, Sequence[Path]], problems: list[Problem]) -> dict[str, dict[str, str]]:
    """Columns by their names in small letters, by actor. That one who acts here has no row is a problem."""
    table = read_table(path)
    columns = {folded(name) for name in table.columns}
    missing = [name for name in ("ActorID", "Sex") if folded(name) not in columns]
    problems += [Problem(str(path), f"missing column '{name}'", did_you_mean(name, table.columns)) for name in missing]
    rows = [{folded(name): " ".join(cell.split()) for name, cell in row.cells.items()} for row in table.rows]
    actors = {row["actorid"]: row for row in rows if not missing and row["sex"]}
    first = {take[:4]: files[0].name for take, files in sorted(takes.items(), reverse=True)}
    unknown = [actor for actor in sorted(first) if actor not in actors and not missing]
    problems += [Problem(str(path), f"no row with the sex of actor {one}, who is in {first[one]}") for one in unknown]
    return actors


def _read_votes(path: Path, problems: list[Problem]) -> dict[str, dict[str, Mapping[str, float]]]:
    table = read_table(path, first="row")
    missing = [name for name in ("row", *LETTERS, "fileName") if name not in table.columns]
    problems += [Problem(str(path), f"missing column '{name}'", did_you_mean(name, table.columns)) for name in missing]
    votes: dict[str, dict[str, Mapping[str, float]]] = {}
    for row in () if missing else table.rows:
        take, shown = row.cells["fileName"].upper(), SHOWN.get(row.cells["row"][:1])
        if not NAME.fullmatch(take) or shown is None:
            what = f"'{row.cells['row']}' of '{row.cells['fileName']}'"
            fix = "expected 1, 2 or 3 and five digits, and the name of a take"
            problems.append(Problem(table.place(row), what, fix))
        elif shares := _shares(table, row, problems):
            votes.setdefault(take, {})[shown] = shares
    return votes


def _shares(table: Table, row: Row, problems: list[Problem]) -> dict[str, float]:
    counts = {word: _number(row.cells[letter]) for letter, word in LETTERS.items()}
    wrong = [letter for letter, word in LETTERS.items() if not 0 <= counts[word] < math.inf]
    problems += [Problem(table.place(row, name), f"'{row.cells[name]}' is not a number of votes") for name in wrong]
    total = sum(counts.values())
    return {word: count / total for word, count in counts.items()} if not wrong and total > 0 else {}


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan
