"""The sound of prepared clips, heard once: copies among all of a corpus, and the quantities that may be shortcuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from emoprism.console import track
from emoprism.media.audio import MELS
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.split_audit.audit import Asked, audit_listing
from emoprism.split_audit.copies import Twins, find_twins
from emoprism.split_audit.listing import Listing
from emoprism.split_audit.prints import Loudness, Sound, describe
from emoprism.split_audit.results import Copy, SplitAudit
from emoprism.split_audit.shortcuts import FRAMES
from emoprism.stage import MANIFEST, sha256
from emoprism.types import AUDIO

MANY = 2000
"""Clips from which on their hearing shows its progress."""


@dataclass(frozen=True)
class Heard:
    """What is known of all clips of a corpus whatever their split: `place` by id, copies, and numbers per clip."""

    place: Mapping[str, int]
    twins: Twins | None
    numbers: Mapping[str, Float64[np.ndarray, "N"]]


def audit_prepared(
    corpus: PreparedCorpus,
    clips: Sequence[str],
    sides: Sequence[str],
    labels: Sequence[Mapping[str, str]],
    asked: Asked,
) -> tuple[SplitAudit, list[Copy]]:
    """Audit a split of prepared clips: id, side and labels of each clip that takes part; and every copy found."""
    heard = hear(corpus)
    places = np.array([heard.place[clip] for clip in clips], dtype=np.int64)
    numbers = {name: values[places] for name, values in heard.numbers.items()}
    twins = None if heard.twins is None else heard.twins.of(places)
    return audit_listing(Listing.of(clips, sides, labels, numbers), twins, asked)


def hear(corpus: PreparedCorpus) -> Heard:
    """Read all sound of a corpus and compare it. Kept until another corpus is heard: runs of a suite share it."""
    return _heard(corpus.directory.resolve(), sha256(corpus.directory / MANIFEST))


@lru_cache(maxsize=1)
def _heard(directory: Path, _manifest: str) -> Heard:
    corpus = PreparedCorpus.open(directory)
    sounds = _sounds(corpus)
    numbers = quantities([clip.seconds for clip in corpus.clips], [None if s is None else s.loudness for s in sounds])
    numbers |= {f"{FRAMES}{name}": _steps(corpus.clips, name) for name in corpus.streams}
    twins = find_twins(sounds) if any(sound is not None for sound in sounds) else None
    return Heard({clip.id: place for place, clip in enumerate(corpus.clips)}, twins, numbers)


def _sounds(corpus: PreparedCorpus) -> list[Sound | None]:
    """In the order of the corpus; shard by shard would be no faster."""
    known = AUDIO in corpus.streams and corpus.streams[AUDIO].shape == (MELS,)
    clips = track(corpus.clips, "split audit", len(corpus.clips)) if len(corpus.clips) >= MANY else corpus.clips
    return [describe(corpus.read(clip, AUDIO)) if known and clip.steps.get(AUDIO) else None for clip in clips]


def _steps(clips: Sequence[PreparedClip], stream: str) -> Float64[np.ndarray, "N"]:
    return np.array([clip.steps.get(stream, 0) for clip in clips], dtype=np.float64)


def quantities(
    seconds: Sequence[float | None], loudness: Sequence[Loudness | None]
) -> dict[str, Float64[np.ndarray, "N"]]:
    """Plain numbers of each clip, NaN where unknown; of no clip known at all, left out."""
    nan = float("nan")
    columns = {"seconds": [nan if value is None else value for value in seconds]}
    for name in ("leading", "trailing", "silent", "level"):
        columns[name] = [nan if own is None else round(float(getattr(own, name)), 6) for own in loudness]
    arrays = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
    return {name: values for name, values in arrays.items() if np.isfinite(values).any()}
