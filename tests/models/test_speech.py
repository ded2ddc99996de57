"""The speech model: the layers of Table 1 of Li et al. 2020."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from emoprism.models.encoders.crnn import Crnn, reach
from emoprism.models.speech import Speech
from emoprism.models.tasks.one_of import one_of
from emoprism.testing import example_stream
from emoprism.types import StreamSpec

SPEECH = {"speech": StreamSpec((43,))}
TASKS = one_of(emotion=4, speaker=8)


def test_layers_are_those_of_table_1() -> None:
    model = Speech(SPEECH, TASKS, attributes=("emotion", "speaker"))
    encoder = model.encoder
    assert isinstance(encoder, Crnn)
    convolutions = [m for m in encoder.modules() if isinstance(m, nn.Conv1d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size, c.stride, c.padding) for c in convolutions] == [
        (43, 32, (10,), (2,), (0,)),
        (32, 32, (5,), (2,), (0,)),
    ]
    assert (encoder.recurrent.input_size, encoder.recurrent.hidden_size, encoder.recurrent.num_layers) == (32, 32, 1)
    for attribute, task in TASKS.items():
        layer = model.heads.layers[model.attributes.index(attribute)]
        shapes = [(m.in_features, m.out_features) for m in layer.modules() if isinstance(m, nn.Linear)]
        assert shapes == [(96, 32), (32, 10), (10, len(task.words))]  # 96: three statistics of 32 channels
        assert sum(isinstance(m, nn.PReLU) for m in layer.modules()) == 2


def test_fourteen_seconds_are_346_steps_of_the_recurrent_layer() -> None:
    """(1400 - 10) / 2 + 1 = 696 and (696 - 5) / 2 + 1 = 346, rounded down: nothing is padded."""
    seen: list[torch.Size] = []
    encoder = Crnn(SPEECH["speech"])
    encoder.recurrent.register_forward_hook(lambda _, given, __: seen.append(given[0].shape))
    encoder(example_stream((43,), lengths=(1400, 1400)))
    assert seen == [torch.Size([2, 346, 32])]


def test_statistics_are_of_real_steps_alone() -> None:
    """Mean, deviation and maximum of the last layer's outputs, by hand, for a clip with padding behind it."""
    encoder = Crnn(SPEECH["speech"]).eval()
    stream = example_stream((43,), lengths=(200, 90))
    kept: list[torch.Tensor] = []
    encoder.linear.register_forward_hook(lambda _, __, out: kept.append(out))
    out = encoder(stream)
    steps = kept[0][1, : ((90 - 10) // 2 + 1 - 5) // 2 + 1]
    expected = torch.cat([steps.mean(0), steps.std(0, correction=0), steps.max(0).values])
    assert torch.allclose(out[1, :32], expected[:32], atol=1e-5)
    assert torch.allclose(out[1, 32:64], expected[32:64], atol=2e-3)  # a deviation of nothing has a gradient here
    assert torch.equal(out[1, 64:], expected[64:])


def test_a_clip_shorter_than_the_convolutions_is_repeated() -> None:
    encoder = Crnn(SPEECH["speech"]).eval()
    short = example_stream((43,), lengths=(7,))
    values = short.values.repeat(1, 3, 1)[:, : reach()]
    repeated = type(short)(values, torch.ones(1, reach(), dtype=torch.bool))
    assert torch.equal(encoder(short), encoder(repeated))
    assert encoder(short).any()


def test_all_attributes_share_one_embedding() -> None:
    model = Speech(SPEECH, TASKS, attributes=("emotion", "speaker")).eval()
    out = model.embed({"speech": example_stream((43,), lengths=(40, 50))})
    assert out["emotion"] is out["speaker"]


def test_more_than_one_stream_is_refused() -> None:
    with pytest.raises(ValueError, match=r"reads one stream, and data\.streams names a, b"):
        Speech({"a": StreamSpec((3,)), "b": StreamSpec((3,))}, TASKS)
    with pytest.raises(ValueError, match="no attribute 'emotoin'; did you mean 'emotion'"):
        Speech(SPEECH, TASKS, attributes=("emotoin",))
    with pytest.raises(ValueError, match="reads feature vectors"):
        Speech({"face": StreamSpec((8, 8, 3))}, TASKS)
