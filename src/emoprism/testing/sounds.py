"""The contract of acoustic features."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from emoprism.testing.plugins import check_plugin

if TYPE_CHECKING:
    import numpy as np

    from emoprism.media.acoustics.base import Acoustics

RATE = 16_000


def check_acoustics(name: str, **options: Any) -> None:
    """A kind of acoustic features, on noise, silence and a single sample: streams whose steps tell when they are."""
    import numpy as np

    from emoprism.families import ACOUSTICS
    from emoprism.types import AUDIO, FACE

    check_plugin(ACOUSTICS, name)
    make = partial(ACOUSTICS.make, name, options=options)
    kind: Acoustics = make()
    names = kind.names()
    assert names and len(set(names)) == len(names), f"{name}: names its streams, each once"
    assert not {AUDIO, FACE} & set(names), f"{name}: leaves the names '{AUDIO}' and '{FACE}' to the house"
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    for samples in (noise, np.zeros(RATE, np.float32), noise[:1], noise[: RATE // 7]):
        _check_streams(name, kind, samples)
    width = {stream: vectors.values.shape[1] for stream, vectors in kind.streams(noise).items()}
    short = {stream: vectors.values.shape[1] for stream, vectors in kind.streams(noise[:1]).items()}
    assert width == short, f"{name}: gives as many values a step whatever the sound"
    again = make().streams(noise.copy())
    for stream, vectors in kind.streams(noise).items():
        assert vectors.values.tobytes() == again[stream].values.tobytes(), f"{name}: the same sound, the same values"
    _check_place(name, kind, noise)


def _check_streams(name: str, kind: Acoustics, samples: np.ndarray) -> None:
    import numpy as np

    streams = kind.streams(samples)
    assert tuple(streams) == kind.names(), f"{name}: makes the streams that it names, in that order"
    for stream, vectors in streams.items():
        assert vectors.values.dtype == np.float32 and vectors.values.ndim == 2, f"{name}: {stream} is float32 [T, D]"
        assert len(vectors.values) == len(vectors.times) > 0, (
            f"{name}: {stream} has a step at least, each with its time"
        )
        assert bool(np.isfinite(vectors.values).all()), f"{name}: {stream} is finite"
        assert bool((np.diff(vectors.times) > 0).all()) and vectors.reach >= 0, f"{name}: {stream}: times rise"
        only = kind.streams(samples, frozenset({stream}))
        assert tuple(only) == (stream,), f"{name}: makes the wanted streams alone"
        assert only[stream].values.tobytes() == vectors.values.tobytes(), f"{name}: {stream} is the same alone"


def _check_place(name: str, kind: Acoustics, noise: np.ndarray) -> None:
    """A click late in silence leaves no trace before it: times are those of the sound."""
    import numpy as np

    silence = np.zeros(2 * RATE, np.float32)
    click = silence.copy()
    click[RATE + RATE // 2 : RATE + RATE // 2 + 400] = noise[:400]
    for stream, vectors in kind.streams(click).items():
        energy = np.abs(vectors.values - kind.streams(silence)[stream].values).sum(axis=1)
        middle = vectors.times[int(energy.argmax())]
        assert abs(middle - 1.5125) < 0.15 + vectors.reach, (
            f"{name}: {stream}: times say when, {middle:.2f} s for 1.51 s"
        )
