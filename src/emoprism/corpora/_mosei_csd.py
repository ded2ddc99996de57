"""CMU_MOSEI_Labels.csd: the labels of CMU-MOSEI as its SDK distributes them, an HDF5 file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emoprism.arrays.hdf5 import INSTALL, is_dataset, library, own
from emoprism.arrays.sequences import PART
from emoprism.corpora._mosei import SCORES, Segment, checked
from emoprism.corpora._problems import refuse
from emoprism.errors import CorpusError, Problem

SEQUENCE = "All Labels"
MOST_SEGMENTS = 100_000
"""Segments of a video: more than this is no video but a trap."""


def read_csd(path: Path, origin: str) -> list[Segment]:
    """Segments in order of video and row: `/All Labels/data/<video>/features` [N, 7] and `intervals` [N, 2] seconds.

    In files that were aligned with the labels and written again, an entry `<video>[<n>]` is segment n of the video.

    Raises CorpusError where h5py is not installed, and for files that are not such. Links out of the file, and data
    that lie outside of it, are not followed.
    """
    h5py = library()
    if h5py is None:
        raise CorpusError(Problem(str(path), "reading it needs the package h5py", INSTALL))
    try:
        with h5py.File(path, "r") as file:
            return _segments(file, path, origin)
    except OSError as error:
        what = f"not an HDF5 file, or damaged: {str(error).splitlines()[0]}"
        raise CorpusError(Problem(str(path), what, "download it again")) from None


def _segments(file: Any, path: Path, origin: str) -> list[Segment]:
    data = own(own(file, SEQUENCE), "data")
    if not hasattr(data, "keys"):
        what = f"holds {', '.join(repr(name) for name in sorted(file)[:5]) or 'nothing'}, not '{SEQUENCE}/data'"
        fix = "older releases have other files; take CMU_MOSEI_Labels.csd of the current one"
        raise CorpusError(Problem(str(path), what, fix))
    segments: list[Segment] = []
    problems: list[Problem] = []
    for key in sorted(data):
        group, aligned = own(data, key), PART.fullmatch(key)
        features, intervals = _array(group, "features", len(SCORES)), _array(group, "intervals", 2)
        if features is None or intervals is None or len(features) != len(intervals):
            expected = f"expected 'features' [N, {len(SCORES)}] and 'intervals' [N, 2] of numbers"
            problems.append(Problem(f"{path}: {SEQUENCE}/data/{key}", "not the labels of a video", expected))
            continue
        for row, (scores, (start, end)) in enumerate(zip(features, intervals, strict=True)):
            known, wrong = checked([float(score) for score in scores])
            name = key if aligned and len(features) == 1 else f"{key}[{row}]"
            where = f"{origin}, '{key}', row {row}"
            video = aligned["video"] if aligned else key
            segments.append(Segment(name, video, known, where, float(start), float(end), None, wrong))
    refuse(problems, str(path))
    return segments


def _array(group: Any, name: str, width: int) -> Any:
    """An array [N, width] of numbers that lies in the file itself, None where there is none."""
    found = own(group, name)
    if not is_dataset(found) or found.dtype.kind not in "fiu":
        return None
    if found.ndim != 2 or found.shape[1] != width or found.shape[0] > MOST_SEGMENTS:
        return None
    return found[()]
