"""Teachers made on the spot, which see in the prepared corpus of tests/conftest.py what was painted into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="pip install emoprism[onnx]")
WORDS = ("anger", "happiness", "neutral")
"""The emotion is painted in green stripes: the first four columns are anger, and so on."""


def write_teacher(
    path: Path, classes: Sequence[str] = WORDS, *, end: str = "", sharp: float = 0.05, width: int | None = None
) -> Path:
    """The mean green of each stripe of columns of a 16 x 16 crop, as logits; `end` is an operator that comes after."""
    from onnx import TensorProto, helper, numpy_helper, save

    count = width or len(classes)
    weights = np.zeros((3, 16, count), dtype=np.float32)
    for stripe in range(min(count, 4)):
        weights[1, 4 * stripe : 4 * stripe + 4, stripe] = sharp / 4
    constants = {"over": np.array([2], dtype=np.int64), "weights": weights.reshape(48, count)}
    nodes = [
        helper.make_node("ReduceMean", ["input", "over"], ["columns"], keepdims=0),
        helper.make_node("Flatten", ["columns"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits" if end else "output"]),
    ]
    if end:
        nodes.append(helper.make_node(end, ["logits"], ["output"]))
    graph = helper.make_graph(
        nodes, "teacher", [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {"classes": json.dumps(list(classes))} if classes else {})
    save(model, path)
    return path


@pytest.fixture
def teacher(tmp_path: Path) -> Callable[..., str]:
    """`teacher(classes, ...)`: the option that names such a model."""
    return lambda *given, **how: f"source={write_teacher(tmp_path / 'teacher.onnx', *given, **how)}"


@pytest.fixture(scope="session")
def plain_teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one that names its three classes and answers with logits."""
    return write_teacher(tmp_path_factory.mktemp("teacher") / "teacher.onnx")
