"""MELD: 13,708 utterances of 1,432 dialogues of the series Friends, with an official split (Poria et al. 2019)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath

from emoprism.corpora._folder import Folder, folded
from emoprism.corpora._meld import FRIENDS, PARTS, Utterance, utterances
from emoprism.corpora._named import PICTURES, SOUNDS, by_clip, picture_and_sound
from emoprism.corpora.base import Corpus
from emoprism.errors import Problem
from emoprism.types import SPEAKER, TEST, TRAIN, UNSEEN, VALIDATION, Clip

SIDES = {"train": TRAIN, "dev": VALIDATION, "test": TEST}
FOLDERS = {
    "train_splits": "train", "train_splits_wav": "train", "train": "train",
    "dev_splits_complete": "dev", "dev_splits": "dev", "dev_splits_wav": "dev", "dev": "dev",
    "output_repeated_splits_test": "test", "test_splits": "test", "test_splits_wav": "test", "test": "test",
}  # fmt: skip
"""The part that a folder holds, as the release (first of each line) and well-known copies call it."""
NAME = re.compile(r"(final_videos_test)?dia(\d{1,4})_utt(\d{1,4})", re.IGNORECASE)
NAMED_AS = "train_splits/dia0_utt0.mp4, or in dev_splits_complete/ or output_repeated_splits_test/"
CUT_AGAIN = "-cut-again"
BROKEN = "train-dia125-utt3"
BROKEN_LARGEST = 2**26


class Meld(Corpus):
    """MELD.Raw with its three archives unpacked: train_splits/dia0_utt0.mp4 and so on, and the *_sent_emo.csv anywhere.

    One clip per row of the tables; id `train-dia0-utt0`. Labels: speaker, emotion (joy is happy), sentiment, gender (of
    the six friends), `source` (the episode as s08e21; episodes have dialogues on several sides) and `dialogue`. A row
    without a video is a rejected clip (dev's dia110_utt7 is in no release), as are a video without a row (the release
    has some) and train's dia125_utt3 where it is the broken one of the release, without an index of its frames.

    132 utterances of test were cut anew as `final_videos_testdia0_utt0.mp4`, beside wrong ones: they take their place.
    A name with a slash is an actor in a role (`Joey/Drake` is Joey). Groups (All, Ross and Joey) are nobody: their
    clips have no speaker. Equal names are one speaker, even where they are a role (Waitress).

    Sides are the official ones: dev is validation; test is test for speakers who train, and unseen for those who do
    not. Speakers of dev who do not train are strangers in validation; where they are in test as well, their clips of
    dev are rejected, for nobody unseen may select the epoch.
    """

    citation = (
        "Poria, S., Hazarika, D., Majumder, N., Naik, G., Cambria, E. & Mihalcea, R. (2019). MELD: A Multimodal "
        "Multi-Party Dataset for Emotion Recognition in Conversations. ACL, 527-536."
    )
    licence = "Labels under GPL-3.0; the clips are cut from a television series, whose owners keep their rights."

    def __init__(self, root: Path, *, minor: bool = True) -> None:
        """`minor`: false rejects the clips of everybody but the six friends."""
        super().__init__(root)
        self.minor = minor

    def clips(self) -> Sequence[Clip]:
        """Every utterance, ordered by id. Raises CorpusError with all problems of the folder and of its tables."""
        folder = Folder(self.root, expected=f"train_sent_emo.csv and {NAMED_AS}")
        rows = utterances(folder)
        _every_part(folder)
        files = by_clip(folder, (*PICTURES, *SOUNDS), _id, "MELD", NAMED_AS)
        clips = [self._clip(folder, name, row, files) for name, row in rows.items()]
        clips += [_unknown(folder, *item) for item in files.items() if item[0].removesuffix(CUT_AGAIN) not in rows]
        return sorted(_sided(clips), key=lambda clip: clip.id)

    def _clip(self, folder: Folder, name: str, row: Utterance, files: Mapping[str, list[Path]]) -> Clip:
        own = files.get(name + CUT_AGAIN) or files.get(name, [])
        video, audio = picture_and_sound(own)
        return Clip(
            id=name,
            labels=row.labels,
            video=video,
            audio=audio,
            split=SIDES[row.part],
            origin=", ".join([row.origin, *map(folder.relative, own)]),
            rejected=self._rejected(name, row, own),
        )

    def _rejected(self, name: str, row: Utterance, files: Sequence[Path]) -> str:
        if not files:
            return "its video is not in the folder"
        if name == BROKEN and any(_has_no_index(path) for path in files):
            return "its file is broken in the release: it has no index of its frames"
        if not self.minor and row.labels.get(SPEAKER) not in FRIENDS:
            return "its speaker is none of the six friends (corpus.minor=true takes all)"
        return ""


def _id(path: PurePosixPath) -> str | None:
    match, part = NAME.fullmatch(path.stem), _part(path)
    if match is None or part is None or (match[1] and part != "test"):
        return None
    return f"{part}-dia{int(match[2])}-utt{int(match[3])}" + (CUT_AGAIN if match[1] else "")


def _part(path: PurePath) -> str | None:
    """By the nearest folder that is called like one."""
    return next((FOLDERS[name] for part in reversed(path.parts[:-1]) if (name := folded(part)) in FOLDERS), None)


def _every_part(folder: Folder) -> None:
    present = {_part(path.relative_to(folder.root)) for path in folder.files(*PICTURES, *SOUNDS)}
    for part in PARTS:
        name = next(name for name, known in FOLDERS.items() if known == part)
        if part not in present:
            folder.problems.append(
                Problem(str(folder.root / name), f"missing: the videos of {part}", f"unpack {part}.tar.gz there")
            )


def _has_no_index(path: Path) -> bool:
    return path.suffix.lower() == ".mp4" and path.stat().st_size < BROKEN_LARGEST and b"moov" not in path.read_bytes()


def _unknown(folder: Folder, name: str, files: Sequence[Path]) -> Clip:
    video, audio = picture_and_sound(files)
    origin = ", ".join(map(folder.relative, files))
    return Clip(id=name, labels={}, video=video, audio=audio, origin=origin, rejected="no row of the tables names it")


def _sided(clips: Sequence[Clip]) -> list[Clip]:
    """Clips of test whose speaker does not train become unseen, and clips of the same speaker in dev are rejected."""
    usable = [clip for clip in clips if not clip.rejected and SPEAKER in clip.labels]
    train = {clip.labels[SPEAKER] for clip in usable if clip.split == TRAIN}
    unseen = {clip.labels[SPEAKER] for clip in usable if clip.split == TEST} - train
    return [_moved(clip) if clip.labels.get(SPEAKER) in unseen and not clip.rejected else clip for clip in clips]


def _moved(clip: Clip) -> Clip:
    if clip.split == TEST:
        return replace(clip, split=UNSEEN)
    return replace(clip, rejected=f"'{clip.labels[SPEAKER]}' tests as unseen, and nobody unseen selects the epoch")
