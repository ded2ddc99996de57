"""EmoVox: VoxCeleb with the emotions that a face teacher sees in it (Albanie et al. 2018; Peri et al. 2021, 4.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from emoprism.corpora._distributions import (
    EMOTIONS,
    HEARD_VAL,
    NAMES,
    TRAIN_SET,
    Distribution,
    merged,
    read_distributions,
)
from emoprism.corpora._folder import Folder
from emoprism.corpora._imdb import Frames, read_imdb
from emoprism.corpora._names import folded
from emoprism.corpora._segments import Found, fewest, halved, joined
from emoprism.corpora._takes import best
from emoprism.corpora._voxceleb import EXPECTED, Key, Speakers, read_speakers
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import EMOTION, SOURCE, SPEAKER, TEST, TRAIN, UNSEEN, VALIDATION, Clip

PICTURES = (".mp4", ".avi", ".mkv", ".webm", ".mov")
SOUNDS = (".wav", ".flac", ".m4a", ".aac", ".mp3")
MATLAB = ".mat"
NONE = "none"
"""In place of a table: clips without emotions, to be labelled."""
RELEASED = ("senet50-ferplus-logits.mat", "resnet50-ferplus-logits.mat")
SIDES = {TRAIN_SET: TRAIN, "unheard-val": UNSEEN, "unheard-test": UNSEEN, "heard-test": TEST}
TEACHER = "teacher:"
"""Prefix of the values that are the teacher's probabilities: `teacher:happy`."""
NO_ROW = "the teacher's table does not have it"
NO_FACE = "the teacher saw no face in it"
NO_FILE = "none of its files lies in the folder"
NEVER_TRAINS = "its speaker has no clip to train on here"


class Emovox(Corpus):
    """VoxCeleb clips beside a table of what a teacher says of each; where in the folder they lie does not matter.

    Media as VoxCeleb unpacks them: `wav/id10001/1zcIwhmdeo4/00001.wav` (VoxCeleb1, sound alone: its face videos were
    never released), `dev/mp4/id00012/21Uxsk56VDQ/00001.mp4` and `dev/aac/id00012/21Uxsk56VDQ/00001.m4a` (VoxCeleb2),
    or `A.J._Buckley/1zcIwhmdeo4_0000001.wav`, as in the first release of VoxCeleb1, by which EmoVoxCeleb names its
    segments: names for ids, the same numbers. Videos that you cut yourself count where they are named like one of
    these. Sound is taken from a sound file where there is one, else from the video.

    `vox1_meta.csv` (and `vox2_meta.csv`) of VoxCeleb: id, name, gender, nationality of the speakers.

    The teacher's distributions: `distributions.csv` or `.parquet`, which `emoprism label` writes (its columns are in
    `corpora/_distributions.py`), or the released `senet50-ferplus-logits.mat`. The emotion of a clip is the dominant
    one of its distribution (Peri et al. 2021, 4.1, "similar to" Albanie et al. 2018); only then disgust, fearful,
    contempt and surprised become 'other'. The distribution itself is in the values `teacher:<emotion>`.

    Speakers below the 5th percentile by number of segments in the table are rejected. Train trains, Unheard-* are
    unseen, Heard-Val is halved into validation and test. Peri et al. give no rule for the halving: here each
    speaker's videos are dealt out whole, so that no video is in both halves (`corpora/_segments.py`). Whether one is
    in Train as well is up to the sets as they were released.
    """

    citation = (
        "Albanie, S., Nagrani, A., Vedaldi, A. & Zisserman, A. (2018). Emotion recognition in speech using cross-modal "
        "transfer in the wild. ACM Multimedia. Nagrani, A., Chung, J. S. & Zisserman, A. (2017). VoxCeleb: a "
        "large-scale speaker identification dataset. Interspeech. As split here: Peri, R., Parthasarathy, S., "
        "Bradshaw, C. & Sundaram, S. (2021). Disentanglement for audio-visual emotion recognition using multitask "
        "setup. ICASSP."
    )
    licence = "VoxCeleb's metadata are CC BY 4.0; the recordings belong to their makers and show real people."

    def __init__(
        self,
        root: Path,
        *,
        distributions: str = "",
        emotions: Literal["five", "eight"] = "five",
        frames: Frames = "max",
        drop_percent: Annotated[float, Field(ge=0, lt=100)] = 5.0,
    ) -> None:
        """`distributions`: the table, or a directory that holds it, relative to the folder; without it, the one there
        is; "none" for clips without emotions, which `emoprism label` can be asked about. `emotions`: five merges the
        rare ones into 'other'. `frames`: how the logits of the released file are pooled: "max" is the largest of each
        emotion, as its authors do, "mean" the mean of the frames' probabilities. `drop_percent`: the percentile of
        speakers, by number of segments, below which they are rejected.
        """
        super().__init__(root)
        self.distributions = distributions
        self.emotions = emotions
        self.frames: Frames = frames
        self.drop_percent = drop_percent

    def clips(self) -> Sequence[Clip]:
        """Every segment that has a file or a distribution, ordered by id. Raises CorpusError with all problems."""
        folder = Folder(self.root, expected=f"clips of VoxCeleb, vox1_meta.csv and {NAMES[0]} or {RELEASED[0]}")
        table = None if self.distributions == NONE else self._table(folder)
        speakers = read_speakers(folder)
        media = folder.files(*PICTURES, *SOUNDS)
        folder.check(media=media)
        said = self._said(table) if table else []
        found = joined(said, media, speakers, folder)
        folder.problems += _on_two_sides(found)
        folder.check()
        if not any(one.files and (one.said or not table) for one in found):
            raise CorpusError(Problem(str(self.root), _nothing(table, said), EXPECTED))
        return self._clips(found, speakers)

    def _said(self, table: Path) -> list[Distribution]:
        return read_imdb(table, self.frames) if table.suffix.lower() == MATLAB else read_distributions(table)

    def _table(self, folder: Folder) -> Path:
        """The one table of distributions there is. Where there is none, or there are several, that is a problem."""
        given = folder.root / self.distributions
        if not self.distributions:
            found = [path for path in folder.all_files if folded(path.name) in (*NAMES, *RELEASED)]
        else:
            inside = [given / name for name in NAMES if (given / name).is_file()]
            found = [given] if given.is_file() else inside
        if not found:
            where = given if self.distributions else folder.root / NAMES[0]
            fix = f"download {RELEASED[0]} of EmoVoxCeleb, or prepare with corpus.distributions=none and label that"
            folder.problems.append(Problem(str(where), "missing: the teacher's distributions", fix))
        elif len(found) > 1:
            what = f"{len(found)} tables of distributions, {', '.join(path.name for path in found)}"
            folder.problems.append(Problem(str(folder.root), what, "choose one: corpus.distributions=FILE"))
        return found[0] if found else folder.root

    def _clips(self, found: Sequence[Found], speakers: Speakers) -> list[Clip]:
        counts = Counter(one.segment.speaker for one in found if one.said)
        few = fewest(counts, self.drop_percent)
        kept = [one for one in found if one.said and one.segment.speaker not in few]
        halves = halved(one.segment for one in kept if one.said and one.said.side == HEARD_VAL)
        clips: list[Clip] = []
        for one in found:
            count = counts[one.segment.speaker]
            reason = f"its speaker has {count} segments, too few beside others" if one.segment.speaker in few else ""
            clips.append(self._clip(one, speakers, halves, reason))
        return _heard_only(clips)

    def _clip(self, one: Found, speakers: Speakers, halves: Mapping[Key, str], reason: str) -> Clip:
        said, segment, video = one.said, one.segment, best(one.files, PICTURES)
        shares = () if said is None or said.probabilities is None else said.probabilities.tolist()
        labels = {SPEAKER: segment.speaker, SOURCE: segment.video, **speakers.labels[segment.speaker]}
        if shares:
            dominant = EMOTIONS[shares.index(max(shares))]
            labels[EMOTION] = merged(dominant) if self.emotions == "five" else dominant
        return Clip(
            id=segment.id,
            labels=labels,
            video=video,
            audio=best(one.files, SOUNDS) or video,
            split=halves.get(segment.key) or SIDES.get(said.side if said else ""),
            origin=_origin(one, self.root),
            values={f"{TEACHER}{name}": share for name, share in zip(EMOTIONS, shares, strict=bool(shares))},
            rejected="" if self.distributions == NONE else reason or _unusable(one),
        )


def _nothing(table: Path | None, said: Sequence[Distribution]) -> str:
    if table is None:
        return "no VoxCeleb file"
    return f"none of the {len(said)} clips of {table.name} has a file here, such as '{said[0].name}'"


def _heard_only(clips: Sequence[Clip]) -> list[Clip]:
    """Reject clips of heard sets whose speaker has none to train on, as in a copy with parts of the corpus."""
    trained = {clip.labels[SPEAKER] for clip in clips if clip.split == TRAIN and not clip.rejected}
    lost = [
        clip.split in (VALIDATION, TEST) and not clip.rejected and clip.labels[SPEAKER] not in trained for clip in clips
    ]
    return [replace(clip, rejected=NEVER_TRAINS) if out else clip for clip, out in zip(clips, lost, strict=True)]


def _unusable(one: Found) -> str:
    if one.said is None:
        return NO_ROW
    if one.said.probabilities is None:
        return NO_FACE
    return "" if one.files else NO_FILE


def _origin(one: Found, root: Path) -> str:
    files = ", ".join(path.relative_to(root).as_posix() for path in one.files)
    return files or (Path(one.said.where).name if one.said else "")


def _on_two_sides(found: Sequence[Found]) -> list[Problem]:
    """Speakers of Unheard-* who train: one problem each, at their first row on the second side."""
    first: dict[str, Distribution] = {}
    problems: dict[str, Problem] = {}
    for one in found:
        if one.said is None or not one.said.side:
            continue
        other = first.setdefault(one.segment.speaker, one.said)
        if (SIDES.get(one.said.side) == UNSEEN) != (SIDES.get(other.side) == UNSEEN):
            what = f"the speaker '{one.segment.speaker}' is in {one.said.side} and in {other.side}"
            problem = Problem(one.said.where, what, "speakers of unheard sets are in no other set")
            problems.setdefault(one.segment.speaker, problem)
    return list(problems.values())
