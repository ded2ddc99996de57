"""Cross-attribute and cross-modal attention: Ito et al. 2021, section 3.2, Figs. 1 and 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from emoprism.families import EncoderChoice
from emoprism.models._attention import CrossTransformer, Sequence
from emoprism.models._masked import exact, keep_valid, pool
from emoprism.models.base import Heads, Model, Stream
from emoprism.models.encoders._usual import NO_CHOICE, Encoders, check_known
from emoprism.models.encoders.base import Encoder
from emoprism.models.tasks.base import Task
from emoprism.types import EMOTION, SPEAKER, StreamSpec


class Branch(nn.Module):
    """All that is one attribute's own (theta_emo or theta_ID): estimates, CAT of each modality, CMT, head.

    `first` gives the first estimate of the attribute in each modality; `across` attunes it by the other attribute's
    (None without CAA); `between` attunes each modality by the other one.
    """

    def __init__(
        self, streams: tuple[str, ...], width: int, depths: tuple[int, int], kernel: int, *, caa: bool
    ) -> None:
        super().__init__()
        self.streams = streams
        self.first = nn.ModuleList(nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in streams)
        self.across = nn.ModuleList(CrossTransformer(width, *depths) for _ in streams) if caa else None
        self.between = nn.ModuleList(CrossTransformer(width, *depths) for _ in streams)

    def estimate(self, encoded: Mapping[str, Sequence]) -> dict[str, Sequence]:
        """v' and a': the first estimates."""
        layers = dict(zip(self.streams, self.first, strict=True))
        return {n: z.with_values(layers[n](z.values.transpose(1, 2)).transpose(1, 2)) for n, z in encoded.items()}

    def disentangle(self, own: Mapping[str, Sequence], other: Mapping[str, Sequence]) -> dict[str, Sequence]:
        """CAA: the own estimates given the other attribute's, in each modality; as they are where there is no CAA."""
        if self.across is None:
            return dict(own)
        return {n: cat(own[n], other[n]) for n, cat in zip(self.streams, self.across, strict=True)}

    def fuse(self, own: Mapping[str, Sequence]) -> Float[Tensor, "B _"]:
        """CMA: each modality given the other one, a mean over time, side by side."""
        one, two = self.streams
        pairs = zip(self.between, ((one, two), (two, one)), strict=True)
        attuned = [cmt(own[target], own[given]) for cmt, (target, given) in pairs]
        return torch.cat([pool(exact(z.values), z.mask, "mean") for z in attuned], dim=1)


class CrossAttention(Model):
    """Two streams through encoders of `width`, then a branch per attribute: first estimates, CAA, CMA.

    With two attributes and `cross_attribute`, the emotion features of a modality are attuned by its identity features
    and the other way round; the proposed model. Without it the branches are independent ("w/o CAA"); with one attribute
    it is the cross-modal transformer alone ("Baseline"). `depth` and `self_depth` are layers of co-attention and of
    self-attention. Not given by the paper: the kernel of the first estimates (3) and how a sequence becomes one vector
    (here the mean over its steps); a clip without a stream counts with zeros in its place.
    """

    def __init__(
        self,
        streams: Mapping[str, StreamSpec],
        tasks: Mapping[str, Task],
        *,
        attributes: Annotated[tuple[str, ...], Field(min_length=1)] = (EMOTION, SPEAKER),
        cross_attribute: bool = True,
        encoders: dict[str, EncoderChoice] = NO_CHOICE,
        width: PositiveInt = 128,
        depth: PositiveInt = 5,
        self_depth: PositiveInt = 3,
        kernel: PositiveInt = 3,
    ) -> None:
        super().__init__(streams, tasks)
        _check(streams, tasks, attributes, kernel, crossed=cross_attribute)
        self.crossed = cross_attribute and len(attributes) == 2
        names = tuple(streams)
        self.encoders = Encoders(streams, encoders)
        self.projections = nn.ModuleList(nn.Linear(encoder.step_width, width) for encoder in self.encoders.each)
        self.branches = nn.ModuleList(
            Branch(names, width, (depth, self_depth), kernel, caa=self.crossed) for _ in attributes
        )
        self.dimensions = dict.fromkeys(attributes, 2 * width)
        self.heads = Heads(self.dimensions, tasks)

    @property
    def image_size(self) -> int | None:
        """Side in pixels of the face crops that it wants, None where it reads no faces."""
        return self.encoders.image_size

    def parts(self) -> dict[str, nn.Module]:
        """theta_enc as "encoder", and theta of each attribute under its name: all parameters, none twice (Fig. 1)."""
        own = zip(self.dimensions, self.branches, self.heads.layers, strict=True)
        encoder = nn.ModuleList([self.encoders, self.projections])
        return {"encoder": encoder, **{name: nn.ModuleList([branch, head]) for name, branch, head in own}}

    def embed(self, streams: Mapping[str, Stream]) -> dict[str, Float[Tensor, "b _"]]:
        """Z of every attribute, for this process's rows."""
        encoded = {
            name: _encoded(encoder, projection, streams[name])
            for name, encoder, projection in zip(self.streams, self.encoders.each, self.projections, strict=True)
        }
        branches = [branch for branch in self.branches if isinstance(branch, Branch)]
        first = [branch.estimate(encoded) for branch in branches]
        others = first[::-1] if self.crossed else first
        own = [branch.disentangle(z, other) for branch, z, other in zip(branches, first, others, strict=True)]
        return {name: branch.fuse(z) for name, branch, z in zip(self.dimensions, branches, own, strict=True)}


def _encoded(encoder: Encoder, projection: nn.Module, stream: Stream) -> Sequence:
    values, mask = encoder.steps(stream)
    return Sequence(keep_valid(projection(values), mask), mask)


def _check(
    streams: Mapping[str, StreamSpec],
    tasks: Mapping[str, Task],
    attributes: tuple[str, ...],
    kernel: int,
    *,
    crossed: bool,
) -> None:
    if len(streams) != 2:
        raise ValueError(f"cross-modal attention is between two streams, and data.streams names {', '.join(streams)}")
    if len(set(attributes)) != len(attributes) or (crossed and len(attributes) > 2):
        raise ValueError(
            f"cross-attribute attention is between two attributes, not {', '.join(attributes)}; "
            "give two, or set cross_attribute=false"
        )
    if kernel % 2 == 0:
        raise ValueError(f"a kernel of {kernel} steps has no middle; give an odd number")
    check_known("the corpus has no attribute", attributes, tasks)
