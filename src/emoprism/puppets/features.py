"""What a head looks like: body, creases, eyes, mouth and hair, drawn from the rig's curves back to front."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from jaxtyping import Float64

from emoprism.puppets.hair import HAIR_STYLES
from emoprism.puppets.people import RGB, Face
from emoprism.puppets.sketch import FULL_LIGHT, SUBPIXEL, Sketch, fixed, mixed, window

BLACK, BLOOD, LIP, LINER, SCLERA, TEETH = (
    (0, 0, 0),
    (58, 16, 20),
    (170, 50, 60),
    (40, 15, 10),
    (232, 228, 224),
    (226, 220, 208),
)
FRAME = (35, 32, 34)
SIDES = ("left", "right")


def draw_body(s: Sketch, face: Face, clothes: RGB, unit: float) -> None:
    """What lies behind the face: hair, neck, shoulders, ears; then the bare face itself."""
    style = HAIR_STYLES[face.hair_style]
    if style.back is not None:
        s.fill(mixed(face.hair, BLACK, 0.35), "hair_back")
    if style.bun:
        s.fill(mixed(face.hair, BLACK, 0.15), "bun")
    s.fill(face.skin, "neck")
    s.shadow(0.38, "neck")
    _shoulders(s, clothes, unit)
    for side in SIDES:
        s.fill(mixed(face.skin, (150, 60, 50), 0.15), f"ear_{side}")
        s.shadow(0.15, f"ear_{side}")
    s.fill(face.skin, "outline")


def _shoulders(s: Sketch, clothes: RGB, unit: float) -> None:
    neck = s.shape("neck")
    half, middle, base = float(np.ptp(neck[:, 0])) / 2, float(neck[:, 0].mean()), float(neck[:, 1].max())
    right = [(0.0, -0.02), (half / unit + 0.02, -0.22), (0.94, -0.02), (1.25, 0.30), (1.38, 3.0)]
    around = np.array(right + [(-x, y) for x, y in right[:0:-1]])
    shape = np.array([middle, base]) + unit * around
    s.paint(clothes, shape)
    cv2.fillPoly(s.shade, [fixed(shape)], FULL_LIGHT - 8, cv2.LINE_AA, SUBPIXEL)


def draw_creases(s: Sketch, strength: Mapping[str, float], unit: float) -> None:
    """Soft shadows that every face has, and the lines that action units draw."""
    for side in SIDES:
        s.shadow(0.16 + 0.10 * strength["AU4"], f"socket_{side}")
        s.crease(0.10 + 0.28 * strength["AU12"] + 0.25 * strength["AU9"], 0.04 * unit, f"fold_{side}")
        s.crease(0.30 * max(strength["AU1"], strength["AU2"]), 0.03 * unit, f"forehead_{side}")
        s.crease(0.35 * strength["AU6"], 0.02 * unit, f"crow_{side}", dashes=3)
        s.shadow(-0.03 - 0.10 * strength["AU6"], f"cheek_{side}")
    for level, name in ((0.30, "nose_base"), (0.10, "nose_side"), (-0.12, "nose_ridge"), (-0.12, "nose_tip")):
        s.shadow(level, name)
    s.crease(0.45 * strength["AU4"], 0.03 * unit, "frown", dashes=2)
    s.crease(0.40 * strength["AU9"], 0.03 * unit, "wrinkle", dashes=3)
    s.crease(0.18 + 0.25 * strength["AU17"], 0.05 * unit, "chin_shadow")


def draw_features(s: Sketch, face: Face, unit: float) -> None:
    """Beard, mouth, eyes, nostrils, brows, hair and glasses, in full colour."""
    dark = mixed(face.skin, LINER, 0.75)
    if face.beard:
        s.fill(mixed(face.skin, face.hair, 0.75 * face.beard), "beard")
    _mouth(s, face.skin, unit)
    for side in SIDES:
        _eye(s, face, side, unit, dark)
        s.fill(dark, f"nostril_{side}")
        s.fill(mixed(face.hair, LINER, 0.5), f"brow_{side}")
    s.fill(face.hair, "hair_outer", "-hairline")
    if face.glasses:
        for side in SIDES:
            s.stroke(FRAME, 0.03 * unit, f"glass_{side}", closed=True)


def _mouth(s: Sketch, skin: RGB, unit: float) -> None:
    lips = mixed(mixed(skin, LIP, 0.45), BLOOD, 0.12)
    s.fill(mixed(lips, BLOOD, 0.2), "lip_top", "-mouth_top")
    s.fill(lips, "mouth_bottom", "-lip_bottom")
    s.fill(BLOOD, "mouth_top", "-mouth_bottom")
    top, bottom = s.shape("mouth_top"), s.shape("mouth_bottom")
    if float((bottom - top)[:, 1].max()) > 0.05 * unit:
        s.paint(TEETH, _teeth(top, bottom, unit))
    else:
        s.stroke(BLOOD, 1.0, "mouth_top")


def _teeth(
    top: Float64[np.ndarray, "n 2"], bottom: Float64[np.ndarray, "n 2"], unit: float
) -> Float64[np.ndarray, "m 2"]:
    """The upper teeth: the upper part of the open mouth."""
    down = np.clip(0.45 * (bottom - top)[:, 1], 0, 0.07 * unit)
    return np.concatenate([top, (top + np.stack([np.zeros_like(down), down], axis=1))[::-1]])


def _eye(s: Sketch, face: Face, side: str, unit: float, dark: RGB) -> None:
    """White, iris and pupil, cut to the opening between the lids; then the lids' edges."""
    opening = s.shape(f"lid_{side}", f"-lower_{side}")
    low, region = window(s.albedo, opening)
    if region.size:
        mask = np.zeros(region.shape[:2], np.uint8)
        ball = Sketch(np.full_like(region, SCLERA), mask, s.points - low, s.curves)
        ball.fill(face.iris, f"iris_{side}")
        ball.fill((14, 10, 10), f"pupil_{side}")
        ball.fill((250, 250, 250), f"glint_{side}")
        cv2.fillPoly(mask, [fixed(opening - low)], 255, cv2.LINE_AA, SUBPIXEL)
        cv2.copyTo(ball.albedo, mask, region)
    s.stroke(dark, 0.030 * unit, f"lid_{side}")
    s.stroke(mixed(face.skin, dark, 0.5), 0.015 * unit, f"lower_{side}")
    s.stroke(mixed(face.skin, dark, 0.35), 0.015 * unit, f"crease_{side}")
