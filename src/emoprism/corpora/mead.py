"""MEAD: actors say sentences in eight emotions at three levels, filmed from seven sides (Wang et al. 2020)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emoprism.corpora._folder import Folder
from emoprism.corpora._takes import best, without_copies
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import EMOTION, GENDER, SENTENCE, SPEAKER, Clip

PICTURES = (".mp4",)
SOUNDS = (".m4a", ".wav", ".flac", ".mp3")
VIEWS = ("front", "down", "top", "left_30", "left_60", "right_30", "right_60")
EMOTIONS = {
    "angry": "angry", "contempt": "contempt", "disgusted": "disgust", "fear": "fearful", "happy": "happy",
    "neutral": "neutral", "sad": "sad", "surprised": "surprised",
}  # fmt: skip
GENDERS = {"M": "male", "W": "female"}
PATH = re.compile(
    rf"(?:.*/)?(?P<actor>[MW]\d{{3}})/(?:(?:video|audio)[^/]*/)*(?:(?P<view>{'|'.join(VIEWS)})/)?"
    rf"(?P<emotion>{'|'.join(EMOTIONS)})/level_(?P<level>[123])/(?P<number>\d{{3}})\.(?P<kind>\w+)",
    re.IGNORECASE,
)
EXPECTED = "expected M003/video/front/happy/level_1/001.mp4 and M003/audio/happy/level_1/001.m4a"
View = Literal["front", "down", "top", "left_30", "left_60", "right_30", "right_60"]


@dataclass(frozen=True, slots=True, order=True)
class _Take:
    """One sentence of one actor, filmed from several sides at once."""

    actor: str
    emotion: str
    level: int
    number: int

    @property
    def id(self) -> str:
        return f"{self.actor}-{self.emotion}-{self.level}-{self.number:03d}"


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    take: _Take
    view: str
    """Empty for a sound."""


class Mead(Corpus):
    """A folder per actor, each with what its two archives hold: unpack `M003/video.tar` and `M003/audio.tar` there.

    `M003/video/front/happy/level_1/001.mp4` and `M003/audio/happy/level_1/001.m4a`; folders `video` and `audio` may be
    missing or have longer names. Neutral is there at level 1 only, with 40 sentences; others have 30 a level. A take
    is one clip, its picture from one view. Sound is taken from `audio`, else from the video. Some actors lack views.

    Sentences are told apart by emotion and number, since each emotion has its own: `happy 07`. Taken as one are the
    first three of all emotions (`common 01`), and numbers 21 to 30 with neutral 31 to 40 (`common 31`): others found
    them so in transcripts of four actors. Where that is wrong, a split by sentences keeps together what it could
    part. In some folders of the release numbers are shifted against the rest (its issue 12, of M003): there the label
    may name a neighbour.
    """

    citation = (
        "Wang, K., Wu, Q., Song, L., Yang, Z., Wu, W., Qian, C., He, R., Qiao, Y. & Loy, C. C. (2020). MEAD: A "
        "large-scale audio-visual dataset for emotional talking-face generation. ECCV."
    )
    licence = "For research only, by agreement with its authors."

    def __init__(self, root: Path, *, view: View = "front") -> None:
        """`view`: from which side the picture is."""
        super().__init__(root)
        self.view = view

    def clips(self) -> Sequence[Clip]:
        """Every take, ordered by id. Raises CorpusError with all problems of the folder."""
        folder = Folder(self.root, expected=EXPECTED.removeprefix("expected "))
        media = folder.files(*PICTURES, *SOUNDS)
        files = _files(media, folder)
        folder.check(media=media)
        views = sorted({file.view for file in files if file.view})
        if not any(file.view in ("", self.view) for file in files):
            what = f"holds no video of the view '{self.view}'" if files else "holds no MEAD file"
            fix = f"there are {', '.join(views)}: corpus.view={views[0]}" if views else EXPECTED
            raise CorpusError(Problem(str(self.root), what, fix))
        takes: dict[_Take, list[_File]] = {}
        for file in files:
            takes.setdefault(file.take, []).append(file)
        return [self._clip(take, takes[take]) for take in sorted(takes, key=lambda take: take.id)]

    def _clip(self, take: _Take, files: Sequence[_File]) -> Clip:
        video = best([file.path for file in files if file.view == self.view], PICTURES)
        audio = best([file.path for file in files if not file.view], SOUNDS) or video
        used = [file.path for file in files if file.path in (video, audio)] or [files[0].path]
        return Clip(
            id=take.id,
            labels={
                SPEAKER: take.actor,
                EMOTION: EMOTIONS[take.emotion],
                GENDER: GENDERS[take.actor[0]],
                SENTENCE: sentence(take.emotion, take.number),
                "intensity": f"level_{take.level}",
            },
            video=video,
            audio=audio,
            origin=", ".join(path.relative_to(self.root).as_posix() for path in used),
            rejected="" if audio else f"it has no sound, and no picture of the view '{self.view}'",
        )


def sentence(emotion: str, number: int) -> str:
    """What is said: common sentences under their neutral number, others by emotion and number."""
    neutral = number if emotion == "neutral" or number <= 3 else number + 10
    shared = neutral <= 3 or 31 <= neutral <= 40
    return f"common {neutral:02d}" if shared else f"{EMOTIONS[emotion]} {number:02d}"


def _files(media: Sequence[Path], folder: Folder) -> list[_File]:
    """Files by what their paths say; a path that says nothing is a problem, and the same file twice counts once."""
    found: dict[Path, _File] = {}
    for path in media:
        match = PATH.fullmatch(folder.relative(path))
        view = (match["view"] or "").lower() if match else ""
        if match is None or bool(view) != (path.suffix.lower() in PICTURES):
            folder.problems.append(Problem(str(path), "not a MEAD path", f"{EXPECTED}; move other files elsewhere"))
            continue
        take = _Take(match["actor"].upper(), match["emotion"].lower(), int(match["level"]), int(match["number"]))
        found[path] = _File(path, take, view)

    def key(path: Path) -> tuple[_Take, str, str]:
        return found[path].take, found[path].view, path.suffix.lower()

    return [found[path] for path in without_copies(found, key, folder.problems)]
