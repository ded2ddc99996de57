"""Trained face crops per second: VGG-M as published (LRN, float32) beside the encoder of this project.

    python benchmarks/encoders.py --threads 1

Every variant does the same work, a forward and a backward pass over a batch of crops. The best of several repetitions
counts, and variants take turns, so that another busy process slows all of them alike. Read the ratios: images per
second are those of one machine on one day. Small presets follow, then encoders of log-mels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from emoprism.models.base import Stream
from emoprism.models.encoders.conv1d import Conv1d
from emoprism.models.encoders.vgg_m_audio import VggMAudio
from emoprism.models.encoders.vgg_m_face import VggMFace
from emoprism.types import StreamSpec

Step = Callable[[], None]
SMALL = ((8, 16, 32, 32, 32), (16, 32, 64, 64, 64), (24, 64, 96, 96, 96))


def published() -> nn.Module:
    """CNN-M of Chatfield et al. 2014, Table 1: padding, LRN and a 6 x 6 fc6 of 4096 as there."""
    lrn = lambda: nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)  # noqa: E731
    return nn.Sequential(
        nn.Conv2d(3, 96, 7, 2), nn.ReLU(), lrn(), nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(96, 256, 5, 2, padding=1), nn.ReLU(), lrn(), nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(256, 512, 3, padding=1), nn.ReLU(),
        nn.Conv2d(512, 512, 3, padding=1), nn.ReLU(),
        nn.Conv2d(512, 512, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(512, 4096, 6), nn.ReLU(), nn.Flatten(),
    )  # fmt: skip


def step_of(parameters: list[nn.Parameter], run: Callable[[], Tensor], precision: torch.dtype | None) -> Step:
    """A forward and a backward pass."""

    def step() -> None:
        for parameter in parameters:
            parameter.grad = None
        with torch.autocast("cpu", precision, enabled=precision is not None):
            out = run()
        out.float().square().mean().backward()

    return step


def crops(count: int, size: int) -> Stream:
    """Clips of one frame each."""
    values = torch.randint(0, 256, (count, 1, size, size, 3), dtype=torch.uint8)
    return Stream(values, torch.ones(count, 1, dtype=torch.bool))


def face_step(count: int, precision: torch.dtype | None, size: int, channels: tuple[int, ...], feature: int) -> Step:
    """The encoder of this project."""
    encoder = VggMFace(StreamSpec((size, size, 3)), image_size=size, channels=channels, feature=feature)
    stream = crops(count, size)
    return step_of(list(encoder.parameters()), lambda: encoder(stream), precision)


def published_step(count: int) -> Step:
    """VGG-M as published, on the same crops as float32 in planes."""
    network = published()
    images = crops(count, 224).values[:, 0].permute(0, 3, 1, 2).contiguous() / 127.5 - 1
    return step_of(list(network.parameters()), lambda: network(images), None)


def best_times(steps: Mapping[str, Step], repetitions: int) -> dict[str, float]:
    """Seconds of the quickest repetition of each; all are warmed up, then take turns."""
    for step in steps.values():
        step()
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(repetitions):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def table(title: str, steps: Mapping[str, Step], count: int, repetitions: int, unit: str) -> None:
    """Print per second and the ratio to the first row."""
    times = best_times(steps, repetitions)
    first = next(iter(times.values()))
    print(f"\n{title}")
    for name, seconds in times.items():
        print(
            f"  {name:<44} {count / seconds:8.0f} {unit}/s   {first / seconds:5.2f} x   {1e3 * seconds / count:8.3f} ms"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--images", type=int, default=8, help="crops of 224 x 224 in a batch")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--small-only", action="store_true", help="leave out the paper size")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    half, vgg = torch.bfloat16, (96, 256, 512, 512, 512)
    if not args.small_only:
        paper = {
            "as published: LRN, fc6 6x6, float32": published_step(args.images),
            "ours: BatchNorm, global pooling, float32": face_step(args.images, None, 224, vgg, 1024),
            "ours: BatchNorm, global pooling, bfloat16": face_step(args.images, half, 224, vgg, 1024),
            "ours at 112 x 112, bfloat16": face_step(args.images, half, 112, vgg, 1024),
        }
        table(f"VGG-M at 224 x 224, {args.threads} thread(s)", paper, args.images, args.repetitions, "images")
    small = {
        f"{size} px, {channels}, {'bfloat16' if precision else 'float32'}": face_step(
            96, precision, size, channels, 128
        )
        for size in (48, 64)
        for channels in SMALL
        for precision in (None, half)
    }
    table("Small face encoders", small, 96, args.repetitions, "images")
    spec, sound = StreamSpec((40,)), Stream(torch.randn(32, 300, 40), torch.ones(32, 300, dtype=torch.bool))
    sound.mask[0, 200:] = False
    audio = {f"vgg_m_audio {channels}": VggMAudio(spec, channels=channels, feature=128) for channels in SMALL}
    encoders: dict[str, nn.Module] = {**audio, "conv1d": Conv1d(spec)}
    steps = {name: step_of(list(e.parameters()), lambda e=e: e(sound), None) for name, e in encoders.items()}
    table("Encoders of log-mels, clips of 3 seconds, float32", steps, 32, args.repetitions, "clips")


if __name__ == "__main__":
    main()
