"""A training step of the model of Ito et al. 2021 beside the same model written with torch's plain transformer layers.

    python benchmarks/attention.py [--threads 1 2] [--repetitions 15] [--sizes paper ravdess vgg_m] [--profile]

A step is forward, the losses of both attributes, backward and Adam. Every model is the full one (cross-attribute and
cross-modal attention, width 128, in each of 8 transformers 5 layers of co-attention and 3 of self-attention); they
differ in what a layer is:

ours                            equation 2 by emoprism.models._attention
equation 2, MultiheadAttention  the same norms, residuals and linear layer; nn.MultiheadAttention with one head, which
                                adds an output projection: five products of matrices in place of four
nn.Transformer layers           nn.TransformerEncoderLayer for self-attention, nn.TransformerDecoderLayer for
                                co-attention; one head, norm first, feed-forward of width 128, no dropout. They add
                                a second linear layer, and a decoder layer attends to itself first.

The other two get padding as key_padding_mask, or None where nothing is padded. All take turns in one process, and the
order alternates. Printed are medians: milliseconds of the clock, and ratios to ours within each repetition, with the
middle half of them; of the clock and of the processor, which counts no other process. Read the ratios.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn

from emoprism.models._attention import CrossTransformer, Sequence, placed
from emoprism.models.base import Batch, Stream
from emoprism.models.cross_attention import Branch, CrossAttention
from emoprism.models.encoders.base import Encoder
from emoprism.models.tasks.one_of import one_of
from emoprism.types import AUDIO, EMOTION, FACE, SPEAKER, StreamSpec

WIDTH, SIDE, MFCCS = 128, 224, 40
CLASSES = {EMOTION: 6, SPEAKER: 100}
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Size:
    """Clips in a batch, steps of both streams, whether clips may be shorter, whether VGG-M makes the features."""

    says: str
    clips: int
    face: int
    audio: int
    padded: bool = True
    encoded: bool = False


# Clips of 12 s have 36 faces (3 a second) and 600 MFCCs (one per 20 ms), and VGG-M makes one step of 32 MFCCs.
SIZES = {
    "paper": Size("36 steps of faces, 19 of audio", 16, 36, 19),
    "whole": Size("36 steps of faces, 19 of audio", 16, 36, 19, padded=False),
    "ravdess": Size("1 step of action units, 150 of audio", 16, 1, 150),
    "fine": Size("36 steps of faces, 600 of audio", 4, 36, 600),
    "vgg_m": Size("36 faces of 224 x 224, 600 MFCCs, by VGG-M", 2, 36, 600, encoded=True),
}


class Given(Encoder):
    """Features as they are."""

    step_width = WIDTH

    def steps(self, stream: Stream) -> tuple[Tensor, Tensor]:
        """See Encoder."""
        return stream.values, stream.mask


class ByMultihead(nn.Module):
    """Equation 2 with nn.MultiheadAttention."""

    def __init__(self, *, to_itself: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, 1, bias=False, batch_first=True)
        self.norm, self.norm_inner, self.linear = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH)
        self.norm_other = None if to_itself else nn.LayerNorm(WIDTH)

    def forward(self, z: Tensor, other: Tensor, hidden: Tensor | None) -> Tensor:
        """Z'."""
        normal = self.norm(z)
        keys = normal if self.norm_other is None else self.norm_other(other)
        told, _ = self.attention(normal, keys, keys, key_padding_mask=hidden, need_weights=False)
        inner = told + normal
        return self.linear(inner) + self.norm_inner(inner)


class Plain(nn.Module):
    """A CrossTransformer of other layers: five of co-attention, three of self-attention."""

    def __init__(self, like: CrossTransformer) -> None:
        super().__init__()
        self.co_layers = nn.ModuleList(self.co_layer() for _ in like.co_layers)
        self.self_layers = nn.ModuleList(self.self_layer() for _ in like.self_layers)

    def forward(self, z: Sequence, other: Sequence) -> Sequence:
        """The features of z attuned by the other ones."""
        z, other = placed(z), placed(other)
        return z.with_values(self.through(z.values, other.values, _hidden(z.mask), _hidden(other.mask)))

    def co_layer(self) -> nn.Module:
        """A layer of co-attention."""
        return ByMultihead()

    def self_layer(self) -> nn.Module:
        """A layer of self-attention."""
        return ByMultihead(to_itself=True)

    def through(self, z: Tensor, other: Tensor, own: Tensor | None, others: Tensor | None) -> Tensor:
        """All layers; masks are True at what is hidden."""
        for layer in self.co_layers:
            z = layer(z, other, others)
        for layer in self.self_layers:
            z = layer(z, z, own)
        return z


class OfTorch(Plain):
    """Of torch's transformer layers."""

    def co_layer(self) -> nn.Module:
        """A layer of self-attention and co-attention."""
        return nn.TransformerDecoderLayer(WIDTH, 1, WIDTH, dropout=0.0, batch_first=True, norm_first=True)

    def self_layer(self) -> nn.Module:
        """A layer of self-attention."""
        return nn.TransformerEncoderLayer(WIDTH, 1, WIDTH, dropout=0.0, batch_first=True, norm_first=True)

    def through(self, z: Tensor, other: Tensor, own: Tensor | None, others: Tensor | None) -> Tensor:
        """See Plain."""
        for layer in self.co_layers:
            z = layer(z, other, tgt_key_padding_mask=own, memory_key_padding_mask=others)
        for layer in self.self_layers:
            z = layer(z, src_key_padding_mask=own)
        return z


KINDS = {"equation 2, MultiheadAttention": Plain, "nn.Transformer layers": OfTorch}


def _hidden(mask: Tensor) -> Tensor | None:
    return None if bool(mask.all()) else ~mask


def models(size: Size) -> dict[str, CrossAttention]:
    """Ours, and copies of it with other layers; all that is not a transformer is the same."""
    torch.manual_seed(0)
    specs = {name: StreamSpec(tuple(stream.values.shape[2:])) for name, stream in batch(size).items()}
    ours = CrossAttention(specs, one_of(**CLASSES))
    if not size.encoded:
        for place, spec in enumerate(specs.values()):
            ours.encoders[place] = Given(spec)
    return {OURS: ours, **{name: rewritten(ours, kind) for name, kind in KINDS.items()}}


def rewritten(model: CrossAttention, kind: type[Plain]) -> CrossAttention:
    """A copy with other layers in its transformers."""
    model = copy.deepcopy(model)
    for branch in model.branches:
        assert isinstance(branch, Branch)
        branch.across, branch.between = (
            nn.ModuleList(kind(each) for each in transformers or () if isinstance(each, CrossTransformer))
            for transformers in (branch.across, branch.between)
        )
    return model


def batch(size: Size) -> dict[str, Stream]:
    """Noise. Padded clips last from 4 to 12 seconds of 12, in both streams alike; the first one is whole."""
    generator = torch.Generator().manual_seed(0)
    share = torch.linspace(1, 1 / 3 if size.padded else 1, size.clips)[:, None]
    face, audio = (torch.arange(steps) < share * steps for steps in (size.face, size.audio))
    if not size.encoded:
        given = {"features of faces": face, "features of audio": audio}
        return {name: Stream(torch.randn(*m.shape, WIDTH, generator=generator), m) for name, m in given.items()}
    pictures = torch.randint(0, 256, (*face.shape, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
    return {
        FACE: Stream(pictures, face),
        AUDIO: Stream(torch.randn(*audio.shape, MFCCS, generator=generator), audio),
    }


def step_of(model: CrossAttention, streams: Mapping[str, Stream]) -> Callable[[], None]:
    """Forward, the losses of both attributes, backward, Adam."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    clips = len(next(iter(streams.values())).mask)
    wanted = {name: torch.arange(clips) % count for name, count in CLASSES.items()}

    def step() -> None:
        optimiser.zero_grad()
        model.heads.loss(model(Batch(streams, wanted)), wanted).backward()
        optimiser.step()

    return step


def measured(steps: Mapping[str, Callable[[], None]], repetitions: int) -> list[dict[str, tuple[float, float]]]:
    """Seconds of the clock and of the processor of every model in every repetition; warmed up before."""
    names = list(steps)
    for name in names * 2:
        steps[name]()
    found: list[dict[str, tuple[float, float]]] = []
    for repetition in range(repetitions):
        found.append({})
        for name in names[:: -1 if repetition % 2 else 1]:
            clock, processor = time.perf_counter(), time.process_time()
            steps[name]()
            found[-1][name] = time.perf_counter() - clock, time.process_time() - processor
    return found


def ratio(found: list[dict[str, tuple[float, float]]], name: str, which: int) -> str:
    """To ours: the median, and the middle half."""
    ratios = sorted(each[name][which] / each[OURS][which] for each in found)
    return f"{median(ratios):5.2f} x ({ratios[len(ratios) // 4]:.2f} .. {ratios[3 * len(ratios) // 4]:.2f})"


def table(size: Size, threads: int, repetitions: int) -> None:
    """Print a size."""
    torch.set_num_threads(threads)
    named, streams = models(size), batch(size)
    found = measured({name: step_of(model, streams) for name, model in named.items()}, repetitions)
    padded = "padded" if size.padded else "all whole"
    print(
        f"\n{size.clips} clips, {size.says}, {padded}; {threads} thread{'s' * (threads > 1)}, {repetitions} repetitions"
    )
    print(f"  {'':<32} {'clock ms':>9}   {'by the clock':<23} {'by the processor':<23} {'parameters':>11}")
    for name, model in named.items():
        count = sum(p.numel() for p in model.parameters())
        milliseconds = 1e3 * median(each[name][0] for each in found)
        print(
            f"  {name:<32} {milliseconds:9.1f}   {ratio(found, name, 0)}  {ratio(found, name, 1)}  {count:>11,}",
            flush=True,
        )


def profiled(size: Size, threads: int, repetitions: int) -> None:
    """Print where the time of our step goes."""
    torch.set_num_threads(threads)
    step = step_of(models(size)[OURS], batch(size))
    step()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(repetitions):
            step()
    print(f"\n{size.says}, {threads} threads, {repetitions} steps")
    print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=25))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--profile", action="store_true", help="where the time of our step goes, in place of the table")
    given = parser.parse_args()
    torch.use_deterministic_algorithms(mode=True)  # as in training
    for threads in given.threads:
        for name in given.sizes:
            (profiled if given.profile else table)(SIZES[name], threads, given.repetitions)


if __name__ == "__main__":
    main()
