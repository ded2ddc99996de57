"""Verification of many clips: how fast all pairs are scored and counted, and what memory it takes.

    python benchmarks/verification.py [--clips 100000] [--speakers 2000] [--width 256] [--only counts]

Vectors are drawn: a centre for each speaker, and noise. Printed are the seconds of counting all pairs (all that EER,
TPR and DET curve need), of the tables for a bootstrap, of 1000 resamples for three metrics, and the share of the
processor's time that the bare float32 products of the same blocks take, measured in the same run on a part of them.
Processor seconds are given beside those of the clock: on a busy machine the clock counts the others too. The same on
idle cores takes about the processor seconds over the number of threads.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits

from emoprism.leakage.evidence import PairEvidence, curve_metrics
from emoprism.leakage.intervals import interval
from emoprism.leakage.scores import COLUMNS, ROWS, count_pairs, labelled, threads
from emoprism.leakage.verification import SpeakerPairs, exact_curve

SAMPLE = 60
"""Blocks whose bare product is timed."""


def drawn(clips: int, speakers: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors [clips, width] around a centre per speaker, and the speaker of each."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, speakers, clips)
    centres = 0.5 * generator.normal(size=(speakers, width)).astype(np.float32) + np.float32(0.2)
    return centres[labels] + generator.standard_normal((clips, width), dtype=np.float32), labels


@contextmanager
def timed(what: str) -> Generator[list[float]]:
    """Print the seconds of the block; the list receives those of the processor."""
    found: list[float] = []
    clock, processor = time.perf_counter(), time.process_time()
    yield found
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    found.append(processor)
    print(f"  {what:<52} {clock:8.1f} {processor:12.1f}", flush=True)


def bare(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Processor seconds of the products of all pairs, from those of some blocks, in one thread."""
    unit, _ = labelled(vectors, labels)
    rows, columns = unit[:ROWS], unit[-COLUMNS:]
    out = np.empty((len(rows), len(columns)), dtype=np.float32)
    with threadpool_limits(limits=1):
        began = time.process_time()
        for _ in range(SAMPLE):
            np.matmul(rows, columns.T, out=out)
        each = (time.process_time() - began) / SAMPLE / out.size
    return each * len(unit) * (len(unit) - 1) / 2


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--speakers", type=int, default=2000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--only", choices=("counts",))
    given = parser.parse_args()
    vectors, labels = drawn(given.clips, given.speakers, given.width)
    print(f"{given.clips} clips of {given.speakers} speakers, {given.width} numbers each; {threads()} threads")
    print(f"  {'':<52} {'clock s':>8} {'processor s':>12}")
    products = bare(vectors, labels)
    with timed("all pairs scored and counted") as processor:
        counts = count_pairs(vectors, labels)
    with timed("the curve and its metrics"):
        curve = exact_curve(counts)
        values = {name: float(metric.of_curve(curve)[0]) for name, metric in curve_metrics().items()}
        del curve
    if given.only is None:
        classes = tuple(str(i) for i in range(given.speakers))
        with timed("tables for a bootstrap"):
            pairs = SpeakerPairs.of(vectors, labels, classes, counts)
        with timed(f"1000 resamples for {len(values)} metrics"):
            bounds = {name: interval([PairEvidence(pairs, m)], 1000, 0) for name, m in curve_metrics().items()}
    print(f"  bare products of float32: {products:.1f} processor s; scored and counted: {processor[0] / products:.2f}x")
    print(f"  largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    print(f"  {int(counts.same.sum())} pairs of one speaker, {int(counts.other.sum())} of two")
    for name, value in values.items():
        span = "" if given.only else " [{:.4f}, {:.4f}]".format(*(bounds[name] or (float("nan"),) * 2))
        print(f"  {name:<24} {value:.6f}{span}")


if __name__ == "__main__":
    main()
