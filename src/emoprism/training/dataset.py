"""Prepared clips as batches: labels merged and indexed, clips split, streams read once and kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64

from emoprism.errors import CorpusError, Problem, RecipeError, did_you_mean
from emoprism.families import SPLITTERS
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.models.base import Batch, Stream
from emoprism.models.ranks import rows_of_rank
from emoprism.models.tasks.base import Task
from emoprism.recipe import Data
from emoprism.splits.base import Splitter, sides_csv
from emoprism.training.numbers import level, levels_of, values_of
from emoprism.training.targets import make_tasks, refuse_silence, targets_of
from emoprism.training.units import units_of
from emoprism.types import FACE, MISSING, NUMBER, TRAIN, StreamSpec

MODALITY_SALT = 0x51DE
"""Keeps the draw of hidden streams apart from others made with the same seed."""
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
    tasks: Mapping[str, Task]
    """What heads tell of every attribute."""
    targets: Mapping[str, np.ndarray]
    """What is true of every clip, as the attribute's task has it: [N] or [N, W]."""
    levels: Mapping[str, Mapping[str, float]]
    """Of numbers that are classes besides: a class -> where it begins."""
    left_out: tuple[str, ...] = ()
    """Ids of the clips of the corpus that take no part."""

    def rows(self, *splits: str) -> np.ndarray:
        """Indices of the clips of these splits."""
        return np.flatnonzero(np.isin(np.asarray(self.split), splits))

    def classes_told(self, task: Task, read: Float[np.ndarray, "N W"]) -> Int64[np.ndarray, "N"] | None:
        """Index into its `classes` of every clip by what a head tells of it: the likeliest class, or the level that a
        number is in (MISSING below the first). None where a head tells nothing that is a class.
        """
        chosen, levels = task.chosen(read), self.levels.get(task.attribute)
        if chosen is not None or task.kind != NUMBER or not levels:
            return chosen
        place = {word: i for i, word in enumerate(self.classes[task.attribute])}
        words = [level(float(value), levels) for value in read[:, 0]]
        return np.array([place.get(word or "", MISSING) for word in words], dtype=np.int64)

    def split_csv(self) -> str:
        """The split as a file that people can publish."""
        sides = dict(zip((clip.id for clip in self.clips), self.split, strict=True))
        return sides_csv([*sides, *self.left_out], sides)


def label_clips(corpus: PreparedCorpus, data: Data, seed: int, sides: Mapping[str, str] | None = None) -> Labelled:
    """Map and merge labels, split, and index classes. `sides`: a split made before (`read_sides`), in place of the
    recipe's. Raises CorpusError where the split leaves nothing to train on.
    """
    units = units_of(corpus, data.maps, data.merge, data.numbers)
    splitter: Splitter = SPLITTERS.make(data.split.name, options=data.split.options)
    placed = splitter.split(units, seed) if sides is None else sides
    labels_of = {unit.id: unit.labels for unit in units if placed.get(unit.id)}
    kept = [(clip, labels_of[clip.id]) for clip in corpus.clips if clip.id in labels_of]
    split = tuple(placed[clip.id] for clip, _ in kept)
    if TRAIN not in split:
        raise CorpusError(Problem(str(corpus.directory), f"the split '{data.split.name}' leaves no clip to train on"))
    attributes = sorted({name for _, labels in kept for name in labels})
    classes, trained, indices = {}, {}, {}
    for name in attributes:
        words = [labels.get(name) for _, labels in kept]
        seen = sorted({w for w, side in zip(words, split, strict=True) if w is not None and side == TRAIN})
        classes[name], indices[name] = indexed(words, seen)
        trained[name] = len(seen)
    left_out = tuple(clip.id for clip in corpus.clips if clip.id not in labels_of)
    tasks = make_tasks(data, {name: words[: trained[name]] for name, words in classes.items()})
    targets = targets_of(
        tasks, indices, [labels for _, labels in kept], [values_of(clip, data.numbers) for clip, _ in kept]
    )
    refuse_silence(tasks, targets)
    return Labelled(
        tuple(clip for clip, _ in kept),
        split,
        classes,
        trained,
        indices,
        tasks,
        targets,
        levels_of(data.numbers),
        left_out,
    )


def indexed(words: Sequence[str | None], first: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Classes, those of `first` and then the others in alphabetical order, and the index of every word among them."""
    classes = (*first, *sorted({word for word in words if word is not None} - set(first)))
    place = {word: i for i, word in enumerate(classes)}
    return classes, np.array([MISSING if word is None else place[word] for word in words], dtype=np.int64)


def stream_specs(corpus: PreparedCorpus, data: Data) -> dict[str, StreamSpec]:
    """What the recipe's streams look like in this corpus. Raises RecipeError for a stream that it does not have."""
    asked = [("data.streams", name) for name in data.streams]
    asked += [(f"data.versions.{stream}", name) for stream, names in data.versions.items() for name in names]
    problems = [
        Problem(f"{key}: {name}", f"{corpus.directory} has no such stream", did_you_mean(name, corpus.streams))
        for key, name in asked
        if name not in corpus.streams
    ]
    problems += [
        Problem(f"data.{key}.{name}", "data.streams does not name it", did_you_mean(name, data.streams))
        for key in ("max_steps", "exact_steps", "versions")
        for name in getattr(data, key)
        if name not in data.streams
    ]
    problems += [
        Problem(
            f"data.versions.{stream}: {name}",
            f"a step is {list(corpus.streams[name].shape)}, that of '{stream}' {list(corpus.streams[stream].shape)}",
            "a version is the same stream of the same clips, changed",
        )
        for stream, names in data.versions.items()
        for name in names
        if {stream, name} <= corpus.streams.keys() and corpus.streams[name] != corpus.streams[stream]
    ]
    if problems:
        raise RecipeError(problems)
    return {name: corpus.streams[name] for name in data.streams}


class Store:
    """The streams of a prepared corpus as `data` wants them; what was decoded once is kept, up to CACHE_BYTES."""

    def __init__(self, corpus: PreparedCorpus, data: Data, image_size: int | None) -> None:
        self.corpus, self.data = corpus, data
        self.streams = data.streams
        self.image_size = image_size
        self._kept: dict[tuple[str, str], np.ndarray] = {}
        self._bytes = 0

    def read(self, clip: PreparedClip, stream: str, version: int = 0) -> np.ndarray:
        """One stream of a clip, [T, ...]; T = 0 where the clip lacks it.

        `version` 0 is the stream itself, others are those of `data.versions`, over and over where they are fewer.
        """
        versions = (stream, *self.data.versions.get(stream, ()))
        values = self._decoded(clip, versions[version % len(versions)])
        return exact_steps(values, self.data.exact_steps.get(stream))

    def _decoded(self, clip: PreparedClip, stream: str) -> np.ndarray:
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


def exact_steps(values: np.ndarray, count: int | None) -> np.ndarray:
    """`count` steps: the middle of what is longer, a repetition of what is shorter; what is empty stays so."""
    if count is None or len(values) in (0, count):
        return values
    if len(values) > count:
        first = (len(values) - count) // 2
        return values[first : first + count]
    return values[np.arange(count) % len(values)]


class Batches:
    """Training batches: a function of (seed, epoch) alone. With several processes each reads its own rows.

    A clip counts once for each version of its streams (`data.versions`): `train` holds the rows of the train clips once
    for each, with the number of the version in `version`, 0 being the stream itself.
    """

    def __init__(self, labelled: Labelled, store: Store, data: Data, batch_size: int, seed: int) -> None:
        self.labelled, self.store, self.data = labelled, store, data
        versions = 1 + max(map(len, data.versions.values()), default=0)
        rows = labelled.rows(TRAIN)
        self.train, self.version = np.tile(rows, versions), np.repeat(np.arange(versions), len(rows))
        self.count = -(-len(self.train) // batch_size)
        self.seed = seed

    def epoch(self, epoch: int, device: torch.device) -> Iterator[Batch]:
        """All train clips and versions of them once, in an order drawn for the epoch, in batches of about one size."""
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.train))
        for samples in np.array_split(order, self.count):
            yield self._batch(samples, epoch, device)

    def _batch(self, samples: np.ndarray, epoch: int, device: torch.device) -> Batch:
        rows, own = self.train[samples], samples[rows_of_rank(len(samples))].tolist()
        hidden = {sample: self._hidden(sample, epoch) for sample in own}
        streams = {name: self._stream(own, name, epoch, hidden).to(device) for name in self.store.streams}
        labels = {name: torch.from_numpy(true[rows]).to(device) for name, true in self.labelled.targets.items()}
        return Batch(streams, labels, epoch)

    def _stream(self, samples: Sequence[int], name: str, epoch: int, hidden: Mapping[int, str | None]) -> Stream:
        most = self.data.max_steps.get(name)
        parts: list[np.ndarray] = []
        for sample in samples:
            row, version = int(self.train[sample]), int(self.version[sample])
            values = self.store.read(self.labelled.clips[row], name, version)
            generator = np.random.default_rng([self.seed, epoch, row, version][: 4 if version else 3])
            parts.append(draw_steps(values[:0] if hidden[sample] == name else values, most, generator))
        return collate(parts)

    def _hidden(self, sample: int, epoch: int) -> str | None:
        """The stream that this clip goes without in this epoch: one of those it has, where it has another."""
        if not self.data.modality_dropout:
            return None
        generator = np.random.default_rng([MODALITY_SALT, self.seed, epoch, sample])
        steps = self.labelled.clips[self.train[sample]].steps
        present = [name for name in self.store.streams if steps.get(name)]
        if len(present) < 2 or generator.random() >= self.data.modality_dropout:
            return None
        return present[int(generator.integers(len(present)))]


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
