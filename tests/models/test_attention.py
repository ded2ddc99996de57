"""Equation 1 as the fused kernel computes it, and the transformer around it, against both written out clip by clip."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from emoprism.models._attention import CoAttention, CrossTransformer, Layer, Sequence, positions

# Steps of a, of b, and how many of each clip's steps of b are real: whole, padded, none, a single one.
CASES = {
    "whole": (5, 9, (9, 9)),
    "padded": (5, 9, (9, 6, 1)),
    "a clip with nothing": (4, 6, (6, 0, 3)),
    "nothing at all": (4, 6, (0, 0)),
    "one step of a": (1, 7, (7, 4)),
    "one step of b": (6, 1, (1, 0)),
    "one of each": (1, 1, (1, 1)),
    "as long as clips are": (36, 200, (200, 117, 0, 1)),
}
TOLERANCES = {torch.float64: (1e-9, 1e-11), torch.float32: (1e-4, 1e-5)}


def until(lengths: tuple[int, ...], steps: int) -> Tensor:
    return torch.arange(steps) < torch.tensor(lengths)[:, None]


def by_equation_1(layer: CoAttention, a: Tensor, b: Tensor) -> Tensor:
    """softmax(Q K^T / sqrt(d_k)) V of one clip, whose b has real steps alone; of no steps, nothing."""
    q, k, v = a @ layer.query.weight.T, b @ layer.key.weight.T, b @ layer.value.weight.T
    scores = (q @ k.T / q.shape[1] ** 0.5).exp()
    return scores / scores.sum(dim=1, keepdim=True) @ v if len(b) else 0 * q


def clip_by_clip(layer: CoAttention, a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    return torch.stack([by_equation_1(layer, x, y[real]) for x, y, real in zip(a, b, mask, strict=True)])


def gradients(out: Tensor, *of: Tensor) -> list[Tensor]:
    """Of a sum with weights that are all different, so that no two errors cancel; 0 where it does not depend on one."""
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view(out.shape)
    return list(torch.autograd.grad((out * weights).sum(), of, retain_graph=True, materialize_grads=True))


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("width", [8, 128])
@pytest.mark.parametrize("case", CASES)
def test_fused_attention_is_equation_1_and_so_are_its_gradients(case: str, width: int, dtype: torch.dtype) -> None:
    steps_a, steps_b, lengths = CASES[case]
    layer = CoAttention(width).to(dtype)
    a = torch.randn(len(lengths), steps_a, width, dtype=dtype, requires_grad=True)
    b = torch.randn(len(lengths), steps_b, width, dtype=dtype, requires_grad=True)
    mask = until(lengths, steps_b)
    ours, written = layer(a, b, mask), clip_by_clip(layer, a, b, mask)
    rtol, atol = TOLERANCES[dtype]
    torch.testing.assert_close(ours, written, rtol=rtol, atol=atol)
    of = (a, b, *layer.parameters())
    for found, expected in zip(gradients(ours, *of), gradients(written, *of), strict=True):
        torch.testing.assert_close(found, expected, rtol=rtol, atol=atol * max(1.0, expected.abs().max().item()))
    assert not gradients(ours, b)[0][~mask].any()


def test_any_step_may_be_the_masked_one() -> None:
    layer = CoAttention(8).double()
    a, b = torch.randn(2, 3, 8, dtype=torch.float64), torch.randn(2, 4, 8, dtype=torch.float64)
    mask = torch.tensor([[False, True, False, True], [True, False, False, False]])
    torch.testing.assert_close(layer(a, b, mask), clip_by_clip(layer, a, b, mask))
    assert not torch.allclose(layer(a, b, mask), clip_by_clip(layer, a, b, ~mask))  # a control


def test_what_stands_at_masked_steps_changes_not_a_bit() -> None:
    layer, mask = CoAttention(128), until((20, 13, 0), 20)
    a, b = torch.randn(3, 7, 128), torch.randn(3, 20, 128)
    other = torch.where(mask[..., None], b, 1e3 * torch.randn_like(b))
    assert torch.equal(layer(a, b, mask), layer(a, other, mask))
    assert torch.equal(layer(a, b, mask), layer(a, b, mask))


@pytest.mark.filterwarnings("ignore::UserWarning")  # in which torch says why a kernel is not used
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("lengths", [(5, 5), (5, 2), (5, 0)])
def test_the_fused_kernel_is_used(lengths: tuple[int, ...], dtype: torch.dtype) -> None:
    layer, x = CoAttention(8).to(dtype), torch.randn(2, 5, 8, dtype=dtype, requires_grad=True)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        layer(x, x, until(lengths, 5)).sum().backward()
        with pytest.raises(RuntimeError, match="No available kernel"):  # a control: without the dimension of heads
            F.scaled_dot_product_attention(x, x, x)


def test_it_is_torchs_multihead_attention_with_one_head_and_no_projection_behind() -> None:
    ours, torchs = CoAttention(8), torch.nn.MultiheadAttention(8, 1, bias=False, batch_first=True)
    with torch.no_grad():
        torchs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        torchs.out_proj.weight.copy_(torch.eye(8))
    a, b, mask = torch.randn(2, 3, 8), torch.randn(2, 5, 8), until((5, 2), 5)
    torch.testing.assert_close(ours(a, b, mask), torchs(a, b, b, key_padding_mask=~mask)[0])


def alone(layer: Layer, z: Tensor, b: Tensor) -> Tensor:
    """Equation 2 of one clip."""
    normal = layer.norm(z)
    keys = normal if layer.norm_other is None else layer.norm_other(b)
    inner = by_equation_1(layer.attention, normal, keys) + normal
    return layer.linear(inner) + layer.norm_inner(inner)


def written_out(transformer: CrossTransformer, z: Sequence, other: Sequence) -> Tensor:
    """Every clip alone, cut to its own steps; zeros at the others."""
    out = torch.zeros_like(z.values)
    for row, (own, given) in enumerate(zip(z.mask, other.mask, strict=True)):
        at, b = z.values[row, own], other.values[row, given]
        at, b = at + positions(*z.values.shape[1:])[own].to(at), b + positions(*other.values.shape[1:])[given].to(b)
        for layer in (each for each in transformer.modules() if isinstance(each, Layer)):
            at = alone(layer, at, at if layer.norm_other is None else b)
        out[row, own] = at
    return out


def shaken(transformer: CrossTransformer) -> CrossTransformer:
    """Every parameter moved at random, so that no two norms are alike."""
    for parameter in transformer.parameters():
        torch.nn.init.normal_(parameter, 0.2, 0.4)
    return transformer.double()


def sequence(steps: int, lengths: tuple[int, ...]) -> Sequence:
    mask = until(lengths, steps)
    values = torch.randn(len(lengths), steps, 8, dtype=torch.float64)
    return Sequence((values * mask[..., None]).requires_grad_(), mask)


def test_a_padded_batch_is_its_clips_alone_gradients_too() -> None:
    transformer = shaken(CrossTransformer(8, 2, 2))
    z, other = sequence(6, (6, 3, 4, 0, 0)), sequence(9, (5, 9, 0, 2, 0))
    ours, written = transformer(z, other).values, written_out(transformer, z, other)
    torch.testing.assert_close(ours, written, rtol=1e-6, atol=1e-9)
    assert not ours[~z.mask].any()
    of = (z.values, other.values, *transformer.parameters())
    for found, expected in zip(gradients(ours, *of), gradients(written, *of), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)


def test_half_precision_is_near() -> None:
    transformer = CrossTransformer(8, 1, 1)
    z = Sequence(torch.randn(3, 5, 8), until((5, 3, 5), 5))
    other = Sequence(torch.randn(3, 4, 8), until((4, 2, 0), 4))
    with torch.autocast("cpu", torch.bfloat16):
        half = transformer(z, other).values
    half.sum().backward()
    torch.testing.assert_close(half.float(), transformer(z, other).values, rtol=0.05, atol=0.1)
    assert all(bool(p.grad is not None and p.grad.isfinite().all()) for p in transformer.parameters())
