"""Co-attention, its encoder and the model of Ito et al. 2021, against the equations written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from emoprism.models._attention import CoAttention, CrossTransformer, Layer, Sequence, placed, positions
from emoprism.models.base import Model
from emoprism.models.cross_attention import CrossAttention
from emoprism.models.tasks.one_of import one_of
from emoprism.testing import example_stream
from emoprism.types import StreamSpec

STREAMS = {"units": StreamSpec((7,)), "mfcc": StreamSpec((5,))}
TASKS = one_of(emotion=3, speaker=4)
SMALL = {"width": 8, "depth": 2, "self_depth": 1}


def double(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def by_equation_1(layer: CoAttention, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """softmax(Q K^T / sqrt(d_k)) V, of one clip."""
    q, k, v = a @ numbers(layer.query.weight).T, b @ numbers(layer.key.weight).T, b @ numbers(layer.value.weight).T
    scores = q @ k.T / math.sqrt(q.shape[1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return weights @ v


def test_equation_1_and_its_gradient() -> None:
    layer = CoAttention(8).double()
    a, b = double(2, 5, 8), double(2, 9, 8)
    mask = torch.ones(2, 9, dtype=torch.bool)
    mask[1, 6:] = False
    out = numbers(layer(a, b, mask))
    np.testing.assert_allclose(out[0], by_equation_1(layer, numbers(a[0]), numbers(b[0])), rtol=1e-10)
    np.testing.assert_allclose(out[1], by_equation_1(layer, numbers(a[1]), numbers(b[1, :6])), rtol=1e-10)
    assert torch.autograd.gradcheck(lambda x, y: layer(x, y, mask), (a.requires_grad_(), b.requires_grad_()))


def test_attention_to_nothing_is_nothing() -> None:
    layer = CoAttention(8)
    b = torch.randn(2, 4, 8, requires_grad=True)
    out = layer(torch.randn(2, 3, 8), b, torch.zeros(2, 4, dtype=torch.bool))
    out.sum().backward()
    assert not out.any() and bool(b.grad.isfinite().all())


def norm(layer: torch.nn.LayerNorm, x: np.ndarray) -> np.ndarray:
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + layer.eps) * numbers(layer.weight) + numbers(layer.bias)


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    """Every parameter at random, so that no two norms are alike."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, 0.3, 0.5)
    return module.double()


def by_equation_2(layer: Layer, z: np.ndarray, b: np.ndarray) -> np.ndarray:
    """H = CA(LN(Z), LN(Z_b)) + LN(Z);  f(H) + LN(H)."""
    normal = norm(layer.norm, z)
    inner = by_equation_1(layer.attention, normal, norm(layer.norm_other or layer.norm, b)) + normal
    return inner @ numbers(layer.linear.weight).T + numbers(layer.linear.bias) + norm(layer.norm_inner, inner)


def whole(values: torch.Tensor) -> Sequence:
    return Sequence(values, torch.ones(values.shape[:2], dtype=torch.bool))


def test_equation_2_with_its_norms_and_residuals() -> None:
    layer = shaken(Layer(8))
    z, b = double(1, 5, 8), double(1, 6, 8)
    out = numbers(layer(whole(z), whole(b)).values)
    np.testing.assert_allclose(out[0], by_equation_2(layer, numbers(z[0]), numbers(b[0])), rtol=1e-9)
    wrong = by_equation_2(layer, numbers(z[0]), norm(layer.norm_other, numbers(b[0])))  # a control: one norm too many
    assert np.abs(out[0] - wrong).max() > 1e-3


def test_the_encoder_attends_to_the_first_other_in_every_layer_and_then_to_itself() -> None:
    cat = shaken(CrossTransformer(8, 5, 3))
    z, b = double(1, 5, 8), double(1, 6, 8)
    at = numbers(z[0]) + numbers(positions(5, 8))
    other = numbers(b[0]) + numbers(positions(6, 8))
    assert (len(cat.co_layers), len(cat.self_layers)) == (5, 3)
    for layer in cat.co_layers:
        at = by_equation_2(layer, at, other)
    for layer in cat.self_layers:
        assert layer.norm_other is None
        at = by_equation_2(layer, at, at)
    np.testing.assert_allclose(numbers(cat(whole(z), whole(b)).values)[0], at, rtol=1e-5, atol=1e-8)


def test_positions_are_sines_and_cosines() -> None:
    table = positions(50, 6)
    for t in (0, 1, 49):
        for i in range(3):
            angle = t / 10_000 ** (2 * i / 6)
            assert table[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)
    masked = Sequence(torch.zeros(1, 4, 6), torch.tensor([[True, True, False, False]]))
    assert not placed(masked).values[0, 2:].any()


def test_the_paper_has_eight_layers_of_128_in_each_of_eight_transformers() -> None:
    with torch.device("meta"):
        model = CrossAttention(STREAMS, TASKS)
    transformers = [m for m in model.modules() if isinstance(m, CrossTransformer)]
    assert len(transformers) == 8  # CAT and CMT, two modalities, two attributes
    assert {(len(t.co_layers), len(t.self_layers)) for t in transformers} == {(5, 3)}
    assert {m.weight.shape for t in transformers for m in t.modules() if isinstance(m, torch.nn.Linear)} == {(128, 128)}
    assert model.dimensions == {"emotion": 256, "speaker": 256}


def streams() -> dict:
    return {
        name: example_stream(spec.shape, lengths=(6, 4, 3), seed=i) for i, (name, spec) in enumerate(STREAMS.items())
    }


def influence(model: Model, attribute: str) -> set[str]:
    """The parts of the model that an attribute's embedding depends on."""
    model.zero_grad()
    model.train().embed(streams())[attribute].square().sum().backward()
    return {
        name
        for name, part in model.parts().items()
        if any(p.grad is not None and bool(p.grad.any()) for p in part.parameters())
    }


def test_with_caa_each_attribute_reads_the_other_and_without_it_does_not() -> None:
    crossed = CrossAttention(STREAMS, TASKS, **SMALL)
    alone = CrossAttention(STREAMS, TASKS, cross_attribute=False, **SMALL)
    for attribute in TASKS:
        assert influence(crossed, attribute) == {"encoder", "emotion", "speaker"}
        assert influence(alone, attribute) == {"encoder", attribute}


@pytest.mark.parametrize("options", [{}, {"cross_attribute": False}, {"attributes": ("emotion",)}])
def test_parts_hold_every_parameter_once(options) -> None:
    model = CrossAttention(STREAMS, TASKS, **SMALL, **options)
    held = [id(p) for part in model.parts().values() for p in part.parameters()]
    assert sorted(held) == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ({"a": StreamSpec((3,))}, {}, "between two streams, and data.streams names a"),
        (STREAMS, {"attributes": ("emotion", "emotion")}, "between two attributes, not emotion, emotion"),
        (STREAMS, {"attributes": ("emotion", "speker")}, "no attribute 'speker'; did you mean 'speaker'"),
        (STREAMS, {"kernel": 4}, "has no middle"),
    ],
)
def test_what_makes_no_sense_is_refused(given, options, words) -> None:
    with pytest.raises(ValueError, match=words):
        CrossAttention(given, TASKS, **options)
