"""IEMOCAP: ten actors in five sessions of two, improvising and playing scripts (Busso et al. 2008).

The layout of the release::

    Session1 ... Session5/                                    (or all of them in IEMOCAP_full_release/)
      sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav    one utterance, mono
      dialog/avi/DivX/Ses01F_impro01.avi                      the whole dialogue, a split screen of both actors
      dialog/EmoEvaluation/Ses01F_impro01.txt                 times, labels and ratings of all its utterances
      dialog/EmoEvaluation/Attribute, Categorical, Self-evaluation/   what single raters said: not read

A name says: session 1, the actor who wears the motion capture markers (F), improvisation 1; then, for an utterance,
who speaks (F) and its number. So `Ses01F_impro01_M003` is spoken by the man. In the evaluation an utterance is a line
`[6.2901 - 8.2357]<tab>Ses01F_impro01_F000<tab>neu<tab>[2.5000, 2.5000, 2.5000]` with start and end in seconds of the
dialogue, the label of the majority (`xxx`: there is none) and the mean valence, activation and dominance; the lines
below it, `C-E1: ...` and `A-E1: ...`, are single raters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from emoprism.corpora._folder import Folder
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import EMOTION, GENDER, SENTENCE, SESSION, SOURCE, SPEAKER, Clip

RELEASE = "IEMOCAP_full_release"
Emotion = Literal[
    "angry", "happy", "neutral", "sad", "excited", "frustrated", "fearful", "surprised", "disgust", "other"
]
WORDS: Mapping[str, Emotion] = {
    "ang": "angry", "hap": "happy", "neu": "neutral", "sad": "sad", "exc": "excited",
    "fru": "frustrated", "fea": "fearful", "sur": "surprised", "dis": "disgust", "oth": "other",
}  # fmt: skip
"""What the labels of the release mean. `xxx`, no majority among the raters, means none of them."""
NO_MAJORITY = "xxx"
SCENARIO = "scenario"
SCENARIOS = {"impro": "improvised", "script": "scripted"}
GENDERS = {"F": "female", "M": "male"}
RATINGS = ("valence", "arousal", "dominance")
LOWEST, HIGHEST = 1.0, 5.0
"""Ends of the raters' scales, self-assessment manikins."""

LEFT_HALF, RIGHT_HALF = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)

UTTERANCE = re.compile(
    r"\[\s*(?P<start>\S+)\s*-\s*(?P<end>\S+?)\s*\]\s+(?P<name>\S+)\s+(?P<label>\S+)\s+"
    r"\[\s*(?P<valence>[^,\s]+)\s*,\s*(?P<arousal>[^,\s]+)\s*,\s*(?P<dominance>[^,\s\]]+)\s*\]"
)
NAME = re.compile(
    r"(?P<dialogue>Ses0(?P<session>[1-5])(?P<wearer>[FM])_(?P<kind>impro|script)(?P<scene>\w*))_(?P<speaker>[FM])\w{3}"
)
FORM = "[start - end] Ses01F_impro01_F000 neu [valence, activation, dominance]"


@dataclass(frozen=True, slots=True)
class _Utterance:
    """A line of an evaluation."""

    name: re.Match[str]
    label: str
    start: float
    end: float
    ratings: Mapping[str, float]
    origin: str

    @property
    def dialogue(self) -> str:
        return self.name["dialogue"]

    @property
    def scenario(self) -> str:
        return SCENARIOS[self.name["kind"]]

    @property
    def region(self) -> tuple[float, float, float, float]:
        """The half of the split screen that shows who speaks: who wears the markers is on the left."""
        return LEFT_HALF if self.name["speaker"] == self.name["wearer"] else RIGHT_HALF


class Iemocap(Corpus):
    """The folder with `Session1` to `Session5`; an utterance is a clip, its id the utterance's name.

    Sound is the utterance's own file, picture the dialogue's between its times, and of that the half that shows who
    speaks: the wearer of the markers (the letter of the dialogue) is in the left half, the other in the right one. That
    is what public loaders rely on, as `use_left` in src/datasets.py of github.com/wenliangdai/Multimodal-End2end-Sparse
    (Dai et al. 2021); it is not known to stand in a document of the release: look at a few crops. Clips of copies
    without `dialog/avi` have no picture.

    Labels: speaker (`Ses01F`: the session and who speaks, not who wears the markers), gender, session, source (the
    dialogue), scenario (improvised or scripted), emotion, and for scripted dialogues `sentence`, the scene that is
    played (`script01_1`, the same text in all sessions; which of its lines is not known). Values: valence, arousal and
    dominance, means of raters in [1, 5] (a number outside of that is an error of the release and left out).

    Utterances with another label, without a majority, or without a sound file are rejected with that reason. The
    default four classes are the 5,531 utterances of the literature (Li et al. 2020, section 4): 1,103 angry, 1,636
    happy, 1,708 neutral and 1,084 sad.
    """

    citation = (
        "Busso, C., Bulut, M., Lee, C.-C., Kazemzadeh, A., Mower, E., Kim, S., Chang, J. N., Lee, S. & Narayanan, "
        "S. S. (2008). IEMOCAP: Interactive emotional dyadic motion capture database. Language Resources and "
        "Evaluation 42(4): 335-359."
    )
    licence = "Released by USC SAIL to those who sign its form, for research only; not to be passed on."

    def __init__(
        self,
        root: Path,
        *,
        emotions: tuple[Emotion, ...] = ("angry", "happy", "neutral", "sad"),
        scenario: Literal["all", "improvised", "scripted"] = "all",
        sessions: tuple[Annotated[int, Field(ge=1, le=5)], ...] = (1, 2, 3, 4, 5),
    ) -> None:
        """`emotions`: the classes; excitement counts as happy where it is not asked for itself. `scenario`: which
        dialogues; those of the other kind are left out. `sessions`: those that you have, or want.
        """
        super().__init__(root)
        self.emotions, self.scenario, self.sessions = emotions, scenario, sessions

    def clips(self) -> Sequence[Clip]:
        """Every utterance of the scenario, ordered by id. Raises CorpusError with all problems of the folder."""
        folder = Folder(self.root)
        base = folder.find(RELEASE) or self.root
        found = [(session, *self._of_session(folder, base, session)) for session in sorted(set(self.sessions))]
        clips = [self._clip(folder, path, one) for _, path, some in found if path for one in some]
        clips.sort(key=lambda clip: clip.id)
        _refuse_twice(folder, clips)
        folder.check({path for clip in clips if not clip.rejected for path in (clip.video, clip.audio) if path})
        if not any(not clip.rejected for clip in clips):
            raise CorpusError(self._nothing(clips))
        return clips

    def _of_session(self, folder: Folder, base: Path, session: int) -> tuple[Path | None, list[_Utterance]]:
        """The session's folder and its utterances; where something is missing that is a problem, told once."""
        name = f"Session{session}"
        path = folder.find(name, under=base)
        if path is None:
            folder.need(name, f"session {session} of five", under=base)
            known = ",".join(str(n) for n in range(1, 6) if folder.find(f"Session{n}", under=base))
            fix = f"add it, or take those that are there: corpus.sessions=[{known}]" if known else ""
            folder.problems[-1] = _with_fix(folder.problems[-1], fix)
            return None, []
        evaluation = folder.need("dialog/EmoEvaluation", f"the labels of session {session}", under=path)
        folder.need("sentences/wav", f"the utterances of session {session}", under=path)
        texts = [] if evaluation is None else [text for text in folder.files(".txt") if text.parent == evaluation]
        if evaluation is not None and not texts:
            folder.problems.append(
                Problem(str(evaluation), "holds no evaluation", f"expected files as Ses0{session}F_impro01.txt")
            )
        found = [one for text in texts for one in _utterances(folder, text)]
        return path, [one for one in found if self.scenario in ("all", one.scenario)]

    def _clip(self, folder: Folder, session: Path, one: _Utterance) -> Clip:
        audio = folder.find(f"sentences/wav/{one.dialogue}/{one.name[0]}.wav", under=session)
        video = folder.find(f"dialog/avi/DivX/{one.dialogue}.avi", under=session)
        emotion = self._emotion(one.label)
        return Clip(
            id=one.name[0],
            labels=_labels(one) | ({EMOTION: emotion} if emotion else {}),
            video=video,
            audio=audio,
            start=one.start,
            end=one.end,
            origin=one.origin,
            values=one.ratings,
            region=one.region if video else None,
            rejected=self._why_not(one, emotion, audio),
            audio_start=0.0 if audio else None,
        )

    def _emotion(self, label: str) -> Emotion | None:
        """The class of a label, None where it has none."""
        word = WORDS.get(label)
        if word == "excited" and "excited" not in self.emotions:
            word = "happy"
        return word

    def _why_not(self, one: _Utterance, emotion: str | None, audio: Path | None) -> str:
        if one.label == NO_MAJORITY:
            return f"its label is '{NO_MAJORITY}': the raters have no majority"
        if emotion not in self.emotions:
            return f"its label is '{one.label}', which is none of {', '.join(self.emotions)}"
        if one.end <= one.start:
            return f"it ends at {one.end:g} s, before it starts at {one.start:g} s"
        return "" if audio else f"there is no sentences/wav/{one.dialogue}/{one.name[0]}.wav"

    def _nothing(self, clips: Sequence[Clip]) -> Problem:
        if not clips:
            kind = "" if self.scenario == "all" else f"{self.scenario} "
            return Problem(str(self.root), f"no {kind}utterance in it", "see corpus.scenario and corpus.sessions")
        why = f"the first, {clips[0].id}: {clips[0].rejected}"
        return Problem(str(self.root), f"none of its {len(clips)} utterances can be used", why)


def _utterances(folder: Folder, text: Path) -> Iterator[_Utterance]:
    """The utterances of one evaluation. Lines that begin as one and are none become problems of the folder."""
    lines = text.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.startswith("["):
            found = _utterance(line.strip(), f"{folder.relative(text)}, line {number}")
            if isinstance(found, str):
                folder.problems.append(Problem(f"{text}, line {number}", found, f"expected {FORM}"))
            else:
                yield found


def _utterance(line: str, origin: str) -> _Utterance | str:
    """One line, or what is wrong with it."""
    found = UTTERANCE.fullmatch(line)
    name = found and NAME.fullmatch(found["name"])
    if found is None or name is None:
        return f"'{line[:80]}' is no utterance" if found is None else f"'{found['name']}' is no utterance's name"
    if found["label"] not in {*WORDS, NO_MAJORITY}:
        return f"unknown label '{found['label']}'"
    try:
        start, end, *rated = (float(found[key]) for key in ("start", "end", *RATINGS))
    except ValueError as error:
        return f"not a number: {error}"
    if not (math.isfinite(end) and 0 <= start < math.inf):
        return f"its times are {start:g} s to {end:g} s"
    ratings = {key: value for key, value in zip(RATINGS, rated, strict=True) if LOWEST <= value <= HIGHEST}
    return _Utterance(name, found["label"], start, end, ratings, origin)


def _labels(one: _Utterance) -> dict[str, str]:
    session = f"Ses0{one.name['session']}"
    labels = {
        SPEAKER: session + one.name["speaker"],
        GENDER: GENDERS[one.name["speaker"]],
        SESSION: session,
        SOURCE: one.dialogue,
        SCENARIO: one.scenario,
    }
    if one.name["kind"] == "script":  # a letter behind the scene is another take of it
        labels[SENTENCE] = "script" + one.name["scene"].rstrip("abcdefghijklmnopqrstuvwxyz")
    return labels


def _with_fix(problem: Problem, fix: str) -> Problem:
    return Problem(problem.where, problem.what, fix or problem.fix)


def _refuse_twice(folder: Folder, clips: Sequence[Clip]) -> None:
    for one, other in pairwise(clips):
        if one.id == other.id:
            what = f"'{one.id}' stands there and in {one.origin}"
            folder.problems.append(Problem(str(folder.root / other.origin), what, "keep one of the two"))
