"""What CMU-MOSEI's releases say of a segment, in whatever form: scores, times, transcripts and standard folds."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emoprism.corpora._folder import Folder
from emoprism.corpora._names import folded
from emoprism.corpora._tables import read_table
from emoprism.errors import CorpusError, Problem, did_you_mean
from emoprism.types import NO, TRAIN, UNSEEN, VALIDATION, YES

SENTIMENT = "sentiment"
Shown = Literal["happy", "sad", "angry", "surprised", "disgust", "fearful"]
EMOTIONS: tuple[Shown, ...] = ("happy", "sad", "angry", "surprised", "disgust", "fearful")
"""The six emotions in the order of the released scores (there: happy, sad, anger, surprise, disgust, fear)."""
SCORES: tuple[str, ...] = (SENTIMENT, *EMOTIONS)
NEUTRAL = "neutral"
INTENSITY = "intensity:"
"""Prefix of the values that are intensities: `intensity:happy`, in [0, 3]. The label `happy` is YES where it is > 0."""
EQUAL = 1e-4
"""Intensities nearer to each other than this are equal: thirds, in some number of digits."""
LARGEST = 3.0
"""Intensities lie in [0, 3], sentiment in [-3, 3]."""

LINE = re.compile(r"(?P<video>.+?)___(?P<number>\d+)___(?P<start>[^_]+)___(?P<end>[^_]+)___")
LARGEST_FOLDS = 10_000_000
FOLDS = {"train": TRAIN, "valid": VALIDATION, "validation": VALIDATION, "val": VALIDATION, "test": UNSEEN}
"""Names of the standard folds, and what they are here. Every video is a speaker of its own and is in one fold, so that
the speakers of the test fold never train: they are unseen. (The sides `test` are held-out clips of known speakers.)"""
FOLD = re.compile(r"standard_(train|valid|test)_fold")


@dataclass(frozen=True, slots=True)
class Segment:
    """A labelled piece of a video. `scores` by the names in SCORES; `number` is that of its cut file and transcript.

    `start` and `end` are seconds in the full video as they were released, which may be nonsense. `wrong` says what is
    wrong with the scores.
    """

    id: str
    video: str
    scores: Mapping[str, float]
    origin: str
    start: float | None = None
    end: float | None = None
    number: int | None = None
    wrong: str = ""


def checked(scores: Sequence[float]) -> tuple[dict[str, float], str]:
    """Scores in the order of SCORES by name, and what is wrong with them ("" where nothing is).

    Some released means are sums over more raters than they were divided by; as the authors advise (CMU-MultimodalSDK,
    issue 218) they are held to the ends of the scale.
    """
    named = dict(zip(SCORES, scores, strict=True))
    known = {name: max(-LARGEST, min(value, LARGEST)) for name, value in named.items() if math.isfinite(value)}
    missing = [name for name in SCORES if name not in known]
    below = [name for name in EMOTIONS if known.get(name, 0) < 0]
    if missing:
        return known, f"it has no score of {', '.join(missing)}"
    return known, f"its intensity of {below[0]} is {named[below[0]]:g}, below 0" if below else ""


def strongest(scores: Mapping[str, float], emotions: Sequence[str]) -> str | None:
    """The strongest of the wanted emotions that are shown, "" where two are, None where none of them is shown."""
    shown = {name: scores[name] for name in EMOTIONS if scores[name] > 0}
    if not shown:
        return NEUTRAL if NEUTRAL in emotions else None
    wanted = {name: score for name, score in shown.items() if name in emotions}
    if not wanted:
        return None
    most = [name for name, score in wanted.items() if score > max(wanted.values()) - EQUAL]
    return most[0] if len(most) == 1 else ""


def presence(scores: Mapping[str, float]) -> dict[str, str]:
    """Of every emotion that has a score, whether it is shown."""
    return {name: YES if scores[name] > 0 else NO for name in EMOTIONS if name in scores}


def values_of(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as the values of a clip."""
    return {name if name == SENTIMENT else INTENSITY + name: score for name, score in scores.items()}


Transcript = Mapping[int, tuple[float, float]]
"""Start and end in seconds of the sentences of a video, by their number."""


def read_transcripts(folder: Folder) -> dict[str, Transcript]:
    """Times of the sentences of every video, from lines `video___number___start___end___words` of text files.

    Lines of another form are the rest of a sentence with a break in it, or another kind of file.
    """
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for path in folder.files(".txt"):
        if "full" in map(folded, path.relative_to(folder.root).parts):
            continue  # transcripts of whole videos, word by word
        with path.open(encoding="utf-8", errors="replace") as lines:
            for match in filter(None, map(LINE.match, lines)):
                video = match["video"].rpartition("/")[2]
                found.setdefault(video, {})[int(match["number"])] = (_number(match["start"]), _number(match["end"]))
    return {**found}


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def read_folds(path: Path) -> dict[str, str]:
    """Side by video, from the SDK's `cmu_mosei_std_folds.py` (read as text, never run) or a table `video,fold`.

    Raises CorpusError for a file that is neither, and for videos in two folds.
    """
    if not path.is_file():
        raise CorpusError(
            Problem(str(path), "no such file", "corpus.folds is a path, as seen from the corpus's folder")
        )
    pairs = _folds_of_sdk(path) if path.suffix.lower() == ".py" else _folds_of_table(path)
    sides: dict[str, str] = {}
    twice = [video for video, side in pairs if sides.setdefault(video, side) != side]
    if twice:
        raise CorpusError(Problem(str(path), f"{len(twice)} videos are in two folds, '{twice[0]}' the first"))
    return sides


def _folds_of_sdk(path: Path) -> list[tuple[str, str]]:
    fix = "expected lists standard_train_fold, standard_valid_fold and standard_test_fold, as in CMU-MultimodalSDK"
    try:
        if path.stat().st_size > LARGEST_FOLDS:
            raise ValueError("it is too large")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = [(node.targets[0], node.value) for node in tree.body if isinstance(node, ast.Assign)]
        lists = {name.id: ast.literal_eval(value) for name, value in named if isinstance(name, ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CorpusError(Problem(str(path), f"not read: {error}", fix)) from None
    sides = {match[1]: videos for name, videos in lists.items() if (match := FOLD.fullmatch(name))}
    if len(sides) < 3 or not all(isinstance(videos, list) for videos in sides.values()):
        raise CorpusError(Problem(str(path), f"holds {', '.join(sorted(lists)) or 'no lists'}", fix))
    return [(str(video), FOLDS[fold]) for fold, videos in sides.items() for video in videos]


def _folds_of_table(path: Path) -> list[tuple[str, str]]:
    table = read_table(path)
    problems = [
        Problem(str(path), f"missing column '{name}'", did_you_mean(name, table.columns))
        for name in ("video", "fold")
        if name not in table.columns
    ]
    if not problems:
        problems = [
            Problem(table.place(row, "fold"), f"unknown fold '{row.cells['fold']}'", "expected train, valid or test")
            for row in table.rows
            if row.cells["fold"].lower() not in FOLDS
        ]
    if problems:
        raise CorpusError(problems)
    return [(row.cells["video"], FOLDS[row.cells["fold"].lower()]) for row in table.rows]
