"""A run of our own as a pretrained model: its embedding of a face, of a voice, and of both together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from emoprism.deploy.trained import Trained
from emoprism.errors import InputError, MediaError, StageError
from emoprism.media.audio import log_mel
from emoprism.media.shards import PreparedCorpus
from emoprism.models.base import Batch
from emoprism.pretrained.run import Run
from emoprism.testing import check_pretrained
from emoprism.training.dataset import collate


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


def test_what_cannot_be_embedded_is_named(trained, heard, tmp_path):
    with pytest.raises(MediaError, match="does not take faces"):
        Run(str(heard)).faces(np.zeros((1, 8, 8, 3), dtype=np.uint8))
    with pytest.raises(MediaError, match="no face and no audio and no action_units"):
        Run(str(trained)).clip({"text": np.zeros((3, 5), dtype=np.float32)})
    with pytest.raises(InputError, match=r"no embedding of 'speeker'\n.*did you mean 'speaker'"):
        _ = Run(str(trained), attribute="speeker").takes
    with pytest.raises(StageError, match="emoprism train"):
        _ = Run(str(tmp_path)).takes
