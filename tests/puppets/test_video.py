from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from emoprism.errors import EmoprismError
from emoprism.puppets.emotions import EXPRESSIONS
from emoprism.puppets.speech import RATE


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def sound_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def factors(corpus: Path) -> dict[str, Any]:
    return json.loads((corpus / "factors.json").read_text())


def test_clips_are_real_video_files(corpus: Path) -> None:
    files = sorted((corpus / "clips").iterdir())
    assert len(files) == 12
    with av.open(str(files[0])) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height, video.average_rate) == ("h264", 256, 256, 8)
        assert audio.codec_context.name == "aac"
        assert (audio.rate, audio.channels) == (RATE, 1)
        assert abs(float(video.duration * video.time_base) - 1.5) < 0.01
        assert abs(float(audio.duration * audio.time_base) - 1.5) < 0.15
    assert frames_of(files[0]).shape == (12, 256, 256, 3)


def test_table_and_factors_agree(corpus: Path) -> None:
    rows = list(csv.DictReader((corpus / "clips.csv").read_text().splitlines()))
    known = factors(corpus)
    people = {person["id"]: person for person in known["people"]}
    assert [row["clip"] for row in rows] == [clip["id"] for clip in known["clips"]]
    for row, clip in zip(rows, known["clips"], strict=True):
        assert (corpus / row["path"]).is_file()
        assert (row["speaker"], row["gender"]) == (clip["person"], people[clip["person"]]["gender"])
        assert (row["emotion"], row["emotion_true"]) == (clip["emotion"], clip["emotion_true"])
        assert float(row["value:valence"]) == pytest.approx(clip["valence"], abs=1e-4)
        assert EXPRESSIONS[row["expression"]].emotion == row["emotion_true"]
        assert len(clip["action_units"]) == len(known["action_units"]) == 14


def test_the_sound_in_the_file_has_the_known_pitch(corpus: Path, f0_of: Callable[[np.ndarray], float]) -> None:
    clips = factors(corpus)["clips"]
    errors = [abs(12 * np.log2(f0_of(sound_of(corpus / "clips" / f"{c['id']}.mp4")) / c["f0"])) for c in clips]
    assert np.median(errors) < 0.5
    others = [abs(12 * np.log2(a["f0"] / b["f0"])) for a, b in zip(clips, clips[5:], strict=False)]
    assert np.median(others) > 2, "the control: another clip's pitch would not do"


def test_lips_move_in_step_with_the_sound_of_the_same_file(studio: Path) -> None:
    right, wrong = [], []
    clips = factors(studio)["clips"]
    height = {p["id"]: p["face"]["mouth_height"] for p in factors(studio)["people"]}
    heard = [envelope(sound_of(studio / "clips" / f"{clip['id']}.mp4"), 60) for clip in clips]
    for number, clip in enumerate(clips):
        seen = lips_apart(frames_of(studio / "clips" / f"{clip['id']}.mp4"), clip["scene"], height[clip["person"]])
        right.append(np.corrcoef(seen, heard[number])[0, 1])
        wrong.append(np.corrcoef(seen, heard[(number + 1) % len(clips)])[0, 1])
    assert np.mean(right) > 0.6, right
    assert np.mean(np.abs(wrong)) < 0.35, wrong


def lips_apart(frames: np.ndarray, scene: dict[str, Any], mouth_height: float) -> np.ndarray:
    """How much of the patch around the mouth differs from the same patch with the mouth at rest (its first frame)."""
    size = frames.shape[1]
    unit = scene["scale"] * size
    x, y = scene["centre"][0] * size, (scene["centre"][1]) * size + mouth_height * unit * 1.05
    patch = frames[:, int(y - 0.1 * unit) : int(y + 0.25 * unit), int(x - 0.2 * unit) : int(x + 0.2 * unit)]
    return np.abs(patch.astype(float) - patch[0]).mean(axis=(1, 2, 3))


def envelope(sound: np.ndarray, frames: int) -> np.ndarray:
    smooth = np.sqrt(gaussian_filter1d(sound.astype(float) ** 2, 0.02 * RATE))
    return smooth[((np.arange(frames) + 0.5) * 3 * RATE / frames).astype(int)]


def test_the_default_detector_finds_the_face(corpus: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")
    from emoprism.media.detectors.blazeface import BlazeFace

    try:
        detector = BlazeFace()
    except EmoprismError as error:
        pytest.skip(f"no detector here: {error}")
    found = []
    for path in sorted((corpus / "clips").iterdir()):
        for frame in frames_of(path):
            faces = detector.detect(frame)
            found.append(len(faces) == 1 and faces[0].box[0] < 128 < faces[0].box[2])
    assert np.mean(found) >= 0.98
    empty = cv2.GaussianBlur(frames_of(sorted((corpus / "clips").iterdir())[0])[0], (0, 0), 30)
    assert detector.detect(empty) == [], "the control: no face in the same colours without a face"


def test_contact_sheet_has_a_row_per_person_and_a_column_per_expression(corpus: Path) -> None:
    sheet = cv2.imread(str(corpus / "contact_sheet.jpg"))
    assert sheet is not None
    cell, header, margin = 128, 28, 92
    assert sheet.shape == (header + 6 * cell, margin + 7 * cell, 3)
    cells = sheet[header:, margin:].reshape(6, cell, 7, cell, 3).transpose(0, 2, 1, 3, 4).astype(int)
    for row in range(6):
        for column in range(1, 7):
            assert np.abs(cells[row, column] - cells[row, 0]).mean() > 0.5, "differs from neutral"
    assert np.abs(cells[0] - cells[1]).mean() > 5
    assert (sheet[:header] < 100).any(), "is labelled"
    assert (sheet[header:, :margin] < 100).any()
