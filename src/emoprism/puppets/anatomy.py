"""The rig of one person's face: where its features lie, and how far each action unit moves them (after FACS)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import CubicSpline

from emoprism.puppets.hair import HAIR_STYLES
from emoprism.puppets.people import Face
from emoprism.puppets.rig import SIDES, Rig, RigBuilder

EYE_LINE = -0.10
"""Height of the eyes."""
LIPS = 17
"""Points from one corner of the mouth to the other."""
Curve = Float64[np.ndarray, "n"]


def build_rig(face: Face) -> Rig:
    """The rig of this face."""
    builder = RigBuilder(face.width)
    _outline(builder, face)
    _hair(builder, face)
    for side, name in SIDES:
        _eye(builder, face, side, name)
        _gaze(builder, face, side, name)
        _brow(builder, face, side, name)
        _cheek(builder, face, side, name)
    _nose(builder, face)
    _mouth(builder, face)
    return builder.build()


def _outline(b: RigBuilder, face: Face) -> None:
    w, jaw, chin, top = face.width, face.jaw * face.width, face.chin, face.forehead
    half = [(0, -top), (0.55 * w, -0.90 * top), (0.92 * w, -0.55), (w, -0.08), (0.95 * w, 0.36)]
    half += [(jaw, 0.70 * chin), (0.42 * jaw + 0.04, 0.95 * chin), (0, chin)]
    knots = np.array(half + [(-x, y) for x, y in half[-2:0:-1]] + half[:1], dtype=np.float64)
    spline = CubicSpline(np.arange(len(knots)), knots, bc_type="periodic")
    x, y = spline(np.linspace(0, len(knots) - 1, 56, endpoint=False)).T
    b.curve("outline", x, y, plane=0.0)
    low = y > 0.2
    edge = np.linspace(-1, 1, 15)
    top_of_beard = face.mouth_height - 0.10 - 0.18 * (np.abs(edge) - 0.5).clip(0)
    b.curve("beard", np.r_[x[low], 0.93 * w * edge], np.r_[y[low], top_of_beard], plane=0.0)
    _lower_face(b, "outline", x, y)
    _lower_face(b, "beard", np.r_[x[low], edge], np.r_[y[low], top_of_beard - 0.3])
    for side, name in SIDES:
        angle = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        b.curve(f"ear_{name}", side * (0.99 * w + 0.09 * np.cos(angle)), 0.06 + face.ears * np.sin(angle), plane=-0.15)
    b.curve("neck", np.array([-0.48, -0.53, 0.53, 0.48]) * w, np.array([0.5, 1.5, 1.5, 0.5]), plane=-0.3)


def _lower_face(b: RigBuilder, name: str, x: Curve, y: Curve) -> None:
    low = np.clip((y - 0.25) / 0.75, 0, 1)
    b.move("AU26", name, 0.0, 0.13 * low)
    b.move("jaw", name, 0.0, 0.10 * low)
    b.move("AU17", name, 0.0, -0.03 * low**2)
    b.move("AU12", name, 0.02 * np.sign(x) * np.exp(-(((y - 0.45) / 0.25) ** 2)), 0.0)


def _hair(b: RigBuilder, face: Face) -> None:
    style, w, top = HAIR_STYLES[face.hair_style], face.width, face.forehead
    t = np.linspace(-1, 1, 25)
    arc = t * np.pi * 0.56
    outer = w + style.volume, top + style.volume
    b.curve("hair_outer", outer[0] * np.sin(arc), -outer[1] * np.cos(arc) - 0.02, plane=-0.05)
    side = np.abs(t) ** 3
    line = style.line(t) * (1 - side) + style.temple * side
    b.curve("hairline", 0.97 * w * np.sin(t * np.pi / 2), line, lift=-0.05)
    length, spread = style.back or (0.0, 0.0)
    around = t * np.pi * 0.8
    b.curve("hair_back", (w + spread) * np.sin(around), -0.1 - length * np.cos(around), plane=-0.4)
    turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    b.curve("bun", 0.28 * np.cos(turn), -(top + 0.18) + 0.24 * np.sin(turn), plane=-0.3)


def _eye(b: RigBuilder, face: Face, side: float, name: str) -> None:
    """The opening between the lids, s from the inner to the outer corner, and the crease above it."""
    s = np.linspace(0, 1, 13)
    arch = np.sin(np.pi * s) ** 0.8
    x = side * (face.eye_spacing + face.eye_width * (2 * s - 1))
    y = EYE_LINE - face.eye_tilt * face.eye_width * (2 * s - 1)
    high = face.eye_height
    b.curve(f"lid_{name}", x, y - high * arch, lift=0.02)
    b.curve(f"lower_{name}", x, y + 0.75 * high * arch, lift=0.02)
    b.curve(f"crease_{name}", x, y - (high + 0.035) * arch, lift=0.02)
    for curve, share in ((f"lid_{name}", 1.0), (f"crease_{name}", 0.3)):
        b.move("blink", curve, 0.0, share * 1.68 * high * arch)
        b.move("AU5", curve, 0.0, -share * 0.036 * arch)
        b.move("AU7", curve, 0.0, share * 0.016 * arch)
        b.move("AU1", curve, 0.0, -0.012 * (1 - s))
        b.move("AU4", curve, 0.0, 0.008 * arch)
    b.move("AU6", f"lower_{name}", 0.0, -0.022 * arch)
    b.move("AU7", f"lower_{name}", 0.0, -0.030 * arch)


def _gaze(b: RigBuilder, face: Face, side: float, name: str) -> None:
    x, y = side * face.eye_spacing, EYE_LINE
    b.ring(f"iris_{name}", x, y - 0.005, 0.064, 0.064)
    b.ring(f"pupil_{name}", x, y - 0.005, 0.030, 0.030)
    b.ring(f"glint_{name}", x - 0.02, y - 0.025, 0.012, 0.012)
    for part in ("iris", "pupil", "glint"):
        b.move("gaze_x", f"{part}_{name}", 0.05, 0.0)
        b.move("gaze_y", f"{part}_{name}", 0.0, 0.03)
    b.ring(f"socket_{name}", x, y - 0.03, 0.21, 0.13)
    b.move("AU4", f"socket_{name}", 0.0, 0.02)
    b.ring(f"glass_{name}", x, y + 0.03, 0.25, 0.19, lift=0.05)


def _brow(b: RigBuilder, face: Face, side: float, name: str) -> None:
    """The brow as a closed shape, s from its inner to its outer end, and the line that it folds the forehead into."""
    s = np.linspace(0, 1, 11)
    x = side * (face.eye_spacing - 0.17 + 0.37 * s)
    middle = EYE_LINE - face.brow_height - 0.05 * np.sin(np.pi * s**0.8) - face.brow_tilt * (s - 0.5)
    thick = face.brow_thickness * (1 - 0.75 * s**2) * np.minimum(1, 0.6 + 4 * s)
    b.curve(f"brow_{name}", np.r_[x, x[::-1]], np.r_[middle - thick, (middle + thick)[::-1]], lift=0.05)
    b.curve(f"forehead_{name}", x, middle - 0.14, lift=0.05)
    _brow_moves(b, f"brow_{name}", side, np.r_[s, s[::-1]], 1.0)
    _brow_moves(b, f"forehead_{name}", side, s, 0.5)


def _brow_moves(b: RigBuilder, name: str, side: float, s: Curve, gain: float) -> None:
    inner, outer = np.exp(-((s / 0.35) ** 2)), np.exp(-(((s - 0.75) / 0.33) ** 2))
    b.move("AU1", name, -side * 0.02 * inner, -0.13 * gain * inner)
    b.move("AU2", name, 0.0, -0.13 * gain * outer)
    b.move("AU4", name, -side * 0.05 * inner, gain * (0.11 * inner + 0.04))
    b.move("AU5", name, 0.0, -0.02 * gain)
    b.move("AU9", name, 0.0, 0.05 * gain * inner)


def _cheek(b: RigBuilder, face: Face, side: float, name: str) -> None:
    """Nasolabial fold, cheek and crow's feet."""
    s = np.linspace(0, 1, 9)
    nose, mouth = EYE_LINE + face.nose_length, face.mouth_height
    x = side * (face.nose_width + 0.04 + (face.mouth_width + 0.05 - face.nose_width) * s**1.3)
    b.curve(f"fold_{name}", x, nose - 0.06 + (mouth + 0.02 - nose) * s * 1.25)
    b.move("AU12", f"fold_{name}", side * 0.07 * s, -0.05 * s)
    b.move("AU9", f"fold_{name}", 0.0, -0.05 * (1 - s))
    b.move("AU15", f"fold_{name}", 0.0, 0.04 * s)
    b.ring(f"cheek_{name}", side * 0.40, 0.26, 0.17, 0.13)
    b.move("AU6", f"cheek_{name}", 0.0, -0.06)
    b.move("AU12", f"cheek_{name}", side * 0.02, -0.06)
    ends = np.tile(np.array([0.4, 1.4]), 3)
    outside = side * (face.eye_spacing + face.eye_width - 0.02 + 0.10 * ends)
    b.curve(f"crow_{name}", outside, EYE_LINE + np.repeat(np.array([-0.06, -0.01, 0.04]), 2) * ends)


def _nose(b: RigBuilder, face: Face) -> None:
    tip, w = EYE_LINE + face.nose_length, face.nose_width
    s = np.linspace(-1, 1, 11)
    bridge = np.array([-0.15, -0.15, tip - 0.05, tip - 0.05])
    b.curve("nose_base", w * s, tip + 0.03 + 0.035 * np.cos(np.pi * s), lift=0.10)
    b.curve("nose_ridge", np.array([-0.035, 0.035, 0.055, -0.055]), bridge, lift=0.16)
    b.curve("nose_side", np.array([0.06, 0.04, w * 0.6, w]), np.array([-0.2, 0.0, tip - 0.12, tip]), lift=0.1)
    b.ring("nose_tip", 0.0, tip - 0.05, 0.6 * w, 0.06, lift=0.22)
    for side, name in SIDES:
        b.ring(f"nostril_{name}", side * 0.55 * w, tip + 0.005, 0.034, 0.020, lift=0.16)
        b.move("AU9", f"nostril_{name}", side * 0.015, -0.045)
    for curve in ("nose_base", "nose_tip"):
        b.move("AU9", curve, 0.0, -0.045)
    b.curve("wrinkle", np.array([-0.06, 0.06] * 3), np.repeat(np.array([-0.02, 0.05, 0.12]), 2), lift=0.16)
    b.curve("frown", np.array([-0.045, -0.035, 0.045, 0.035]), np.array([-0.36, -0.22, -0.36, -0.22]), lift=0.1)


def _mouth(b: RigBuilder, face: Face) -> None:
    """Outer and inner edges of both lips, s from corner to corner, and the shadow below them."""
    s = np.linspace(-1, 1, LIPS)
    x, y, arch = face.mouth_width * s, np.full(LIPS, face.mouth_height), (1 - s**2) ** 0.8
    upper = 1.4 * face.upper_lip * arch * (1 - 0.25 * np.exp(-((s / 0.18) ** 2)))
    lower = 1.4 * face.lower_lip * arch
    b.curve("lip_top", x, y - upper, lift=0.08)
    b.curve("lip_bottom", x, y + lower, lift=0.08)
    b.curve("mouth_top", x, y - 0.004 * arch, lift=0.06)
    b.curve("mouth_bottom", x, y + 0.004 * arch, lift=0.06)
    b.curve("chin_shadow", 0.6 * x, y + face.lower_lip * 1.4 + 0.06 + 0.02 * np.abs(s), lift=0.02)
    for name, inwards in (("lip_top", upper), ("mouth_top", 0 * s)):
        _lip_moves(b, name, s, inwards)
        for channel, dy in (("AU17", -0.03), ("AU9", -0.045), ("AU25", -0.025), ("AU26", -0.01), ("jaw", -0.015)):
            b.move(channel, name, 0.0, dy * arch)
    for name, inwards in (("lip_bottom", -lower), ("mouth_bottom", 0 * s), ("chin_shadow", 0 * s)):
        _lip_moves(b, name, s, inwards)
        for channel, dy in (("AU17", -0.055), ("AU25", 0.055), ("AU26", 0.19), ("jaw", 0.17)):
            b.move(channel, name, 0.0, dy * arch)


def _lip_moves(b: RigBuilder, name: str, s: Curve, inwards: Curve) -> None:
    """What moves the corners of the mouth; `inwards` leads from this edge of a lip to the line between the lips."""
    corner, sign, arch = np.abs(s) ** 1.6, np.sign(s), (1 - s**2) ** 0.8
    b.move("AU12", name, 0.11 * sign * corner, -0.13 * corner + 0.02 * arch)
    b.move("AU15", name, 0.01 * sign * corner, 0.12 * corner)
    b.move("AU20", name, 0.10 * sign * corner, 0.03 * corner + 0.3 * inwards)
    b.move("AU23", name, -0.04 * sign * corner, 0.55 * inwards)
    b.move("round", name, -0.08 * sign * corner, 0.0)
