"""Face crops as JPEG, and back: the one place that decides what a model sees of a face."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8

from emoprism.errors import MediaError

QUALITY = 92


def encode_face(image: UInt8[np.ndarray, "S S 3"]) -> UInt8[np.ndarray, "bytes"]:
    """An RGB crop as the bytes of a JPEG file. Raises MediaError where the encoder refuses it."""
    import cv2

    done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise MediaError("a face crop could not be stored as JPEG")
    return data


def decode_face(jpeg: UInt8[np.ndarray, "bytes"], size: int) -> UInt8[np.ndarray, "S S 3"]:
    """The RGB crop of a JPEG, resampled to `size` pixels a side. Raises MediaError where it is no JPEG."""
    import cv2

    image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise MediaError("a face is not JPEG")
    if image.shape[0] != size:
        smaller = size < image.shape[0]
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return image


def as_stored(crops: UInt8[np.ndarray, "T S S 3"], size: int) -> UInt8[np.ndarray, "T s s 3"]:
    """Crops as a model sees them after they were prepared and read back: what `predict` must feed it, too."""
    out = np.empty((len(crops), size, size, 3), dtype=np.uint8)
    for row, crop in enumerate(crops):
        out[row] = decode_face(encode_face(crop), size)
    return out
