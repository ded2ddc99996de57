"""The released EmoVoxCeleb: a MATLAB file of the logits that a face teacher gives to every frame of VoxCeleb1.

`senet50-ferplus-logits.mat` (Albanie et al. 2018, mcnCrossModalEmotions) holds, for each of N segments,

- `images.name`, a cell of N paths as `A.J._Buckley/test/Y8hIVOBuels_0000001.wav`;
- `images.set`, N numbers: 1 train, 2 the speakers that never train (Unheard-Val), 3 other clips of those who do
  (Heard-Val);
- `wavLogits`, a cell of N arrays [T, 8]: frames, by neutral, happiness, surprise, sadness, anger, disgust, fear,
  contempt.

All else in it (the paths of five million frames) is read past, which takes some gigabytes of memory for a while.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Float64

from emoprism.corpora._distributions import EMOTIONS, HEARD_VAL, TRAIN_SET, Distribution, softmax
from emoprism.corpora._problems import refuse
from emoprism.errors import CorpusError, Problem
from emoprism.workers import Lost, run_jobs

Frames = Literal["max", "mean"]
SET_NAMES: Final = {1: TRAIN_SET, 2: "unheard-val", 3: HEARD_VAL}
EXPECTED = "expected `images.name`, `images.set` and `wavLogits`, as in senet50-ferplus-logits.mat"


def read_imdb(path: Path, frames: Frames) -> list[Distribution]:
    """All segments in order, their frames pooled as `pooled` does. Raises CorpusError where the file is another one.

    It is read in a process of its own: SciPy's reader can crash on a broken file, and keeps memory that it needed once.
    """
    for _, result in run_jobs(read_here, [(path, frames)], workers=1):
        if isinstance(result, Lost):
            raise CorpusError(Problem(str(path), f"unreadable: {result.reason}", EXPECTED))
        return result
    raise AssertionError("a job ends")


def read_here(job: tuple[Path, Frames]) -> list[Distribution]:
    """As `read_imdb`, in this process."""
    path, frames = job
    names, sets, logits = _columns(path, _load(path))
    if not len(names) == len(sets) == len(logits):
        what = f"{len(names)} names, {len(sets)} sets and {len(logits)} cells of logits"
        raise CorpusError(Problem(str(path), what, "expected as many of each"))
    problems: list[Problem] = []
    rows = [
        _row(f"{path}, segment {number}", name, side, cell, frames, problems)
        for number, (name, side, cell) in enumerate(zip(names, sets, logits, strict=True), start=1)
    ]
    refuse(problems, str(path))
    return rows


def pooled(logits: Float64[np.ndarray, "T 8"], frames: Frames) -> Float64[np.ndarray, "8"]:
    """Frames of logits as one distribution.

    "max": the softmax of each emotion's largest logit, so that the dominant emotion is the one the teacher was surest
    of on any frame; so the targets and the labels of the released code of Albanie et al. (2018) are made. "mean": the
    mean of the frames' softmaxes.
    """
    return softmax(logits.max(0)) if frames == "max" else softmax(logits).mean(0)


def _load(path: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        with path.open("rb") as file:
            return loadmat(file, variable_names=("images", "wavLogits"))
    except NotImplementedError:
        fix = "save it from MATLAB as version 7: save(file, '-struct', 'imdb', '-v7')"
        raise CorpusError(Problem(str(path), "a MATLAB file of version 7.3", fix)) from None
    except Exception as error:  # what the parser raises on bytes that are no MATLAB file has no common class
        raise CorpusError(Problem(str(path), f"unreadable: {error}", EXPECTED)) from None


def _columns(path: Path, content: dict[str, Any]) -> tuple[list[Any], list[Any], list[Any]]:
    try:
        images = content["images"]
        names, sets, logits = images["name"].flat[0], images["set"].flat[0], content["wavLogits"]
        return [_text(cell) for cell in names.ravel()], np.asarray(sets).ravel().tolist(), list(logits.ravel())
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise CorpusError(Problem(str(path), f"not the released EmoVoxCeleb: {error}", EXPECTED)) from None


def _text(cell: Any) -> str:
    return str(np.asarray(cell).ravel()[0])


def _row(where: str, name: str, side: Any, cell: Any, frames: Frames, problems: list[Problem]) -> Distribution:
    logits = np.asarray(cell)
    if side not in SET_NAMES:
        problems.append(Problem(where, f"unknown set {side}", "expected 1, 2 or 3"))
    if logits.dtype.kind not in "fiu" or logits.ndim != 2 or (logits.size and logits.shape[1] != len(EMOTIONS)):
        problems.append(Problem(where, f"logits {list(logits.shape)} of {logits.dtype}", "expected numbers [T, 8]"))
        return Distribution(name, "", None, where)
    seen = logits.size and np.isfinite(logits).all()
    probabilities = pooled(logits.astype(np.float64), frames) if seen else None
    return Distribution(name, SET_NAMES.get(side, ""), probabilities, where)
