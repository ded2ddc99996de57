"""What a teacher said of every frame, kept shard by shard: `frames/<shard>.npz`, in arrays that need no pickle.

clips    names [N]                  ends     int64 [N]: where the frames of each clip end in the arrays below
reasons  words [N], "" where said   times    float64 [F]: seconds from the start of the clip
classes  the teacher's words [C]    outputs  float32 [F, C]: its answers as they were, logits or probabilities
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from emoprism.errors import Problem, StageError
from emoprism.stage import write_bytes

FOLDER = "frames"


@dataclass(frozen=True, slots=True)
class Said:
    """A teacher's answers to the faces of one clip, [T, C] at `times` [T]; or, T = 0, why there are none."""

    clip: str
    outputs: Float32[np.ndarray, "T C"]
    times: Float64[np.ndarray, "T"]
    reason: str = ""

    @classmethod
    def nothing(cls, clip: str, classes: int, reason: str) -> Said:
        """No answer, for this reason."""
        return cls(clip, np.zeros((0, classes), dtype=np.float32), np.zeros(0), reason)


def part_path(directory: Path, shard: str) -> Path:
    """Where the answers to the clips of a shard are kept."""
    return directory / FOLDER / f"{Path(shard).stem}.npz"


def write_part(path: Path, said: Sequence[Said], classes: Sequence[str]) -> None:
    """Write the answers to the clips of one shard, whole or not at all; the same answers are the same bytes."""
    file = io.BytesIO()
    np.savez(
        file,
        clips=np.array([one.clip for one in said], dtype=np.str_),
        reasons=np.array([one.reason for one in said], dtype=np.str_),
        classes=np.array(classes, dtype=np.str_),
        ends=np.cumsum([len(one.outputs) for one in said], dtype=np.int64),
        times=np.concatenate([one.times for one in said]),
        outputs=np.concatenate([one.outputs for one in said]),
    )
    write_bytes(path, file.getvalue())


def read_part(path: Path) -> list[Said]:
    """The answers, clip by clip. StageError where the file is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            clips, reasons = file["clips"].tolist(), file["reasons"].tolist()
            ends = file["ends"].tolist()
            outputs, times = file["outputs"], file["times"]
        bounds = zip(clips, reasons, [0, *ends[:-1]], ends, strict=True)
        return [Said(clip, outputs[a:b], times[a:b], reason) for clip, reason, a, b in bounds]
    except (OSError, ValueError, KeyError, EOFError) as error:
        fix = "remove the file and run the same command again"
        raise StageError(Problem(str(path), f"not a teacher's answers: {error}", fix)) from None
