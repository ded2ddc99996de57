"""The multitask model: which encoders, which embeddings, and what it refuses."""

import pytest
import torch

from emoprism.families import MODELS
from emoprism.models.base import Batch, Stream
from emoprism.models.encoders.conv1d import Conv1d
from emoprism.models.encoders.features import Features
from emoprism.models.encoders.vgg_m_audio import VggMAudio
from emoprism.models.encoders.vgg_m_face import VggMFace
from emoprism.models.tasks.one_of import one_of
from emoprism.types import StreamSpec

STREAMS = {"face": StreamSpec((224, 224, 3)), "audio": StreamSpec((40,)), "action_units": StreamSpec((35,))}
TASKS = one_of(emotion=5, speaker=9, gender=2)


def make(streams=STREAMS, tasks=TASKS, **options):
    return MODELS.make("multitask", streams, tasks, options=options)


def vectors(width: int, clips: int = 4) -> Stream:
    return Stream(torch.randn(clips, 3, width), torch.ones(clips, 3, dtype=torch.bool))


def test_the_defaults_are_the_papers():
    model = make()
    assert model.dimensions == {"emotion": 2048, "speaker": 2048}
    assert [type(e) for e in model.encoders] == [VggMFace, VggMAudio, Features]
    assert model.image_size == 224


def test_streams_and_encoders_are_the_recipes_choice():
    model = make({"audio": STREAMS["audio"]}, encoders={"audio": {"name": "conv1d", "channels": [8]}})
    assert [type(e) for e in model.encoders] == [Conv1d]
    assert model.image_size is None
    assert make(encoders={"face": {"name": "vgg_m_face", "image_size": 48}}).image_size == 48


@pytest.mark.parametrize("attribute", ["gender", "type", "a.b", "accent of the voice", "values"])
def test_any_column_can_be_an_attribute(attribute):
    model = make({"au": StreamSpec((6,))}, one_of(**{attribute: 3}), embeddings={attribute: 7})
    batch = Batch({"au": vectors(6)}, {attribute: torch.tensor([0, 1, 2, -1])})
    embedded = model(batch)
    assert embedded[attribute].shape == (4, 7)
    model.heads.loss(embedded, batch.labels).backward()


def test_embeddings_are_independent_layers():
    model = make({"au": StreamSpec((6,))}, embeddings={"emotion": 7, "speaker": 3})
    embedded = model.embed({"au": vectors(6)})
    embedded["emotion"].square().sum().backward()
    assert model.embedders[0].weight.grad is not None
    assert model.embedders[1].weight.grad is None


@pytest.mark.parametrize("normalised", [False, True])
def test_embeddings_keep_their_signs_and_may_be_normalised(normalised):
    model = make({"au": StreamSpec((6,))}, embeddings={"speaker": 8}, normalised=normalised)
    embedded = model.embed({"au": vectors(6, clips=64)})["speaker"]
    assert (embedded < 0).any()
    assert (embedded.mean(0).abs().max() < 1e-5) == normalised


def test_dropout_acts_in_training_alone():
    model = make({"au": StreamSpec((6,))}, embeddings={"speaker": 8}, dropout=0.5)
    streams = {"au": vectors(6)}
    assert not torch.equal(model.embed(streams)["speaker"], model.embed(streams)["speaker"])
    model.eval()
    assert torch.equal(model.embed(streams)["speaker"], model.embed(streams)["speaker"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embeddings": {"emotoin": 8}}, "no attribute 'emotoin'; did you mean 'emotion'"),
        ({"encoders": {"fase": {"name": "vgg_m_face"}}}, "no stream 'fase'; did you mean 'face'"),
        ({"encoders": {"face": {"name": "conv1d"}}}, "stream 'face': conv1d reads feature vectors"),
        ({"encoders": {"action_units": {"name": "vgg_m_face"}}}, "stream 'action_units': vgg_m_face reads face crops"),
    ],
)
def test_what_the_corpus_does_not_have_is_refused_in_words(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoders": {"face": {"name": "vgg_m_fase"}}}, "did you mean 'vgg_m_face'"),
        ({"encoders": {"face": {"name": "vgg_m_face", "chanels": [1]}}}, "did you mean 'channels'"),
        ({"embeddings": {}}, "at least 1 item"),
        ({"embeddings": {"emotion": 0}}, "greater than 0"),
        ({"dropout": 1.0}, "less than 1"),
    ],
)
def test_options_are_checked_strictly(options, message):
    with pytest.raises(Exception, match=message):
        make(**options)
