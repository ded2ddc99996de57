from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emoprism.puppets.corpus import make
from emoprism.puppets.speech import RATE

SMALL = ["speakers=6", "clips=12", "seconds=1.5", "fps=8", "seed=5", "label_noise=0.2"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus with everything that varies, varying."""
    out = tmp_path_factory.mktemp("puppets") / "corpus"
    make("puppets", out, SMALL, workers=1, overwrite=False)
    return out


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus without head motion, noise or expressions: what moves in it is speech and blinking."""
    out = tmp_path_factory.mktemp("puppets") / "studio"
    still = ["motion=0", "nuisance=0", "expressiveness=0"]
    make("puppets", out, ["speakers=3", "clips=3", "fps=20", "seed=2", *still], workers=1, overwrite=False)
    return out


def _f0(sound: np.ndarray) -> float:
    """Median fundamental frequency in Hz: the peak of the autocorrelation of loud 50 ms windows."""
    found = []
    for start in range(0, len(sound) - 800, 320):
        window = sound[start : start + 800] * np.hanning(800)
        if np.sqrt(np.mean(window**2)) < 0.02:
            continue
        similar = np.fft.irfft(np.abs(np.fft.rfft(window, 2048)) ** 2)
        lag = RATE // 450 + np.argmax(similar[RATE // 450 : RATE // 65])
        if similar[lag] > 0.5 * similar[0]:
            found.append(RATE / lag)
    return float(np.median(found))


@pytest.fixture(scope="session")
def f0_of() -> Callable[[np.ndarray], float]:
    return _f0
