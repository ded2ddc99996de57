"""Normalisation and pooling over what is real."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from emoprism.models._masked import MaskedBatchNorm, keep_valid, pool, pooled_width


def ragged(lengths: list[int], width: int = 3, extra: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Values [B, T, width] with rubbish where the mask is False; the same real values whatever `extra`."""
    mask = torch.arange(max(1, *lengths) + extra) < torch.tensor(lengths)[:, None]
    values = torch.full((*mask.shape, width), 1e6, dtype=torch.float64)
    for row, length in enumerate(lengths):
        generator = torch.Generator().manual_seed(row)
        values[row, :length] = torch.randn(length, width, generator=generator, dtype=torch.float64)
    return values, mask


LENGTHS = st.lists(st.integers(0, 9), min_size=1, max_size=6).map(lambda lengths: [*lengths, 1])


@given(LENGTHS, st.integers(0, 5), st.sampled_from(["mean", "mean_std", "max"]))
@settings(deadline=None, max_examples=40)
def test_pooling_is_that_of_each_clip_alone(lengths, extra, pooling):
    values, mask = ragged(lengths, extra=extra)
    pooled = pool(values, mask, pooling)
    assert pooled.shape == (len(lengths), pooled_width(3, pooling))
    for row, length in enumerate(lengths):
        real = values[row, :length]
        if length == 0:
            assert not pooled[row].any()
            continue
        expected = {
            "mean": lambda real=real: real.mean(0),
            "max": lambda real=real: real.amax(0),
            "mean_std": lambda real=real: torch.cat([real.mean(0), real.std(0, correction=0)]),
        }[pooling]()
        torch.testing.assert_close(pooled[row], expected, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("pooling", ["mean", "mean_std", "max"])
def test_gradients_of_pooling_stay_finite_and_out_of_the_padding(pooling):
    values, mask = ragged([4, 1, 0])
    values[0] = values[0, 0]  # no variance
    values.requires_grad_()
    pool(values, mask, pooling).sum().backward()
    assert values.grad.isfinite().all()
    assert not values.grad[~mask].any()


def test_standard_deviation_is_right_where_it_matters():
    values, mask = ragged([9])
    torch.testing.assert_close(pool(values, mask, "mean_std")[0, 3:], values[0].std(0, correction=0), atol=1e-3, rtol=0)


@given(LENGTHS, st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_normalisation_is_torchs_on_the_valid_positions_alone(lengths, extra):
    values, mask = ragged(lengths, extra=extra)
    norm, reference = MaskedBatchNorm(3).double(), nn.BatchNorm1d(3).double()
    out = norm(values.transpose(1, 2), mask).transpose(1, 2)[mask]
    if sum(lengths) == 1:
        torch.testing.assert_close(out, torch.zeros_like(out))
        return
    torch.testing.assert_close(out, reference(values[mask]))
    torch.testing.assert_close(norm.running_mean, reference.running_mean)
    torch.testing.assert_close(norm.running_var, reference.running_var)


def test_normalisation_of_images_along_time():
    values, mask = ragged([5, 2, 3], width=4 * 6)
    images = values.reshape(3, 5, 4, 6).transpose(1, 2)  # [N, C, T, F]
    out = MaskedBatchNorm(4).double()(images, mask)
    real = images.transpose(1, 2)[mask]  # [M, C, F]
    torch.testing.assert_close(out.transpose(1, 2)[mask], nn.BatchNorm1d(4).double()(real))


def test_what_is_normalised_is_exact_far_from_zero():
    values = 1e4 + torch.randn(2, 3, 50)
    mask = torch.ones(2, 50, dtype=torch.bool)
    mask[0, 40:] = False
    out = MaskedBatchNorm(3)(values, mask)
    assert abs(out.transpose(1, 2)[mask].std().item() - 1) < 0.01


def test_nothing_to_normalise_changes_no_statistics():
    norm = MaskedBatchNorm(3)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    assert norm(torch.zeros(0, 3)).shape == (0, 3)
    norm(torch.randn(2, 3, 4), torch.zeros(2, 4, dtype=torch.bool))
    for name, value in norm.state_dict().items():
        assert torch.equal(value, before[name])


def test_half_precision_is_normalised_in_float32_and_comes_back_half():
    values = (300 + torch.randn(8, 3, 64)).to(torch.bfloat16)
    mask = torch.ones(8, 64, dtype=torch.bool)
    mask[0, 1:] = False
    out = MaskedBatchNorm(3)(values, mask)
    assert out.dtype == torch.bfloat16
    expected = nn.BatchNorm1d(3)(values.float().transpose(1, 2)[mask])
    torch.testing.assert_close(out.transpose(1, 2)[mask].float(), expected, atol=0.02, rtol=0.02)


def test_without_scale_and_shift_there_are_no_parameters():
    norm = MaskedBatchNorm(3, affine=False)
    assert not list(norm.parameters())
    values, mask = ragged([4, 2])
    torch.testing.assert_close(
        norm.double()(values.transpose(1, 2), mask), MaskedBatchNorm(3).double()(values.transpose(1, 2), mask)
    )


def test_masked_places_are_zero_whatever_was_there():
    values = torch.tensor([[[1.0], [torch.nan], [torch.inf]]])
    assert keep_valid(values, torch.tensor([[True, False, False]])).flatten().tolist() == [1, 0, 0]
