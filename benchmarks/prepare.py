"""How fast clips become shards: `emoprism prepare` beside a bare pipeline that stores nothing, in the same run.

    python benchmarks/prepare.py [FOLDER] [--clips 48] [--seconds 12] [--workers 2]

Without a folder of videos, clips are made: 640x480 at 25 fps, H.264 with FFmpeg's defaults, AAC, one drawn face that
moves. The bare pipeline decodes every picture, takes every eighth to RGB, detects, crops, encodes JPEG, decodes the
sound and computes log-mels; a pool of processes shares the clips. Both figures count start-up. Machines and their load
differ: compare the ratio.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing as mp
import os
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from emoprism.media.audio import log_mel
from emoprism.media.detectors.blazeface import BlazeFace
from emoprism.media.prepare import prepare
from emoprism.media.tracks import Square, crop
from emoprism.workers import usable_cores

DISTINCT = 6
SOUND_RATE = 44_100


def draw_face(image: np.ndarray, x: float, y: float, radius: float, mouth: float) -> None:
    """A cartoon face that the detector takes for one: head, eyes, brows, nose, and a mouth open by `mouth`."""

    def oval(dx: float, dy: float, width: float, height: float, colour: tuple[int, int, int]) -> None:
        centre = int(x + dx * radius), int(y + dy * radius)
        axes = max(int(width * radius), 1), max(int(height * radius), 1)
        cv2.ellipse(image, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    oval(0, -0.15, 0.85, 1.1, (60, 40, 30))
    oval(0, 0, 0.75, 1.0, (220, 170, 145))
    for side in (-1, 1):
        oval(0.3 * side, -0.15, 0.15, 0.08, (250, 250, 250))
        oval(0.3 * side, -0.15, 0.06, 0.07, (40, 30, 20))
        oval(0.3 * side, -0.36, 0.18, 0.04, (60, 40, 30))
    oval(0, 0.1, 0.07, 0.2, (205, 150, 125))
    oval(0, 0.5, 0.28, 0.07 + 0.1 * mouth, (170, 70, 70))
    oval(0, 0.5, 0.2, 0.02 + 0.07 * mouth, (90, 30, 30))


def make_clip(path: Path, seed: int, seconds: float, size: tuple[int, int] = (640, 480)) -> None:
    """A talking cartoon in front of a textured background with camera noise, and a voice-like tone."""
    generator = np.random.default_rng(seed)
    width, height = size
    ground = cv2.resize(generator.integers(60, 200, (height // 16, width // 16, 3), dtype=np.uint8), size)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        for number in range(round(seconds * 25)):
            image = ground.copy()
            t = number / 25
            x, y = width / 2 + 60 * np.sin(t + seed), height / 2 + 30 * np.cos(0.7 * t)
            draw_face(image, x, y, 90, 0.5 + 0.5 * np.sin(20 * t))
            noise = generator.normal(0, 3, image.shape)
            frame = av.VideoFrame.from_ndarray(np.clip(image + noise, 0, 255).astype(np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        t = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
        tone = sum(np.sin(2 * np.pi * 120 * (1 + 0.02 * np.sin(3 * t)) * k * t) / k for k in range(1, 12))
        sound = av.AudioFrame.from_ndarray((0.05 * tone).astype(np.float32)[None], format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = SOUND_RATE, 0, Fraction(1, SOUND_RATE)
        container.mux(audio.encode(sound))
        container.mux(audio.encode(None))


_detector: list[BlazeFace] = []


def start_bare() -> None:
    """What each process of the bare pipeline does first."""
    cv2.setNumThreads(1)
    _detector.append(BlazeFace())


def bare(path: Path) -> float:
    """The plain pipeline over one file; returns its seconds of picture."""
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        every = max(round(float(stream.average_rate or 25) / 3), 1)
        for count, frame in enumerate(container.decode(stream), start=1):
            if count % every != 1:
                continue
            image = frame.to_ndarray(format="rgb24")
            for face in _detector[0].detect(image)[:1]:
                cut = crop(image, Square.of(face), 224)
                cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, 92])
        seconds = count / float(stream.average_rate or 25)
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
        if container.streams.audio:
            pieces = [p.to_ndarray().ravel() for f in container.decode(audio=0) for p in resampler.resample(f)]
            log_mel(np.concatenate(pieces))
    return seconds


def time_bare(paths: list[Path], workers: int) -> tuple[float, float]:
    """Seconds of media and seconds taken by the bare pipeline."""
    began = time.perf_counter()
    with mp.get_context("spawn").Pool(workers, start_bare) as pool:
        media = sum(pool.imap_unordered(bare, paths))
    return media, time.perf_counter() - began


def time_prepare(paths: list[Path], directory: Path, workers: int, seconds: float) -> float:
    """Seconds taken by the stage itself."""
    table = directory / "clips.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "path", "speaker"])
        writer.writerows([f"clip{number:04d}", path.absolute(), "nobody"] for number, path in enumerate(paths))
    began = time.perf_counter()
    prepare("manifest", table, directory / "shards", ["corpus.anywhere=true", f"seconds={seconds}"], workers=workers)
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--workers", type=int, default=usable_cores())
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes that are started
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if given.folder is None:
            made = [directory / f"made{seed}.mp4" for seed in range(DISTINCT)]
            for seed, path in enumerate(made):
                make_clip(path, seed, given.seconds)
        else:
            made = sorted(path for path in given.folder.iterdir() if path.is_file())
        paths = (made * (given.clips // len(made) + 1))[: given.clips]
        media, plain = time_bare(paths, given.workers)
        own = time_prepare(paths, directory, given.workers, given.seconds)
    print(f"{len(paths)} clips, {media:.0f} s of video, {given.workers} processes")
    print(f"bare pipeline     {plain:7.2f} s  {media / plain:6.1f}x real time")
    print(f"emoprism prepare  {own:7.2f} s  {media / own:6.1f}x real time   {plain / own:.2f} times as fast")


if __name__ == "__main__":
    main()
