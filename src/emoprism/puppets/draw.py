"""From a performance to pictures: light, camera and everything around the face.

Colour (albedo) and light (shade, 128 is full light) are drawn apart and multiplied. Shade is blurred, so that wrinkles
and sockets have soft edges; colour is not.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from emoprism.puppets.anatomy import build_rig
from emoprism.puppets.features import draw_body, draw_creases, draw_features
from emoprism.puppets.people import Face, Person
from emoprism.puppets.performance import Performance
from emoprism.puppets.plan import Scene
from emoprism.puppets.rig import CHANNELS, HEIGHT, WIDER, Rig
from emoprism.puppets.sketch import FULL_LIGHT, SUBPIXEL, Image, Layer, Sketch, fixed

GRAIN_MARGIN = 64
"""Every frame shows another cut-out of one larger field of camera noise."""
SOFTNESS = 0.03
"""Blur of shadows, in the face's unit."""


class Painter:
    """Draws one person in one scene, size x size pixels."""

    def __init__(self, person: Person, scene: Scene, size: int, rng: np.random.Generator) -> None:
        self.face, self.scene, self.size, self.rng = person.face, scene, size, rng
        self.rig: Rig = build_rig(person.face)
        self.unit = scene.scale * size
        self.backdrop = _backdrop(scene, size, rng)
        self.light = _light(person.face, scene, self.unit)
        self.tint = _tint(scene)
        side = size + GRAIN_MARGIN
        self.grain = rng.normal(0, scene.grain, (side, side)).round().astype(np.int16)

    def pictures(self, performance: Performance) -> Iterator[Image]:
        """Every frame of a performance, RGB."""
        points = self.rig.pose(performance.channels, performance.rotation, performance.centre * self.size, self.unit)
        for place, channels in zip(points, performance.channels, strict=True):
            yield self.frame(place, channels)

    def frame(self, points: Float64[np.ndarray, "P 2"], channels: Float64[np.ndarray, "K"]) -> Image:
        """One picture. `points` are pixel positions of the rig's points, `channels` the weights they come from."""
        shade = np.full((self.size, self.size), FULL_LIGHT, np.uint8)
        sketch = Sketch(self.backdrop.copy(), shade, points, self.rig.curves)
        strength = dict(zip(CHANNELS, np.clip(channels, 0, 1.3).tolist(), strict=True))
        draw_body(sketch, self.face, self.scene.clothes, self.unit)
        self._light_head(sketch)
        draw_creases(sketch, strength, self.unit)
        cv2.GaussianBlur(shade, (0, 0), SOFTNESS * self.unit, dst=shade)
        draw_features(sketch, self.face, self.unit)
        return self._film(sketch.albedo, shade)

    def _light_head(self, sketch: Sketch) -> None:
        """Lay the light of the head's ellipsoid over face and hair, wherever the head is."""
        outline = sketch.shape("outline")
        mask = np.zeros_like(sketch.shade)
        for shape in (outline, sketch.shape("hair_outer", "-hairline")):
            cv2.fillPoly(mask, [fixed(shape)], 255, cv2.LINE_AA, SUBPIXEL)
        x, y = outline.mean(axis=0) - self.light.shape[0] / 2
        shift = np.array([[1, 0, x], [0, 1, y]])
        placed = cv2.warpAffine(self.light, shift, (self.size, self.size), borderMode=cv2.BORDER_REPLICATE)
        cv2.copyTo(placed, mask, sketch.shade)

    def _film(self, albedo: Image, shade: Layer) -> Image:
        lit = cv2.multiply(albedo, cv2.merge([shade, shade, shade]), scale=1 / FULL_LIGHT)
        lit = cv2.GaussianBlur(cv2.LUT(lit, self.tint), (3, 3), self.scene.blur)
        x, y = self.rng.integers(0, GRAIN_MARGIN, 2)
        noise = self.grain[y : y + self.size, x : x + self.size]
        return cv2.add(lit, cv2.merge([noise, noise, noise]), dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def _backdrop(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Two colours running into each other, with soft patches."""
    first, second = (np.array(colour, np.float64) for colour in scene.backdrop)
    ramp = np.linspace(0, 1, 16)
    small = first + (second - first) * ((ramp[:, None] + ramp) / 2)[..., None]
    patches = rng.normal(0, 9 * min(1.0, scene.grain), (16, 16, 1))
    return cv2.resize(np.clip(small + patches, 0, 255).astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


def _light(face: Face, scene: Scene, unit: float) -> Layer:
    """Lambert's law on the head's ellipsoid, seen from the front; 128 is full light."""
    side = int(3.2 * unit) | 1
    axis = (np.arange(side) - side / 2) / unit
    x, y = axis[None] / (face.width * WIDER), axis[:, None] / HEIGHT
    z = 1.2 * np.sqrt(np.maximum(0.02, 1 - x**2 - y**2))
    normal = np.stack(np.broadcast_arrays(x, y, z))
    normal = normal / np.linalg.norm(normal, axis=0)
    flat = np.cos(scene.elevation)
    towards = np.array([np.sin(scene.azimuth) * flat, -np.sin(scene.elevation), np.cos(scene.azimuth) * flat])
    diffuse = np.maximum(0.0, np.einsum("c,cyx->yx", towards, normal))
    light = scene.ambient + (1.12 - scene.ambient) * diffuse
    return np.clip(FULL_LIGHT * light, 0, 255).astype(np.uint8)


def _tint(scene: Scene) -> UInt8[np.ndarray, "1 256 3"]:
    """Exposure and colour of the light as a table per channel."""
    table = np.arange(256)[:, None] * scene.exposure * np.array([1 + scene.warmth, 1.0, 1 - scene.warmth])
    return np.clip(table, 0, 255).astype(np.uint8)[None]
