"""A run of our own as a pretrained model: its embedding of a face, of a voice, and of both together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from emoprism.deploy.embed import embed
from emoprism.deploy.trained import Trained
from emoprism.embeddings import load_embeddings
from emoprism.errors import InputError, MediaError, StageError
from emoprism.media.audio import log_mel
from emoprism.media.prepare import prepare
from emoprism.media.shards import PreparedCorpus
from emoprism.models.base import Batch
from emoprism.pretrained.run import Run
from emoprism.recipe import load_recipe
from emoprism.testing import check_pretrained
from emoprism.training.dataset import collate
from emoprism.training.run import train


def test_the_contract(trained, heard):
    check_pretrained("run", str(trained))
    check_pretrained("run", str(heard))
    assert Run(str(heard)).takes == {"audio"}
    assert Run(str(trained)).takes == {"face", "audio"}


def embedded(run: Path, streams: dict[str, np.ndarray], attribute: str) -> np.ndarray:
    """By the road that `emoprism embed` takes."""
    model = Trained.open(run).model
    empty = {"face": np.zeros((0, 32, 32, 3), np.uint8), "audio": np.zeros((0, 40), np.float32),
             "action_units": np.zeros((0, 6), np.float32)}  # fmt: skip
    with torch.no_grad():
        batch = Batch({name: collate([values]) for name, values in (empty | streams).items()}, {})
        return model(batch)[attribute][0].numpy()


@pytest.mark.parametrize("attribute", ["speaker", "emotion"])
def test_a_clip_is_embedded_as_emoprism_embed_does(attribute, trained, prepared):
    corpus = PreparedCorpus.open(prepared)
    clip = next(clip for clip in corpus.clips if {"face", "audio"} <= clip.steps.keys())
    streams = {name: corpus.read(clip, name, size=32 if name == "face" else None) for name in corpus.streams}
    whole = Run(str(trained), attribute=attribute).clip(streams)
    assert np.allclose(whole, embedded(trained, streams, attribute), atol=1e-6)
    stored = streams | {"face": corpus.read(clip, "face")}
    assert np.allclose(Run(str(trained), attribute=attribute).clip(stored), whole, atol=1e-6), "crops of any size"


def test_what_is_not_asked_for_is_missing(trained):
    run = Run(str(trained))
    crops = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    rows = run.faces(crops)
    assert rows.shape == (3, 6)
    assert np.allclose(rows[1], embedded(trained, {"face": crops[1:2]}, "speaker"), atol=1e-6)
    sound = np.sin(np.arange(20_000) / 7).astype(np.float32)
    assert np.allclose(run.voice(sound), embedded(trained, {"audio": log_mel(sound)}, "speaker"), atol=1e-6)
    assert not np.allclose(run.clip({"face": crops, "audio": log_mel(sound)}), run.voice(sound))
    assert np.array_equal(run.clip({"face": crops[:0], "audio": log_mel(sound)}), run.voice(sound))


SPEECH = """
name: test/speech
label: Speech
data: {streams: [speech], exact_steps: {speech: 60}, split: {name: held_out, test: 0.25, validation: 0.2}}
model: {name: multitask, embeddings: {speaker: 6}, encoders: {speech: {name: conv1d, channels: [8, 8]}}}
training: {epochs: 1, batch_size: 8}
"""


def test_a_run_on_acoustic_features_hears_a_waveform_as_they_were_prepared(tmp_path):
    rows = ["clip,audio,speaker,emotion"]
    for number in range(12):
        wave = 0.2 * np.sin(np.arange(16_000) * (0.05 + 0.01 * number)).astype(np.float32)
        soundfile.write(tmp_path / f"{number:02d}.wav", wave, 16_000, subtype="FLOAT")
        rows.append(f"c{number:02d},{number:02d}.wav,s{number % 2},{('sad', 'happy')[number // 6]}")
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    prepare("manifest", tmp_path / "clips.csv", tmp_path / "shards", ["acoustics=[speech]"], workers=1)
    (tmp_path / "speech.yaml").write_text(SPEECH)
    train(load_recipe(tmp_path / "speech.yaml"), tmp_path / "shards", tmp_path / "run")
    run = Run(str(tmp_path / "run"))
    assert (run.takes, run.heard) == ({"audio"}, ("speech",))
    check_pretrained("run", str(tmp_path / "run"))
    embed(tmp_path / "run", tmp_path / "shards", tmp_path / "embeddings")
    known = load_embeddings(tmp_path / "embeddings")
    for row, clip in enumerate(known.clips):
        samples, _ = soundfile.read(tmp_path / f"{clip[1:]}.wav", dtype="float32")
        assert np.allclose(run.voice(samples), known.vectors["speaker"][row], atol=1e-5)


def test_what_cannot_be_embedded_is_named(trained, heard, tmp_path):
    with pytest.raises(MediaError, match="does not take faces"):
        Run(str(heard)).faces(np.zeros((1, 8, 8, 3), dtype=np.uint8))
    with pytest.raises(MediaError, match="no face and no audio and no action_units"):
        Run(str(trained)).clip({"text": np.zeros((3, 5), dtype=np.float32)})
    with pytest.raises(InputError, match=r"no embedding of 'speeker'\n.*did you mean 'speaker'"):
        _ = Run(str(trained), attribute="speeker").takes
    with pytest.raises(StageError, match="emoprism train"):
        _ = Run(str(tmp_path)).takes
