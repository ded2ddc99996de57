"""eNTERFACE'05: 44 people react in English to six stories, with five sentences each (Martin et al. 2006)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emoprism.corpora._folder import Folder
from emoprism.corpora._named import PICTURES, SOUNDS, by_clip, picture_and_sound
from emoprism.corpora.base import Corpus
from emoprism.types import EMOTION, SENTENCE, SPEAKER, Clip

EMOTIONS = {
    "anger": "angry", "disgust": "disgust", "fear": "fearful", "happiness": "happy", "sadness": "sad",
    "surprise": "surprised",
}  # fmt: skip
PLACE = re.compile(
    rf"(?:.*/)?subject[ _-]*(\d{{1,2}})/({'|'.join(EMOTIONS)})(?:/sentence[ _-]*([1-5]))?/[^/]+", re.IGNORECASE
)
CODE = re.compile(r"s_?\d+_(an|di|fe|ha|sa|su)(_.*)?", re.IGNORECASE)
NAMED_AS = "subject 1/anger/sentence 1/s1_an_1.avi"
UNSEGMENTED = "not cut into sentences: all five are in one file (corpus.unsegmented=true takes it as it is)"


class Enterface05(Corpus):
    """The folder `enterface database`, or what is around it: `subject N/EMOTION/sentence N/*.avi`.

    Folders say who speaks, and names do not: all of subject 11's files are called `s12_..`, subject 3's have one
    underscore too many (`s_3_ha_1.avi`), one of subject 16's a suffix too many (`s16_su_3avi.avi`). Subject 6 has no
    folders of sentences: six files of a minute or more, one an emotion, which are rejected without `unsegmented`.
    Subject 23 lacks three sentences of happiness. The 42 others are those that the corpus's page counts. A file whose
    name tells another emotion than its folder is rejected.

    One clip per sentence, 1,287 in all; id `subject01-anger-1`. Every emotion has five sentences of its own (the
    label `sentence`), so that the words alone give the emotion away. Nothing is known of the subjects, not even their
    gender, and the corpus has no split.
    """

    citation = (
        "Martin, O., Kotsia, I., Macq, B. & Pitas, I. (2006). The eNTERFACE'05 Audio-Visual Emotion Database. "
        "ICDE Workshops, p. 8."
    )
    licence = "Free to download; its page says MIT licence conditions, the terms come with the data."

    def __init__(self, root: Path, *, unsegmented: bool = False) -> None:
        """`unsegmented`: take subject 6's files, each of five sentences, as clips."""
        super().__init__(root)
        self.unsegmented = unsegmented

    def clips(self) -> Sequence[Clip]:
        """Every sentence, ordered by id. Raises CorpusError with all problems of the folder."""
        folder = Folder(self.root, expected=NAMED_AS)
        takes = by_clip(folder, (*PICTURES, *SOUNDS), _id, "eNTERFACE'05", NAMED_AS)
        return [self._clip(folder, name, files) for name, files in takes.items()]

    def _clip(self, folder: Folder, name: str, files: Sequence[Path]) -> Clip:
        speaker, emotion, sentence = (*name.split("-"), "")[:3]
        video, audio = picture_and_sound(files)
        labels = {SPEAKER: speaker, EMOTION: EMOTIONS[emotion]}
        if sentence:
            labels[SENTENCE] = f"{EMOTIONS[emotion]} {sentence}"
        return Clip(
            id=name,
            labels=labels,
            video=video,
            audio=audio,
            origin=", ".join(map(folder.relative, files)),
            rejected=_contradiction(emotion, files) or ("" if sentence or self.unsegmented else UNSEGMENTED),
        )


def _id(path: PurePosixPath) -> str | None:
    match = PLACE.fullmatch(str(path))
    if match is None:
        return None
    subject, emotion, sentence = match.groups()
    return "-".join([f"subject{int(subject):02d}", emotion.lower(), *([sentence] if sentence else [])])


def _contradiction(emotion: str, files: Sequence[Path]) -> str:
    """Why the label is in doubt, where a name tells another emotion than its folder."""
    for path in files:
        code = CODE.fullmatch(path.stem)
        if code and not emotion.startswith(code[1].lower()):
            return f"its folder says {emotion}, its name '{path.name}' something else"
    return ""
