"""Everybody who appears in a prepared corpus: a row per face track, or per clip that has a voice alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from emoprism.identities.embedders import Embedders
from emoprism.identities.options import IdentifyOptions, Kind
from emoprism.media.audio import HOP
from emoprism.media.shards import PreparedClip, PreparedCorpus, TrackRow, read_header
from emoprism.media.sound import RATE
from emoprism.types import AUDIO, FACE

Vectors = Mapping[Kind, Float64[np.ndarray, "_"]]


@dataclass(frozen=True, slots=True)
class Appearance:
    """Somebody in a clip: a face track, or (`track` None) whoever is heard in a clip without one.

    `main`: the one that the clip's own label is about. `voice`: probability that the clip's voice is theirs, 0 where
    the voice is somebody else's or there is none. `crops` and `seconds` say how much there is to go by.
    """

    clip: str
    track: int | None
    main: bool
    start: float = 0.0
    end: float = 0.0
    crops: int = 0
    seconds: float = 0.0
    voice: float = 0.0

    def overlaps(self, other: Appearance) -> bool:
        """Whether both are seen at one time, so that they cannot be one person."""
        return self.clip == other.clip and self.start <= other.end and other.start <= self.end


def appearances_of(clip: PreparedClip, tracks: Sequence[TrackRow], options: IdentifyOptions) -> list[Appearance]:
    """The tracks of a clip (the main one first, whom the voice is taken to belong to), or its voice alone."""
    hear = clip.steps.get(AUDIO, 0) * HOP / RATE
    heard = hear >= options.seconds and hear > 0
    total = sum(track.frames for track in tracks)
    rows = [
        Appearance(
            clip.id, track.track, track.main, track.start, track.end, track.frames,
            seconds=hear if track.main else 0.0,
            voice=options.link * track.frames / total if heard and track.main else 0.0,
        )
        for track in sorted(tracks, key=lambda track: (not track.main, track.track))
    ]  # fmt: skip
    return rows or [Appearance(clip.id, None, main=True, seconds=hear, voice=float(heard))]


def tracks_of(corpus: PreparedCorpus) -> dict[str, list[TrackRow]]:
    """The stored face tracks of every clip: all, or the main one alone where `prepare` kept no others."""
    every = corpus.manifest.options.get("media", {}).get("tracks") == "all"
    shards: dict[str, list[PreparedClip]] = {}
    for clip in corpus.clips:
        shards.setdefault(clip.shard, []).append(clip)
    found: dict[str, list[TrackRow]] = {}
    for shard, clips in sorted(shards.items()):
        told = {row["clip"]: row["tracks"] for row in read_header(corpus.directory / shard)[0]}
        for clip in clips:
            tracks = [TrackRow(**track) for track in told[clip.key_in_shard]]
            if not tracks and clip.steps.get(FACE):
                # Shards of other making may hold faces without saying whose.
                tracks = [TrackRow(0, main=True, start=0.0, end=clip.seconds, frames=clip.steps[FACE])]
            found[clip.id] = [track for track in tracks if every or track.main]
    return found


def apart(rows: Sequence[Appearance]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that cannot be one person: two faces seen at one time. Rows of a clip stand together."""
    first = 0
    for second, row in enumerate(rows):
        while rows[first].clip != row.clip:
            first += 1
        for other in range(first, second):
            if row.track is not None and rows[other].overlaps(row):
                yield other, second


def embed(
    corpus: PreparedCorpus, clip: PreparedClip, row: Appearance, embedders: Embedders, options: IdentifyOptions
) -> Vectors:
    """What the models say of an appearance; nothing of a kind of which there is too little."""
    found: dict[Kind, np.ndarray] = {}
    if embedders.face is not None and row.track is not None and row.crops >= options.crops:
        found["face"] = embedders.track(_crops(corpus, clip, row))
    if embedders.voice is not None and row.voice > 0:
        found["voice"] = embedders.voice.of_clip(corpus, clip)
    return found


def _crops(corpus: PreparedCorpus, clip: PreparedClip, row: Appearance) -> np.ndarray:
    if row.main:
        return corpus.read(clip, FACE)
    assert row.track is not None
    return corpus.read_track(clip, row.track)
