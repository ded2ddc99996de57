"""The face as a rig: named curves in three dimensions that action units move linearly (blendshapes).

Coordinates of the head: x to the right of the picture, y down, z towards the camera; the origin lies between the eyes
and the nose, the chin of an average face at y = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from emoprism.puppets.emotions import ACTION_UNITS

CHANNELS = (*(f"AU{unit}" for unit in ACTION_UNITS), "blink", "jaw", "round", "gaze_x", "gaze_y")
"""What moves the rig: the action units, then blinking, speech (jaw opening, lip rounding) and gaze."""
SIDES = ((-1.0, "left"), (1.0, "right"))
"""Sign of x and name of either half of the face, as the picture shows it."""
DEPTH, HEIGHT, WIDER = 0.72, 1.3, 1.12
"""The ellipsoid that features lie on: depth and height, and width over that of the face's outline."""
PERSPECTIVE = 0.12
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
        # einsum and not a matrix product: BLAS may add in another order on another number of threads
        moved = self.base + np.einsum("tk,kpc->tpc", channels, self.deltas)
        turned = np.einsum("tij,tpj->tpi", rotation, moved)
        nearer = 1 / (1 - PERSPECTIVE * turned[..., 2:])
        return centre[:, None] + scale * turned[..., :2] * nearer


class RigBuilder:
    """Collects curves and what moves them."""

    def __init__(self, width: float) -> None:
        self.width = width
        self._points: list[Float64[np.ndarray, "n 3"]] = []
        self._curves: dict[str, slice] = {}
        self._moves: list[tuple[int, slice, Float64[np.ndarray, "n 2"]]] = []

    def curve(self, name: str, x: Curve, y: Curve, *, plane: float | None = None, lift: float = 0.0) -> None:
        """A curve on the face's ellipsoid (raised by `lift`), or in the plane z = `plane`."""
        inside = np.maximum(0.0, 1 - (x / (self.width * WIDER)) ** 2 - (y / HEIGHT) ** 2)
        z = DEPTH * np.sqrt(inside) + lift if plane is None else np.full_like(x, plane)
        start = sum(map(len, self._points))
        self._points.append(np.stack([x, y, z], axis=1))
        self._curves[name] = slice(start, start + len(x))

    def ring(self, name: str, x: float, y: float, wide: float, high: float, *, lift: float = 0.0) -> None:
        """A closed ellipse around (x, y)."""
        angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        self.curve(name, x + wide * np.cos(angle), y + high * np.sin(angle), lift=lift)

    def move(self, channel: str, name: str, dx: Curve | float, dy: Curve | float) -> None:
        """At weight 1 `channel` moves the points of curve `name` by (dx, dy)."""
        rows = self._curves[name]
        count = rows.stop - rows.start
        step = np.stack([np.broadcast_to(dx, count), np.broadcast_to(dy, count)], axis=1).astype(np.float64)
        self._moves.append((CHANNELS.index(channel), rows, step))

    def build(self) -> Rig:
        """The rig of all curves and moves so far."""
        base = np.concatenate(self._points)
        deltas = np.zeros((len(CHANNELS), len(base), 3))
        for channel, rows, step in self._moves:
            deltas[channel, rows, :2] += step
        return Rig(base, deltas, self._curves)
