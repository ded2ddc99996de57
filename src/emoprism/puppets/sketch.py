"""Two layers to draw on: what colour things are (albedo) and how much light falls on them (shade)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64, Int32, UInt8

from emoprism.puppets.people import RGB

SUBPIXEL = 4
"""Fractional bits of OpenCV's drawing coordinates."""
FULL_LIGHT = 128
Image = UInt8[np.ndarray, "H W 3"]
Layer = UInt8[np.ndarray, "H W"]
Shape = Float64[np.ndarray, "n 2"]
Fixed = Int32[np.ndarray, "n 1 2"]


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """`colour` with `share` of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def fixed(shape: Shape) -> Fixed:
    """Pixel positions in OpenCV's fixed-point coordinates."""
    return np.rint(shape * (1 << SUBPIXEL)).astype(np.int32).reshape(-1, 1, 2)


@dataclass(frozen=True, slots=True)
class Sketch:
    """One frame being drawn: both layers, and the pixel positions of the rig's curves."""

    albedo: Image
    shade: Layer
    points: Float64[np.ndarray, "P 2"]
    curves: dict[str, slice]

    def shape(self, *names: str) -> Shape:
        """The curves `names` joined; a name that starts with '-' is walked backwards."""
        parts = [self.points[self.curves[n.removeprefix("-")]][:: -1 if n.startswith("-") else 1] for n in names]
        return np.concatenate(parts)

    def fill(self, colour: RGB, *names: str) -> None:
        """Colour the inside of a closed shape."""
        self.paint(colour, self.shape(*names))

    def paint(self, colour: RGB, shape: Shape) -> None:
        """Colour the inside of a polygon that is no curve of the rig."""
        cv2.fillPoly(self.albedo, [fixed(shape)], colour, cv2.LINE_AA, SUBPIXEL)

    def stroke(self, colour: RGB, width: float, name: str, *, closed: bool = False) -> None:
        """Draw a curve as a line, `width` pixels wide."""
        line = [fixed(self.shape(name))]
        cv2.polylines(self.albedo, line, closed, colour, max(1, round(width)), cv2.LINE_AA, SUBPIXEL)

    def shadow(self, level: float, *names: str) -> None:
        """Multiply the light inside a closed shape by 1 - level; a negative level is a highlight."""
        self._darken(level, self.shape(*names), _filled)

    def crease(self, level: float, width: float, name: str, *, dashes: int = 1) -> None:
        """Multiply the light along a line by 1 - level; the curve may consist of several equal dashes."""
        if level < 0.03:
            return
        thick = max(1, round(width))

        def lines(mask: Layer, line: Fixed) -> None:
            parts: Sequence[Fixed] = np.split(line, dashes)
            cv2.polylines(mask, parts, False, 255, thick, cv2.LINE_AA, SUBPIXEL)

        self._darken(level, self.shape(name), lines)

    def _darken(self, level: float, shape: Shape, draw: Callable[[Layer, Fixed], None]) -> None:
        low, region = window(self.shade, shape)
        if region.size == 0:
            return
        mask = np.zeros_like(region)
        draw(mask, fixed(shape - low))
        cv2.copyTo(cv2.convertScaleAbs(region, alpha=1 - level), mask, region)


def _filled(mask: Layer, shape: Fixed) -> None:
    cv2.fillPoly(mask, [shape], 255, cv2.LINE_AA, SUBPIXEL)


def window(layer: UInt8[np.ndarray, "..."], shape: Shape) -> tuple[Float64[np.ndarray, "2"], UInt8[np.ndarray, "..."]]:
    """The corner (x, y) and the view of the part of `layer` that `shape` touches (empty where it lies outside)."""
    low = np.maximum(np.floor(shape.min(axis=0)).astype(int) - 3, 0)
    high = np.maximum(np.ceil(shape.max(axis=0)).astype(int) + 4, low)
    return low.astype(np.float64), layer[low[1] : high[1], low[0] : high[0]]
