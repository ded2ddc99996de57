"""What a face detector is: one picture in, faces out. Each file beside this one is one detector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, UInt8


@dataclass(frozen=True, slots=True)
class Detection:
    """One face. `box` is (x0, y0, x1, y1) in pixels of the picture, and may reach beyond its edges.

    `score` lies in [0, 1]. `landmarks` are K points (x, y) in pixels, in an order that the detector states; K may be 0.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: Float32[np.ndarray, "K 2"]


class Detector(ABC):
    """Finds faces. Subclasses take nothing from the house; their keyword-only arguments are the user's options.

    A detector is made once per process and answers the same for the same picture, whatever it saw before.
    """

    @abstractmethod
    def detect(self, image: UInt8[np.ndarray, "H W 3"]) -> list[Detection]:
        """Faces in an RGB picture of any size, the best first."""

    @property
    @abstractmethod
    def model_file(self) -> Path | None:
        """The file of weights that it runs, whose hash goes into the manifest; None where it needs none."""


def letterbox(width: int, height: int, side: int) -> tuple[float, float, float]:
    """How a picture fits into a square: factor, and the empty pixels on the left and above."""
    factor = side / max(width, height)
    return factor, (side - width * factor) / 2, (side - height * factor) / 2


def overlap(box: Float32[np.ndarray, "4"], boxes: Float32[np.ndarray, "N 4"]) -> Float32[np.ndarray, "N"]:
    """Intersection over union of one box with each of many."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    union = np.prod(np.maximum(box[2:] - box[:2], 0)) + area - both
    return (both / np.maximum(union, 1e-9)).astype(np.float32)


def merge_overlapping(
    points: Float32[np.ndarray, "N K 2"], scores: Float32[np.ndarray, "N"], most: float
) -> list[tuple[Float32[np.ndarray, "K 2"], float]]:
    """Weighted non-maximum suppression: boxes that overlap the best one by more than `most` become their mean.

    The first two points of each row are the box's corners. The weights are the scores (Bazarevsky et al. 2019,
    "BlazeFace", section 5). Best first; the result keeps the score of the best.
    """
    order = np.argsort(-scores, kind="stable")
    points, scores = points[order], scores[order]
    left: Bool[np.ndarray, "N"] = np.ones(len(scores), dtype=np.bool_)
    out: list[tuple[np.ndarray, float]] = []
    while left.any():
        best = int(np.argmax(left))
        together = left & (overlap(points[best, :2].reshape(4), points[:, :2].reshape(-1, 4)) > most)
        together[best] = True
        weights = scores[together] / scores[together].sum()
        merged = np.tensordot(weights, points[together], axes=1)
        out.append((merged.astype(np.float32), float(scores[best])))
        left &= ~together
    return out
