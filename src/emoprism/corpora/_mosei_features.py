"""Features of CMU-MOSEI as its SDK distributes them: computational sequences (.csd) of whole videos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from emoprism.arrays.files import SEQUENCE
from emoprism.arrays.hdf5 import INSTALL, library
from emoprism.arrays.sequences import Sequence as ComputationalSequence
from emoprism.corpora._folder import Folder
from emoprism.corpora._problems import refuse
from emoprism.errors import CorpusError, MediaError, Problem, did_you_mean
from emoprism.types import AUDIO, FACE, FeatureSource

RELEASED = ("covarep", "facet_4_2", "openface_2", "glove_vectors")
"""Streams that the release has, named by what is written inside its files: COVAREP, FACET 4.2, OpenFace_2, ..."""


def stream_of(name: str) -> str:
    """A sequence's name as that of a stream: `FACET 4.2` is `facet_4_2`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def sequence_files(folder: Folder, labels: str) -> list[Path]:
    """Files of sequences that are not the labels."""
    return [path for path in folder.files(SEQUENCE) if path.name.lower() != labels.lower()]


class Features:
    """The sequences that are asked for, by the names of their streams.

    Raises CorpusError where one is not there, twice there, or no sequence; which it is stands inside the files, so that
    their own names do not matter.
    """

    def __init__(self, folder: Folder, asked: Sequence[str], labels: str) -> None:
        self._sequences: dict[str, ComputationalSequence] = {}
        if not asked:
            return
        if library() is None:
            raise CorpusError(Problem("corpus.features", "reading .csd files needs the package h5py", INSTALL))
        found: dict[str, list[ComputationalSequence]] = {}
        broken: list[Problem] = []
        for path in sequence_files(folder, labels):
            try:
                sequence = ComputationalSequence(path)
            except MediaError as error:
                broken.append(Problem(str(path), error.reason, "download it again"))
            else:
                found.setdefault(stream_of(sequence.name), []).append(sequence)
        problems = [problem for stream in asked for problem in _problems(stream, found, str(folder.root))]
        refuse([*(broken if any(stream not in found for stream in asked) else []), *problems], str(folder.root))
        self._sequences = {stream: found[stream][0] for stream in asked}

    @property
    def names(self) -> str:
        """What is asked for, in words."""
        return ", ".join(self._sequences)

    def has(self, video: str) -> bool:
        """Whether any of them has this video."""
        return any(sequence.keys(video) for sequence in self._sequences.values())

    def of(self, video: str, start: float, end: float) -> dict[str, FeatureSource]:
        """The pieces of all sequences from `start` to `end` of a video, in seconds.

        COVAREP has values of minus infinity; they become 0, as its authors made them (CMU-MultimodalSDK, issue 179).
        """
        return {
            stream: FeatureSource(sequence.path, video, span=(max(start, 0.0), end), fill=True)
            for stream, sequence in self._sequences.items()
        }


def _problems(stream: str, found: dict[str, list[ComputationalSequence]], root: str) -> list[Problem]:
    if stream in (FACE, AUDIO):
        return [Problem("corpus.features", f"a stream of features cannot be called '{stream}'", "it is taken")]
    if stream not in found:
        what = f"no .csd file of '{stream}'"
        return [Problem(root, what, did_you_mean(stream, found) if found else f"the release has {', '.join(RELEASED)}")]
    same = found[stream]
    what = f"another file of '{stream}' is {same[0].path}"
    return [Problem(str(same[1].path), what, "keep one of the two")] if len(same) > 1 else []


def why_not_asked(folder: Folder, labels: str) -> str:
    """What to say where nothing can be used and there are sequences that nobody asked for."""
    files = sequence_files(folder, labels)
    if not files:
        return ""
    try:
        name = stream_of(ComputationalSequence(files[0]).name)
    except MediaError:
        name = RELEASED[0]
    return f"; there is {files[0].name}: for its features, set corpus.features=[{name}]"
