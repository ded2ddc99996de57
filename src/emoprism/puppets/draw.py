"""From points to pictures: the rig's curves as shaded, antialiased shapes.

Two layers are drawn and then multiplied: what colour things are (albedo) and how much light falls on them (shade,
128 is full light). Shade is blurred, so that wrinkles and sockets have soft edges; colour is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

from emoprism.puppets.people import RGB, Face, Person
from emoprism.puppets.performance import Performance
from emoprism.puppets.plan import Scene
from emoprism.puppets.rig import CHANNELS, Rig, build_rig

SUBPIXEL = 4
"""Fractional bits of OpenCV's drawing coordinates."""
FULL_LIGHT = 128
Image = UInt8[np.ndarray, "H W 3"]
Layer = UInt8[np.ndarray, "H W"]
Shape = Float64[np.ndarray, "n 2"]


def mixed(colour: RGB, other: RGB, share: float) -> RGB:
    """`colour` with `share` of `other` in it."""
    red, green, blue = (int(round(a + (b - a) * share)) for a, b in zip(colour, other, strict=True))
    return red, green, blue


class Painter:
    """Draws one person in one scene, size x size pixels."""

    def __init__(self, person: Person, scene: Scene, size: int, rng: np.random.Generator) -> None:
        self.face, self.scene, self.size = person.face, scene, size
        self.rig: Rig = build_rig(person.face)
        self.unit = scene.scale * size
        self.backdrop = _backdrop(scene, size, rng)
        self.light = _light(person.face, scene, self.unit)
        self.grain = rng.normal(0, scene.grain, (size + 64, size + 64)).astype(np.float32)
        self.rng = rng
        self.tint = _tint(scene)

    def pictures(self, performance: Performance) -> Iterator[Image]:
        """Every frame of a performance, RGB."""
        points = self.rig.pose(performance.channels, performance.rotation, performance.centre * self.size, self.unit)
        for place, channels in zip(points, performance.channels, strict=True):
            yield self.frame(place, channels)

    def frame(self, points: Float64[np.ndarray, "P 2"], channels: Float64[np.ndarray, "K"]) -> Image:
        """One picture, RGB. `points` are pixel positions of the rig's points, `channels` its weights."""
        albedo = self.backdrop.copy()
        shade: Layer = np.full((self.size, self.size), FULL_LIGHT, np.uint8)
        sketch = _Sketch(albedo, shade, points, self.rig.curves)
        strength = dict(zip(CHANNELS, np.clip(channels, 0, 1.3).tolist(), strict=True))
        _body(sketch, self.face, self.scene, self.unit)
        self._head_light(sketch)
        _creases(sketch, strength, self.unit)
        cv2.GaussianBlur(shade, (0, 0), 0.030 * self.unit, dst=shade)
        _features(sketch, self.face, self.unit, strength)
        return self._camera(albedo, shade)

    def _head_light(self, sketch: _Sketch) -> None:
        """Lay the light on the head's ellipsoid over the face, wherever the head is."""
        outline = sketch.points[self.rig.curves["outline"]]
        centre = outline.mean(axis=0)
        mask = np.zeros_like(sketch.shade)
        cv2.fillPoly(mask, [_fixed(outline)], 255, cv2.LINE_AA, SUBPIXEL)
        half = self.light.shape[0] / 2
        shift = np.array([[1, 0, centre[0] - half], [0, 1, centre[1] - half]], dtype=np.float64)
        placed = cv2.warpAffine(self.light, shift, (self.size, self.size), borderMode=cv2.BORDER_REPLICATE)
        cv2.copyTo(placed, mask, sketch.shade)

    def _camera(self, albedo: Image, shade: Layer) -> Image:
        lit = cv2.multiply(albedo, cv2.merge([shade, shade, shade]), scale=1 / FULL_LIGHT)
        lit = cv2.LUT(lit, self.tint)
        lit = cv2.GaussianBlur(lit, (3, 3), self.scene.blur)
        x, y = self.rng.integers(0, 64, 2)
        noise = self.grain[y : y + self.size, x : x + self.size]
        return cv2.add(lit, cv2.merge([noise, noise, noise]), dtype=cv2.CV_8U)


class _Sketch:
    """The two layers of one frame and the curves to draw on them."""

    def __init__(
        self, albedo: Image, shade: Layer, points: Float64[np.ndarray, "P 2"], curves: dict[str, slice]
    ) -> None:
        self.albedo, self.shade, self.points, self.curves = albedo, shade, points, curves

    def of(self, *names: str) -> Shape:
        """The curves `names` joined; a name that starts with '-' is walked backwards."""
        parts = [self.points[self.curves[n.removeprefix("-")]][:: -1 if n.startswith("-") else 1] for n in names]
        return np.concatenate(parts)

    def fill(self, colour: RGB, *names: str) -> None:
        cv2.fillPoly(self.albedo, [_fixed(self.of(*names))], colour, cv2.LINE_AA, SUBPIXEL)

    def stroke(self, colour: RGB, width: float, name: str, closed: bool = False) -> None:
        shape = _fixed(self.of(name))
        cv2.polylines(self.albedo, [shape], closed, colour, max(1, round(width)), cv2.LINE_AA, SUBPIXEL)

    def darken(self, level: float, *names: str) -> None:
        """Multiply the light inside a closed shape by 1 - level."""
        self._shade(1 - level, lambda m, s: cv2.fillPoly(m, [s], 255, cv2.LINE_AA, SUBPIXEL), *names)

    def wrinkle(self, level: float, width: float, name: str, pairs: bool = False) -> None:
        """Multiply the light along a line (or along separate pairs of points) by 1 - level."""
        if level < 0.03:
            return
        shape = _fixed(self.of(name))
        lines = list(shape.reshape(-1, 2, 1, 2)) if pairs else [shape]
        self._shade(
            1 - level,
            lambda m, _: cv2.polylines(m, lines, False, 255, max(1, round(width)), cv2.LINE_AA, SUBPIXEL),
            name,
        )

    def _shade(self, factor: float, draw: Any, *names: str) -> None:
        shape = self.of(*names)
        low = np.maximum(np.floor(shape.min(axis=0)).astype(int) - 3, 0)
        high = np.maximum(np.ceil(shape.max(axis=0)).astype(int) + 4, low)
        region = self.shade[low[1] : high[1], low[0] : high[0]]
        if region.size == 0:
            return
        mask = np.zeros_like(self.shade)
        draw(mask, _fixed(shape))
        cut = mask[low[1] : high[1], low[0] : high[0]]
        changed = cv2.convertScaleAbs(region, alpha=factor)
        cv2.copyTo(changed, cut, region)


def _fixed(shape: Shape) -> np.ndarray:
    return np.rint(shape * (1 << SUBPIXEL)).astype(np.int32).reshape(-1, 1, 2)


def _body(s: _Sketch, face: Face, scene: Scene, unit: float) -> None:
    """Back hair, shoulders, neck, ears and the bare face."""
    if face.hair_style in ("long", "curly"):
        s.fill(mixed(face.hair, (0, 0, 0), 0.35), "hair_back")
    if face.hair_style == "bun":
        s.fill(mixed(face.hair, (0, 0, 0), 0.15), "bun")
    neck = s.of("neck")
    left, right, bottom = neck[:, 0].min(), neck[:, 0].max(), len(s.albedo) + 4.0
    base = neck[:, 1].max()
    s.fill(face.skin, "neck")
    s.darken(0.38, "neck")
    middle, wide = (left + right) / 2, 1.25 * unit
    shoulders = np.array([
        [left - 0.02 * unit, base - 0.22 * unit], [middle, base - 0.02 * unit], [right + 0.02 * unit, base - 0.22 * unit],
        [middle + 0.75 * wide, base - 0.02 * unit], [middle + wide, base + 0.30 * unit], [middle + 1.1 * wide, bottom],
        [middle - 1.1 * wide, bottom], [middle - wide, base + 0.30 * unit], [middle - 0.75 * wide, base - 0.02 * unit],
    ])  # fmt: skip
    cv2.fillPoly(s.albedo, [_fixed(shoulders)], scene.clothes, cv2.LINE_AA, SUBPIXEL)
    for side in ("left", "right"):
        s.fill(mixed(face.skin, (150, 60, 50), 0.15), f"ear_{side}")
        s.darken(0.15, f"ear_{side}")
    s.fill(face.skin, "outline")


def _creases(s: _Sketch, strength: dict[str, float], unit: float) -> None:
    """Soft shadows that every face has, and the lines that action units draw."""
    for side in ("left", "right"):
        s.darken(0.16 + 0.10 * strength["AU4"], f"socket_{side}")
        s.wrinkle(0.10 + 0.28 * strength["AU12"] + 0.25 * strength["AU9"], 0.04 * unit, f"fold_{side}")
        s.wrinkle(0.30 * max(strength["AU1"], strength["AU2"]), 0.03 * unit, f"forehead_{side}")
        s.wrinkle(0.35 * strength["AU6"], 0.02 * unit, f"crow_{side}", pairs=True)
        s.darken(-0.10 * strength["AU6"] - 0.03, f"cheek_{side}")
    s.darken(0.30, "nose_base")
    s.darken(0.10, "nose_side")
    s.darken(-0.12, "nose_ridge")
    s.darken(-0.12, "nose_tip")
    s.wrinkle(0.45 * strength["AU4"], 0.03 * unit, "frown", pairs=True)
    s.wrinkle(0.40 * strength["AU9"], 0.03 * unit, "wrinkle", pairs=True)
    s.wrinkle(0.18 + 0.25 * strength["AU17"], 0.05 * unit, "chin_shadow")


def _features(s: _Sketch, face: Face, unit: float, strength: dict[str, float]) -> None:
    """Eyes, brows, nostrils, mouth and hair, in full colour."""
    dark = mixed(face.skin, (40, 15, 10), 0.75)
    if face.beard:
        _beard(s, face)
    _mouth(s, face, unit)
    for side in ("left", "right"):
        _eye(s, face, side, unit, dark)
        s.fill(dark, f"nostril_{side}")
        s.fill(mixed(face.hair, (20, 12, 10), 0.3), f"brow_{side}")
    if face.hair_style != "bald":
        s.fill(face.hair, "hair_outer", "-hairline")
    if face.glasses:
        for side in ("left", "right"):
            s.stroke((35, 32, 34), 0.035 * unit, f"glass_{side}", closed=True)


def _beard(s: _Sketch, face: Face) -> None:
    outline = s.of("outline")
    top = s.of("lip_top")[:, 1].mean() - 2
    low = outline[outline[:, 1] > top]
    colour = mixed(face.skin, face.hair, 0.8 * face.beard)
    cv2.fillPoly(s.albedo, [_fixed(low)], colour, cv2.LINE_AA, SUBPIXEL)


def _mouth(s: _Sketch, face: Face, unit: float) -> None:
    lips = mixed(mixed(face.skin, (170, 50, 60), 0.45), (60, 20, 25), 0.12)
    s.fill(mixed(lips, (40, 10, 15), 0.15), "lip_top", "-mouth_top")
    s.fill(lips, "mouth_bottom", "-lip_bottom")
    gap = s.of("mouth_top", "-mouth_bottom")
    top, bottom = s.of("mouth_top"), s.of("mouth_bottom")
    open_by = float((bottom[:, 1] - top[:, 1]).max())
    s.fill((58, 16, 20), "mouth_top", "-mouth_bottom")
    if open_by > 0.05 * unit:
        teeth = np.concatenate([top, (top + np.minimum(0.45 * (bottom - top), [0, 0.07 * unit]))[::-1]])
        cv2.fillPoly(s.albedo, [_fixed(teeth)], (226, 220, 208), cv2.LINE_AA, SUBPIXEL)
    else:
        cv2.polylines(s.albedo, [_fixed(gap)], True, (70, 22, 24), 1, cv2.LINE_AA, SUBPIXEL)


def _eye(s: _Sketch, face: Face, side: str, unit: float, dark: RGB) -> None:
    """White, iris and pupil, cut to the opening between the lids."""
    opening = s.of(f"lid_{side}", f"-lower_{side}")
    low = np.maximum(np.floor(opening.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(opening.max(axis=0)).astype(int) + 3
    region = s.albedo[low[1] : high[1], low[0] : high[0]]
    if region.size:
        inside = _Sketch(region.copy(), s.shade, s.points - low, s.curves)
        inside.albedo[:] = (232, 228, 224)
        inside.fill(face.iris, f"iris_{side}")
        inside.fill((14, 10, 10), f"pupil_{side}")
        inside.fill((250, 250, 250), f"glint_{side}")
        mask = np.zeros(region.shape[:2], np.uint8)
        cv2.fillPoly(mask, [_fixed(opening - low)], 255, cv2.LINE_AA, SUBPIXEL)
        cv2.copyTo(inside.albedo, mask, region)
    s.stroke(dark, 0.030 * unit, f"lid_{side}")
    s.stroke(mixed(face.skin, dark, 0.5), 0.015 * unit, f"lower_{side}")
    s.stroke(mixed(face.skin, dark, 0.35), 0.015 * unit, f"crease_{side}")


def _backdrop(scene: Scene, size: int, rng: np.random.Generator) -> Image:
    """Two colours running into each other, with soft shapes in front of them."""
    small = np.zeros((16, 16, 3), np.float32)
    ramp = np.linspace(0, 1, 16, dtype=np.float32)
    small[:] = np.array(scene.backdrop[0], np.float32)
    across = np.array(scene.backdrop[1], np.float32) - np.array(scene.backdrop[0], np.float32)
    small += (ramp[:, None] * 0.5 + ramp[None] * 0.5)[..., None] * across
    small += rng.normal(0, 9 * min(1.0, scene.grain), (16, 16, 1)).astype(np.float32)
    smooth = cv2.resize(np.clip(small, 0, 255), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth, 0, 255).astype(np.uint8)


def _light(face: Face, scene: Scene, unit: float) -> Layer:
    """Lambert's law on the head's ellipsoid, seen from the front; 128 is full light."""
    side = int(3.2 * unit) | 1
    axis = (np.arange(side) - side / 2) / unit
    x, y = axis[None] / (face.width * 1.12), axis[:, None] / 1.28
    z = np.sqrt(np.maximum(0.02, 1 - x**2 - y**2))
    normal = np.stack(np.broadcast_arrays(x, y, z * 1.2))
    normal = normal / np.linalg.norm(normal, axis=0)
    towards = np.array([
        np.sin(scene.azimuth) * np.cos(scene.elevation), -np.sin(scene.elevation),
        np.cos(scene.azimuth) * np.cos(scene.elevation),
    ])  # fmt: skip
    diffuse = np.maximum(0.0, np.tensordot(towards, normal, 1))
    light = scene.ambient + (1.12 - scene.ambient) * diffuse
    return np.clip(FULL_LIGHT * light, 0, 255).astype(np.uint8)


def _tint(scene: Scene) -> UInt8[np.ndarray, "1 256 3"]:
    """Exposure and colour of the light as a table per channel."""
    grey = np.arange(256)[:, None] * scene.exposure
    table = grey * np.array([1 + scene.warmth, 1.0, 1 - scene.warmth])
    return np.clip(table, 0, 255).astype(np.uint8)[None]
