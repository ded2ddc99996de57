"""What an ONNX model takes, read off the shape of its input: pictures in which order, sound as what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32, UInt8

from emoprism.errors import InputError, Problem
from emoprism.media.audio import HOP, MELS, WINDOW
from emoprism.pretrained._inputs import LONGEST, SHORTEST, resized

USUAL_SIDE = 224
TOGETHER = 32
"""Crops given at a time to models that take any number."""
DOCS = "see docs/pretrained.md"

Layout = Literal["auto", "nchw", "nhwc"]
Sound = Literal["auto", "waveform", "log_mel"]
Colours = Literal["rgb", "bgr"]
Values = tuple[float, ...]
Shape = Sequence[Any]
"""As onnxruntime gives it: numbers, and names or None where any number will do."""


@dataclass(frozen=True, slots=True)
class PictureInput:
    """Pictures of 1 (grey) or 3 `colours`; `together` of them at a time, exactly so many if `fixed`."""

    height: int
    width: int
    colours: int
    colours_first: bool
    together: int
    fixed: bool

    @classmethod
    def of(cls, shape: Shape, layout: Layout, size: int | None, source: str) -> PictureInput:
        """Read from a shape [N, C, H, W] or [N, H, W, C]. InputError where it is neither, or not of this size."""
        sides = _numbers(shape)
        if len(sides) != 4:
            raise _refusal(source, shape, "pictures [N, C, H, W] or [N, H, W, C]", "modality=voice takes sound")
        first = sides[1] in (1, 3) if layout == "auto" else layout == "nchw"
        if layout == "auto" and not first and sides[3] not in (1, 3):
            raise _refusal(source, shape, "1 or 3 colours", "set layout=nchw or layout=nhwc")
        colours = sides[1 if first else 3]
        if colours not in (None, 1, 3):
            raise _refusal(source, shape, f"1 or 3 colours where layout={'nchw' if first else 'nhwc'} has them", DOCS)
        height, width = sides[2:] if first else sides[1:3]
        for side in (height, width):
            if size is not None and side not in (None, size):
                raise _refusal(source, shape, f"a side of {size} as the option size says", "leave the option out")
        usual = size or USUAL_SIDE
        fixed = sides[0] is not None
        return cls(height or usual, width or usual, colours or 3, first, sides[0] or TOGETHER, fixed)

    def fill(
        self, crops: UInt8[np.ndarray, "T S S 3"], order: Colours, scale: float, mean: Values, std: Values
    ) -> Float32[np.ndarray, "T a b c"]:
        """Crops as the model wants them: (pixel * scale - mean) / std, mean and std one for all colours or one each."""
        import cv2

        small = resized(crops, self.height, self.width)
        if self.colours == 1:
            small = np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in small])[..., None]
        elif order == "bgr":
            small = small[..., ::-1]
        values = small.astype(np.float32) * np.float32(scale)
        values = (values - np.array(mean, dtype=np.float32)) / np.array(std, dtype=np.float32)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2) if self.colours_first else values)


@dataclass(frozen=True, slots=True)
class SoundInput:
    """Sound as a waveform at 16 kHz or as log-mel vectors, of `shortest` to `longest` steps, with so many axes."""

    log_mel: bool
    axes: int
    mels_last: bool
    shortest: int
    longest: int

    @classmethod
    def of(cls, shape: Shape, sound: Sound, source: str) -> SoundInput:
        """Read from [N], [B, N], [B, 1, N] (a waveform) or [B, (1,) T, 40], [B, (1,) 40, T] (log-mel)."""
        sides = _numbers(shape)
        log_mel = sound == "log_mel" or (sound == "auto" and len(sides) >= 3 and MELS in sides[-2:])
        leading, last = (sides[:-2], sides[-2:]) if log_mel else (sides[:-1], sides[-1:])
        unsure = len(sides) == 3 and sound == "auto" and not log_mel and sides[1] != 1  # [B, T, 80] is no waveform
        if unsure or len(sides) not in ((3, 4) if log_mel else (1, 2, 3)) or any(n not in (None, 1) for n in leading):
            what = f"a waveform [B, N] at 16 kHz or log-mel vectors [B, T, {MELS}]"
            raise _refusal(source, shape, what, f"set sound=waveform or sound=log_mel if it is one; {DOCS}")
        if log_mel and any(last) and MELS not in last:
            raise _refusal(source, shape, f"{MELS} log-mel values a step", DOCS)
        mels_last = log_mel and (last[1] == MELS or MELS not in last)
        steps = last[0] if mels_last else last[-1]
        shortest, longest = _steps(SHORTEST, log_mel), _steps(LONGEST, log_mel)
        return cls(log_mel, len(sides), mels_last, steps or shortest, steps or longest)

    def fill(self, values: Float32[np.ndarray, "N *mels"]) -> Float32[np.ndarray, "..."]:
        """A waveform [N] or log-mel vectors [T, 40], with the axes that the model wants."""
        ordered = values if self.mels_last or not self.log_mel else values.T
        return np.ascontiguousarray(ordered.reshape((1,) * (self.axes - ordered.ndim) + ordered.shape))


def _steps(samples: int, log_mel: bool) -> int:
    return (samples - WINDOW) // HOP + 1 if log_mel else samples


def _numbers(shape: Shape) -> list[int | None]:
    return [side if isinstance(side, int) and side > 0 else None for side in shape]


def _refusal(source: str, shape: Shape, expected: str, fix: str) -> InputError:
    return InputError(Problem(source, f"takes {list(shape)}, expected {expected}", fix))
