"""ONNX models: what the file states is read off it, pictures arrive as asked for, and what does not fit is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoprism.errors import InputError, MediaError
from emoprism.media.audio import log_mel
from emoprism.pretrained.onnx import Onnx
from emoprism.testing import check_pretrained

ANY = "n"
FACES = {
    "any number, channels first": (ANY, 3, 32, 32),
    "one at a time": (1, 3, 24, 32),
    "eight at a time": (8, 3, 32, 32),
    "channels last": (ANY, 32, 32, 3),
    "grey": (1, 1, 16, 16),
    "any size": (ANY, 3, "h", "w"),
}
VOICES = {
    "waveform of any length": (1, "samples"),
    "waveform without a batch": ("samples",),
    "waveform of one channel": (ANY, 1, "samples"),
    "waveform of fixed length": (1, 16_000),
    "log-mel": (1, "steps", 40),
    "log-mel, time last": (ANY, 40, "steps"),
    "log-mel of fixed length": (1, 1, 64, 40),
}


@pytest.mark.parametrize("title", FACES)
def test_faces_keep_the_contract(title, onnx_file):
    shape = FACES[title]
    axis = 3 if shape[-1] == 3 else 1
    check_pretrained("onnx", onnx_file(shape, axis=axis), classes=["a", "b", "c", "d"])


@pytest.mark.parametrize("title", VOICES)
def test_voices_keep_the_contract(title, onnx_file):
    shape = VOICES[title]
    axis = shape.index(40) if 40 in shape else 0
    check_pretrained("onnx", onnx_file(shape, axis=axis), modality="voice")


def test_half_precision(onnx_file):
    check_pretrained("onnx", onnx_file((ANY, 3, 32, 32), kind=10))


def spied(model: Onnx) -> list[np.ndarray]:
    """What a model is given from now on."""
    given: list[np.ndarray] = []
    run = model._run
    model._run = lambda values: (given.append(values), run(values))[1]  # type: ignore[method-assign]
    return given


def test_the_picture_arrives_as_the_options_say(onnx_file):
    crop = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    small = cv2.resize(crop[0], (16, 16), interpolation=cv2.INTER_AREA).astype(np.float32)
    source = onnx_file((1, 3, 16, 16))
    mean, std = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    model = Onnx(source, mean=mean, std=std, channels="bgr")
    given = spied(model)
    model.faces(crop)
    expected = (small[..., ::-1] / 255 - np.array(mean)) / np.array(std)
    assert np.allclose(given[0][0], expected.transpose(2, 0, 1), atol=1e-5)
    plain = Onnx(source, scale=1.0)
    given = spied(plain)
    plain.faces(crop)
    assert np.array_equal(given[0][0], small.transpose(2, 0, 1))


def test_grey_models_get_grey(onnx_file):
    crop = np.zeros((1, 16, 16, 3), dtype=np.uint8)
    crop[..., 1] = 200
    model = Onnx(onnx_file((1, 1, 16, 16)), scale=1.0)
    given = spied(model)
    model.faces(crop)
    assert given[0].shape == (1, 1, 16, 16)
    assert np.abs(given[0] - 0.587 * 200).max() < 1, "the usual weight of green"


def test_a_fixed_number_of_pictures_is_filled_up_and_cut_again(onnx_file):
    model = Onnx(onnx_file((4, 3, 16, 16)))
    given = spied(model)
    crops = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
    assert model.faces(crops).shape == (6, 4)
    assert [values.shape[0] for values in given] == [4, 4]


def test_sound_is_repeated_or_cut_to_the_length_that_the_model_has(onnx_file):
    model = Onnx(onnx_file((1, 1000)), modality="voice")
    given = spied(model)
    sound = np.arange(2500, dtype=np.float32) / 2500
    model.voice(sound[:300])
    assert np.array_equal(given[0][0], np.resize(sound[:300], 1000))
    vector = model.voice(sound)
    assert [values[0, 0] for values in given[1:]] == [sound[0], sound[750], sound[1500]], "evenly, to the last sample"
    assert given[-1][0, -1] == sound[-1]
    parts = [model.voice(sound[first : first + 1000]) for first in (0, 750, 1500)]
    assert np.allclose(vector, np.mean(parts, axis=0), atol=1e-6)


def test_log_mel_is_ours(onnx_file):
    model = Onnx(onnx_file((1, 40, "t"), axis=1), modality="voice")
    given = spied(model)
    sound = np.sin(np.arange(32_000) / 5).astype(np.float32)
    model.voice(sound)
    assert np.array_equal(given[0][0], log_mel(sound).T)


@pytest.mark.parametrize(
    "told",
    [
        {"classes": '["sad", "happy", "angry", "neutral"]'},
        {"id2label": json.dumps({"10": "neutral", "2": "angry", "1": "happy", "0": "sad"})},
        {"labels": "sad, happy,angry , neutral"},
    ],
)
def test_classes_are_read_from_the_file(told, onnx_file):
    assert Onnx(onnx_file((1, 3, 8, 8), metadata=told)).classes == ("sad", "happy", "angry", "neutral")


def test_classes_of_the_option_go_first_and_none_is_none(onnx_file):
    assert Onnx(onnx_file((1, 3, 8, 8), metadata={"classes": "a,b"}), classes=("c", "d")).classes == ("c", "d")
    assert Onnx(onnx_file((1, 3, 8, 8))).classes == ()


CROP = np.zeros((1, 8, 8, 3), dtype=np.uint8)
SOUND = np.zeros(20_000, dtype=np.float32)


def test_one_of_several_outputs_must_be_named(onnx_file):
    source = onnx_file((1, 3, 8, 8), second=True)
    with pytest.raises(InputError, match=r"outputs output, means\n.*output=NAME"):
        Onnx(source).faces(CROP)
    with pytest.raises(InputError, match=r"no output 'meens'\n.*did you mean 'means'"):
        Onnx(source, output="meens").faces(CROP)
    assert Onnx(source, output="means").faces(CROP).shape == (1, 3)


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((1, 8, 8), {}, "expected pictures"),
        ((1, 5, 8, 8), {}, "1 or 3 colours"),
        ((1, "c", "h", "w"), {}, "set layout=nchw or layout=nhwc"),
        ((1, 5, 8, 8), {"layout": "nchw"}, "layout=nchw"),
        ((1, 3, 8, 8), {"size": 16}, "a side of 16 as the option size says"),
        ((1, 3, 8, 8), {"mean": (0.5, 0.5)}, "mean has 2 values, the model takes 3 colours"),
        ((1, 3, 8, 8), {"classes": ("a", "b")}, "answers with 4 numbers, but 2 classes"),
    ],
)
def test_faces_that_do_not_fit_are_named(shape, options, words, onnx_file):
    with pytest.raises(InputError, match=words):
        Onnx(onnx_file(shape), **options).faces(CROP)


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((1, 3, 8, 8), {}, "a waveform"),
        ((1, "t", 80), {}, "a waveform .* or log-mel"),
        ((1, "t", 80), {"sound": "log_mel"}, "40 log-mel values"),
        ((1, "n"), {"sound": "log_mel"}, "a waveform .* or log-mel"),
    ],
)
def test_voices_that_do_not_fit_are_named(shape, options, words, onnx_file):
    with pytest.raises(InputError, match=words):
        Onnx(onnx_file(shape), modality="voice", **options).voice(SOUND)


def test_files_that_are_no_models_are_refused(tmp_path, onnx_file, monkeypatch):
    with pytest.raises(InputError, match="no such model file"):
        Onnx(str(tmp_path / "none.onnx"))
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(InputError, match="not a model that onnxruntime can run"):
        Onnx(str(tmp_path / "text.onnx")).faces(CROP)
    with pytest.raises(InputError, match=r"tensor\(int64\).*expected one input of tensor\(float\)"):
        Onnx(onnx_file((1, 3, 8, 8), kind=7)).faces(CROP)
    with pytest.raises(InputError, match=r"which is not JSON\n.*classes="):
        _ = Onnx(onnx_file((1, 3, 8, 8), metadata={"classes": "[sad"})).classes
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"pip install 'emoprism\[onnx\]'"):
        Onnx(onnx_file((1, 3, 8, 8))).faces(CROP)


def test_weights_outside_the_models_folder_are_not_read(tmp_path):
    from onnx import TensorProto, helper

    (tmp_path / "secret").write_bytes(bytes(16))
    tensor = TensorProto(name="w", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "../secret"), ("offset", "0"), ("length", "16")):
        tensor.external_data.add(key=key, value=value)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", 1, [1, 3, 8, 4])], [helper.make_tensor_value_info("y", 1, None)], [tensor],
    )  # fmt: skip
    path = tmp_path / "folder" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    )
    with pytest.raises(InputError, match="escapes model directory"):
        Onnx(str(path)).faces(CROP)


def test_weights_beside_the_model_are_among_its_files(onnx_file, tmp_path):
    source = onnx_file((1, 3, 8, 8))
    (tmp_path / "model.onnx.data").write_bytes(b"weights")
    (tmp_path / "other.onnx").write_bytes(b"")
    assert list(Onnx(source).files) == ["model.onnx", "model.onnx.data"]


def test_answers_that_are_no_numbers_are_a_reason_to_reject_the_clip(onnx_file):
    with pytest.raises(MediaError, match="not finite"):
        Onnx(onnx_file((1, 3, 8, 8), spoilt=True)).faces(CROP)
    with pytest.raises(MediaError, match="no sound"):
        Onnx(onnx_file((1, "n")), modality="voice").voice(SOUND[:0])


def unchanged(path: Path, shape) -> str:
    """A model that gives back what it is given."""
    from onnx import helper

    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "g",
        [helper.make_tensor_value_info("x", 1, shape)], [helper.make_tensor_value_info("y", 1, None)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return str(path)


def test_a_model_that_answers_maps_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"answers \[1, 3, 8, 8\] to 1 faces, expected \[1, D\]"):
        Onnx(unchanged(tmp_path / "faces.onnx", [1, 3, 8, 8])).faces(CROP)
    with pytest.raises(InputError, match=r"answers \[1, 1, 123, 40\] to a voice, expected \[1, D\] or \[1, T, D\]"):
        Onnx(unchanged(tmp_path / "voice.onnx", [1, 1, "t", 40]), modality="voice").voice(SOUND)


def test_answers_to_steps_are_averaged(tmp_path):
    steps = Onnx(unchanged(tmp_path / "steps.onnx", [1, "t", 40]), modality="voice")
    assert np.allclose(steps.voice(SOUND), log_mel(SOUND).mean(0), atol=1e-4)


def test_a_model_that_fails_is_named(onnx_file):
    with pytest.raises(InputError, match=r"model\.onnx: fails on \[1, 40, 123\]"):
        Onnx(onnx_file((1, 40, "t"), axis=2), modality="voice").voice(SOUND)
