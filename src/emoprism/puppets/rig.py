"""The face as a rig: named curves in three dimensions that action units move linearly (blendshapes).

Coordinates of the head: x to the right of the picture, y down, z towards the camera; the origin lies between the eyes
and the nose, the chin of an average face at y = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import CubicSpline

from emoprism.puppets.emotions import ACTION_UNITS
from emoprism.puppets.people import Face

CHANNELS = (*(f"AU{unit}" for unit in ACTION_UNITS), "blink", "jaw", "round", "gaze_x", "gaze_y")
"""What moves the rig: the action units, then blinking, speech (jaw opening, lip rounding) and gaze."""
LIP_POINTS = 17
Points = Float64[np.ndarray, "P 2"]
Curve = Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class Rig:
    """`base` [P, 3] plus the weighted sum of `deltas` [K, P, 3]; `curves` says which rows are which feature."""

    base: Float64[np.ndarray, "P 3"]
    deltas: Float64[np.ndarray, "K P 3"]
    curves: dict[str, slice]

    def pose(
        self,
        channels: Float64[np.ndarray, "T K"],
        rotation: Float64[np.ndarray, "T 3 3"],
        centre: Float64[np.ndarray, "T 2"],
        scale: float,
    ) -> Float64[np.ndarray, "T P 2"]:
        """Pixel positions of every point in every frame: blendshapes, rotation, weak perspective."""
        moved = self.base + np.tensordot(channels, self.deltas, 1)
        turned = moved @ rotation.transpose(0, 2, 1)
        near = 1 / (1 - 0.12 * turned[..., 2:])
        return centre[:, None] + scale * turned[..., :2] * near


class _Builder:
    def __init__(self, width: float) -> None:
        self.width = width
        self.points: list[Float64[np.ndarray, "n 3"]] = []
        self.curves: dict[str, slice] = {}
        self.moves: list[tuple[int, slice, Float64[np.ndarray, "n 2"]]] = []

    def curve(self, name: str, x: Curve, y: Curve, *, flat: float | None = None, lift: float = 0.0) -> None:
        """A curve on the face's ellipsoid (raised by `lift`), or in the plane z = `flat`."""
        inside = np.maximum(0.0, 1 - (x / (self.width * 1.12)) ** 2 - (y / 1.3) ** 2)
        z = 0.72 * np.sqrt(inside) + lift if flat is None else np.full_like(x, flat)
        start = sum(map(len, self.points))
        self.points.append(np.stack([x, y, z], axis=1))
        self.curves[name] = slice(start, start + len(x))

    def move(self, channel: str, name: str, dx: Curve | float, dy: Curve | float) -> None:
        """At weight 1 `channel` moves the points of curve `name` by (dx, dy)."""
        rows = self.curves[name]
        count = rows.stop - rows.start
        step = np.stack([np.broadcast_to(dx, count), np.broadcast_to(dy, count)], axis=1).astype(np.float64)
        self.moves.append((CHANNELS.index(channel), rows, step))

    def build(self) -> Rig:
        base = np.concatenate(self.points)
        deltas = np.zeros((len(CHANNELS), len(base), 3))
        for channel, rows, step in self.moves:
            deltas[channel, rows, :2] += step
        return Rig(base, deltas, self.curves)


def build_rig(face: Face) -> Rig:
    """The rig of one person's face."""
    builder = _Builder(face.width)
    _outline(builder, face)
    _hair(builder, face)
    for side, name in ((-1.0, "left"), (1.0, "right")):
        _eye(builder, face, side, name)
        _brow(builder, face, side, name)
        _cheek(builder, face, side, name)
    _nose(builder, face)
    _mouth(builder, face)
    return builder.build()


def _outline(b: _Builder, face: Face) -> None:
    w, jaw, chin, top = face.width, face.jaw * face.width, face.chin, face.forehead
    half = [(0, -top), (0.55 * w, -0.90 * top), (0.92 * w, -0.55), (w, -0.08), (0.95 * w, 0.36), (jaw, 0.70 * chin)]
    half += [(0.42 * jaw + 0.04, 0.95 * chin), (0, chin)]
    knots = np.array(half + [(-x, y) for x, y in half[-2:0:-1]] + half[:1], dtype=np.float64)
    spline = CubicSpline(np.arange(len(knots)), knots, bc_type="periodic")
    x, y = spline(np.linspace(0, len(knots) - 1, 56, endpoint=False)).T
    b.curve("outline", x, y, flat=0.0)
    low = np.clip((y - 0.25) / 0.75, 0, 1)
    for channel, drop in (("AU26", 0.13), ("jaw", 0.10)):
        b.move(channel, "outline", 0.0, drop * low)
    b.move("AU17", "outline", 0.0, -0.03 * low**2)
    b.move("AU12", "outline", 0.02 * np.sign(x) * np.exp(-(((y - 0.45) / 0.25) ** 2)), 0.0)
    for side, name in ((-1.0, "left"), (1.0, "right")):
        angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        b.curve(f"ear_{name}", side * (0.99 * w + 0.09 * np.cos(angle)), 0.06 + face.ears * np.sin(angle), flat=-0.15)
    b.curve("neck", np.array([-0.36, -0.40, 0.40, 0.36]) * w / 0.75, np.array([0.5, 1.5, 1.5, 0.5]), flat=-0.3)


def _hair(b: _Builder, face: Face) -> None:
    t = np.linspace(-1, 1, 25)
    w, top = face.width, face.forehead
    angle = t * np.pi * 0.56
    volume = {"short": 0.06, "side": 0.12, "fringe": 0.10, "long": 0.13, "bun": 0.05, "curly": 0.20, "receding": 0.03}
    v = volume[face.hair_style]
    b.curve("hair_outer", (w + v) * np.sin(angle), -(top + v) * np.cos(angle) - 0.02, flat=-0.05)
    edge = np.abs(t) ** 3
    line = {
        "short": -0.70 + 0.05 * t, "side": -0.62 - 0.22 * t, "fringe": -0.46 - 0.0 * t, "long": -0.68 - 0.16 * np.exp(-((t / 0.2) ** 2)),
        "bun": -0.74 + 0.0 * t, "curly": -0.60 + 0.03 * np.sin(14 * t), "receding": -0.78 - 0.14 * np.sin(2.5 * np.abs(t)),
    }[face.hair_style]  # fmt: skip
    temple = -0.10 if face.hair_style in ("long", "curly", "fringe") else -0.20
    b.curve("hairline", (0.97 * w) * np.sin(t * np.pi / 2), line * (1 - edge) + temple * edge, lift=-0.05)
    length = 1.45 if face.hair_style == "long" else 0.85
    spread = 0.30 if face.hair_style == "curly" else 0.16
    back = np.linspace(-1, 1, 25)
    b.curve(
        "hair_back", (w + spread) * np.sin(back * np.pi * 0.8), -0.1 - length * np.cos(back * np.pi * 0.8), flat=-0.4
    )
    turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    b.curve("bun", 0.28 * np.cos(turn), -(top + 0.18) + 0.24 * np.sin(turn), flat=-0.3)


def _eye(b: _Builder, face: Face, side: float, name: str) -> None:
    s = np.linspace(0, 1, 13)
    arch = np.sin(np.pi * s) ** 0.8
    x = side * (face.eye_spacing + face.eye_width * (2 * s - 1))
    tilt = -face.eye_tilt * face.eye_width * (2 * s - 1)
    y, h = -0.10 + tilt, face.eye_height
    b.curve(f"lid_{name}", x, y - h * arch, lift=0.02)
    b.curve(f"lower_{name}", x, y + 0.75 * h * arch, lift=0.02)
    for curve in ("lid", "crease"):
        if curve == "crease":
            b.curve(f"crease_{name}", x, y - (h + 0.035) * arch, lift=0.02)
        full = 1.0 if curve == "lid" else 0.3
        b.move("blink", f"{curve}_{name}", 0.0, full * 1.68 * h * arch)
        b.move("AU5", f"{curve}_{name}", 0.0, -0.036 * full * arch)
        b.move("AU7", f"{curve}_{name}", 0.0, 0.016 * full * arch)
        b.move("AU1", f"{curve}_{name}", 0.0, -0.012 * (1 - s))
        b.move("AU4", f"{curve}_{name}", 0.0, 0.008 * arch)
    b.move("AU6", f"lower_{name}", 0.0, -0.022 * arch)
    b.move("AU7", f"lower_{name}", 0.0, -0.030 * arch)
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    for part, radius in (("iris", 0.064), ("pupil", 0.030), ("glint", 0.012)):
        shift = -0.02 if part == "glint" else 0.0
        cx, cy = side * face.eye_spacing + shift, -0.105 + shift
        b.curve(f"{part}_{name}", cx + radius * np.cos(angle), cy + radius * np.sin(angle), lift=0.0)
        b.move("gaze_x", f"{part}_{name}", 0.05, 0.0)
        b.move("gaze_y", f"{part}_{name}", 0.0, 0.03)
    b.curve(f"socket_{name}", side * face.eye_spacing + 0.21 * np.cos(angle), -0.13 + 0.13 * np.sin(angle))
    b.move("AU4", f"socket_{name}", 0.0, 0.02)
    b.curve(f"glass_{name}", side * face.eye_spacing + 0.25 * np.cos(angle), -0.07 + 0.19 * np.sin(angle), lift=0.12)


def _brow(b: _Builder, face: Face, side: float, name: str) -> None:
    s = np.linspace(0, 1, 11)
    x = side * (face.eye_spacing - 0.17 + 0.37 * s)
    middle = -0.10 - face.brow_height - 0.05 * np.sin(np.pi * s**0.8) - face.brow_tilt * (s - 0.5)
    thick = face.brow_thickness * (1 - 0.75 * s**2) * np.minimum(1, 0.6 + 4 * s)
    b.curve(f"brow_{name}", np.r_[x, x[::-1]], np.r_[middle - thick, (middle + thick)[::-1]], lift=0.05)
    b.curve(f"forehead_{name}", x, middle - 0.14, lift=0.05)
    inner, outer = np.exp(-((s / 0.35) ** 2)), np.exp(-(((s - 0.75) / 0.33) ** 2))
    for curve, gain in (("brow", 1.0), ("forehead", 0.5)):
        both = np.concatenate if curve == "brow" else (lambda pair: pair[0])
        n, o, one = (both([v, v[::-1]]) for v in (inner, outer, np.ones_like(s)))
        b.move("AU1", f"{curve}_{name}", -side * 0.02 * n, -0.13 * gain * n)
        b.move("AU2", f"{curve}_{name}", 0.0, -0.13 * gain * o)
        b.move("AU4", f"{curve}_{name}", -side * 0.05 * n, gain * (0.11 * n + 0.04 * one))
        b.move("AU5", f"{curve}_{name}", 0.0, -0.02 * gain * one)
        b.move("AU9", f"{curve}_{name}", 0.0, 0.05 * gain * n)


def _cheek(b: _Builder, face: Face, side: float, name: str) -> None:
    s = np.linspace(0, 1, 9)
    nose_y, mouth_y = -0.10 + face.nose_length, face.mouth_height
    x = side * (face.nose_width + 0.04 + (face.mouth_width + 0.05 - face.nose_width) * s**1.3)
    b.curve(f"fold_{name}", x, nose_y - 0.06 + (mouth_y + 0.02 - nose_y) * s * 1.25, lift=0.0)
    b.move("AU12", f"fold_{name}", side * 0.07 * s, -0.05 * s)
    b.move("AU9", f"fold_{name}", 0.0, -0.05 * (1 - s))
    b.move("AU15", f"fold_{name}", 0.0, 0.04 * s)
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    b.curve(f"cheek_{name}", side * 0.40 + 0.17 * np.cos(angle), 0.26 + 0.13 * np.sin(angle))
    b.move("AU6", f"cheek_{name}", 0.0, -0.06)
    b.move("AU12", f"cheek_{name}", side * 0.02, -0.06)
    crow = np.repeat(np.array([-0.06, -0.01, 0.04]), 2)
    out = side * (face.eye_spacing + face.eye_width + np.tile(np.array([0.02, 0.12]), 3))
    b.curve(f"crow_{name}", out, -0.10 + crow * np.tile(np.array([0.4, 1.4]), 3))


def _nose(b: _Builder, face: Face) -> None:
    tip, w = -0.10 + face.nose_length, face.nose_width
    s = np.linspace(-1, 1, 11)
    b.curve("nose_base", w * s, tip + 0.03 + 0.035 * np.cos(np.pi * s), lift=0.10)
    b.curve(
        "nose_ridge",
        np.array([-0.035, 0.035, 0.055, -0.055]),
        np.array([-0.15, -0.15, tip - 0.05, tip - 0.05]),
        lift=0.16,
    )
    b.curve("nose_side", np.array([0.06, 0.04, w * 0.6, w]), np.array([-0.2, 0.0, tip - 0.12, tip]), lift=0.1)
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    b.curve("nose_tip", 0.6 * w * np.cos(angle), tip - 0.05 + 0.06 * np.sin(angle), lift=0.22)
    for side, name in ((-1.0, "left"), (1.0, "right")):
        b.curve(
            f"nostril_{name}", side * 0.55 * w + 0.034 * np.cos(angle), tip + 0.005 + 0.020 * np.sin(angle), lift=0.16
        )
        b.move("AU9", f"nostril_{name}", side * 0.015, -0.045)
    for curve in ("nose_base", "nose_tip"):
        b.move("AU9", curve, 0.0, -0.045)
    b.curve("wrinkle", np.array([-0.06, 0.06] * 3), np.repeat(np.array([-0.02, 0.05, 0.12]), 2), lift=0.16)
    b.curve("frown", np.array([-0.045, -0.035, 0.045, 0.035]), np.array([-0.36, -0.22, -0.36, -0.22]), lift=0.1)


def _mouth(b: _Builder, face: Face) -> None:
    s = np.linspace(-1, 1, LIP_POINTS)
    x, y = face.mouth_width * s, face.mouth_height
    arch = (1 - s**2) ** 0.8
    bow = arch * (1 - 0.25 * np.exp(-((s / 0.18) ** 2)))
    upper, lower = face.upper_lip * bow, face.lower_lip * arch
    b.curve("lip_top", x, y - 1.4 * upper, lift=0.08)
    b.curve("lip_bottom", x, y + 1.4 * lower, lift=0.08)
    b.curve("mouth_top", x, np.full_like(x, y) - 0.004 * arch, lift=0.06)
    b.curve("mouth_bottom", x, np.full_like(x, y) + 0.004 * arch, lift=0.06)
    b.curve("chin_shadow", 0.6 * x, y + face.lower_lip * 1.4 + 0.06 + 0.02 * np.abs(s), lift=0.02)
    edge, sign = np.abs(s) ** 1.6, np.sign(s)
    thin = {
        "lip_top": 1.4 * upper,
        "lip_bottom": -1.4 * lower,
        "mouth_top": 0 * s,
        "mouth_bottom": 0 * s,
        "chin_shadow": 0 * s,
    }
    for name, towards in thin.items():
        below = name in ("lip_bottom", "mouth_bottom", "chin_shadow")
        b.move("AU12", name, 0.11 * sign * edge, -0.13 * edge + 0.02 * arch)
        b.move("AU15", name, 0.01 * sign * edge, 0.12 * edge)
        b.move("AU20", name, 0.10 * sign * edge, 0.03 * edge)
        b.move("AU20", name, 0.0, 0.3 * towards)
        b.move("AU23", name, -0.04 * sign * edge, 0.55 * towards)
        b.move("AU17", name, 0.0, (-0.055 if below else -0.03) * arch)
        b.move("AU9", name, 0.0, 0.0 if below else -0.045 * arch)
        b.move("AU25", name, 0.0, (0.055 if below else -0.025) * arch)
        b.move("AU26", name, 0.0, (0.19 if below else -0.01) * arch)
        b.move("jaw", name, 0.0, (0.17 if below else -0.015) * arch)
        b.move("round", name, -0.08 * sign * edge, 0.0)
    for channel, drop in (("AU26", 0.10), ("jaw", 0.08)):
        b.move(channel, "chin_shadow", 0.0, drop - 0.0)
