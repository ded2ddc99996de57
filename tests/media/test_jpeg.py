"""What a model sees of a face is the same for prepared clips and for new media."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emoprism.errors import MediaError
from emoprism.media.jpeg import as_stored, decode_face, encode_face


def test_there_and_back() -> None:
    ramp = np.linspace(0, 250, 32)
    image = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 128.0), axis=-1).astype(np.uint8)
    back = decode_face(encode_face(image), 32)
    assert np.abs(back.astype(int) - image).max() < 12
    half = as_stored(image[None], 16)
    assert half.shape == (1, 16, 16, 3) and np.array_equal(half[0], decode_face(encode_face(image), 16))


def test_what_is_no_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaError, match="not JPEG"):
        decode_face(np.zeros(10, np.uint8), 16)
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, None))
    with pytest.raises(MediaError, match="could not be stored"):
        encode_face(np.zeros((4, 4, 3), np.uint8))
