"""How fast the embedded corpus is made, and in how many of its frames the default detector finds the face.

python benchmarks/puppets.py --clips 600 --workers 2
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from emoprism.media.detectors.blazeface import BlazeFace
from emoprism.puppets.corpus import make

SECONDS = 3.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--look-at", type=int, default=60, help="clips whose frames the detector searches")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "puppets"
        start, used = time.perf_counter(), cpu_seconds()
        make("puppets", out, [f"clips={asked.clips}", f"seconds={SECONDS}"], workers=asked.workers, overwrite=False)
        wall, used = time.perf_counter() - start, cpu_seconds() - used
        files = sorted((out / "clips").iterdir())
        size = sum(file.stat().st_size for file in files) / len(files)
        rate, frames = found(files[:: max(1, len(files) // asked.look_at)])
    cells = {
        "clips": f"{asked.clips}",
        "workers": f"{asked.workers}",
        "seconds": f"{wall:.1f}",
        "CPU s/clip": f"{used / asked.clips:.3f}",
        "x real time": f"{asked.clips * SECONDS / wall:.1f}",
        "KiB/clip": f"{size / 1024:.0f}",
        "faces found": f"{rate:.2%} of {frames} frames",
    }
    widths = [max(len(name), len(cell)) for name, cell in cells.items()]
    for line in (cells.keys(), cells.values()):
        print("  ".join(f"{text:>{width}}" for text, width in zip(line, widths, strict=True)))


def cpu_seconds() -> float:
    """Processor time of this process and of those it waited for: unlike the clock, it knows nothing of other work."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def found(files: list[Path]) -> tuple[float, int]:
    """Share of frames with exactly one face, which covers the middle of the picture; and how many were searched."""
    detector = BlazeFace()
    hits = [hit for file in files for hit in _hits(detector, file)]
    return float(np.mean(hits)), len(hits)


def _hits(detector: BlazeFace, file: Path) -> Iterator[bool]:
    with av.open(str(file)) as video:
        for frame in video.decode(video=0):
            faces = detector.detect(frame.to_ndarray(format="rgb24"))
            yield len(faces) == 1 and _covers_middle(faces[0].box, frame.width, frame.height)


def _covers_middle(box: tuple[float, float, float, float], width: int, height: int) -> bool:
    left, top, right, bottom = box
    return left < width / 2 < right and top < height / 2 < bottom


if __name__ == "__main__":
    main()
