"""CMU-MOSEI: sentences of people who speak to a camera on YouTube, with sentiment and six emotions (Zadeh et al. 2018).

The layout of the release (CMU_MOSEI.zip); folders may lie elsewhere, names of files are what counts::

    Raw/Videos/Full/Combined/<video>.mp4               whole videos, their names are ids of YouTube (some: numbers)
    Raw/Videos/Segmented/Combined/<video>_<n>.mp4      cut to sentences
    Raw/Audio/Full/WAV_16000/<video>.wav               the sound of the whole videos
    Raw/Transcript/Segmented/Combined/<video>.txt      <video>___<n>___<start>___<end>___<words>, a line per sentence
    Raw/Labels/*.csv                                   every rater's answers: Input.VIDEO_ID, Input.CLIP (n), Answer.*

and, from the SDK (CMU-MultimodalSDK), `CMU_MOSEI_Labels.csd`: for every video the mean scores of its labelled sentences
(sentiment, happy, sad, anger, surprise, disgust, fear) with their times. Conversions of that file circulate as tables
with columns video, start_time, end_time, sentiment, happy, sad, anger, surprise, disgust, fear. Features of the videos
are in other files of that kind, each for all videos: COVAREP, FACET 4.2, OpenFace_2 and words as GloVe vectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from emoprism.corpora._folder import Folder
from emoprism.corpora._mosei import (
    EMOTIONS,
    INTENSITY,
    NEUTRAL,
    SENTIMENT,
    Segment,
    Transcript,
    presence,
    read_folds,
    read_transcripts,
    strongest,
    values_of,
)
from emoprism.corpora._mosei_csd import read_csd
from emoprism.corpora._mosei_features import Features, why_not_asked
from emoprism.corpora._mosei_media import Media
from emoprism.corpora._mosei_tables import BATCH, TABLE, columns_of, read_batches, read_means
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, Problem
from emoprism.types import EMOTION, SOURCE, SPEAKER, Clip, FeatureSource

__all__ = ["EMOTIONS", "INTENSITY", "NEUTRAL", "SENTIMENT", "CmuMosei"]

Emotion = Literal["happy", "sad", "angry", "surprised", "disgust", "fearful", "neutral"]
LABELS = "CMU_MOSEI_Labels.csd"
MARGIN = 1.0
"""Seconds by which a segment may end behind the last sentence of its transcript."""
NEAR = 0.01
"""Seconds by which the times of a segment and of its sentence may differ: they were printed with other digits."""


class CmuMosei(Corpus):
    """A labelled sentence is a clip: a piece of the full video, else of its sound, else the file that was cut from it,
    and pieces of the features that are asked for, which need no video.

    Labels: speaker and source are both the video (Ito et al. 2021 take the id as identity; nobody released who
    speaks); `happy`, `sad`, `angry`, `surprised`, `disgust`, `fearful` (the constant EMOTIONS) are each `yes` where its
    intensity is above 0, else `no`: several may be; `emotion` is the strongest of them, `neutral` where all are 0 (Li
    et al. 2020, section 6), and missing where two are equally strong. Values: `sentiment` in [-3, 3], `intensity:happy`
    and so on in [0, 3], means over raters.

    Rejected, each with its reason: times that are no numbers, end before they start, lie before the video or behind
    the last sentence of its transcript; segments of one video at the same times; scores that are missing or off the
    scale; segments without a file; with `folds`, videos in none. How long a video truly is shows when it is decoded:
    what lies behind its end is rejected then.
    """

    citation = (
        "Zadeh, A., Liang, P. P., Poria, S., Cambria, E. & Morency, L.-P. (2018). Multimodal Language Analysis in the "
        "Wild: CMU-MOSEI Dataset and Interpretable Dynamic Fusion Graph. Proc. ACL, vol. 1: 2236-2246."
    )
    licence = "Released by CMU for research; the videos are their makers', under the terms of YouTube."

    def __init__(
        self,
        root: Path,
        *,
        labels: Literal["any", "csd", "table", "batches"] = "any",
        emotions: tuple[Emotion, ...] = (*EMOTIONS, "neutral"),
        folds: Path | None = None,
        early: Annotated[float, Field(ge=0)] = 0.5,
        features: tuple[str, ...] = (),
    ) -> None:
        """`labels`: which form of them; any: the first there is of the .csd, tables of means, batches of ratings.

        `emotions`: what `emotion` may be; a segment that shows none of them is rejected. The samples of Li et al.
        (2020) are [happy,sad,angry,neutral]. `folds`: a file of the standard folds, as seen from the corpus's folder,
        that says the split: the SDK's cmu_mosei_std_folds.py or a table video,fold. `early`: by how many seconds a
        segment may begin before its video; it then begins with it. Released starts do so by half a second at most, the
        margin that sentences were cut with, and public loaders (s3prl, Dai et al. 2021) mend them the same way.
        `features`: streams from the SDK's .csd files, as [covarep,facet_4_2,openface_2]; the steps of a segment are
        those that share more than a moment with it, as the SDK's `align` takes them where nothing is averaged. Their
        times are the videos' own.
        """
        super().__init__(root)
        self.labels, self.emotions, self.folds, self.early = labels, emotions, folds, early
        self.features = features

    def clips(self) -> Sequence[Clip]:
        """Every labelled segment, ordered by id. Raises CorpusError with what is wrong with the folder."""
        folder = Folder(self.root, expected=f"videos of CMU-MOSEI and their labels ({LABELS} or Labels/*.csv)")
        folder.check(folder.files(".csd", ".csv"))
        transcripts = read_transcripts(folder)
        segments = [_numbered(one, transcripts) for one in self._segments(folder, transcripts)]
        sides = None
        if self.folds is not None:
            sides = read_folds(folder.find(self.folds.as_posix()) or self.root / self.folds)
        media, same = Media(folder), _at_the_same_times(segments)
        features = Features(folder, self.features, LABELS)
        clips = [
            self._clip(one, media, features, sides, same.get(one.id, "") or self._times_wrong(one, transcripts))
            for one in segments
        ]
        folder.check({path for clip in clips for path in (clip.video, clip.audio) if path})
        if all(clip.rejected for clip in clips):
            why = f"the first, {clips[0].id}: {clips[0].rejected}" if clips else ""
            why += "" if self.features else why_not_asked(folder, LABELS)
            raise CorpusError(Problem(str(self.root), f"none of its {len(clips)} labelled segments can be used", why))
        return sorted(clips, key=lambda clip: clip.id)

    def _segments(self, folder: Folder, transcripts: Mapping[str, Transcript]) -> list[Segment]:
        forms = _forms(folder)
        form = next((form for form, paths in forms.items() if paths and self.labels in ("any", form)), None)
        if form is None:
            there = ", ".join(form for form, paths in forms.items() if paths) or "none"
            what = f"no labels in it (corpus.labels={self.labels}; there: {there})"
            expected = f"expected {LABELS}, tables with columns {', '.join(sorted(TABLE))}, or Labels/*.csv of raters"
            raise CorpusError(Problem(str(self.root), what, expected))
        paths = forms[form]
        if form == "csd" and len(paths) > 1:
            what = f"another file of this name is {paths[0]}"
            raise CorpusError(Problem(str(paths[1]), what, "keep one of the two"))
        if form == "csd":
            return read_csd(paths[0], folder.relative(paths[0]))
        return read_means(folder, paths) if form == "table" else read_batches(folder, paths, transcripts)

    def _clip(
        self, one: Segment, media: Media, features: Features, sides: Mapping[str, str] | None, times_wrong: str
    ) -> Clip:
        emotion = None if one.wrong else strongest(one.scores, self.emotions)
        whole = media.whole(one.video)
        cut = None if one.number is None or (whole and one.start is not None) else media.cut(one.video, one.number)
        picture, sound = (cut, cut) if cut else whole or (None, None)
        extracted: dict[str, FeatureSource] = {}
        if one.start is not None and one.end is not None and not times_wrong and features.has(one.video):
            extracted = features.of(one.video, one.start, one.end)
        timed = cut is None and not times_wrong and bool(whole or extracted)
        reasons = (
            one.wrong,
            "" if cut and one.start is None else times_wrong,
            "" if emotion is not None else f"it shows none of {', '.join(self.emotions)}",
            "" if sides is None or one.video in sides else "its video is in none of the folds",
            "" if picture or sound or extracted else _nothing_of(one.video, features),
        )
        return Clip(
            id=one.id,
            labels=_labels(one) | ({EMOTION: emotion} if emotion else {}),
            video=picture,
            audio=sound,
            features=extracted,
            start=max(one.start or 0.0, 0.0) if timed else None,
            end=one.end if timed else None,
            split=None if sides is None else sides.get(one.video),
            origin=one.origin,
            values=values_of(one.scores),
            rejected=next(filter(None, reasons), ""),
        )

    def _times_wrong(self, one: Segment, transcripts: Mapping[str, Transcript]) -> str:
        """What is wrong with the times of a segment, "" where nothing is."""
        if one.start is None or one.end is None:
            return "no transcript says when it is"
        if not (math.isfinite(one.start) and math.isfinite(one.end)):
            return f"its times are no numbers: {one.start:g} s to {one.end:g} s"
        if one.end <= one.start:
            return f"it ends at {one.end:g} s, where it starts at {one.start:g} s"
        if one.start < -self.early or one.end <= 0:
            return f"it is at {one.start:g} s to {one.end:g} s, before its video begins"
        said = max((end for _, end in transcripts.get(one.video, {}).values() if math.isfinite(end)), default=math.inf)
        if one.end > said + MARGIN:
            return f"it ends at {one.end:g} s, behind the last sentence of its transcript, which ends at {said:g} s"
        return ""


def _forms(folder: Folder) -> dict[str, list[Path]]:
    """The files that hold labels, by their form, the most trustworthy form first."""
    tables = {path: columns_of(path) for path in folder.files(".csv")}
    return {
        "csd": [path for path in folder.files(".csd") if path.name.lower() == LABELS.lower()],
        "table": [path for path, columns in tables.items() if columns >= TABLE],
        "batches": [path for path, columns in tables.items() if columns >= BATCH],
    }


def _nothing_of(video: str, features: Features) -> str:
    return f"there is no {video}.mp4 or {video}.wav" + (f", nor {features.names} of it" if features.names else "")


def _numbered(one: Segment, transcripts: Mapping[str, Transcript]) -> Segment:
    """A segment with the number of the sentence that has its times, where a transcript knows it."""
    if one.number is not None or one.start is None or one.end is None:
        return one
    known = transcripts.get(one.video, {}).items()
    same = (n for n, (start, end) in known if abs(start - one.start) < NEAR and abs(end - one.end) < NEAR)
    return replace(one, number=next(same, None))


def _labels(one: Segment) -> dict[str, str]:
    return {SPEAKER: one.video, SOURCE: one.video, **presence(one.scores)}


def _at_the_same_times(segments: Sequence[Segment]) -> dict[str, str]:
    """Why segments are rejected that share video, start and end with another: at most one of their labels is theirs.

    Of segments that agree in all scores the first is kept.
    """
    places: dict[tuple[str, float, float], list[Segment]] = {}
    for one in segments:
        if one.start is not None and one.end is not None and math.isfinite(one.start) and math.isfinite(one.end):
            places.setdefault((one.video, one.start, one.end), []).append(one)
    reasons: dict[str, str] = {}
    for same in places.values():
        agree = all(one.scores == same[0].scores for one in same)
        for one in same[1:] if agree else same if len(same) > 1 else []:
            other = same[0].id if one is not same[0] else same[1].id
            reasons[one.id] = f"'{other}' has the same times" + ("" if agree else " and other scores")
    return reasons
