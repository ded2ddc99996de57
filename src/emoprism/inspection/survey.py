"""Everything that is known of a prepared corpus, as numbers: what the page, the JSON and the CSV show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float64

from emoprism import console
from emoprism.inspection.attributes import Attribute, Chosen, attributes_of, choose
from emoprism.inspection.counts import Crossed, cross, holders
from emoprism.inspection.information import Entanglement, entangle, entropy
from emoprism.inspection.options import InspectOptions
from emoprism.inspection.reasons import Reason, Told, group, read_rejected
from emoprism.inspection.samples import Sampled, look
from emoprism.inspection.spreads import Spread, spread
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.stage import Manifest

NO_REASON = "no reason is given"


@dataclass(frozen=True, slots=True)
class StreamCount:
    """A stream: what one step of it looks like, clips that have it, and why others do not."""

    name: str
    shape: tuple[int, ...]
    clips: int
    missing: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class SplitCount:
    """A side of the split that the corpus gives ("" for clips on none). `values`: how many each attribute has there."""

    name: str
    clips: int
    seconds: float
    values: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Label:
    """One value of the primary attribute. `speakers` is None where nobody is named."""

    name: str
    clips: int
    seconds: float
    speakers: int | None


@dataclass(frozen=True, slots=True)
class Survey:
    """A corpus in numbers. `primary` and `secondary` are None where no clip has the label, or hardly two share one.

    `crossed` are the tables of the secondary attribute with every other (without it, of the primary with every other).
    `cut` counts clips as long as `prepare` lets them be, which is `limit` seconds. `faces` counts, among the clips
    `sampled` that show a face, how many show how many.
    """

    manifest: Manifest
    options: InspectOptions
    clips: int
    seconds: float
    attributes: Mapping[str, Attribute]
    left_out: Mapping[str, str]
    primary: Attribute | None
    secondary: Attribute | None
    labels: tuple[Label, ...]
    crossed: tuple[Crossed, ...]
    pairs: tuple[Entanglement, ...]
    durations: Spread | None
    each: Spread | None
    cut: int
    limit: float | None
    streams: tuple[StreamCount, ...]
    values: tuple[Spread, ...]
    sampled: int
    level: Spread | None
    silence: Spread | None
    faces: Mapping[int, int]
    splits: tuple[SplitCount, ...]
    rejected: tuple[Reason, ...]

    @property
    def corpus(self) -> str:
        """Name of the corpus's adapter; of joined corpora, all their names."""
        named: Any = self.manifest.options.get("corpus", "corpus")
        if isinstance(named, Mapping) and isinstance(named.get("corpora"), Mapping):
            return " + ".join(named["corpora"])
        return str(named.get("name", "corpus") if isinstance(named, Mapping) else named)

    @property
    def rejections(self) -> int:
        """Clips that could not be used."""
        return sum(reason.clips for reason in self.rejected)


def survey(corpus: PreparedCorpus, options: InspectOptions) -> Survey:
    """Count and compare. Raises RecipeError for labels in `options` that no clip has, CorpusError where files fail."""
    clips = corpus.clips
    chosen = choose(attributes_of(clips), options, corpus.directory)
    primary, secondary = chosen.shown.get(options.primary), chosen.shown.get(options.secondary)
    seconds = np.array([clip.seconds for clip in clips], dtype=np.float64)
    limit = _limit(corpus.manifest)
    sampled = look(corpus, options.sample, options.seed)
    return Survey(
        manifest=corpus.manifest,
        options=options,
        clips=len(clips),
        seconds=float(seconds.sum()),
        attributes=chosen.shown,
        left_out=chosen.left_out,
        primary=primary,
        secondary=secondary,
        labels=_labels(primary, secondary, seconds),
        crossed=_crossed(chosen, secondary or primary),
        pairs=_pairs(chosen, options),
        durations=spread("duration", "seconds", seconds, primary),
        each=_each(secondary),
        cut=0 if limit is None else int(np.count_nonzero(seconds >= limit - 0.01)),
        limit=limit,
        streams=_streams(corpus),
        values=_values(clips, primary),
        sampled=len(sampled.rows),
        level=spread("level", "dB", _at(sampled, sampled.level, len(clips)), primary),
        silence=spread("silence", "share of the steps", _at(sampled, sampled.silence, len(clips)), primary),
        faces=dict(sorted(Counter(sampled.faces[sampled.faces > 0].tolist()).items())),
        splits=_splits(clips, chosen),
        rejected=group(read_rejected(corpus.directory)),
    )


def _limit(manifest: Manifest) -> float | None:
    media: Any = manifest.options.get("media", {})
    limit: Any = media.get("seconds") if isinstance(media, Mapping) else None
    return float(limit) if isinstance(limit, (int, float)) else None


def _at(sampled: Sampled, numbers: Float64[np.ndarray, "M"], count: int) -> Float64[np.ndarray, "N"]:
    """The numbers of the sampled clips at their places among all; nan elsewhere."""
    out = np.full(count, np.nan)
    out[sampled.rows] = numbers
    return out


def _labels(
    primary: Attribute | None, secondary: Attribute | None, seconds: Float64[np.ndarray, "N"]
) -> tuple[Label, ...]:
    if primary is None:
        return ()
    long = np.bincount(primary.codes + 1, seconds, len(primary.classes) + 1)[1:]
    people = holders(primary, secondary) if secondary else {}
    rows = zip(primary.classes, primary.counts.tolist(), long.tolist(), strict=True)
    return tuple(Label(name, clips, sec, people.get(name)) for name, clips, sec in rows)


def _crossed(chosen: Chosen, down: Attribute | None) -> tuple[Crossed, ...]:
    if down is None:
        return ()
    others = [one for one in chosen.shown.values() if one is not down and len(one.classes) > 1]
    return tuple(cross(down, across) for across in others)


def _pairs(chosen: Chosen, options: InspectOptions) -> tuple[Entanglement, ...]:
    """Every two attributes of more than one value: the primary is told, else the one that is less open."""
    varied = [attribute for attribute in chosen.shown.values() if len(attribute.classes) > 1]
    todo = [_directed(a, b, options.primary) for a, b in combinations(varied, 2)]
    tracked = console.track(todo, "compare attributes", len(todo)) if todo else ()
    found = [entangle(known, told, options.permutations, options.seed) for known, told in tracked]
    return tuple(pair for pair in found if pair is not None)


def _directed(a: Attribute, b: Attribute, primary: str) -> tuple[Attribute, Attribute]:
    told, known = sorted((a, b), key=lambda one: (one.name != primary, entropy(one.counts), one.name))
    return known, told


def _each(secondary: Attribute | None) -> Spread | None:
    if secondary is None:
        return None
    return spread(f"clips a {secondary.name}", "clips", secondary.counts.astype(np.float64), None)


def _streams(corpus: PreparedCorpus) -> tuple[StreamCount, ...]:
    """Streams that any clip has, or that any clip says it lacks."""
    told = {name for clip in corpus.clips for name in clip.notes}
    return tuple(_stream(corpus, name) for name in sorted(told | set(corpus.streams)))


def _stream(corpus: PreparedCorpus, name: str) -> StreamCount:
    lacking = [clip for clip in corpus.clips if not clip.steps.get(name)]
    shape = corpus.streams[name].shape if name in corpus.streams else ()
    reasons = group(Told(clip.id, clip.notes.get(name, NO_REASON)) for clip in lacking)
    return StreamCount(name, shape, len(corpus.clips) - len(lacking), len(lacking), reasons)


def _values(clips: Sequence[PreparedClip], primary: Attribute | None) -> tuple[Spread, ...]:
    names = sorted({name for clip in clips for name in clip.values})
    rows = ((name, np.array([clip.values.get(name, np.nan) for clip in clips], dtype=np.float64)) for name in names)
    spreads = (spread(name, "", numbers, primary) for name, numbers in rows)
    return tuple(found for found in spreads if found is not None)


def _splits(clips: Sequence[PreparedClip], chosen: Chosen) -> tuple[SplitCount, ...]:
    names = np.array([clip.split or "" for clip in clips], dtype=np.str_)
    if not any(clip.split for clip in clips):
        return ()
    seconds = np.array([clip.seconds for clip in clips], dtype=np.float64)
    found: list[SplitCount] = []
    for name in dict.fromkeys(names.tolist()):
        own = names == name
        values = {a.name: len(set(a.codes[own].tolist()) - {-1}) for a in chosen.shown.values()}
        found.append(SplitCount(name, int(own.sum()), float(seconds[own].sum()), values))
    return tuple(sorted(found, key=lambda split: (split.name == "", -split.clips, split.name)))
