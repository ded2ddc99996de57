"""Whole corpora as arrays, the form that features of CMU-MOSEI, CMU-MOSI and others are passed on in.

An .npz, HDF5 or Parquet file for each side, `train.npz`, `valid.npz`, `test.npz`; or one file with groups `train/`,
`valid/`, `test/`; or one file without sides. In each, N clips in the same order::

    audio, vision       [N, T, D]    features, shorter clips padded with rows of zeros before or behind
    audio_lengths, ...  [N]          how many steps are real, the first ones (MMSA); without it, all between the zeros
    id                  [N] or [N, 3]    <video>$_$<n> (MMSA), <video>[<n>] (the SDK), or video, start, end (MulT)
    labels              [N], [N, 1], [N, 1, 1]   sentiment; or [N, 1, 7] sentiment and six emotions (the SDK's order)
    regression_labels   [N]          sentiment (MMSA)

These are what the dictionaries hold that Tsai et al. (2019, MulT), Yu et al. (2021, MMSA) and the SDK's `get_tensors`
give as pickles. A pickle can run any code when it is read, so that none is: docs/data.md says how to convert it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emoprism.arrays.files import HDF5, PARQUET, PICKLES, unknown
from emoprism.corpora._array_sets import ArraySet, Wanted, find_sets
from emoprism.corpora._folder import Folder
from emoprism.corpora._problems import is_lfs_pointer, refuse
from emoprism.corpora.base import Corpus
from emoprism.errors import CorpusError, MediaError, Problem
from emoprism.types import SPEAKER, TEST, TRAIN, UNSEEN, VALIDATION, Clip

KINDS = (".npz", *HDF5[:2], *PARQUET)
NO_NAMES: dict[str, str] = {}


class ArrayCorpus(Corpus):
    """A row of every array is a clip. `root` is a file, or a folder of one for each side.

    The speaker is the video of a clip's id, as in `cmu_mosei`; ids of another form name none. A test clip is `unseen`
    where its speaker is on no other side, `test` where the speaker trains, and rejected where the speaker is on the
    validation side alone. Values that are no numbers (COVAREP's minus infinity) become 0, as MulT and MMSA have it.
    """

    citation = "Whoever made the data, and whoever extracted the features."
    licence = "That of the corpus it comes from."
    own_words = True

    def __init__(
        self,
        root: Path,
        *,
        streams: dict[str, str] = NO_NAMES,
        values: dict[str, str] = NO_NAMES,
        labels: dict[str, str] = NO_NAMES,
        ids: str = "id",
    ) -> None:
        """`streams`: what streams are called and the array of each; by default `acoustic` and `visual` of `audio` and
        `vision`, those that are there. `values`: attributes that are numbers, as `array` or `array[column]`; by default
        what the arrays `regression_labels` or `labels` are known to hold. `labels`: attributes that are words or whole
        numbers, and their arrays [N]. `ids`: the array of ids.
        """
        super().__init__(root)
        self.wanted = Wanted(streams, values, labels, ids)

    def clips(self) -> Sequence[Clip]:
        """Every row of every side, ordered by id. Raises CorpusError with what is wrong with the files."""
        problems: list[Problem] = []
        sets: list[ArraySet] = []
        for path in self._files():
            try:
                sets += find_sets(path, self.wanted)
            except MediaError as error:
                problems.append(Problem(str(path), error.reason))
        refuse([*problems, *(problem for one in sets for problem in one.problems)], str(self.root))
        clips = [clip for one in sets for clip in one.clips]
        refuse(_twice(clips), str(self.root))
        return sorted(_placed(clips), key=lambda clip: clip.id)

    def _files(self) -> list[Path]:
        if self.root.is_file():
            if self.root.suffix.lower() not in KINDS:
                what = unknown(self.root) if self.root.suffix.lower() in PICKLES else "not a file of arrays by name"
                raise CorpusError(Problem(str(self.root), what, f"expected one of {', '.join(KINDS)}"))
            if is_lfs_pointer(self.root):
                raise CorpusError(Problem(str(self.root), "a Git LFS pointer, not the file", "run `git lfs pull`"))
            return [self.root]
        folder = Folder(self.root, expected="train.npz, valid.npz and test.npz, or one file of all")
        files = folder.files(*KINDS)
        folder.check(files)
        if not files:
            pickles = folder.files(*PICKLES)
            what = f"{pickles[0].name}: {unknown(pickles[0])}" if pickles else "holds no files of arrays"
            raise CorpusError(Problem(str(self.root), what, f"expected one of {', '.join(KINDS)}"))
        return files


def _twice(clips: Sequence[Clip]) -> list[Problem]:
    first: dict[str, str] = {}
    return [
        Problem(clip.origin, f"the id '{clip.id}' is that of {first[clip.id]} too", "ids are unique")
        for clip in clips
        if first.setdefault(clip.id, clip.origin) != clip.origin
    ]


def _placed(clips: Sequence[Clip]) -> list[Clip]:
    """Clips of the test side as `test` or `unseen`, by what their speakers do elsewhere."""
    sides: dict[str, set[str]] = {}
    for clip in clips:
        if clip.split is not None and SPEAKER in clip.labels:
            sides.setdefault(clip.labels[SPEAKER], set()).add(clip.split)
    placed: list[Clip] = []
    for clip in clips:
        others = sides.get(clip.labels.get(SPEAKER, ""), {TRAIN}) - {TEST}
        if clip.split != TEST or TRAIN in others:
            placed.append(clip)
        elif VALIDATION in others:
            why = f"its speaker '{clip.labels[SPEAKER]}' is on the validation side and never trains"
            placed.append(replace(clip, rejected=why))
        else:
            placed.append(replace(clip, split=UNSEEN))
    return placed
