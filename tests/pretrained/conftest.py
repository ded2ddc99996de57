"""Tiny models made on the spot: ONNX graphs, and random models as transformers saves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.recipe import load_recipe
from emoprism.training.run import train

RECIPE = """
name: test/asked
label: Asked
data: {streams: STREAMS, split: {name: held_out, test: 0.25, validation: 0.2}}
model:
  name: multitask
  embeddings: {emotion: 5, speaker: 6}
  encoders:
    audio: {name: conv1d, channels: [8, 8]}
players: {model: {learning_rate: 0.003}}
training: {epochs: 1, batch_size: 32}
"""
FACE_ENCODER = "    face: {name: vgg_m_face, image_size: 32, channels: [4, 4, 4, 4, 4], feature: 8}\n"


def write_onnx(
    path: Path,
    shape: Sequence[Any],
    *,
    width: int = 4,
    axis: int = 1,
    metadata: dict[str, str] | None = None,
    kind: int = 1,
    spoilt: bool = False,
    second: bool = False,
) -> Path:
    """Mean over all axes but the first and `axis`, then a linear layer of `width`. Waveforms: a convolution first.

    `spoilt` divides by zero; `second` adds another output, the means themselves.
    """
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, constants = [], {}
    given, channels = "input", shape[axis] if isinstance(shape[axis], int) and len(shape) > 1 else 3
    if len(shape) < 3 or (len(shape) == 3 and shape[1] == 1):
        channels, axis = 5, 1
        kernel = np.random.default_rng(1).normal(0, 1, (channels, 1, 400)).astype(np.float32)
        constants |= {"kernel": kernel, "three": np.array([1, 1, -1], dtype=np.int64)}
        nodes.append(helper.make_node("Reshape", ["input", "three"], ["cut"]))
        nodes.append(helper.make_node("Conv", ["cut", "kernel"], ["heard"], strides=[160]))
        nodes.append(helper.make_node("Relu", ["heard"], ["loud"]))
        given = "loud"
    axes = 3 if given == "loud" else len(shape)
    if kind != TensorProto.FLOAT:
        nodes.append(helper.make_node("Cast", [given], ["single"], to=TensorProto.FLOAT))
        given = "single"
    over = [n for n in range(1, axes) if n != axis % axes]
    constants["over"] = np.array(over, dtype=np.int64)
    weights = np.random.default_rng(0).normal(0, 1, (channels, width)).astype(np.float32)
    constants |= {"weights": weights, "nought": np.zeros(1, dtype=np.float32)}
    nodes.append(helper.make_node("ReduceMean", [given, "over"], ["means"], keepdims=0))
    nodes.append(helper.make_node("MatMul", ["means", "weights"], ["linear"]))
    nodes.append(helper.make_node("Div" if spoilt else "Add", ["linear", "nought"], ["output"]))
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
    if second:
        outputs.append(helper.make_tensor_value_info("means", TensorProto.FLOAT, None))
    graph = helper.make_graph(
        nodes, "tiny", [helper.make_tensor_value_info("input", kind, list(shape))], outputs,
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata or {})
    save(model, path)
    return path


@pytest.fixture
def onnx_file(tmp_path: Path) -> Callable[..., str]:
    """`onnx_file(shape, ...)`: the path of a model that takes this shape."""
    return lambda shape, **how: str(write_onnx(tmp_path / "model.onnx", shape, **how))


@pytest.fixture(scope="session")
def hub_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `faces` (a classifier), `vit` (no head), `pictures` (a convnet), `xvector`, `wavlm` (no head)."""
    transformers = pytest.importorskip("transformers", reason="pip install emoprism[hub]")
    import torch

    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("hub")
    words = {0: "anger", 1: "happiness", 2: "neutral"}
    named = {"id2label": words, "label2id": {word: n for n, word in words.items()}}
    body = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    vit = {**body, "image_size": 32, "patch_size": 8}
    conv = {
        "conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (5, 16), "num_feat_extract_layers": 2,
        "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2,
    }  # fmt: skip
    tdnn = {"tdnn_dim": (8, 8, 12), "tdnn_kernel": (5, 3, 1), "tdnn_dilation": (1, 2, 1), "xvector_output_dim": 7}
    models = {
        "faces": transformers.ViTForImageClassification(transformers.ViTConfig(**vit, **named)),
        "vit": transformers.ViTModel(transformers.ViTConfig(**vit)),
        "pictures": transformers.ResNetModel(
            transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
        ),
        "xvector": transformers.Wav2Vec2ForXVector(transformers.Wav2Vec2Config(**body, **conv, **tdnn)),
        "wavlm": transformers.WavLMModel(transformers.WavLMConfig(**body, **conv)),
    }
    transformers.utils.logging.disable_progress_bar()
    for name, model in models.items():
        model.save_pretrained(root / name)
        faces = {
            "image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}, "do_resize": True,
            "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5] * 3,
            "image_std": [0.5] * 3,
        }  # fmt: skip
        voices = {
            "feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": 16000,
            "padding_value": 0.0, "do_normalize": True, "return_attention_mask": False,
        }  # fmt: skip
        told = voices if name in ("xvector", "wavlm") else faces
        (root / name / "preprocessor_config.json").write_text(json.dumps(told))
    return root


def _run(prepared: Path, out: Path, streams: str) -> Path:
    path = out.with_suffix(".yaml")
    text = RECIPE.replace("STREAMS", streams)
    path.write_text(text.replace("    audio:", FACE_ENCODER + "    audio:") if "face" in streams else text)
    train(load_recipe(path), prepared, out)
    return out


@pytest.fixture(scope="session")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on faces, sound and a third stream that neither is."""
    return _run(prepared, tmp_path_factory.mktemp("run") / "both", "[face, audio, action_units]")


@pytest.fixture(scope="session")
def heard(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on sound alone."""
    return _run(prepared, tmp_path_factory.mktemp("run") / "sound", "[audio]")
