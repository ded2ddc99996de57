"""Tables of counts: what is shown adds up to what there is, however much is cut."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from emoprism.inspection.attributes import Attribute, as_counted, attributes_of, choose
from emoprism.inspection.counts import ENDS, MOST_COLUMNS, count_rows, cross, holders
from emoprism.inspection.options import InspectOptions
from emoprism.media.shards import PreparedClip


def attribute(name: str, labels: list[str | None]) -> Attribute:
    given = [{} if label is None else {name: label} for label in labels]
    clips = [PreparedClip(str(i), labels, None, 1.0, {}, "s") for i, labels in enumerate(given)]
    return attributes_of(clips)[name]


def test_a_small_table_by_hand() -> None:
    speakers = attribute("speaker", ["ann", "ann", "bob", "bob", None])
    emotions = attribute("emotion", ["sad", "sad", "happy", None, "sad"])
    table = cross(speakers, emotions)
    assert table.rows == ("ann", "bob", "no speaker", "all")
    assert table.columns == ("happy", "sad", "no emotion", "all")
    assert table.cells == ((0, 2, 0, 2), (1, 0, 1, 2), (0, 1, 0, 1), (1, 3, 1, 5))
    assert (table.empty, table.possible) == (2, 4)
    assert holders(emotions, speakers) == {"happy": 1, "sad": 1}


def test_many_rows_and_columns_are_cut_and_still_add_up() -> None:
    generator = np.random.default_rng(0)
    a = [f"id{i}" for i in np.minimum(generator.geometric(0.02, 3000), 400)]
    b = [f"text {i}" for i in generator.integers(0, 60, 3000)]
    speakers, texts = attribute("speaker", a), attribute("sentence", b)
    table = cross(speakers, texts)
    cells = np.array(table.cells)
    assert cells.shape == (2 * ENDS + 2, MOST_COLUMNS + 1)
    assert table.between == ENDS and table.rows[ENDS] == f"{len(set(a)) - 2 * ENDS} between"
    assert table.others == MOST_COLUMNS - 1 and table.columns[table.others] == "49 others"
    assert (cells[:-1].sum(0) == cells[-1]).all() and (cells[:, :-1].sum(1) == cells[:, -1]).all()
    assert cells[-1, -1] == 3000
    most, rarest = Counter(a).most_common(1)[0], min(Counter(a).values())
    assert table.rows[0] == most[0] and cells[0, -1] == most[1] and cells[-2, -1] == rarest
    assert table.possible - table.empty == len(set(zip(a, b, strict=True)))
    pair = Counter(zip(a, b, strict=True))
    assert all(
        cells[i, j] == pair[row, column]
        for i, row in enumerate(table.rows[:-1])
        for j, column in enumerate(table.columns[:-1])
        if i != table.between and j != table.others
    )


def test_the_file_holds_every_count() -> None:
    speakers = attribute("speaker", ["ann", "bob", "ann", None])
    emotions = attribute("emotion", ["sad", "sad", "happy", "sad"])
    seconds = np.array([3600.0, 1800.0, 0.0, 360.0])
    rows = list(count_rows({"speaker": speakers, "emotion": emotions}, speakers, seconds))
    assert rows == [
        ("speaker", "ann", "", "", 2, "1.0000"),
        ("speaker", "bob", "", "", 1, "0.5000"),
        ("emotion", "happy", "", "", 1, "0.0000"),
        ("emotion", "sad", "", "", 3, "1.6000"),
        ("emotion", "happy", "speaker", "ann", 1, "0.0000"),
        ("emotion", "sad", "speaker", "ann", 1, "1.0000"),
        ("emotion", "sad", "speaker", "bob", 1, "0.5000"),
    ]


def test_numbers_in_labels_count() -> None:
    assert sorted(["a10", "a9", "é", "b", "10", "9", ""], key=as_counted) == ["", "9", "10", "a9", "a10", "b", "é"]
    assert attribute("speaker", ["s²", "s10", "s2"]).classes == ("s2", "s10", "s²")


def options(**given: object) -> InspectOptions:
    return InspectOptions.model_validate(given)


def test_nearly_unique_attributes_are_left_out_and_said_so(tmp_path) -> None:
    found = {
        "speaker": attribute("speaker", ["a", "b"] * 30),
        "take": attribute("take", [f"take {i}" for i in range(60)]),
        "few": attribute("few", [None] * 57 + ["x", "y", "z"]),
    }
    chosen = choose(found, options(), tmp_path)
    assert list(chosen.shown) == ["speaker", "few"]
    assert chosen.left_out == {"take": "60 values in 60 clips, nearly one a clip"}
    assert list(choose(found, options(attributes=["take"]), tmp_path).shown) == ["speaker", "take"]
    assert "take" in choose(found, options(primary="take"), tmp_path).shown


@pytest.mark.parametrize("count", [12, 13])
def test_pairs_of_many_attributes_are_not_all_compared(tmp_path, count: int) -> None:
    found = {f"a{i:02d}": attribute(f"a{i:02d}", ["x", "y"] * 5) for i in range(count)}
    chosen = choose(found, options(), tmp_path)
    assert len(chosen.shown) == 12 and len(chosen.left_out) == count - 12
    everything = choose(found, options(attributes=list(found)), tmp_path)
    assert len(everything.shown) == count and not everything.left_out
