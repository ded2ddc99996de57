"""Faces are followed: one face one track, gaps allowed, ends kept, the large and long one first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoprism.media.detectors.base import Detection
from emoprism.media.picture import Frame
from emoprism.media.tracks import GAP, GROWTH, MOST_FACES, REACH, Square, Tracker, assign, crop

GREY = np.full((200, 300, 3), 90, np.uint8)
squares = st.lists(
    st.builds(Square, st.floats(0, 300), st.floats(0, 200), st.floats(5, 80)), max_size=6
)  # fmt: skip


def face(x: float, y: float, side: float = 40.0, score: float = 0.9) -> Detection:
    half = side / 2
    return Detection((x - half, y - half, x + half, y + half), score, np.zeros((0, 2), np.float32))


def follow(frames: list[list[Detection]], *, step: float = 1 / 3, margin: float = 0.0) -> Tracker:
    tracker = Tracker(16, margin)
    for number, faces in enumerate(frames):
        tracker.add(Frame(number * step, GREY), faces)
    return tracker


def near(a: Square, b: Square) -> bool:
    moved = np.hypot(a.x - b.x, a.y - b.y) / ((a.side + b.side) / 2)
    return moved <= REACH and max(a.side / b.side, b.side / a.side) <= GROWTH * (1 + 1e-9)


@settings(deadline=None, max_examples=60)
@given(squares, squares)
def test_faces_and_tracks_pair_one_to_one_within_reach(tracks: list[Square], faces: list[Square]) -> None:
    pairs = assign(tracks, faces)
    assert len(set(pairs.values())) == len(pairs)
    for found, track in pairs.items():
        assert near(tracks[track], faces[found])
    for found in set(range(len(faces))) - set(pairs):
        free = set(range(len(tracks))) - set(pairs.values())
        assert not any(near(tracks[track], faces[found]) for track in free), "no pair within reach is left alone"


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), max_size=4), max_size=8))
def test_every_detection_is_on_exactly_one_track(clip: list[list[tuple[float, float]]]) -> None:
    tracker = follow([[face(x, y) for x, y in frame] for frame in clip])
    tracks = tracker.finish(1)
    assert sum(len(track.times) for track in tracks) == sum(map(len, clip))
    assert [track.number for track in tracks] == list(range(1, len(tracks) + 1))
    assert sum(track.main for track in tracks) == (1 if tracks else 0)
    for track in tracks:
        assert (np.diff(track.times) > 0).all() and (np.diff(track.times) <= GAP + 1e-6).all()
        assert len(track.times) == len(track.boxes) == len(track.scores) == len(track.crops)
        assert track.crops.shape[1:] == (16, 16, 3)


def test_two_faces_keep_their_tracks_while_they_move() -> None:
    frames = [[face(40 + 12 * i, 60), face(260 - 12 * i, 140)] for i in range(12)]
    left, right = follow(frames).finish(1)
    assert len(left.times) == len(right.times) == 12
    rows = [(track.boxes[:, 1] + track.boxes[:, 3]) / 2 for track in (left, right)]
    assert {round(float(row[0])) for row in rows} == {60, 140} and all(np.ptp(row) < 1 for row in rows)


def test_a_short_gap_is_bridged_and_a_long_one_ends_the_track() -> None:
    seen = [face(100, 100)]
    bridged = follow([seen, [], [], seen]).finish(1)
    assert [track.times.tolist() for track in bridged] == [[0.0, 1.0]]
    ended = follow([seen, [], [], [], seen]).finish(1)
    assert [track.times.tolist() for track in ended] == [[0.0], [pytest.approx(4 / 3)]]


def test_a_face_of_another_size_is_another_face() -> None:
    tracks = follow([[face(100, 100, 30)], [face(100, 100, 90)]]).finish(1)
    assert len(tracks) == 2


def test_the_main_track_is_large_and_long() -> None:
    small_long = [face(50, 50, 30)]
    large_short = face(200, 100, 60)
    frames = [[*small_long, large_short] if i < 2 else small_long for i in range(12)]
    tracks = follow(frames).finish(1)
    assert [(len(t.times), t.main) for t in tracks] == [(2, False), (12, True)]
    frames = [[*small_long, large_short] if i < 4 else small_long for i in range(12)]
    assert [(len(t.times), t.main) for t in follow(frames).finish(1)] == [(4, True), (12, False)]


def test_equal_tracks_the_first_is_the_main_one() -> None:
    apart = follow([[face(50, 50)], [], [], [], [], [face(200, 150)]]).finish(1)
    assert [track.main for track in apart] == [True, False]


def test_a_moment_is_no_track_unless_the_clip_is_one() -> None:
    assert follow([[], [face(50, 50)], []]).finish(2) == []
    assert len(follow([[face(50, 50)]]).finish(2)) == 1
    assert follow([]).finish(2) == []


def test_a_crowd_is_bounded_to_its_largest_faces() -> None:
    crowd = [face(10 * i, 100, 10 + i) for i in range(30)]
    tracker = follow([crowd])
    assert len(tracker.tracks) == MOST_FACES
    assert min(track.last.side for track in tracker.tracks) == 10 + 30 - MOST_FACES


def test_boxes_are_smoothed_and_scaled_to_the_shown_picture() -> None:
    generator = np.random.default_rng(0)
    sides = 40 * np.exp(generator.normal(0, 0.1, 30))
    track = follow([[face(100, 100, float(side))] for side in sides], margin=0.25).finish(1)[0]
    width = track.boxes[:, 2] - track.boxes[:, 0]
    assert np.log(width).std() < 0.6 * np.log(sides).std()
    assert width.mean() == pytest.approx(60, rel=0.1), "a quarter on each side"
    tracker = Tracker(16, 0.0)
    tracker.add(Frame(0.0, GREY, scale=3.0), [face(100, 100)])
    assert tracker.finish(1)[0].boxes[0].tolist() == [240, 240, 360, 360]


def test_crops_show_the_face_and_go_on_beyond_the_edge() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:70] = (200, 100, 50)
    assert (crop(image, Square(50.0, 40.0, 40.0), 20) == (200, 100, 50)).all()
    image[:, :] = np.arange(100)[None, :, None]
    outside = crop(image, Square(0.0, 50.0, 40.0), 40)
    assert (outside[:, :20] == 0).all() and (outside[5, 20:] == np.arange(20)[:, None]).all()


@settings(deadline=None, max_examples=80)
@given(st.floats(-500, 800), st.floats(-500, 800), st.floats(0.1, 2000), st.integers(1, 40), st.integers(1, 40))
def test_any_box_gives_a_crop(x: float, y: float, side: float, height: int, width: int) -> None:
    image = np.full((height, width, 3), 7, np.uint8)
    out = crop(image, Square(x, y, side), 12)
    assert out.shape == (12, 12, 3) and (out == 7).all()
