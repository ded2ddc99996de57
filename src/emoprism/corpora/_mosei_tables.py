"""The labels of CMU-MOSEI in tables: means with times, or the answers of every rater as they were collected."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from emoprism.corpora._folder import Folder
from emoprism.corpora._mosei import EMOTIONS, LARGEST, SCORES, SENTIMENT, Segment, Transcript, checked
from emoprism.corpora._problems import refuse
from emoprism.corpora._tables import Row, Table, read_table
from emoprism.errors import Problem

VIDEO, START, END = "video", "start_time", "end_time"
MEANS = dict(zip(("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear"), SCORES, strict=True))
TABLE = frozenset({VIDEO, START, END, *MEANS})
"""Columns of a table of means: scores with their times, in the words of the SDK."""

RATED_VIDEO, RATED_CLIP = "Input.VIDEO_ID", "Input.CLIP"
ANSWERS = {
    "Answer.sentiment": SENTIMENT, "Answer.happiness": "happy", "Answer.sadness": "sad", "Answer.anger": "angry",
    "Answer.surprise": "surprised", "Answer.disgust": "disgust", "Answer.fear": "fearful",
}  # fmt: skip
BATCH = frozenset({RATED_VIDEO, RATED_CLIP, *ANSWERS})
"""Columns of a batch of ratings, a row per rater and segment, as Amazon Mechanical Turk writes it."""
ASSIGNMENT = "AssignmentId"
LONGEST_HEADER = 100_000
SMALLEST = {SENTIMENT: -LARGEST} | dict.fromkeys(EMOTIONS, 0.0)
Rating = tuple[str, Mapping[str, float]]
"""Where a rater's answers stand, and what they are."""


def columns_of(path: Path) -> frozenset[str]:
    """The names in the first row of a CSV, none for a file that has no such row."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline(LONGEST_HEADER)
    try:
        return frozenset(name.strip() for name in next(csv.reader([first]), []))
    except csv.Error:
        return frozenset()


def read_means(folder: Folder, paths: Sequence[Path]) -> list[Segment]:
    """Segments of tables of means, in order of files and rows. The same row in two tables counts once."""
    found: dict[tuple[str, ...], Segment] = {}
    counts: dict[str, int] = {}
    problems: list[Problem] = []
    for path in paths:
        table = read_table(path, first="row")
        for row in table.rows:
            video = row.cells[VIDEO].rpartition("/")[2]
            key = (video, *(row.cells[name] for name in (START, END, *MEANS)))
            if not video:
                problems.append(Problem(table.place(row, VIDEO), f"'{row.cells[VIDEO]}' is no name of a video"))
            elif key not in found:
                number = counts.get(video, 0)
                counts[video] = number + 1
                found[key] = _mean(folder, table, row, video, number, problems)
    refuse(problems, str(folder.root))
    return list(found.values())


def _mean(folder: Folder, table: Table, row: Row, video: str, number: int, problems: list[Problem]) -> Segment:
    start, end, *scores = (_number(table, row, column, problems) for column in (START, END, *MEANS))
    known, wrong = checked(scores)
    origin = f"{folder.relative(table.path)}, row {row.number}"
    return Segment(f"{video}[{number}]", video, known, origin, start, end, None, wrong)


def read_batches(folder: Folder, paths: Sequence[Path], transcripts: Mapping[str, Transcript]) -> list[Segment]:
    """Segments of batches of ratings: the means over all raters of a segment, times from the transcript of its video.

    A rating that is in two batches (by its AssignmentId) counts once. An empty answer is no answer.
    """
    ratings: dict[tuple[str, int], list[Rating]] = {}
    problems: list[Problem] = []
    known: set[str] = set()
    for path in paths:
        table = read_table(path, first="row")
        for row in table.rows:
            assignment = row.cells.get(ASSIGNMENT, "")
            if assignment and assignment in known:
                continue
            known.add(assignment)
            video, number = row.cells[RATED_VIDEO].rpartition("/")[2], row.cells[RATED_CLIP]
            if not video or not number.isdecimal():
                what = f"'{row.cells[RATED_VIDEO]}', '{number}' are no video and number of a clip"
                problems.append(Problem(table.place(row, RATED_CLIP), what))
                continue
            answers = {name: _number(table, row, column, problems) for column, name in ANSWERS.items()}
            origin = f"{folder.relative(path)}, row {row.number}"
            ratings.setdefault((video, int(number)), []).append((origin, answers))
    refuse(problems, str(folder.root))
    return [_rated(video, number, raters, transcripts.get(video, {})) for (video, number), raters in ratings.items()]


def _rated(video: str, number: int, raters: Sequence[Rating], said: Transcript) -> Segment:
    means, wrong = checked([_mean_of([answers[name] for _, answers in raters]) for name in SCORES])
    outside = [
        f"a rater's {name} is {answers[name]:g}, outside [{least:g}, {LARGEST:g}] ({origin})"
        for origin, answers in raters
        for name, least in SMALLEST.items()
        if answers[name] > LARGEST or answers[name] < least
    ]
    start, end = said.get(number, (None, None))
    wrong = outside[0] if outside else wrong
    return Segment(f"{video}_{number}", video, means, raters[0][0], start, end, number, wrong)


def _mean_of(values: Sequence[float]) -> float:
    given = [value for value in values if not math.isnan(value)]
    return math.fsum(given) / len(given) if given else math.nan


def _number(table: Table, row: Row, column: str, problems: list[Problem]) -> float:
    """A cell as a number, NaN where it is empty."""
    word = row.cells[column]
    try:
        return float(word) if word else math.nan
    except ValueError:
        problems.append(Problem(table.place(row, column), f"'{word}' is no number"))
        return math.nan
