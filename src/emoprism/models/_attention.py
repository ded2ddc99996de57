"""Co-attention and the transformer encoder around it: Ito et al. 2021, section 3.1, equations 1 and 2, Fig. 2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from emoprism.models._masked import keep_valid


@dataclass(frozen=True, slots=True)
class Sequence:
    """Vectors over time, zeros where the mask says that there is nothing."""

    values: Float[Tensor, "B T D"]
    mask: Bool[Tensor, "B T"]

    def with_values(self, values: Float[Tensor, "B T D"]) -> Sequence:
        """Others at the same steps."""
        return Sequence(keep_valid(values, self.mask), self.mask)


class CoAttention(nn.Module):
    """CA(X_a, X_b) = softmax(Q_a K_b^T / sqrt(d_k)) V_b, Q_a = X_a W_Q, K_b = X_b W_K, V_b = X_b W_V      (1)

    One head, no biases, as written. Steps of b that are masked get no weight; where b has none at all, the result is 0.
    Computed by torch's fused scaled dot product attention.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)

    def forward(
        self, a: Float[Tensor, "B Ta D"], b: Float[Tensor, "B Tb D"], mask: Bool[Tensor, "B Tb"]
    ) -> Float[Tensor, "B Ta D"]:
        """What b tells of each step of a."""
        some = mask.any(dim=1)[:, None]
        open_ = (mask | ~some)[:, None, None]  # a softmax over nothing is not a number: let all in, take it back below
        # The fused kernels read [B, heads, T, D] alone: without the dimension of heads torch takes the slow way.
        q, k, v = (values.unsqueeze(1) for values in (self.query(a), self.key(b), self.value(b)))
        told = F.scaled_dot_product_attention(q, k, v, attn_mask=open_).squeeze(1)
        return told * some[..., None]


class Layer(nn.Module):
    """One layer of the encoder (2), with its two residuals from behind the layer norms:

    H = CA(LN(Z), LN(Z_b)) + LN(Z),    Z' = f(H) + LN(H),    f linear

    `to_itself`: the same with self-attention, where Z_b is Z and there is one norm before it.
    """

    def __init__(self, width: int, *, to_itself: bool = False) -> None:
        super().__init__()
        self.attention = CoAttention(width)
        self.norm = nn.LayerNorm(width)
        self.norm_other = None if to_itself else nn.LayerNorm(width)
        self.norm_inner = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, z: Sequence, other: Sequence) -> Sequence:
        """Z', at the steps of z. A layer of self-attention is given z as the other one.

        What comes out at masked steps is finite but means nothing: no layer lets a step see those, and they are set to
        zero once, behind the last one.
        """
        normal = self.norm(z.values)
        keys = normal if self.norm_other is None else self.norm_other(other.values)
        inner = self.attention(normal, keys, other.mask) + normal
        return Sequence(self.linear(inner) + self.norm_inner(inner), z.mask)


class CrossTransformer(nn.Module):
    """CAT and CMT (Fig. 2b): positions are added, `depth` layers of co-attention, then `self_depth` of self-attention.

    Every co-attention layer attends to the same other sequence, Z_b^[0].
    """

    def __init__(self, width: int, depth: int, self_depth: int) -> None:
        super().__init__()
        self.co_layers = nn.ModuleList(Layer(width) for _ in range(depth))
        self.self_layers = nn.ModuleList(Layer(width, to_itself=True) for _ in range(self_depth))

    def forward(self, z: Sequence, other: Sequence) -> Sequence:
        """The features of z attuned by the other ones."""
        z, other = placed(z), placed(other)
        for layer in self.co_layers:
            z = layer(z, other)
        for layer in self.self_layers:
            z = layer(z, z)
        return z.with_values(z.values)


def placed(z: Sequence) -> Sequence:
    """With positions added: sines and cosines (Vaswani et al. 2017, section 3.5)."""
    table = positions(z.values.shape[1], z.values.shape[2]).to(z.values)
    return z.with_values(z.values + table)


@cache
def positions(steps: int, width: int) -> Float[Tensor, "T D"]:
    """PE(t, 2i) = sin(t / 10000^(2i / D)), PE(t, 2i + 1) = cos of the same."""
    angles = torch.arange(steps)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]
