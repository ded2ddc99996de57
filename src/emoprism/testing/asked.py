"""The contract of pretrained models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from emoprism.testing.plugins import check_plugin

if TYPE_CHECKING:
    from emoprism.pretrained.base import Pretrained

TOLERANCE = 1e-4
"""How far, in shares of the largest number, a crop's vector may lie off when it is asked for together with others."""


def check_pretrained(name: str, source: str, **options: Any) -> None:
    """A pretrained model, opened from `source`: it takes faces or voices, says the same each time, and refuses well."""
    from emoprism.families import PRETRAINED
    from emoprism.types import AUDIO, FACE

    check_plugin(PRETRAINED, name)

    def make() -> Pretrained:
        return PRETRAINED.make(name, source, options=options)

    model = make()
    assert model.takes and model.takes <= {FACE, AUDIO}, f"{name}: takes faces, voices or both"
    missing = [str(path) for path in model.files.values() if not path.is_file()]
    assert not missing, f"{name}: its files exist: {missing}"
    if FACE in model.takes:
        _check_faces(name, model, make())
    else:
        _check_refuses(name, "faces", lambda: model.faces(_crops(1, 32)))
    if AUDIO in model.takes:
        _check_voice(name, model, make())
    else:
        _check_refuses(name, "voices", lambda: model.voice(_sound(16_000)))


def _check_faces(name: str, model: Pretrained, again: Pretrained) -> None:
    crops = _crops(5, 48)
    rows = model.faces(crops)
    assert rows.ndim == 2 and len(rows) == 5 and rows.shape[1] > 0, f"{name}: one vector per crop, not {rows.shape}"
    _check_numbers(name, rows)
    assert np.array_equal(model.faces(crops), rows), f"{name}: asked again, the same bits"
    assert np.array_equal(again.faces(crops), rows), f"{name}: opened again, the same bits"
    alone = np.concatenate([model.faces(crop[None]) for crop in crops])
    near = np.abs(alone - rows).max() <= TOLERANCE * max(float(np.abs(rows).max()), 1.0)
    assert near, f"{name}: a crop's vector does not depend on the crops beside it"
    assert model.faces(_crops(2, 20)).shape == (2, rows.shape[1]), f"{name}: crops of another size are resized"
    if model.classes:
        assert len(set(model.classes)) == len(model.classes) == rows.shape[1], f"{name}: names each output once"


def _check_voice(name: str, model: Pretrained, again: Pretrained) -> None:
    sound = _sound(24_000)
    vector = model.voice(sound)
    assert vector.ndim == 1 and len(vector) > 0, f"{name}: one vector per voice, not {vector.shape}"
    _check_numbers(name, vector)
    assert np.array_equal(model.voice(sound), vector), f"{name}: asked again, the same bits"
    assert np.array_equal(again.voice(sound), vector), f"{name}: opened again, the same bits"
    for length in (1, 300, 70_000):
        _check_numbers(name, model.voice(_sound(length)))
        assert model.voice(_sound(length)).shape == vector.shape, f"{name}: {length} samples of sound work, too"


def _check_numbers(name: str, values: np.ndarray) -> None:
    assert values.dtype == np.float32, f"{name}: vectors are float32, not {values.dtype}"
    assert np.isfinite(values).all(), f"{name}: vectors are finite"


def _check_refuses(name: str, what: str, ask: Callable[[], Any]) -> None:
    from emoprism.errors import MediaError

    said = ""
    try:
        ask()
    except MediaError as error:
        said = error.reason
    assert said, f"{name}: does not take {what}, and says so by a MediaError"


def _crops(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def _sound(samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(samples).standard_normal(samples)).clip(-1, 1).astype(np.float32)
