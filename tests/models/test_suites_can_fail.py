"""The public contract suites catch plug-ins that break the contract: controls for tests that always pass."""

import textwrap
from pathlib import Path

import pytest

from emoprism.testing import check_disentangler, check_encoder, check_model

ENCODER = """
import torch
from emoprism.models.encoders.base import Encoder

class Own(Encoder):
    '''An encoder.'''
    def __init__(self, spec):
        super().__init__(spec)
        {refuse}
        self.step_width = 3
        self.layer = torch.nn.Linear(spec.shape[0], 3, bias=False)
        self.unused = torch.nn.Linear(1, 1) if {unused} else None

    def steps(self, stream):
        values = stream.values.masked_fill(~stream.mask[..., None], 0)
        return {steps}

    def forward(self, stream):
        values = stream.values.masked_fill(~stream.mask[..., None], 0)
        {body}
"""
REFUSE = "if len(spec.shape) != 1: raise ValueError('vectors only')"
SUM = "return self.layer(values.sum(1))"
STEPS = "self.layer(values), stream.mask"


def write(root: Path, folder: str, text: str, monkeypatch) -> None:
    (root / folder).mkdir(parents=True)
    (root / folder / "own.py").write_text(textwrap.dedent(text))
    monkeypatch.setenv("EMOPRISM_PLUGINS", str(root))


def encoder(body: str = SUM, refuse: str = REFUSE, unused: bool = False, steps: str = STEPS) -> str:
    return ENCODER.format(body=body, refuse=refuse, unused=unused, steps=steps)


def test_a_sound_encoder_passes(tmp_path, monkeypatch):
    write(tmp_path, "models/encoders", encoder(), monkeypatch)
    check_encoder("own")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (encoder("return self.layer(values.mean(1))"), "padding changes nothing"),
        (encoder("return self.layer(stream.values.sum(1))"), "is finite"),
        (encoder("return self.layer(values.sum(1)) + 1"), "a clip without the stream gets zeros"),
        (encoder("return self.layer(values.sum(1) - 1e-9 * values.sum((0, 1)))[:, :2]"), r"gives \[B, width\]"),
        (
            encoder("return self.layer(values.sum(1)) * (1 if self.training else 1 + values.sum())"),
            "does not depend on the others",
        ),
        (encoder("return self.layer(values.sum(1)) * torch.rand(())"), "changes nothing|same input"),
        (encoder("return self.layer(values.sum(1)).detach()"), "does not require grad|takes part"),
        (encoder(steps="self.layer(values)[..., :2], stream.mask"), r"steps are \[B, T, step_width\]"),
        (encoder(steps="self.layer(values), stream.mask | True"), "is masked whole"),
        (encoder(steps="self.layer(stream.values / values.shape[1]) * float('nan'), stream.mask"), "steps are finite"),
        (encoder(unused=True), "the parameter unused.weight takes part"),
        (encoder(refuse="raise ValueError('nothing')"), "reads face crops or feature vectors"),
    ],
)
def test_an_encoder_that_breaks_the_contract_is_caught(tmp_path, monkeypatch, text, sentence):
    write(tmp_path, "models/encoders", text, monkeypatch)
    with pytest.raises((AssertionError, RuntimeError), match=sentence):
        check_encoder("own")


MODEL = """
import torch
from emoprism.models.base import Heads, Model

class Own(Model):
    '''A model.'''
    def __init__(self, streams, tasks):
        super().__init__(streams, tasks)
        self.dimensions = {{"emotion": 4}}
        self.layer = torch.nn.Linear(streams["audio"].shape[0], 4)
        self.heads = Heads(self.dimensions, tasks)

    image_size = 8

    def embed(self, streams):
        audio = streams["audio"]
        values = audio.values.masked_fill(~audio.mask[..., None], 0)
        return {{"emotion": self.layer({body})}}
"""


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("values.sum(1)", None),
        ("values.mean(1)", "padding changes nothing"),
        ("values.sum(1) - values.sum(1).mean(0)", "does not depend on the others"),
        ("values.sum(1) / audio.mask.any()", "works without the stream 'audio'"),
    ],
)
def test_a_model_that_breaks_the_contract_is_caught(tmp_path, monkeypatch, body, sentence):
    write(tmp_path, "models", MODEL.format(body=body), monkeypatch)
    if sentence is None:
        check_model("own")
        return
    with pytest.raises(AssertionError, match=sentence):
        check_model("own")


def test_a_model_that_names_a_tensor_twice_is_caught(tmp_path, monkeypatch):
    text = MODEL.format(body="values.sum(1)").replace("self.heads = ", "self.twice = self.layer; self.heads = ")
    write(tmp_path, "models", text, monkeypatch)
    with pytest.raises(AssertionError, match="every tensor has one name"):
        check_model("own")


METHOD = """
from emoprism.disentangle.base import Adversary, Disentangler, Move, detached

class Own(Disentangler):
    '''A method.'''
    def __init__(self, dimensions, tasks):
        super().__init__(dimensions, tasks)
        self.adversary = Adversary(dimensions, tasks, 5)

    def moves(self, model, batch):
        z = model(batch)
        auxiliary = self.adversary.loss(detached(z), batch.labels)
        primary = model.heads.loss(z, batch.labels)
{body}
"""


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("yield Move(auxiliary, by=('adversary',), name='a'); yield Move(primary, by=('model',), name='p')", None),
        ("yield Move(primary, by=('model',))", "every owner moves"),
        ("yield Move(auxiliary, by=('model',))", "reaches its movers"),
        ("yield Move(primary, by=('modle',))", "movers are among its players"),
        ("yield Move(primary + float('inf'), by=('model',))", "is finite"),
        ("yield Move(primary / (batch.labels['emotion'] >= 0).sum(), by=('model', 'adversary'))", "is finite"),
        (
            "yield Move(auxiliary, by=('adversary',), name='a'); yield Move(primary, by=('model',), name='p')\n"
            "        model.requires_grad_(False)",
            "does not require grad|switches no requires_grad",
        ),
    ],
)
def test_a_method_that_breaks_the_contract_is_caught(tmp_path, monkeypatch, body, sentence):
    write(tmp_path, "disentangle", METHOD.format(body="        " + body), monkeypatch)
    if sentence is None:
        check_disentangler("own")
        return
    with pytest.raises((AssertionError, RuntimeError), match=sentence):
        check_disentangler("own")
