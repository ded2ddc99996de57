"""A face detector of your own, as an ONNX file, run by onnxruntime on one thread."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Float32, UInt8
from pydantic import Field

from emoprism.errors import InputError, Problem
from emoprism.media.detectors.base import Detection, Detector, merge_overlapping
from emoprism.media.onnx_session import open_session

SUPPRESSION = 0.3
DYNAMIC_SIDE = 320
"""Height and width given to models that accept any."""


class OnnxModel(Detector):
    """Any model with this interface, which is that of UltraFace (Linzaer 2019) and of most single-shot exports.

    Input: one picture, float32 [1, 3, H, W], `(pixels - mean) / scale`, stretched to the H and W that the model states.
    Outputs, in any order: boxes float32 [1, N, 4] as (x0, y0, x1, y1) in fractions of the picture, and scores in
    [0, 1], [1, N] or [1, N, 1] or [1, N, 2] (then the second is the face's). Overlapping boxes are merged here.
    """

    def __init__(
        self,
        *,
        model: Path,
        mean: float = 127.0,
        scale: Annotated[float, Field(gt=0)] = 128.0,
        channels: Literal["rgb", "bgr"] = "rgb",
        threshold: Annotated[float, Field(gt=0, lt=1)] = 0.7,
    ) -> None:
        """`model`: the .onnx file. `threshold`: lowest score of a face."""
        self.file = model
        self.mean, self.scale, self.channels, self.threshold = mean, scale, channels, threshold
        if not self.file.is_file():
            raise InputError(Problem(str(self.file), "no such model file", "give the path of an .onnx file"))

    @property
    def model_file(self) -> Path | None:
        """The .onnx file."""
        return self.file

    def detect(self, image: UInt8[np.ndarray, "H W 3"]) -> list[Detection]:
        """Faces in an RGB picture, the best first."""
        boxes, scores = self._run(image)
        found = np.isfinite(boxes).all(axis=1) & (scores > self.threshold) & (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        corners = (boxes[found].reshape(-1, 2, 2) * (image.shape[1], image.shape[0])).astype(np.float32)
        none = np.zeros((0, 2), dtype=np.float32)
        faces = merge_overlapping(corners, scores[found], SUPPRESSION)
        return [
            Detection((float(c[0, 0]), float(c[0, 1]), float(c[1, 0]), float(c[1, 1])), min(score, 1.0), none)
            for c, score in faces
        ]

    def _run(self, image: UInt8[np.ndarray, "H W 3"]) -> tuple[Float32[np.ndarray, "N 4"], Float32[np.ndarray, "N"]]:
        import cv2

        entry = self._session.get_inputs()[0]
        height, width = (n if isinstance(n, int) and n > 0 else DYNAMIC_SIDE for n in entry.shape[2:])
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        ordered = small if self.channels == "rgb" else small[..., ::-1]
        values = (ordered.astype(np.float32) - self.mean) / np.float32(self.scale)
        given = np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=np.float32)
        return self._read([np.asarray(out) for out in self._session.run(None, {entry.name: given})])

    def _read(self, outputs: list[np.ndarray]) -> tuple[Float32[np.ndarray, "N 4"], Float32[np.ndarray, "N"]]:
        boxes = [out for out in outputs if out.ndim == 3 and out.shape[2] == 4]
        scores = [out for out in outputs if out.ndim == 2 or (out.ndim == 3 and out.shape[2] in (1, 2))]
        if len(boxes) != 1 or len(scores) != 1 or boxes[0].shape[:2] != scores[0].shape[:2]:
            what = f"gives {[out.shape for out in outputs]}, expected boxes [1, N, 4] and scores [1, N, 1 or 2]"
            raise InputError(Problem(str(self.file), what, "see docs/media.md"))
        faces = scores[0] if scores[0].ndim == 2 else scores[0][..., -1]
        return boxes[0][0].astype(np.float32), faces[0].astype(np.float32)

    @cached_property
    def _session(self) -> Any:
        session = open_session(self.file, "face detector onnx_model")
        entry = session.get_inputs()[0]
        if len(entry.shape) != 4 or entry.shape[1] != 3 or entry.type != "tensor(float)":
            what = f"takes {entry.type} {entry.shape}, expected tensor(float) [1, 3, H, W]"
            raise InputError(Problem(str(self.file), what, "see docs/media.md"))
        return session
