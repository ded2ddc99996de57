"""Hair styles: where the hair ends on the forehead and at the temples, how far it stands off, and what hangs behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float64

Curve = Float64[np.ndarray, "n"]


@dataclass(frozen=True)
class HairStyle:
    """Lengths in the face's unit; `line` gives the height of the hairline for places from -1 (left) to 1 (right)."""

    line: Callable[[Curve], Curve]
    volume: float
    """How far the hair stands off the head."""
    temple: float = -0.20
    """Height at which it meets the outline of the face."""
    back: tuple[float, float] | None = None
    """Length and spread of the hair behind the head."""
    bun: bool = False


HAIR_STYLES: Final[Mapping[str, HairStyle]] = MappingProxyType(
    {
        "short": HairStyle(lambda t: -0.70 + 0.05 * t, volume=0.06),
        "side": HairStyle(lambda t: -0.60 - 0.22 * t, volume=0.12),
        "fringe": HairStyle(lambda t: -0.46 + 0.02 * np.cos(18 * t), volume=0.10, temple=-0.05),
        "long": HairStyle(lambda t: -0.68 - 0.18 * np.exp(-((t / 0.2) ** 2)), 0.13, -0.10, back=(1.35, 0.16)),
        "bun": HairStyle(lambda t: -0.74 + 0.0 * t, volume=0.05, bun=True),
        "curly": HairStyle(lambda t: -0.60 + 0.03 * np.sin(14 * t), volume=0.20, temple=-0.10, back=(0.80, 0.30)),
        "receding": HairStyle(lambda t: -0.74 - 0.16 * np.sin(2.5 * np.abs(t)), volume=0.03),
    }
)
"""By name, as factors.json says it."""
