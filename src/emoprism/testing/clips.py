"""Contracts of corpora and splits."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoprism.testing.plugins import check_plugin

if TYPE_CHECKING:
    from emoprism.corpora.base import Corpus
    from emoprism.splits.base import Unit
    from emoprism.types import Clip


def check_corpus(name: str, root: Path, **options: Any) -> None:
    """A corpus adapter, on a folder it can read: ids, labels, files, times and splits of its clips are sound."""
    from emoprism.families import CORPORA

    check_plugin(CORPORA, name)
    corpus: Corpus = CORPORA.make(name, root, options=options)
    assert corpus.citation and corpus.licence, f"{name}: says whom to cite, and what the data may be used for"
    clips = corpus.clips()
    assert clips, f"{name}: finds clips in {root}"
    ids = [clip.id for clip in clips]
    assert ids == sorted(set(ids)), f"{name}: clips are ordered by id, ids are unique"
    for clip in clips:
        _check_clip(clip)
    _check_words(name, corpus, clips)
    usable = [clip for clip in clips if not clip.rejected]
    assert usable, f"{name}: finds clips in {root} that it does not reject"
    _check_sides([(clip.labels.get("speaker"), clip.split) for clip in usable])
    again: Corpus = CORPORA.make(name, root, options=options)
    assert list(again.clips()) == list(clips), f"{name}: the same folder gives the same clips"


def _check_words(name: str, corpus: Corpus, clips: Sequence[Clip]) -> None:
    from emoprism.corpora.base import EMOTIONS
    from emoprism.types import EMOTION

    words = {clip.labels[EMOTION] for clip in clips if EMOTION in clip.labels}
    assert corpus.own_words or words <= set(EMOTIONS), f"{name}: calls emotions as {EMOTIONS} do: {words}"


def _check_clip(clip: Clip) -> None:
    from emoprism.types import SPLITS

    files = [clip.video, clip.audio, *(source.path for source in clip.features.values())]
    assert clip.rejected or any(files), f"{clip.id}: has a picture, a sound or features"
    assert all(path is None or path.is_file() for path in files), f"{clip.id}: its files exist: {files}"
    words = [*clip.labels, *clip.labels.values()]
    assert all(word and word == " ".join(word.split()) for word in words), f"{clip.id}: labels are words of one line"
    for start in (clip.start, clip.audio_start):
        assert start is None or start >= 0, f"{clip.id}: starts within its file"
    assert clip.rejected or clip.end is None or clip.end > (clip.start or 0.0), f"{clip.id}: ends after its start"
    assert all(map(math.isfinite, clip.values.values())), f"{clip.id}: its values are finite numbers"
    assert not set(clip.values) & set(clip.labels), f"{clip.id}: an attribute is a word or a number, not both"
    if clip.region is not None:
        x0, y0, x1, y1 = clip.region
        assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1, f"{clip.id}: its region lies in the picture, in shares of it"
    assert clip.split is None or clip.split in SPLITS, f"{clip.id}: its split is one of {SPLITS}"
    assert clip.origin, f"{clip.id}: says where it is declared"


def check_splitter(name: str, units: Sequence[Unit] | None = None, **options: Any) -> None:
    """A splitter, on `units` or an example of 12 speakers: a function of clips, options and seed that leaks nobody.

    One with folds is checked fold by fold.
    """
    from emoprism.errors import CorpusError
    from emoprism.families import SPLITTERS
    from emoprism.splits.base import Splitter

    check_plugin(SPLITTERS, name)
    units = example_units() if units is None else units
    splitter: Splitter = SPLITTERS.make(name, options=options)
    folds = splitter.folds(units)
    assert folds and len(set(folds)) == len(folds), f"{name}: every fold has a name of its own"
    assert splitter.folds(units[::-1]) == folds, f"{name}: the order of the clips does not matter to the folds"
    if len(folds) == 1 or "fold" in options:
        _check_split(name, units, options)
        return
    for fold in range(len(folds)):
        _check_split(name, units, {**options, "fold": fold})
    beyond: Splitter = SPLITTERS.make(name, options={**options, "fold": len(folds)})
    try:
        beyond.split(units, 0)
    except CorpusError as error:
        assert str(len(folds)) in str(error), f"{name}: says how many folds there are"
    else:
        raise AssertionError(f"{name}: refuses a fold that is not there")


def _check_split(name: str, units: Sequence[Unit], options: Mapping[str, Any]) -> None:
    from emoprism.families import SPLITTERS
    from emoprism.splits.base import Splitter
    from emoprism.types import SPLITS, TRAIN

    splitter: Splitter = SPLITTERS.make(name, options=options)
    speakers = {unit.id: unit.labels.get(options.get("speaker", "speaker")) for unit in units}
    for seed in (0, 1, 2):
        sides = splitter.split(units, seed)
        assert set(sides) <= set(speakers), f"{name}: invents no clip"
        assert set(sides.values()) <= set(SPLITS), f"{name}: sides are of {SPLITS}"
        assert TRAIN in sides.values(), f"{name}: leaves something to train on"
        _check_sides([(speakers[clip], side) for clip, side in sides.items()])
        shuffled = random.Random(seed).sample(list(units), len(units))
        again: Splitter = SPLITTERS.make(name, options=options)
        assert again.split(shuffled, seed) == sides, f"{name}: the order of the clips does not matter"


def _check_sides(pairs: Sequence[tuple[str | None, str | None]]) -> None:
    """(speaker, side) of all clips: unseen speakers are in no other split, tested ones are in train.

    Validation may be of speakers who train or of strangers (Li et al. 2020).
    """
    from emoprism.types import TEST, TRAIN, UNSEEN

    sides: dict[str, set[str]] = {}
    for speaker, side in pairs:
        if speaker is not None and side is not None:
            sides.setdefault(speaker, set()).add(side)
    for speaker, found in sides.items():
        assert UNSEEN not in found or found == {UNSEEN}, f"{speaker}: an unseen speaker is in no other split"
        assert TEST not in found or TRAIN in found, f"{speaker}: a tested speaker is in train"


def example_units(speakers: int = 12, per_emotion: int = 6) -> list[Unit]:
    """Clips of an even corpus: speakers of two genders, five emotions, the last third of the speakers given unseen.

    Two speakers share a session, the sessions of a half are a corpus, and every take has a sentence of its own.
    """
    from emoprism.splits.base import Unit
    from emoprism.types import CORPUS, EMOTION, GENDER, SENTENCE, SESSION, SPEAKER, TEST, TRAIN, UNSEEN

    units: list[Unit] = []
    for speaker in range(speakers):
        for emotion in ("angry", "happy", "neutral", "other", "sad"):
            for take in range(per_emotion):
                labels = {
                    SPEAKER: f"s{speaker:02d}",
                    EMOTION: emotion,
                    GENDER: ("female", "male")[speaker % 2],
                    SESSION: f"session{speaker // 2 + 1:02d}",
                    CORPUS: ("first", "second")[2 * speaker // speakers],
                    SENTENCE: f"sentence {take + 1}",
                }
                given = UNSEEN if speaker >= speakers * 2 // 3 else TEST if take == 0 else TRAIN
                units.append(Unit(f"s{speaker:02d}-{emotion}-{take}", labels, given))
    return units
