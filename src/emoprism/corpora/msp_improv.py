"""MSP-IMPROV: twelve actors improvise in pairs, around sentences with a target emotion (Busso et al. 2017)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from emoprism.corpora._folder import Folder, folded
from emoprism.corpora._named import PICTURES, SOUNDS, by_clip, picture_and_sound
from emoprism.corpora.base import Corpus
from emoprism.errors import Problem, did_you_mean
from emoprism.types import EMOTION, GENDER, SENTENCE, SESSION, SOURCE, SPEAKER, Clip

EVALUATION = ("evalution.txt", "evaluation.txt")
"""The file of labels: the release spells it without an a, copies often with."""
EMOTIONS = {"A": "angry", "H": "happy", "S": "sad", "N": "neutral", "O": "other"}
NO_AGREEMENT = "X"
SCENARIOS = {"P": "natural", "R": "read", "S": "improvised", "T": "target"}
SPOKEN_AS_WRITTEN = "RT"
VALUES = {"A": "arousal", "V": "valence", "D": "dominance", "N": "naturalness"}
"""Means of the raters, from 1 to 5; the corpus calls arousal activation."""
TURN = r"S(0[1-9]|1\d|20)([AHNS])-([FM])(0[1-6])-([PRST])-([FM]{2}\d\d)"
NAME = re.compile(rf"(?:MSP|UTD)-IMPROV-({TURN})", re.IGNORECASE)
ROW = re.compile(rf"(?:MSP|UTD)-IMPROV-({TURN})(?:\.\w+)?\s*;\s*(\w)\s*;(.*)", re.IGNORECASE)
RATING = re.compile(r"\s*([AVDN])\s*:\s*(-?\d+(?:\.\d+)?|nan)\s*", re.IGNORECASE)
NAMED_AS = "session1/S01A/P/MSP-IMPROV-S01A-F01-P-FM01.avi (or .wav), at any depth"
WRITTEN_AS = "UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:3.000000; V:3.500000; D:3.000000 ; N:4.000000;"


@dataclass(frozen=True, slots=True)
class _Row:
    """What the raters say of one turn."""

    emotion: str
    values: Mapping[str, float]
    origin: str


class MSPImprov(Corpus):
    """The release with Evalution.txt and session1/ to session6/, of videos, of sound (Audio/session1/...), or of both.

    A name as MSP-IMPROV-S01A-F01-P-FM01: target sentence 01 to 20 and its emotion (angry, happy, neutral, sad), speaker
    (gender and session), scenario (P natural talk between takes, R the target sentence read, S improvised, T improvised
    up to the target sentence), pair of actors and turn. The label `emotion` is what the raters agreed on (O other; X no
    agreement: no label), `intended` the sentence's target emotion. `sentence` is there where the target sentence is
    said (R and T). `source` is the scene (session, sentence, emotion), which both actors of a session share. Values:
    arousal, valence, dominance and naturalness, from 1 to 5.

    Id: the name from S on. A turn without a row among the labels, and a row without a file, are rejected clips. The
    corpus has no split.
    """

    citation = (
        "Busso, C., Parthasarathy, S., Burmania, A., AbdelWahab, M., Sadoughi, N. & Mower Provost, E. (2017). "
        "MSP-IMPROV: An Acted Corpus of Dyadic Interactions to Study Emotion Perception. "
        "IEEE Transactions on Affective Computing 8(1), 67-80."
    )
    licence = "For research under an agreement with the University of Texas at Dallas; not to be passed on."

    def clips(self) -> Sequence[Clip]:
        """Every turn, ordered by id. Raises CorpusError with all problems of the folder and of its labels."""
        folder = Folder(self.root, expected=f"Evalution.txt and {NAMED_AS}")
        rows = _rows(folder)
        turns = by_clip(folder, (*PICTURES, *SOUNDS), _id, "MSP-IMPROV", NAMED_AS)
        return [_clip(folder, name, turns.get(name, []), rows.get(name)) for name in sorted({*turns, *rows})]


def _id(path: PurePosixPath) -> str | None:
    match = NAME.fullmatch(path.stem)
    return match and match[1].upper()


def _clip(folder: Folder, name: str, files: Sequence[Path], row: _Row | None) -> Clip:
    video, audio = picture_and_sound(files)
    labels = _labels(name)
    if row and row.emotion != NO_AGREEMENT:
        labels[EMOTION] = EMOTIONS[row.emotion]
    rejected = "" if files else "no file of this turn is in the folder"
    return Clip(
        id=name,
        labels=labels,
        video=video,
        audio=audio,
        values=row.values if row else {},
        origin=", ".join([*map(folder.relative, files), *([row.origin] if row else [])]),
        rejected=rejected if row else "no row of this turn is among the labels",
    )


def _labels(name: str) -> dict[str, str]:
    scene, speaker, scenario, turn = name.split("-")
    session = f"session{int(speaker[1:])}"
    labels = {
        SPEAKER: speaker,
        GENDER: "female" if speaker[0] == "F" else "male",
        SESSION: session,
        SOURCE: f"{session} {scene}",
        "intended": EMOTIONS[scene[-1]],
        "scenario": SCENARIOS[scenario],
        "turn": turn,
    }
    return labels | ({SENTENCE: scene[:-1]} if scenario in SPOKEN_AS_WRITTEN else {})


def _rows(folder: Folder) -> dict[str, _Row]:
    """What is said of every turn; what cannot be read becomes problems of the folder."""
    files = [path for path in folder.files(".txt") if folded(path.name) in EVALUATION]
    if not files:
        folder.need("Evalution.txt", "the labels of all turns")
        return {}
    rows: dict[str, _Row] = {}
    text = files[0].read_bytes().decode("utf-8-sig", "replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().upper().startswith(("UTD-IMPROV-", "MSP-IMPROV-")):
            _read(line.strip(), folder, f"{folder.relative(files[0])}, line {number}", rows)
    if not rows:
        folder.problems.append(Problem(str(files[0]), "holds no label", f"expected lines as {WRITTEN_AS}"))
    return rows


def _read(line: str, folder: Folder, origin: str, rows: dict[str, _Row]) -> None:
    """One line of consensus. The lines between them are answers of single raters, and are left alone."""
    where, match = f"{folder.root}/{origin}", ROW.fullmatch(line)
    if match is None:
        folder.problems.append(Problem(where, f"cannot be read: '{line[:80]}'", f"expected {WRITTEN_AS}"))
        return
    name, emotion = match[1].upper(), match[8].upper()
    if emotion not in {*EMOTIONS, NO_AGREEMENT}:
        known = did_you_mean(emotion, [*EMOTIONS, NO_AGREEMENT])
        folder.problems.append(Problem(where, f"unknown emotion '{emotion}'", known))
    elif name in rows:
        folder.problems.append(Problem(where, f"'{name}' stands there already: {rows[name].origin}", "keep one row"))
    else:
        ratings = [rating for part in match[9].split(";") if (rating := RATING.fullmatch(part))]
        numbers = {VALUES[rating[1].upper()]: float(rating[2]) for rating in ratings}
        rows[name] = _Row(emotion, {key: value for key, value in numbers.items() if math.isfinite(value)}, origin)
