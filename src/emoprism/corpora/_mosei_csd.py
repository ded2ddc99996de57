"""CMU_MOSEI_Labels.csd: the labels of CMU-MOSEI as its SDK distributes them, an HDF5 file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emoprism.corpora._mosei import SCORES, Segment, checked
from emoprism.corpora._problems import refuse
from emoprism.errors import CorpusError, Problem

SEQUENCE = "All Labels"
MOST_SEGMENTS = 100_000
"""Segments of a video: more than this is no video but a trap."""


def read_csd(path: Path, origin: str) -> list[Segment]:
    """Segments in order of video and row: `/All Labels/data/<video>/features` [N, 7] and `intervals` [N, 2] seconds.

    Raises CorpusError where h5py is not installed, and for files that are not such. Links out of the file, and data
    that lie outside of it, are not followed.
    """
    try:
        import h5py
    except ImportError:
        raise CorpusError(
            Problem(str(path), "reading it needs the package h5py", "pip install 'emoprism[hdf5]'")
        ) from None
    try:
        with h5py.File(path, "r") as file:
            return _segments(h5py, file, path, origin)
    except OSError as error:
        what = f"not an HDF5 file, or damaged: {str(error).splitlines()[0]}"
        raise CorpusError(Problem(str(path), what, "download it again")) from None


def _segments(h5py: Any, file: Any, path: Path, origin: str) -> list[Segment]:
    data: Any = _own(h5py, _own(h5py, file, SEQUENCE), "data")
    if not isinstance(data, h5py.Group):
        what = f"holds {', '.join(repr(name) for name in sorted(file)[:5]) or 'nothing'}, not '{SEQUENCE}/data'"
        fix = "older releases have other files; take CMU_MOSEI_Labels.csd of the current one"
        raise CorpusError(Problem(str(path), what, fix))
    segments: list[Segment] = []
    problems: list[Problem] = []
    for video in sorted(data):
        group = _own(h5py, data, video)
        features = _array(h5py, group, "features", len(SCORES))
        intervals = _array(h5py, group, "intervals", 2)
        if features is None or intervals is None or len(features) != len(intervals):
            expected = f"expected 'features' [N, {len(SCORES)}] and 'intervals' [N, 2] of numbers"
            problems.append(Problem(f"{path}: {SEQUENCE}/data/{video}", "not the labels of a video", expected))
            continue
        for row, (scores, (start, end)) in enumerate(zip(features, intervals, strict=True)):
            known, wrong = checked([float(score) for score in scores])
            where = f"{origin}, '{video}', row {row}"
            segments.append(Segment(f"{video}[{row}]", video, known, where, float(start), float(end), None, wrong))
    refuse(problems, str(path))
    return segments


def _own(h5py: Any, group: Any, name: str) -> Any:
    """What a group itself holds under a name, None for a link to elsewhere."""
    if not isinstance(group, h5py.Group) or name not in group:
        return None
    return group[name] if group.get(name, getlink=True, getclass=True) is h5py.HardLink else None


def _array(h5py: Any, group: Any, name: str, width: int) -> Any:
    """An array [N, width] of numbers that lies in the file itself, None where there is none."""
    found = _own(h5py, group, name)
    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "fiu" or found.is_virtual or found.external:
        return None
    if found.ndim != 2 or found.shape[1] != width or found.shape[0] > MOST_SEGMENTS:
        return None
    return found[()]
