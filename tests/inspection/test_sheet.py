"""The contact sheet: the right faces in the right cells, and what is not shown is said."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoprism.inspection.attributes import attributes_of
from emoprism.inspection.options import InspectOptions
from emoprism.inspection.sheet import GUTTER, HEADER, MARGIN, Sheet, contact_sheet
from emoprism.media.shards import PreparedCorpus
from emoprism.types import FACE

SHADES = {("ann", "happy"): 20, ("ann", "sad"): 90, ("bob", "happy"): 160, ("bob", "sad"): 230}


def sheet_of(directory: Path, **given: object) -> Sheet | None:
    opened = PreparedCorpus.open(directory)
    options = InspectOptions.model_validate({"sheet_crop": 24, **given})
    return contact_sheet(opened, attributes_of(opened.clips), options)


def pixels(jpeg: bytes | None) -> np.ndarray:
    assert jpeg is not None
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_every_cell_shows_its_own_clips(corpus, made) -> None:
    clips = [made({"speaker": s, "emotion": e}, shade=shade) for (s, e), shade in SHADES.items() for _ in range(3)]
    sheet = sheet_of(corpus(clips), sheet_each=2)
    assert sheet is not None and (sheet.rows, sheet.columns) == (("ann", "bob"), ("happy", "sad"))
    assert sheet.faces == 8 and sheet.left_out == ()
    whole = pixels(sheet.picture)
    for i, speaker in enumerate(sheet.rows):
        for j, emotion in enumerate(sheet.columns):
            cell = sheet.cells[i][j]
            strip = pixels(cell.jpeg)
            assert strip.shape == (24, 48, 3) and (cell.faces, cell.clips) == (2, 3)
            assert strip == pytest.approx(SHADES[speaker, emotion], abs=4)
            top, left = HEADER + i * (24 + GUTTER), MARGIN + j * (48 + GUTTER)
            assert whole[top + 4 : top + 20, left + 4 : left + 44] == pytest.approx(SHADES[speaker, emotion], abs=6)
    assert base64.b64decode(sheet.cells[0][0].source.partition(",")[2]) == sheet.cells[0][0].jpeg
    assert (whole[:, :MARGIN] < 128).any() and (whole[:HEADER] < 128).any()  # the labels are written


def test_an_empty_cell_and_clips_without_labels_or_faces(corpus, made) -> None:
    clips = [
        made({"speaker": "ann", "emotion": "happy"}), made({"speaker": "bob", "emotion": "sad"}),
        made({"speaker": "cem", "emotion": "sad"}, faces=0), made({"emotion": "sad"}), made({"speaker": "ann"}),
    ]  # fmt: skip
    sheet = sheet_of(corpus(clips))
    assert sheet is not None and sheet.rows == ("ann", "bob")
    assert sheet.cells[0][1].jpeg is None and sheet.cells[0][1].source == "" and sheet.cells[0][1].clips == 0
    assert sheet.left_out == (
        "1 value of speaker without a face", "1 clip with a face and without speaker",
        "1 clip with a face and without emotion",
    )  # fmt: skip


def test_more_speakers_than_rows_are_drawn_by_the_seed(corpus, made) -> None:
    clips = [made({"speaker": f"s{i}", "emotion": "happy" if i % 3 else "rare"}) for i in range(30)]
    directory = corpus(clips)
    sheets = [sheet_of(directory, sheet_rows=4, sheet_columns=1, seed=seed) for seed in range(6)]
    again = sheet_of(directory, sheet_rows=4, sheet_columns=1, seed=0)
    assert again == sheets[0]
    assert len({sheet.rows for sheet in sheets if sheet is not None}) == 6
    assert again is not None and again.columns == ("happy",) and len(again.rows) == 4
    assert again.left_out == ("26 further values of speaker", "1 further value of emotion")


def test_faces_of_a_cell_are_drawn_evenly_and_none_twice(corpus, made) -> None:
    shades = [10 * i for i in range(25)]
    directory = corpus([made({"speaker": "ann", "emotion": "sad"}, shade=shade) for shade in shades])
    seen: set[int] = set()
    for seed in range(12):
        sheet = sheet_of(directory, sheet_each=5, seed=seed)
        assert sheet is not None
        strip = pixels(sheet.cells[0][0].jpeg)
        own = [round(float(strip[4:20, 24 * k + 4 : 24 * k + 20].mean()) / 10) for k in range(5)]
        assert len(set(own)) == 5
        seen |= set(own)
    assert len(seen) > 20  # of 25; one would hardly miss five of them in 60 draws


@pytest.mark.parametrize(
    ("labels", "rows", "columns"), [({}, 1, 1), ({"speaker": "a"}, 1, 1), ({"emotion": "x"}, 1, 1)]
)
def test_without_speakers_or_emotions_there_is_one_row_or_column(corpus, made, labels, rows, columns) -> None:
    sheet = sheet_of(corpus([made(labels)] * 9))
    assert sheet is not None and (len(sheet.rows), len(sheet.columns)) == (rows, columns)
    assert sheet.faces == 8


def test_no_faces_no_sheet(corpus, made) -> None:
    assert sheet_of(corpus([made({"speaker": "a"}, faces=0)])) is None


def test_labels_in_any_script_are_cut_to_their_room(corpus, made) -> None:
    clips = [made({"speaker": "Żółć_東京" + "x" * 300, "emotion": "驚き\x1b\n$\\frac{1}{0}$"})] * 2
    sheet = sheet_of(corpus(clips))
    assert sheet is not None
    assert pixels(sheet.picture).shape == (HEADER + 24 + GUTTER, MARGIN + 48 + GUTTER, 3)
    assert len(sheet.lines[0][0]) == 40 and "\x1b" not in sheet.heads[0]


def test_one_face_is_read_as_all_are(prepared: Path) -> None:
    opened = PreparedCorpus.open(prepared)
    clip = next(clip for clip in opened.clips if clip.steps.get(FACE, 0) > 2)
    every = opened.read(clip, FACE, size=16)
    for step in range(clip.steps[FACE]):
        assert (opened.face(clip, step, size=16) == every[step]).all()
    assert not (every[0] == every[1]).all()
