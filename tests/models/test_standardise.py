"""Features of any scale come out comparable, in validation from the first batch on."""

from __future__ import annotations

import pytest
import torch

from emoprism.models._masked import MaskedBatchNorm
from emoprism.models.base import Stream
from emoprism.models.encoders._standardise import Standardise
from emoprism.models.encoders.base import Encoder
from emoprism.models.encoders.conv1d import Conv1d
from emoprism.models.encoders.features import Features
from emoprism.types import StreamSpec

SCALES = torch.tensor([1e-6, 1.0, 40.0, 1e3])
MEANS = torch.tensor([0.0, -3.0, 200.0, 1e5])


def batch(number: int, rows: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(number)
    return torch.randn(rows, 4, generator=generator) * SCALES + MEANS


def in_validation(norm: MaskedBatchNorm, steps: int) -> torch.Tensor:
    for number in range(steps):
        norm.train()(batch(number))
    return norm.eval()(batch(99, 1000))


def test_it_is_ready_after_one_batch_and_a_usual_one_is_not() -> None:
    out = in_validation(Standardise(4), 1)
    assert out[:, 1:].mean(0).abs().max() < 0.5 and (out[:, 1:].std(0) - 1).abs().max() < 0.3
    usual = in_validation(MaskedBatchNorm(4, affine=False), 20)
    assert usual[:, 3].mean().abs() > 2, "the negative control: what begins at mean 0 is far off for many steps"


@pytest.mark.parametrize("steps", [5, 60])
def test_later_statistics_follow_as_usual(steps: int) -> None:
    norm, usual = Standardise(4), MaskedBatchNorm(4, affine=False)
    norm.train()(batch(0))
    usual.load_state_dict(norm.state_dict())
    for number in range(1, steps):
        assert torch.equal(norm.train()(batch(number)), usual.train()(batch(number)))
    assert torch.equal(norm.running_mean, usual.running_mean) and torch.equal(norm.running_var, usual.running_var)
    again = Standardise(4)
    again.load_state_dict(norm.state_dict())
    for each in (again, norm):
        each.train()(batch(1000))
    assert torch.equal(again.running_mean, norm.running_mean), "what was stored has begun"


def test_padding_does_not_count_and_nothing_is_no_beginning() -> None:
    norm, values = Standardise(4), batch(0).reshape(8, 8, 4).transpose(1, 2)
    mask = torch.zeros(8, 8, dtype=torch.bool)
    norm.train()(values, mask)
    assert norm.running_mean.tolist() == [0] * 4
    mask[:, :5] = True
    norm(values, mask)
    assert torch.allclose(norm.running_mean, values[:, :, :5].mean((0, 2)), rtol=1e-5)


@pytest.mark.parametrize("encoder", [Features, Conv1d])
def test_encoders_give_the_same_of_any_scale(encoder: type[Encoder]) -> None:
    """In validation too, and after a single batch."""
    out: list[torch.Tensor] = []
    for scale, mean in ((1.0, 0.0), (400.0, 3e4)):
        torch.manual_seed(0)
        made = encoder(StreamSpec((3,)))
        generator = torch.Generator().manual_seed(1)
        streams = [scale * torch.randn(8, 16, 3, generator=generator) + mean for _ in range(2)]
        mask = torch.ones(8, 16, dtype=torch.bool)
        made.train()(Stream(streams[0], mask))
        out.append(made.eval()(Stream(streams[1], mask)).detach())
    assert torch.allclose(out[0], out[1], rtol=1e-2, atol=1e-2 * float(out[0].abs().max()))
