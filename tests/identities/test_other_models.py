"""Models by others as files: ONNX graphs of faces and of voices, and a model of the hub, each made on the spot."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoprism.identities.identify import identify
from emoprism.media.prepare import prepare
from emoprism.stage import csv_text, write_text

RATE = 16_000
PITCHES = {"anna": 300.0, "ben": 900.0, "cleo": 2100.0}


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people who hum at a pitch of their own, four clips of each as sound files, prepared."""
    folder = tmp_path_factory.mktemp("voices")
    generator = np.random.default_rng(0)
    rows: list[tuple[str, str, str]] = []
    for name, hertz in PITCHES.items():
        for take in range(4):
            time = np.arange(RATE) / RATE
            sound = 0.3 * np.sin(2 * np.pi * hertz * time) + generator.normal(0, 0.01, RATE)
            soundfile.write(folder / f"{name}{take}.wav", sound, RATE)
            rows.append((f"{name}{take}", f"{name}{take}.wav", name))
    write_text(folder / "clips.csv", csv_text(["clip", "audio", "speaker"], rows))
    prepare("manifest", folder / "clips.csv", folder / "prepared", [], workers=1)
    return folder / "prepared"


def graph(path: Path, *, faces: bool) -> Path:
    """Mean colours of a crop about grey; of a waveform, how strongly it answers to each of three pitches."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime", reason="pip install emoprism[onnx]")
    from onnx import TensorProto, helper, numpy_helper

    if faces:
        shape = ["N", 3, 16, 16]
        constants = {"over": np.array([2, 3], np.int64), "grey": np.full(3, 110.0, np.float32)}
        nodes = [
            helper.make_node("ReduceMean", ["input", "over"], ["means"], keepdims=0),
            helper.make_node("Sub", ["means", "grey"], ["output"]),
        ]
    else:
        shape = ["N", "T"]
        waves = [np.exp(2j * np.pi * hertz * np.arange(400) / RATE) for hertz in PITCHES.values()]
        kernel = np.stack([part for wave in waves for part in (wave.real, wave.imag)])[:, None].astype(np.float32)
        constants = {"kernel": kernel, "one": np.array([1], np.int64), "over": np.array([2], np.int64)}
        nodes = [
            helper.make_node("Unsqueeze", ["input", "one"], ["mono"]),
            helper.make_node("Conv", ["mono", "kernel"], ["heard"], strides=[160]),
            helper.make_node("Mul", ["heard", "heard"], ["power"]),
            helper.make_node("ReduceMean", ["power", "over"], ["output"], keepdims=0),
        ]
    made = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def f1(out: Path) -> float:
    return json.loads((out / "scores.json").read_text())["pairwise_f1"]


def test_voices_by_an_onnx_file(voices: Path, tmp_path: Path) -> None:
    source = graph(tmp_path / "voices.onnx", faces=False)
    identify(voices, tmp_path / "out", ["voice.name=onnx", f"voice.source={source}", "threshold.voice=0.6"])
    assert f1(tmp_path / "out") == 1.0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "voices.onnx" in json.dumps(manifest["options"])


def test_a_threshold_too_low_makes_one_person_of_all(voices: Path, tmp_path: Path) -> None:
    source = graph(tmp_path / "voices.onnx", faces=False)
    identify(voices, tmp_path / "out", ["voice.name=onnx", f"voice.source={source}", "threshold.voice=-0.9"])
    assert f1(tmp_path / "out") < 0.6


def test_faces_by_an_onnx_file(corpus: Path, tmp_path: Path) -> None:
    source = graph(tmp_path / "faces.onnx", faces=True)
    identify(
        corpus, tmp_path / "out", ["face.name=onnx", f"face.source={source}", "face.scale=1", "threshold.face=0.9"]
    )
    rows = list(csv.DictReader((tmp_path / "out" / "persons.csv").read_text().splitlines()))
    assert {row["evidence"] for row in rows} == {"face", "none"}
    told = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert told["pairwise_precision"] == 1.0 and told["pairwise_recall"] >= 0.6  # some clips show nobody long enough


def test_voices_by_a_model_of_the_hub(voices: Path, tmp_path: Path) -> None:
    """A random model tells people who hum apart by accident at best; it is asked, and what it says is used."""
    transformers = pytest.importorskip("transformers", reason="pip install emoprism[hub]")
    transformers.utils.logging.disable_progress_bar()
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    layers = {"conv_dim": (8, 8), "conv_stride": (10, 8), "conv_kernel": (20, 16), "num_feat_extract_layers": 2}
    config = transformers.WavLMConfig(**small, **layers, num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2)
    transformers.WavLMModel(config).save_pretrained(tmp_path / "hub")
    told = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": RATE}
    (tmp_path / "hub" / "preprocessor_config.json").write_text(json.dumps(told | {"do_normalize": True}))
    asked = ["voice.name=hub", f"voice.source={tmp_path / 'hub'}", "threshold.voice=0.5"]
    identify(voices, tmp_path / "out", asked)
    rows = list(csv.DictReader((tmp_path / "out" / "persons.csv").read_text().splitlines()))
    assert len(rows) == 12 and {row["evidence"] for row in rows} == {"voice"}
