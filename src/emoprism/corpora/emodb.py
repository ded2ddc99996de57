"""EmoDB: ten actors speak ten German sentences in seven emotions (Burkhardt et al. 2005)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from emoprism.corpora._folder import Folder
from emoprism.corpora._named import SOUNDS, by_clip
from emoprism.corpora._takes import best
from emoprism.corpora.base import Corpus
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER, Clip

SPEAKERS = {
    "03": ("male", 31), "08": ("female", 34), "09": ("female", 21), "10": ("male", 32), "11": ("male", 26),
    "12": ("male", 30), "13": ("female", 32), "14": ("female", 35), "15": ("male", 25), "16": ("female", 31),
}  # fmt: skip
"""Gender and age in years, from the corpus's documentation."""
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
EMOTIONS = {
    "W": "angry", "L": "bored", "E": "disgust", "A": "fearful", "F": "happy", "T": "sad", "N": "neutral",
}  # fmt: skip
"""By the first letters of Wut, Langeweile, Ekel, Angst, Freude and Trauer."""
NAME = re.compile(rf"({'|'.join(SPEAKERS)})({'|'.join(SENTENCES)})([{''.join(EMOTIONS)}])([a-f]?)", re.IGNORECASE)
NAMED_AS = "files named SStttEv at any depth, as wav/03a01Fa.wav (speaker, sentence, emotion, version)"


class EmoDB(Corpus):
    """The folder that download.zip unpacks to, with `wav/03a01Fa.wav` and so on: names say all, folders nothing.

    The label files beside them (`lablaut`, `labsilb`, `silb`, erkennung.txt) are not read. One clip per recording, 535
    in all; its id is the file's name. Labels: speaker, emotion, gender, sentence (its text) and, where there is one,
    the version; `age` is a value. The corpus knows no split.
    """

    citation = (
        "Burkhardt, F., Paeschke, A., Rolfes, M., Sendlmeier, W. F. & Weiss, B. (2005). A Database of German Emotional "
        "Speech. Interspeech 2005, 1517-1520."
    )
    licence = "Free to download; it came without a licence text, and the copy of audb says CC0 1.0."

    def clips(self) -> Sequence[Clip]:
        """Every recording, ordered by id. Raises CorpusError with all problems of the folder."""
        folder = Folder(self.root, expected=NAMED_AS)
        recordings = by_clip(folder, SOUNDS, _id, "EmoDB", NAMED_AS)
        return [self._clip(folder, name, files) for name, files in recordings.items()]

    def _clip(self, folder: Folder, name: str, files: Sequence[Path]) -> Clip:
        speaker, sentence, emotion, version = name[:2], name[2:5], name[5], name[6:]
        gender, age = SPEAKERS[speaker]
        labels = {
            SPEAKER: f"speaker{speaker}",
            EMOTION: EMOTIONS[emotion],
            GENDER: gender,
            SENTENCE: SENTENCES[sentence],
        }
        return Clip(
            id=name,
            labels=labels | ({"version": version} if version else {}),
            values={"age": float(age)},
            audio=best(files, SOUNDS),
            origin=", ".join(map(folder.relative, files)),
        )


def _id(path: PurePosixPath) -> str | None:
    """The name as the corpus writes it, whatever its case here."""
    match = NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, sentence, emotion, version = match.groups()
    return f"{speaker}{sentence.lower()}{emotion.upper()}{version.lower()}"
