"""The speech system of Li et al. 2020: how fast and how right its features are, where the time of its training goes.

    python benchmarks/speech.py features [FOLDER] [--workers 2] [--files 64]
    python benchmarks/speech.py pitch FOLDER [--files 64]
    python benchmarks/speech.py training [--prepared DIR] [--recipe NAME] [--epochs 2] [--warm-up 1] [KEY=VALUE]...

Features: seconds of sound per second of work for the 43 features alone (the files are decoded before), and for the same
at four other speeds too. Without a folder of sound files, tones with noise are made.

Pitch: beside Praat (Boersma 1993), by parselmouth, on the frames of real speech that both of its methods
(autocorrelation and cross-correlation) call voiced, at the same pitch to 3 %: where they differ nobody knows which is
right. Files are taken evenly from the folder.

Training: one fold of a prepared corpus by the training stage itself, its parts timed apart: `step` is forward, backward
and the optimisers; everything else counts as outside. The first `--warm-up` epochs read the shards and are shown apart.
The seconds of 300 epochs are extrapolated from the others. Without a corpus, one of noise as large as RAVDESS is made.
Processor seconds are given beside those of the clock: on a busy machine the clock counts the others too.
"""

from __future__ import annotations

import argparse
import multiprocessing as mp
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from emoprism.media.acoustics.speech import HOP, SPEECH, WINDOW, Speech
from emoprism.media.pitch import pitch
from emoprism.media.processed import ProcessedClip
from emoprism.media.sound import RATE
from emoprism.media.writer import encode, finish, write_shard
from emoprism.recipe import Recipe, load_recipe
from emoprism.stage import Stage
from emoprism.training import run as training
from emoprism.training.dataset import Batches
from emoprism.types import Clip
from emoprism.workers import usable_cores

SPEEDS = (0.8, 0.9, 1.1, 1.2)
FOLD = "data.split={name: leave_one_session_out, groups: 5, groups_seed: 0}"
PAPER_EPOCHS = 300
NEAR, GROSS, CLEAR = 0.03, 0.2, 0.9
ACTORS, TAKES, EMOTIONS, STEPS = 24, 60, 8, 370


def decoded(path: Path) -> np.ndarray:
    """A file's sound, mono at RATE."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        pieces = [p.to_ndarray().ravel() for f in container.decode(audio=0) for p in resampler.resample(f)]
    return np.concatenate(pieces)


def made(count: int) -> list[np.ndarray]:
    """Tones that glide, under noise, 4 seconds each."""
    generator = np.random.default_rng(0)
    t = np.arange(4 * RATE) / RATE
    pitches = generator.uniform(90, 250, count)
    tones = [sum(np.sin(2 * np.pi * k * f * (t + 0.02 * np.sin(5 * t))) / k for k in range(1, 12)) for f in pitches]
    return [(0.1 * tone + generator.normal(0, 0.01, len(t))).astype(np.float32) for tone in tones]


def compute(speeds: tuple[float, ...], samples: np.ndarray) -> float:
    """All features of one sound; returns the processor seconds that they took."""
    began = time.process_time()
    Speech(speeds=speeds).streams(samples)
    return time.process_time() - began


def benchmark_features(given: argparse.Namespace) -> None:
    """Print the table of the features."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of the processes that are started
    files = sorted(path for path in given.folder.rglob("*") if path.is_file())[: given.files] if given.folder else []
    sounds = [decoded(path) for path in files] or made(given.files)
    seconds = sum(len(samples) for samples in sounds) / RATE
    print(f"{len(sounds)} sounds, {seconds:.0f} s; times real time, in {given.workers} processes")
    with mp.get_context("spawn").Pool(given.workers) as pool:
        pool.map(partial(compute, SPEEDS), sounds[: 2 * given.workers], chunksize=1)  # imports come first
        for name, speeds in (("43 features", ()), ("and at 4 other speeds", SPEEDS)):
            began = time.perf_counter()
            busy = sum(pool.map(partial(compute, speeds), sounds, chunksize=1))
            clock = time.perf_counter() - began
            print(f"  {name:<24} {seconds / clock:7.0f}x by the clock {seconds / busy:7.0f}x per processor second")


def benchmark_pitch(given: argparse.Namespace) -> None:
    """Print how far our pitch is from Praat's."""
    files = sorted(path for path in given.folder.rglob("*") if path.is_file())
    sounds = [decoded(path) for path in files[:: max(1, len(files) // given.files)][: given.files]]
    ours, periodicity, first, second = np.concatenate([beside_praat(samples) for samples in sounds], axis=1)
    voiced = np.isfinite(first) & np.isfinite(second)
    agreed = voiced & (np.abs(second / first - 1) < NEAR)
    deviation, clear = np.abs(ours / first - 1)[agreed], periodicity[agreed] > CLEAR
    near = deviation < NEAR
    print(f"{len(sounds)} sounds, {len(ours)} frames; voiced by both methods of Praat: {voiced.mean():.1%}")
    print(f"  Praat's methods agree to {NEAR:.0%} on {agreed.sum() / voiced.sum():.1%} of these, {agreed.sum()} frames")
    print(f"  ours within {NEAR:.0%} of Praat's: {near.mean():.1%}; median deviation {np.median(deviation):.2%}")
    print(f"  more than {GROSS:.0%} off: {(deviation > GROSS).mean():.1%}")
    print(f"  where our NCCF is above {CLEAR} ({clear.mean():.0%}), within {NEAR:.0%}: {near[clear].mean():.1%}")


def beside_praat(samples: np.ndarray) -> np.ndarray:
    """Of every frame [4, T]: our hertz and NCCF, and hertz by Praat's two methods, NaN where it hears no voice."""
    import parselmouth

    hertz, periodicity = pitch(samples, WINDOW, HOP)
    times = (np.arange(len(hertz)) * HOP + WINDOW / 2) / RATE
    sound = parselmouth.Sound(samples.astype(np.float64), RATE)
    asked: dict[str, Any] = {"time_step": 0.01, "pitch_floor": 60, "pitch_ceiling": 600}
    theirs = (sound.to_pitch_ac(**asked), sound.to_pitch_cc(**asked))
    return np.array([hertz, periodicity, *([found.get_value_at_time(t) for t in times] for found in theirs)])


class Clock:
    """Seconds by part, of the clock and of the processor."""

    def __init__(self) -> None:
        self.clock: dict[str, float] = defaultdict(float)
        self.processor: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Generator[None]:
        """Time the block."""
        clock, processor = time.perf_counter(), time.process_time()
        yield
        self.clock[name] += time.perf_counter() - clock
        self.processor[name] += time.process_time() - processor


class Timed(training.Run):
    """A run that times its parts, epoch by epoch."""

    def __init__(self, recipe: Recipe, prepared: Path, stage: Stage) -> None:
        super().__init__(recipe, prepared, stage)
        self.epochs: list[Clock] = []
        step = self.game.step

        def timed(batch: Any) -> dict[str, float]:
            with self.epochs[-1].part("step"):
                return step(batch)

        self.game.step = timed  # type: ignore[method-assign]

    def _train_epoch(self, batches: Batches, epoch: int) -> tuple[dict[str, float], dict[str, float]]:
        self.epochs.append(Clock())
        with self.epochs[-1].part("epoch"):
            return super()._train_epoch(batches, epoch)

    def _after_epoch(self, *given: Any, **named: Any) -> None:
        with self.epochs[-1].part("scores and log"):
            super()._after_epoch(*given, **named)

    def _checkpoint(self) -> None:
        with self.epochs[-1].part("checkpoint"):
            super()._checkpoint()

    def train(self) -> None:
        """All epochs and nothing else: no audit of the split before, no selected weights after."""
        batches = Batches(
            self.labelled, self.store, self.recipe.data, self.recipe.training.batch_size, self.recipe.seed
        )
        last = self.recipe.training.epochs - 1
        for epoch in range(self.recipe.training.epochs):
            losses, rates = self._train_epoch(batches, epoch)
            every = self.recipe.training.selection.every
            self._after_epoch(epoch, losses, rates, scored=epoch == last or (epoch + 1) % every == 0)
            if epoch == last or (epoch + 1) % self.recipe.training.checkpoint_every == 0:
                self._checkpoint()


def noise(directory: Path) -> Path:
    """A prepared corpus with the numbers of RAVDESS: actors, takes, emotions, lengths; its features are noise."""
    generator = np.random.default_rng(0)
    stage = Stage.begin(directory, "prepare", options={"corpus": "noise"}, inputs={})
    for actor in range(ACTORS):
        clips: list[Any] = []
        for take in range(TAKES):
            lengths = {SPEECH: STEPS} | {f"{SPEECH}@{speed:g}": round(STEPS / speed) for speed in SPEEDS}
            streams = {name: generator.normal(size=(steps, 43)).astype(np.float32) for name, steps in lengths.items()}
            labels = {"speaker": f"actor{actor:02d}", "emotion": f"e{take % EMOTIONS}", "gender": "mf"[actor % 2]}
            times = {name: np.arange(len(values)) / 100 for name, values in streams.items()}
            done = ProcessedClip(seconds=STEPS / 100, streams=streams, times=times, boxes=np.zeros((0, 4), np.float32))
            clips.append(encode(Clip(id=f"{actor:02d}-{take:02d}", labels=labels), done))
        write_shard(directory / f"shard-{actor:05d}.safetensors", clips, [])
    finish(stage, [f"shard-{actor:05d}.safetensors" for actor in range(ACTORS)], {})
    return directory


def benchmark_training(given: argparse.Namespace) -> None:
    """Print the table of the training."""
    epochs = given.warm_up + given.epochs
    recipe = load_recipe(given.recipe, [FOLD, *given.overrides, f"training.epochs={epochs}"])
    with tempfile.TemporaryDirectory() as name:
        prepared = given.prepared or noise(Path(name) / "prepared")
        stage = Stage.begin(Path(name) / "run", "train", options={}, inputs={"prepared": prepared})
        run = Timed(recipe, prepared, stage)
        run.train()
    versions = 1 + len(recipe.data.versions.get(SPEECH, ()))
    print(
        f"{recipe.name}: {run.labelled.split.count('train')} train clips at {versions} speeds, batches of"
        f" {recipe.training.batch_size}, {recipe.data.exact_steps.get(SPEECH, 'all')} steps,"
        f" {sum(p.numel() for p in run.model.parameters())} parameters, {torch.get_num_threads()} thread"
    )
    if given.warm_up:
        table("the first epochs, shards read", run.epochs[: given.warm_up])
    each = table("an epoch", run.epochs[given.warm_up :])
    print(f"  {PAPER_EPOCHS} epochs, extrapolated: {each * PAPER_EPOCHS / 3600:.2f} h of one processor")


def table(title: str, epochs: list[Clock]) -> float:
    """Print the mean seconds of each part; returns the processor seconds of an epoch."""
    print(f"  {title:<32} {'clock s':>9} {'processor s':>12} {'share':>7}")
    totals = {name: whole(epochs, name) for name in ("clock", "processor")}
    for part in ("step", "batches", "scores and log", "checkpoint"):
        clock, processor = (seconds(epochs, name, part) for name in ("clock", "processor"))
        print(f"    {part:<30} {clock:9.3f} {processor:12.3f} {processor / totals['processor']:7.1%}")
    print(f"    {'all':<30} {totals['clock']:9.3f} {totals['processor']:12.3f}")
    outside = {name: 1 - seconds(epochs, name, "step") / total for name, total in totals.items()}
    print(f"    outside forward, backward, step: {outside['processor']:.1%} (by the clock {outside['clock']:.1%})")
    return totals["processor"]


def seconds(epochs: list[Clock], name: str, part: str) -> float:
    """Mean over the epochs; what an epoch is beside its steps is the making of batches."""
    found: Iterator[dict[str, float]] = (getattr(clock, name) for clock in epochs)
    each = [one["epoch"] - one["step"] if part == "batches" else one[part] for one in found]
    return sum(each) / len(each)


def whole(epochs: list[Clock], name: str) -> float:
    """Mean seconds of everything in an epoch."""
    return sum(seconds(epochs, name, part) for part in ("epoch", "scores and log", "checkpoint"))


def main() -> None:
    """Print the table that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    features = verbs.add_parser("features")
    features.add_argument("folder", type=Path, nargs="?")
    features.add_argument("--workers", type=int, default=usable_cores())
    features.add_argument("--files", type=int, default=64)
    features.set_defaults(do=benchmark_features)
    praat = verbs.add_parser("pitch")
    praat.add_argument("folder", type=Path)
    praat.add_argument("--files", type=int, default=64)
    praat.set_defaults(do=benchmark_pitch)
    train = verbs.add_parser("training")
    train.add_argument("--prepared", type=Path)
    train.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    train.add_argument("--recipe", default="li2020/menan")
    train.add_argument("--epochs", type=int, default=2)
    train.add_argument("--warm-up", type=int, default=1)
    train.set_defaults(do=benchmark_training)
    given = parser.parse_args()
    given.do(given)


if __name__ == "__main__":
    main()
