"""Histograms and quantiles, and sentences grouped."""

from __future__ import annotations

import numpy as np
import pytest

from emoprism.inspection.attributes import Attribute
from emoprism.inspection.figures import spread_figure
from emoprism.inspection.reasons import Told, group, in_common
from emoprism.inspection.spreads import MOST_BINS, MOST_GROUPS, spread
from emoprism.inspection.tables import reasons_table


def labels(codes: list[int]) -> Attribute:
    return Attribute("emotion", tuple(f"e{i}" for i in range(max(codes) + 1)), np.array(codes, dtype=np.int64))


def test_quantiles_by_label_and_what_is_missing() -> None:
    found = spread("x", "s", np.array([1.0, 2, 3, 10, np.nan, np.inf]), labels([0, 0, 0, 1, 1, 0]))
    assert found is not None and found.missing == 2
    assert found.all.clips == 4 and found.all.mean == 4 and found.all.quantiles[3] == 2.5
    assert [(part.name, part.clips, part.quantiles[0], part.quantiles[-1]) for part in found.groups] == [
        ("e0", 3, 1, 3), ("e1", 1, 10, 10),
    ]  # fmt: skip
    assert sum(found.all.counts) == 4 and sum(found.groups[0].counts) == 3


@pytest.mark.parametrize(
    ("numbers", "width"),
    [
        ([1, 2, 2, 3, 5], 1.0),
        ([-3, -1.5, 0, 0.5, 3], 0.5),
        ([round(0.1 * i, 1) for i in range(-40, 41)], 0.3),
        ([0, 100, 1000], 100.0),
    ],
)
def test_bins_of_a_grid_are_whole_steps_of_it(numbers: list[float], width: float) -> None:
    found = spread("x", "", np.array(numbers, dtype=np.float64), None)
    assert found is not None
    assert np.diff(found.edges) == pytest.approx(width)
    assert sum(found.all.counts) == len(numbers) and len(found.all.counts) <= MOST_BINS
    if width == pytest.approx(0.3):  # 27 bins of 3 values each: no bin seems fuller than its neighbours
        assert set(found.all.counts) == {3}


def test_other_numbers_have_as_many_bins_as_there_are_clips_to_fill_them() -> None:
    generator = np.random.default_rng(0)
    few, many = (spread("x", "", generator.normal(size=n), None) for n in (27, 100_000))
    assert few is not None and many is not None
    assert len(few.all.counts) == 6 and len(many.all.counts) == MOST_BINS


def test_a_single_number_and_none() -> None:
    one = spread("x", "", np.array([3.3]), None)
    assert one is not None and one.constant and sum(one.all.counts) == 1
    assert spread("x", "", np.array([np.nan]), labels([0])) is None


def test_many_labels_are_cut() -> None:
    found = spread("x", "", np.arange(60.0), labels([i % 20 for i in range(60)]))
    assert found is not None and len(found.groups) == MOST_GROUPS and found.groups_left_out == 4


def test_the_figure_has_a_row_for_each_label_and_says_what_it_shows() -> None:
    found = spread("level", "dB", np.arange(12.0), labels([0, 1, 2] * 4))
    assert found is not None
    drawn = spread_figure(found, "level", "How loud")
    assert all(f">e{i}<" in drawn.svg for i in range(3))
    assert drawn.alt == "Histogram of level for 12 clips: from 0 to 11, median 5.5, and one for each emotion."


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("no face was found in 12 sampled pictures", "no face was found in … sampled pictures"),
        ("a b.mp4: it is cut off: the sound ends at 2.5 s of 3.0 s", "…: it is cut off: the sound ends at … s of … s"),
        ("clip.avi is empty (0 bytes)", "… is empty (… bytes)"),
        ("units.npz holds no array 'au'; it holds ['x', 'y']", "… holds no array …; it holds …"),
        ("has shape [3, 4], expected [T, D]", "has shape …, expected …"),
        ("the end of it is at -1.5e-3", "the end of it is at …"),
        ("no agreement among raters", "no agreement among raters"),
    ],
)  # fmt: skip
def test_numbers_and_names_are_gaps(said: str, words: str) -> None:
    assert in_common(Told("take-1", said, "films/a b.mp4")) == words


def test_alike_reasons_are_one_with_its_first_examples() -> None:
    told = [Told(f"c{i}", f"v{i}.mp4 is empty (0 bytes)", f"v{i}.mp4") for i in (3, 1, 2, 4)]
    told += [Told("x", "something else")]
    found = group(told)
    assert [(reason.words, reason.clips) for reason in found] == [("… is empty (… bytes)", 4), ("something else", 1)]
    assert found[0].examples == tuple((f"c{i}", f"v{i}.mp4 is empty (0 bytes)") for i in (1, 2, 3))
    table = reasons_table("r", "Why", found)
    assert table is not None
    assert table.rows[0].below.startswith("as c1: v1.mp4 is empty") and table.rows[1].below == "as x"


def test_what_differs_in_words_stays_apart_and_rare_reasons_are_counted_together() -> None:
    found = group([Told(f"c{i}", f"{'a' * i}{'b' * (60 - i)} is odd") for i in range(60)])
    assert len(found) == 60
    table = reasons_table("r", "Why", found)
    assert table is not None and table.rows[-1].head == "20 rarer reasons" and table.rows[-1].cells[0].text == "20"
    long = in_common(Told("c", "word " * 200))
    assert len(long) == 300 and long.endswith("…")
