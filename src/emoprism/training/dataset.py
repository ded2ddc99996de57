"""Prepared clips as batches: labels merged and indexed, clips split, streams read once and kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from emoprism.errors import CorpusError, Problem, RecipeError, did_you_mean
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.models.base import Batch, Stream
from emoprism.models.ranks import rows_of_rank
from emoprism.recipe import SPLITTERS, Data
from emoprism.splits.base import Unit
from emoprism.stage import csv_text
from emoprism.types import FACE, MISSING, TRAIN, StreamSpec

CACHE_BYTES = 6 * 2**30
"""Decoded streams kept in memory; what does not fit is decoded again every epoch."""


@dataclass(frozen=True)
class Labelled:
    """The clips of one experiment in order of id: split and labels of each, and the classes of every attribute.

    Classes that occur in train come first, in alphabetical order: a head has `trained[a]` of them. Classes after
    those (speakers left out of training) can be named but not predicted.
    """

    clips: tuple[PreparedClip, ...]
    split: tuple[str, ...]
    classes: Mapping[str, tuple[str, ...]]
    trained: Mapping[str, int]
    labels: Mapping[str, np.ndarray]
    """Class index int64 [N] per attribute, MISSING where unknown."""

    def rows(self, *splits: str) -> np.ndarray:
        """Indices of the clips of these splits."""
        return np.flatnonzero(np.isin(np.asarray(self.split), splits))

    def split_csv(self) -> str:
        """The split as a file that people can publish."""
        return csv_text(["clip", "split"], zip((clip.id for clip in self.clips), self.split, strict=True))


def label_clips(corpus: PreparedCorpus, data: Data, seed: int) -> Labelled:
    """Merge labels, split, and index classes. Raises CorpusError where the split leaves nothing to train on."""
    merged = [_merge(clip.labels, data.merge) for clip in corpus.clips]
    units = [Unit(c.id, labels, c.split) for c, labels in zip(corpus.clips, merged, strict=True)]
    sides = SPLITTERS.make(data.split.name, options=data.split.options).split(units, seed)
    kept = [(clip, labels) for clip, labels in zip(corpus.clips, merged, strict=True) if clip.id in sides]
    split = tuple(sides[clip.id] for clip, _ in kept)
    if TRAIN not in split:
        raise CorpusError(Problem(str(corpus.directory), f"the split '{data.split.name}' leaves no clip to train on"))
    attributes = sorted({name for _, labels in kept for name in labels})
    classes, trained, indices = {}, {}, {}
    for name in attributes:
        words = [labels.get(name) for _, labels in kept]
        seen = sorted({w for w, side in zip(words, split, strict=True) if w is not None and side == TRAIN})
        later = sorted({w for w in words if w is not None} - set(seen))
        place = {word: i for i, word in enumerate([*seen, *later])}
        classes[name], trained[name] = (*seen, *later), len(seen)
        indices[name] = np.array([MISSING if w is None else place[w] for w in words], dtype=np.int64)
    return Labelled(tuple(clip for clip, _ in kept), split, classes, trained, indices)


def _merge(labels: Mapping[str, str], merge: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: merge.get(name, {}).get(word, word) for name, word in labels.items()}


def stream_specs(corpus: PreparedCorpus, data: Data) -> dict[str, StreamSpec]:
    """What the recipe's streams look like in this corpus. Raises RecipeError for a stream that it does not have."""
    problems = [
        Problem(f"data.streams: {name}", f"{corpus.directory} has no such stream", did_you_mean(name, corpus.streams))
        for name in data.streams
        if name not in corpus.streams
    ]
    if problems:
        raise RecipeError(problems)
    return {name: corpus.streams[name] for name in data.streams}


class Store:
    """The streams of a prepared corpus, decoded when first asked for and then kept, up to CACHE_BYTES."""

    def __init__(self, corpus: PreparedCorpus, streams: Sequence[str], image_size: int | None) -> None:
        self.corpus = corpus
        self.streams = tuple(streams)
        self.image_size = image_size
        self._kept: dict[tuple[str, str], np.ndarray] = {}
        self._bytes = 0

    def read(self, clip: PreparedClip, stream: str) -> np.ndarray:
        """One stream of a clip, [T, ...]; T = 0 where the clip lacks it."""
        key = (clip.id, stream)
        known = self._kept.get(key)
        if known is not None:
            return known
        if not clip.steps.get(stream, 0):
            return self._empty(stream)
        values = self.corpus.read(clip, stream, size=self.image_size if stream == FACE else None)
        if self._bytes + values.nbytes <= CACHE_BYTES:
            self._kept[key] = values
            self._bytes += values.nbytes
        return values

    def _empty(self, stream: str) -> np.ndarray:
        if stream == FACE and self.image_size is not None:
            return np.zeros((0, self.image_size, self.image_size, 3), dtype=np.uint8)
        return np.zeros((0, *self.corpus.streams[stream].shape), dtype=np.float32)


def collate(parts: Sequence[np.ndarray]) -> Stream:
    """Clips of different lengths as one padded stream with its mask. At least one step, so that shapes stay legal."""
    longest = max(1, *(len(part) for part in parts))
    values = np.zeros((len(parts), longest, *parts[0].shape[1:]), dtype=parts[0].dtype)
    mask = np.zeros((len(parts), longest), dtype=bool)
    for row, part in enumerate(parts):
        values[row, : len(part)] = part
        mask[row, : len(part)] = True
    return Stream(torch.from_numpy(values), torch.from_numpy(mask))


def draw_steps(values: np.ndarray, most: int | None, generator: np.random.Generator) -> np.ndarray:
    """At most `most` steps: a random subset of frames in order, a random window of feature vectors."""
    if most is None or len(values) <= most:
        return values
    if values.ndim == 4:
        return values[np.sort(generator.choice(len(values), most, replace=False))]
    first = int(generator.integers(len(values) - most + 1))
    return values[first : first + most]


class Batches:
    """Training batches: a function of (seed, epoch) alone. With several processes each reads its own rows."""

    def __init__(self, labelled: Labelled, store: Store, data: Data, batch_size: int, seed: int) -> None:
        self.labelled, self.store, self.data = labelled, store, data
        self.train = labelled.rows(TRAIN)
        self.count = -(-len(self.train) // batch_size)
        self.seed = seed

    def epoch(self, epoch: int, device: torch.device) -> Iterator[Batch]:
        """All train clips once, in an order drawn for the epoch, in batches of nearly equal size."""
        order = np.random.default_rng([self.seed, epoch]).permutation(self.train)
        for rows in np.array_split(order, self.count):
            yield self._batch(rows, epoch, device)

    def _batch(self, rows: np.ndarray, epoch: int, device: torch.device) -> Batch:
        own = rows[rows_of_rank(len(rows))]
        streams = {name: self._stream(own, name, epoch).to(device) for name in self.store.streams}
        labels = {name: torch.from_numpy(index[rows]).to(device) for name, index in self.labelled.labels.items()}
        return Batch(streams, labels, epoch)

    def _stream(self, rows: np.ndarray, name: str, epoch: int) -> Stream:
        most = self.data.max_steps.get(name)
        parts: list[np.ndarray] = []
        for row in rows.tolist():
            generator = np.random.default_rng([self.seed, epoch, row])
            parts.append(draw_steps(self.store.read(self.labelled.clips[row], name), most, generator))
        return collate(parts)


def evaluation_streams(
    labelled: Labelled, store: Store, rows: np.ndarray, batch_size: int, device: torch.device
) -> Iterator[dict[str, Stream]]:
    """Whole clips in the order of `rows`, for evaluation."""
    for first in range(0, len(rows), batch_size):
        part = rows[first : first + batch_size].tolist()
        yield {
            name: collate([store.read(labelled.clips[row], name) for row in part]).to(device) for name in store.streams
        }


def open_prepared(directory: Path) -> PreparedCorpus:
    """A prepared corpus that holds at least one clip."""
    corpus = PreparedCorpus.open(directory)
    if not corpus.clips:
        raise CorpusError(Problem(str(directory), "holds no usable clip", "see its rejected.csv for the reasons"))
    return corpus
