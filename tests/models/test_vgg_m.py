"""VGG-M: the layers of the paper, and what comes out of them."""

import pytest
import torch

from emoprism.errors import PluginError
from emoprism.families import ENCODERS
from emoprism.models.base import Stream
from emoprism.models.encoders.vgg_m_audio import VggMAudio
from emoprism.models.encoders.vgg_m_face import AT_A_TIME, VggMFace
from emoprism.types import StreamSpec

FACES, MELS = StreamSpec((224, 224, 3)), StreamSpec((40,))


@pytest.mark.parametrize(("encoder", "inside"), [(VggMFace(FACES), 3), (VggMAudio(MELS), 1)])
def test_the_defaults_are_the_layers_of_chatfield_et_al(encoder, inside):
    blocks = encoder.convolutions.blocks
    assert [tuple(b.convolution.weight.shape) for b in blocks] == [
        (96, inside, 7, 7),
        (256, 96, 5, 5),
        (512, 256, 3, 3),
        (512, 512, 3, 3),
        (512, 512, 3, 3),
    ]
    assert [b.convolution.stride[0] for b in blocks] == [2, 2, 1, 1, 1]
    assert [b.pooled for b in blocks] == [True, True, False, False, True]


def test_paper_size_faces_give_7_by_7_maps_and_one_vector():
    encoder = VggMFace(FACES).eval()
    image = torch.randint(0, 256, (1, 1, 224, 224, 3), dtype=torch.uint8)
    with torch.no_grad():
        maps, _ = encoder.convolutions(image[0].permute(0, 3, 1, 2) / 255)
        out = encoder(Stream(image, torch.ones(1, 1, dtype=torch.bool)))
    assert maps.shape == (1, 512, 7, 7)
    assert out.shape == (1, 1024) == (1, encoder.width)
    assert encoder.image_size == 224


def test_paper_size_log_mels_of_12_seconds_keep_38_steps_of_two_rows():
    encoder = VggMAudio(MELS).eval()
    with torch.no_grad():
        maps, mask = encoder.convolutions(torch.randn(1, 1, 1200, 40), torch.ones(1, 1200, dtype=torch.bool))
    assert maps.shape == (1, 512, 38, 2)
    assert mask.shape == (1, 38)
    assert encoder.fc6.weight.shape == (1024, 1024)


def test_crops_are_rescaled_to_minus_one_and_one():
    encoder = VggMFace(FACES, image_size=8, channels=(2, 2, 2, 2, 2), feature=3).eval()
    seen: list[torch.Tensor] = []
    encoder.convolutions.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    crops = torch.tensor([0, 255], dtype=torch.uint8)[None, :, None, None, None].expand(1, 2, 8, 8, 3)
    encoder(Stream(crops, torch.ones(1, 2, dtype=torch.bool)))
    assert seen[0][0].unique().tolist() == [-1.0]
    assert seen[0][1].unique().tolist() == [1.0]
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_frames_without_a_face_are_not_looked_at():
    encoder = VggMFace(FACES, image_size=8, channels=(2, 2, 2, 2, 2), feature=3)
    counts: list[int] = []
    encoder.convolutions.register_forward_pre_hook(lambda _, args: counts.append(len(args[0])))
    mask = torch.tensor([[True, False, True], [False, False, False]])
    encoder(Stream(torch.zeros(2, 3, 8, 8, 3, dtype=torch.uint8), mask))
    assert counts == [2]


def test_evaluation_takes_few_frames_at_a_time_and_gives_the_same():
    encoder = VggMFace(FACES, image_size=8, channels=(2, 3, 2, 3, 2), feature=3).eval()
    crops = torch.randint(0, 256, (2, AT_A_TIME, 8, 8, 3), dtype=torch.uint8)
    mask = torch.ones(2, AT_A_TIME, dtype=torch.bool)
    mask[1, 10:] = False
    each = torch.stack([encoder(Stream(crops[[i]], mask[[i]]))[0] for i in (0, 1)])
    torch.testing.assert_close(encoder(Stream(crops, mask)), each)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_mixed_precision_gives_vectors_in_float32(precision):
    face = VggMFace(FACES, image_size=16, channels=(4, 4, 4, 4, 4), feature=5, pooling="mean_std")
    crops = Stream(torch.randint(0, 256, (2, 3, 16, 16, 3), dtype=torch.uint8), torch.ones(2, 3, dtype=torch.bool))
    audio = VggMAudio(MELS, channels=(4, 4, 4, 4, 4), feature=5)
    mask = torch.arange(50) < torch.tensor([[50], [20]])
    with torch.autocast("cpu", precision, enabled=precision != torch.float32):
        outs = [face(crops), audio(Stream(torch.randn(2, 50, 40), mask))]
    for out in outs:
        assert out.dtype == torch.float32
        out.sum().backward()


@pytest.mark.parametrize(
    ("name", "spec", "options", "message"),
    [
        ("vgg_m_face", FACES, {"channels": (1, 2, 3)}, "at least 5 items"),
        ("vgg_m_face", FACES, {"pooling": "median"}, "'mean', 'mean_std', 'max' or 'mean_std_max'"),
        ("vgg_m_audio", MELS, {"image_size": 64}, "unknown key"),
        ("conv1d", MELS, {"channels": ()}, "at least 1 item"),
        ("features", MELS, {"hidden": (0,)}, "greater than 0"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_words(name, spec, options, message):
    with pytest.raises(PluginError, match=message):
        ENCODERS.make(name, spec, options=options)


@pytest.mark.parametrize("name", ["vgg_m_audio", "conv1d", "features"])
def test_encoders_of_vectors_refuse_images_and_the_other_way_round(name):
    with pytest.raises(ValueError, match=r"reads feature vectors .* \(224, 224, 3\)"):
        ENCODERS.make(name, FACES)
    with pytest.raises(ValueError, match=r"reads face crops .* \(40,\)"):
        ENCODERS.make("vgg_m_face", MELS)
