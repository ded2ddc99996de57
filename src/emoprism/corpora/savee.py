"""SAVEE: four men speak sentences of TIMIT in seven emotions (Haq & Jackson 2009)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emoprism.corpora._folder import Folder
from emoprism.corpora._named import PICTURES, SOUNDS, by_clip, picture_and_sound
from emoprism.corpora.base import Corpus
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER, Clip

SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "angry", "d": "disgust", "f": "fearful", "h": "happy", "n": "neutral", "sa": "sad", "su": "surprised",
}  # fmt: skip
NAME = re.compile(rf"(?:({'|'.join(SPEAKERS)})[_-]?)?({'|'.join(EMOTIONS)})(\d\d?)", re.IGNORECASE)
NAMED_AS = "AudioVisualClip/DC/a01.avi, AudioData/DC/a01.wav or ALL/DC_a01.wav (speaker DC, JE, JK or KL)"
SENTENCES = {emotion: 30 if emotion == "n" else 15 for emotion in EMOTIONS}
COMMON, SPECIFIC = 3, 5
"""Sentences up to the third are the same ones in every emotion; up to the fifth they are about the emotion."""


class Savee(Corpus):
    """The folder with AudioVisualClip/ and AudioData/, or one of them, or the flat copy ALL/DC_a01.wav.

    A letter is the emotion (sa sadness, su surprise), two digits the sentence: 15 of each emotion, 30 of neutral, 480
    clips in all. Id: `DC-a01`. Where a take has a picture and a file of its sound, the sound is taken from that.

    Sentences are listed as 3 common to all emotions, 2 about the emotion, 10 of no emotion; the label `sentence` says
    so (`common 1`, `angry specific 4`, `angry generic 6`), by the order in which the documentation lists them. The
    neutral set repeats the 12 specific sentences of the other emotions, under numbers that the release does not tell:
    those are `neutral 4` to `neutral 30`, and a split by sentence cannot part them from the emotional ones.
    """

    citation = "Haq, S. & Jackson, P. J. B. (2009). Speaker-dependent audio-visual emotion recognition. AVSP, 53-58."
    licence = "Free for research after registration at the University of Surrey; not to be passed on."

    def clips(self) -> Sequence[Clip]:
        """Every take, ordered by id. Raises CorpusError with all problems of the folder."""
        folder = Folder(self.root, expected=NAMED_AS)
        takes = by_clip(folder, (*PICTURES, *SOUNDS), _id, "SAVEE", NAMED_AS)
        return [_clip(folder, name, files) for name, files in takes.items()]


def _id(path: PurePosixPath) -> str | None:
    """The speaker stands in the name, or else the nearest folder of a speaker's name tells."""
    match = NAME.fullmatch(path.stem)
    if match is None:
        return None
    named, emotion, number = match.groups()
    folders = (part.upper() for part in reversed(path.parts[:-1]) if part.upper() in SPEAKERS)
    speaker = named or next(folders, None)
    if speaker is None or not 1 <= int(number) <= SENTENCES[emotion.lower()]:
        return None
    return f"{speaker.upper()}-{emotion.lower()}{int(number):02d}"


def _clip(folder: Folder, name: str, files: Sequence[Path]) -> Clip:
    speaker, code = name.split("-")
    video, audio = picture_and_sound(files)
    emotion = EMOTIONS[code[:-2]]
    return Clip(
        id=name,
        labels={SPEAKER: speaker, EMOTION: emotion, GENDER: "male", SENTENCE: _sentence(emotion, int(code[-2:]))},
        video=video,
        audio=audio,
        origin=", ".join(map(folder.relative, files)),
    )


def _sentence(emotion: str, number: int) -> str:
    if number <= COMMON:
        return f"common {number}"
    if emotion == "neutral":
        return f"neutral {number}"
    return f"{emotion} {'specific' if number <= SPECIFIC else 'generic'} {number}"
