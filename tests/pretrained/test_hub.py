"""Models in the hub's format, made on the spot with random weights: what they answer, and what is never loaded."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emoprism.errors import InputError, MediaError
from emoprism.pretrained.hub import WANTED, Hub
from emoprism.testing import check_pretrained

transformers = pytest.importorskip("transformers", reason="pip install emoprism[hub]")
CROP = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
SOUND = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)


@pytest.mark.parametrize("name", ["faces", "vit", "pictures"])
def test_faces_keep_the_contract(name, hub_models):
    check_pretrained("hub", str(hub_models / name))


@pytest.mark.parametrize("name", ["xvector", "wavlm"])
def test_voices_keep_the_contract(name, hub_models):
    check_pretrained("hub", str(hub_models / name), modality="voice")


def test_a_classifier_answers_with_its_logits_and_names_them(hub_models):
    model = Hub(str(hub_models / "faces"))
    assert model.classes == ("anger", "happiness", "neutral")
    ours = transformers.ViTForImageClassification.from_pretrained(hub_models / "faces").eval()
    small = torch.nn.functional.interpolate(
        torch.from_numpy(CROP).permute(0, 3, 1, 2), (32, 32), mode="bilinear", antialias=True
    )
    with torch.no_grad():
        expected = ours(small.float() / 127.5 - 1).logits.numpy()
    assert np.allclose(model.faces(CROP), expected, atol=1e-2), "but for rounding, when a crop is resized"
    same = np.array(CROP[:, :32, :32])
    with torch.no_grad():
        expected = ours(torch.from_numpy(same).permute(0, 3, 1, 2).float() / 127.5 - 1).logits.numpy()
    assert np.allclose(model.faces(same), expected, atol=1e-5)


def test_an_embedding_of_a_classifier_is_its_mean_hidden_state(hub_models):
    model = Hub(str(hub_models / "faces"), output="embedding")
    assert model.classes == ()
    same = np.array(CROP[:, :32, :32])
    ours = transformers.ViTModel.from_pretrained(hub_models / "faces").eval()
    with torch.no_grad():
        hidden = ours(torch.from_numpy(same).permute(0, 3, 1, 2).float() / 127.5 - 1).last_hidden_state
    assert np.allclose(model.faces(same), hidden.mean(1).numpy(), atol=1e-5)


def test_an_x_vector_is_the_models_own(hub_models):
    ours = transformers.Wav2Vec2ForXVector.from_pretrained(hub_models / "xvector").eval()
    given = torch.from_numpy((SOUND - SOUND.mean()) / np.sqrt(SOUND.var() + 1e-7))[None]
    with torch.no_grad():
        expected = ours(given).embeddings[0].numpy()
    assert np.allclose(Hub(str(hub_models / "xvector"), modality="voice").voice(SOUND), expected, atol=1e-4)


def test_long_voices_are_the_mean_of_windows(hub_models, monkeypatch):
    monkeypatch.setattr("emoprism.pretrained.hub.LONGEST", 20_000)
    model = Hub(str(hub_models / "wavlm"), modality="voice")
    parts = [model.voice(SOUND[:20_000]), model.voice(SOUND[4_000:])]
    assert np.allclose(model.voice(SOUND), np.mean(parts, axis=0), atol=1e-6)


def copied(model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model, tmp_path / "model"))


def test_pickles_are_refused_and_never_opened(hub_models, tmp_path, monkeypatch):
    model = copied(hub_models / "faces", tmp_path)
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04 anything")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    with pytest.raises(InputError, match=r"pytorch_model\.bin only, which could run any code\n.*revision=refs/pr/1"):
        Hub(str(model)).faces(CROP)
    (model / "pytorch_model.bin").unlink()
    with pytest.raises(InputError, match=r"no weights in \*\.safetensors"):
        Hub(str(model)).faces(CROP)


def test_a_models_own_code_is_never_run(hub_models, tmp_path):
    model = copied(hub_models / "vit", tmp_path)
    config = json.loads((model / "config.json").read_text())
    ran = tmp_path / "ran"
    (model / "own.py").write_text(f"open({str(ran)!r}, 'w')\n")
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="cannot be loaded"):
        Hub(str(model)).faces(CROP)
    assert not ran.exists()


def test_weights_that_are_missing_are_not_drawn_at_random(hub_models, tmp_path):
    model = copied(hub_models / "vit", tmp_path)
    config = json.loads((model / "config.json").read_text())
    config |= {"architectures": ["ViTForImageClassification"], "id2label": {"0": "sad", "1": "happy"}}
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="lacks weights, which would be drawn at random: classifier"):
        Hub(str(model)).faces(CROP)


def test_a_classifier_that_names_no_classes_is_asked_about(hub_models, tmp_path):
    model = copied(hub_models / "faces", tmp_path)
    config = json.loads((model / "config.json").read_text())
    for wrong in (None, {"one": "sad"}, ["sad"]):
        (model / "config.json").write_text(json.dumps(config | {"id2label": wrong}))
        with pytest.raises(InputError, match=r"names no classes \(id2label\)\n.*output=embedding"):
            _ = Hub(str(model)).classes


def test_what_is_no_model_is_named(hub_models, tmp_path):
    with pytest.raises(InputError, match="no such directory, and no name of a model"):
        Hub("some/folder/of/mine")
    with pytest.raises(InputError, match="is a directory, which has none"):
        Hub(str(hub_models / "vit"), revision="main")
    model = copied(hub_models / "vit", tmp_path)
    with pytest.raises(InputError, match="not an image classifier"):
        Hub(str(model), output="logits").faces(CROP)
    (model / "config.json").write_text("[1]")
    with pytest.raises(InputError, match="expected a JSON object"):
        Hub(str(model)).faces(CROP)
    (model / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read"):
        Hub(str(model)).faces(CROP)
    (model / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match=r"holds no preprocessor_config\.json"):
        Hub(str(model)).faces(CROP)
    with pytest.raises(MediaError, match="no sound"):
        Hub(str(hub_models / "wavlm"), modality="voice").voice(SOUND[:0])


def test_a_model_for_another_rate_of_sound_is_refused(hub_models, tmp_path):
    model = copied(hub_models / "wavlm", tmp_path)
    told = json.loads((model / "preprocessor_config.json").read_text())
    (model / "preprocessor_config.json").write_text(json.dumps(told | {"sampling_rate": 8000}))
    with pytest.raises(InputError, match=r"fails on its input.*8000"):
        Hub(str(model), modality="voice").voice(SOUND)


def test_offline_a_name_of_the_hub_is_an_error_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"owner/model: cannot be had from the hub.*\n.*give a directory"):
        Hub("owner/model").faces(CROP)


def test_what_is_fetched_holds_no_code(hub_models, monkeypatch):
    asked = {}

    def fetch(name, **how):
        asked.update(how, name=name)
        return str(hub_models / "faces")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    model = Hub("owner/model", revision="abc")
    assert model.classes == ("anger", "happiness", "neutral")
    assert asked == {"name": "owner/model", "revision": "abc", "allow_patterns": list(WANTED)}
    assert {Path(pattern).suffix for pattern in WANTED} == {".json", ".safetensors"}
    assert sorted(model.files) == ["config.json", "model.safetensors", "preprocessor_config.json"]


def test_without_the_package_it_says_what_to_install(hub_models, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"needs the package transformers\n.*pip install 'emoprism\[hub\]'"):
        Hub(str(hub_models / "vit")).faces(CROP)
