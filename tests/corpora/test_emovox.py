"""EmoVox: VoxCeleb's layouts, both forms of the teacher's table, sides, and who is left out."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from emoprism.corpora._distributions import EMOTIONS, HEADER, distributions_csv, read_distributions
from emoprism.corpora._imdb import pooled, read_here
from emoprism.corpora._segments import fewest, halved
from emoprism.corpora._voxceleb import Segment
from emoprism.corpora.emovox import NEVER_TRAINS, NO_FACE, NO_FILE, NO_ROW, Emovox
from emoprism.errors import CorpusError
from emoprism.stage import csv_text
from emoprism.testing import check_copies, check_corpus
from emoprism.types import Clip

VIDEOS = ("1zcIwhmdeo4", "7gWzIy6yIIk", "J9lHsKG98U8", "Y8hIVOBuels")
META = (
    "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\n"
    "id10001\tA.J._Buckley\tm\tIreland\tdev\n"
    "id10002\tA.R._Rahman\tm\tIndia\tdev\n"
    "id10309\tÉdgar_Ramírez\tf\tUSA\ttest\n"
)
META2 = "VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n000012 ,m ,dev \n"
Row = tuple[str, str, str, Sequence[float] | None]


def shares(**given: float) -> list[float]:
    """Eight probabilities; what is left over is neutral."""
    found = {"neutral": 1 - sum(given.values()), **given}
    return [found.get(name, 0.0) for name in EMOTIONS]


HAPPY = shares(happy=0.8)
ROWS: list[Row] = [
    *((f"id10001-{VIDEOS[0]}-0000{n}", f"wav/id10001/{VIDEOS[0]}/0000{n}.wav", "train", HAPPY) for n in (1, 2, 3)),
    ("", f"wav/id10001/{VIDEOS[1]}/00001.wav", "heard-val", shares(contempt=0.4, surprised=0.35)),
    ("", f"wav/id10001/{VIDEOS[2]}/00001.wav", "heard-val", shares(sad=0.9)),
    ("", f"wav/id10309/{VIDEOS[3]}/00007.wav", "unheard-val", shares(angry=1.0)),
]  # fmt: skip


def plant(root: Path, medium: Callable[[Path], Path], rows: Sequence[Row] = ROWS) -> Path:
    """VoxCeleb1 as it is unpacked, beside a table with these rows."""
    for _, path, _, _ in rows:
        medium(root / path)
    root.mkdir(exist_ok=True)
    (root / "vox1_meta.csv").write_text(META, encoding="utf-8")
    (root / "distributions.csv").write_text(distributions_csv(rows))
    return root


@pytest.fixture
def vox(tmp_path: Path, medium: Callable[[Path], Path]) -> Path:
    return plant(tmp_path / "vox", medium)


def clips(root: Path, **options: Any) -> dict[str, Clip]:
    return {clip.id: clip for clip in Emovox(root, **options).clips()}


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        Emovox(root, **options).clips()
    return str(caught.value)


def test_keeps_the_contract_on_copies_as_people_have_them(vox: Path, tmp_path: Path) -> None:
    check_corpus("emovox", vox)
    check_copies("emovox", vox, tmp_path / "copies")


def test_what_is_known_of_a_clip(vox: Path) -> None:
    clip = clips(vox)[f"id10001-{VIDEOS[1]}-00001"]
    assert clip.labels == {
        "speaker": "id10001",
        "source": VIDEOS[1],
        "gender": "male",
        "nationality": "Ireland",
        "emotion": "other",
    }
    assert clip.values == {
        f"teacher:{name}": pytest.approx(share) for name, share in zip(EMOTIONS, ROWS[3][3] or (), strict=True)
    }
    assert clip.audio == vox / f"wav/id10001/{VIDEOS[1]}/00001.wav"
    assert clip.video is None
    assert clip.origin == f"wav/id10001/{VIDEOS[1]}/00001.wav"


def test_the_dominant_of_eight_is_merged_not_the_sum_of_the_rare(vox: Path) -> None:
    """Contempt and surprise together outweigh neutral either way; apart, only the largest of all eight counts."""
    rows = [*ROWS, ("", f"wav/id10001/{VIDEOS[0]}/00009.wav", "train", shares(fearful=0.3, disgust=0.3))]
    shutil.copy(vox / ROWS[0][1], vox / rows[-1][1])
    (vox / "distributions.csv").write_text(distributions_csv(rows))
    assert clips(vox)[f"id10001-{VIDEOS[0]}-00009"].labels["emotion"] == "neutral"
    assert clips(vox, emotions="eight")[f"id10001-{VIDEOS[1]}-00001"].labels["emotion"] == "contempt"


def test_sides_follow_the_sets_and_heard_val_is_halved(vox: Path) -> None:
    assert Counter(clip.split for clip in clips(vox).values()) == {"train": 3, "validation": 1, "test": 1, "unseen": 1}


def test_a_table_without_sets_gives_no_split(vox: Path) -> None:
    table = read_distributions(vox / "distributions.csv")
    rows = [[row.name, *(row.probabilities if row.probabilities is not None else ())] for row in table]
    (vox / "distributions.csv").write_text(csv_text(["path", *EMOTIONS], rows))
    assert {clip.split for clip in clips(vox).values()} == {None}


def test_picture_and_sound_of_voxceleb2_are_joined(vox: Path, medium: Callable[[Path], Path]) -> None:
    video = medium(vox / "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4")
    sound = medium(vox / "dev/aac/id00012/21Uxsk56VDQ/00001.m4a")
    alone = medium(vox / "dev/mp4/id00012/21Uxsk56VDQ/00002.mp4")
    (vox / "vox2_meta.csv").write_text(META2)
    rows = [*ROWS, *((f"id00012-21Uxsk56VDQ-0000{n}", "", "train", HAPPY) for n in (1, 2))]
    (vox / "distributions.csv").write_text(distributions_csv(rows))
    found = clips(vox)
    both, one = found["id00012-21Uxsk56VDQ-00001"], found["id00012-21Uxsk56VDQ-00002"]
    assert (both.video, both.audio, one.video, one.audio) == (video, sound, alone, alone)
    assert both.labels["gender"] == "male"
    assert "nationality" not in both.labels


def imdb(path: Path, cells: Mapping[str, tuple[int, np.ndarray]], **changes: Any) -> None:
    """A file as the teacher's logits were released: cells of names and of logits [T, 8]."""

    def cell(values: Sequence[Any]) -> np.ndarray:
        found = np.empty((1, len(values)), dtype=object)
        found[0, :] = values
        return found

    images = {
        "name": cell(list(cells)),
        "id": np.arange(len(cells))[None],
        "set": np.array([[side for side, _ in cells.values()]], dtype=np.float64),
        "denseFrames": cell(["A.J._Buckley/1.6/1zcIwhmdeo4/1/0000001.jpg"] * 3).T,
    }
    logits = np.empty((1, len(cells)), dtype=object)
    for place, (_, frames) in enumerate(cells.values()):
        logits[0, place] = frames
    savemat(path, {"images": images, "wavLogits": logits, **changes}, do_compression=True)


def frames(*peaks: tuple[str, float]) -> np.ndarray:
    """A frame for each (emotion, logit), the other logits 0."""
    found = np.zeros((len(peaks), 8), np.float32)
    for row, (name, logit) in enumerate(peaks):
        found[row, EMOTIONS.index(name)] = logit
    return found


SEGMENTS = {
    f"A.J._Buckley/test/{VIDEOS[0]}_0000001.wav": (1, frames(("neutral", 3), ("neutral", 3), ("angry", 5))),
    f"A.J._Buckley/test/{VIDEOS[1]}_0000001.wav": (3, frames(("sad", 4))),
    f"Édgar_Ramírez/test/{VIDEOS[3]}_0000007.wav": (2, frames(("fearful", 4))),
    f"A.R._Rahman/test/{VIDEOS[2]}_0000001.wav": (1, np.zeros((0, 8), np.float32)),
}


@pytest.fixture
def released(vox: Path) -> Path:
    (vox / "distributions.csv").unlink()
    imdb(vox / "senet50-ferplus-logits.mat", SEGMENTS)
    return vox


def test_the_released_file_and_its_names(released: Path) -> None:
    found = clips(released)
    first = found[f"id10001-{VIDEOS[0]}-00001"]
    assert (first.labels["emotion"], first.split) == ("angry", "train")
    assert sum(first.values.values()) == pytest.approx(1)
    assert found[f"id10001-{VIDEOS[1]}-00001"].split in ("validation", "test")
    assert found[f"id10309-{VIDEOS[3]}-00007"].labels["emotion"] == "other"
    assert found[f"id10309-{VIDEOS[3]}-00007"].split == "unseen"
    assert found[f"id10002-{VIDEOS[2]}-00001"].rejected == NO_FACE
    mean = read_here((released / "senet50-ferplus-logits.mat", "mean"))[0].probabilities
    assert mean is not None
    assert EMOTIONS[int(mean.argmax())] == "neutral"


def test_the_first_release_of_voxceleb(released: Path, medium: Callable[[Path], Path]) -> None:
    shutil.rmtree(released / "wav")
    path = medium(released / f"voxceleb1_wav/A.J._Buckley/{VIDEOS[0]}_0000001.wav")
    assert clips(released)[f"id10001-{VIDEOS[0]}-00001"].audio == path


@pytest.mark.parametrize(
    ("cells", "changes", "words"),
    [
        ({next(iter(SEGMENTS)): (4, frames(("sad", 1)))}, {}, "segment 1: unknown set 4"),
        ({next(iter(SEGMENTS)): (1, np.zeros((2, 7), np.float32))}, {}, "segment 1: logits [2, 7]"),
        (SEGMENTS, {"wavLogits": np.zeros((1, 1))}, "4 names, 4 sets and 1 cells"),
        (SEGMENTS, {"images": np.zeros(3)}, "not the released EmoVoxCeleb"),
    ],
)
def test_a_released_file_that_is_none(
    tmp_path: Path, cells: Mapping[str, tuple[int, np.ndarray]], changes: dict[str, Any], words: str
) -> None:
    table = tmp_path / "senet50-ferplus-logits.mat"
    imdb(table, cells, **changes)
    with pytest.raises(CorpusError, match=re.escape(words)) as caught:
        read_here((table, "max"))
    assert str(table) in str(caught.value)


def test_a_released_file_of_other_names_says_where(released: Path) -> None:
    imdb(released / "senet50-ferplus-logits.mat", {"A.J._Buckley/x_0000001.wav": (1, frames(("sad", 1)))})
    assert "senet50-ferplus-logits.mat, segment 1: 'A.J._Buckley/x_0000001.wav' is no VoxCeleb name" in refused(
        released
    )


def test_a_released_file_that_is_cut_off(released: Path) -> None:
    table = released / "senet50-ferplus-logits.mat"
    table.write_bytes(table.read_bytes()[:300])
    assert f"{table}: unreadable" in refused(released)


def test_a_file_that_crashes_its_reader_is_refused_in_words(released: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoprism.corpora._imdb.read_here", crash)
    assert "unreadable: the process that worked on it was killed by signal 11" in refused(released)


def crash(_: object) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def test_a_file_of_matlab_7_3_says_how_to_save_it(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"
    (tmp_path / "new.mat").write_bytes(header)
    with pytest.raises(
        CorpusError, match=r"new.mat: a MATLAB file of version 7.3\n    -> save it from MATLAB as version 7"
    ):
        read_here((tmp_path / "new.mat", "max"))


def test_pooling_of_frames() -> None:
    logits = np.log(np.array([[0.5, 0.1, *[0.4 / 6] * 6], [0.3, 0.1, *[0.6 / 6] * 6]]))
    assert pooled(logits, "mean") == pytest.approx([0.4, 0.1, *[1 / 12] * 6])
    largest = np.array([0.5, 0.1, *[0.1] * 6])
    assert pooled(logits, "max") == pytest.approx(largest / largest.sum())


def test_what_has_no_file_or_no_row_is_rejected_with_its_reason(vox: Path, medium: Callable[[Path], Path]) -> None:
    (vox / ROWS[0][1]).unlink()
    medium(vox / f"wav/id10002/{VIDEOS[2]}/00004.wav")
    found = clips(vox)
    assert found[f"id10001-{VIDEOS[0]}-00001"].rejected == NO_FILE
    assert found[f"id10001-{VIDEOS[0]}-00001"].origin == "distributions.csv, row 2"
    assert found[f"id10002-{VIDEOS[2]}-00004"].rejected == NO_ROW
    assert not found[f"id10001-{VIDEOS[0]}-00002"].rejected
    check_corpus("emovox", vox)


def test_a_tested_speaker_who_cannot_train_is_rejected(vox: Path) -> None:
    for _, path, side, _ in ROWS:
        if side == "train":
            (vox / path).unlink()
    found = [clip for clip in clips(vox).values() if clip.split in ("validation", "test")]
    assert [clip.rejected for clip in found] == [NEVER_TRAINS, NEVER_TRAINS]
    check_corpus("emovox", vox)


def test_speakers_with_the_fewest_segments_are_rejected(tmp_path: Path, medium: Callable[[Path], Path]) -> None:
    more: list[Row] = [("", f"wav/id10002/{VIDEOS[0]}/0000{n}.wav", "train", HAPPY) for n in (1, 2)]
    vox = plant(tmp_path / "vox", medium, [*ROWS, *more])
    assert not any(clip.rejected for clip in clips(vox).values())
    found = clips(vox, drop_percent=60.0)
    assert {name: clip.rejected for name, clip in found.items() if clip.rejected} == {
        f"id10309-{VIDEOS[3]}-00007": "its speaker has 1 segments, too few beside others"
    }


def test_the_bottom_percentile_takes_equals_together_and_never_more_than_its_share() -> None:
    counts = {f"s{n:03d}": n for n in range(1, 101)}
    assert fewest(counts, 5.0) == {"s001", "s002", "s003", "s004"}
    assert fewest(counts, 0.0) == frozenset()
    assert fewest(dict.fromkeys(counts, 45), 5.0) == frozenset()
    assert fewest({}, 5.0) == frozenset()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("pqrstuv"), st.integers(1, 4)), unique=True),
    st.randoms(),
)
def test_halves_keep_videos_whole_and_do_not_depend_on_order(names: list[tuple[str, str, int]], random: Any) -> None:
    segments = [Segment(*name) for name in names]
    sides = halved(segments)
    assert halved(random.sample(segments, len(segments))) == sides
    assert set(sides) == {segment.key for segment in segments}
    whole: dict[str, set[str]] = {}
    for segment in segments:
        whole.setdefault(segment.video, set()).add(sides[segment.key])
    assert all(len(found) == 1 for found in whole.values())


def test_halves_are_even_where_videos_allow() -> None:
    segments = [Segment(f"s{s}", f"v{s}-{v}", n) for s in range(10) for v in range(4) for n in range(5)]
    assert Counter(halved(segments).values()) == {"validation": 100, "test": 100}


def test_clips_can_be_had_without_emotions_and_labelled_then(vox: Path) -> None:
    """What `label` writes of them, by id or by path, is read back."""
    (vox / "distributions.csv").unlink()
    bare = Emovox(vox, distributions="none").clips()
    assert len(bare) == len(ROWS)
    assert not any(clip.rejected or clip.split or "emotion" in clip.labels for clip in bare)
    check_corpus("emovox", vox, distributions="none")
    for rows in ([(clip.id, "", "", HAPPY) for clip in bare], [("x", clip.origin, "", HAPPY) for clip in bare]):
        (vox / "distributions.csv").write_text(distributions_csv(rows))
        assert [(clip.id, clip.labels["emotion"]) for clip in Emovox(vox).clips()] == [(c.id, "happy") for c in bare]
    shutil.rmtree(vox / "wav")
    assert "no VoxCeleb file" in refused(vox, distributions="none")


def test_the_largest_video_is_dealt_out_first() -> None:
    for speaker in range(8):
        small = [Segment(f"s{speaker}", f"v{speaker}-{v}", 0) for v in range(3)]
        large = [Segment(f"s{speaker}", f"v{speaker}-large", n) for n in range(3)]
        assert Counter(halved([*small, *large]).values()) == {"validation": 3, "test": 3}


def test_missing_tables_are_named_at_once(vox: Path) -> None:
    (vox / "vox1_meta.csv").unlink()
    (vox / "distributions.csv").unlink()
    said = refused(vox)
    assert f"{vox / 'distributions.csv'}: missing: the teacher's distributions" in said
    assert f"{vox / 'vox1_meta.csv'}: missing: gender and names of the speakers" in said


def test_several_tables_must_be_chosen_from(vox: Path, tmp_path: Path) -> None:
    table = read_distributions(vox / "distributions.csv")
    columns = {"path": [row.name for row in table], "set": [row.side for row in table]}
    columns |= {
        name: [float(row.probabilities[place]) for row in table if row.probabilities is not None]
        for place, name in enumerate(EMOTIONS)
    }
    pq.write_table(pa.table(columns), vox / "distributions.parquet")
    assert "2 tables of distributions, distributions.csv, distributions.parquet" in refused(vox)
    assert (
        Emovox(vox, distributions="distributions.parquet").clips()
        == Emovox(vox, distributions="distributions.csv").clips()
    )
    labelled = tmp_path / "labelled"
    labelled.mkdir()
    (vox / "distributions.csv").rename(labelled / "distributions.csv")
    assert len(clips(vox, distributions="../labelled")) == len(ROWS)
    assert "missing: the teacher's distributions" in refused(vox, distributions="elsewhere")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("id10001-x-1,,train,1,0,0,0,0,0,0,0", "row 8: 'id10001-x-1' is no VoxCeleb name"),
        (f"id10999-{VIDEOS[0]}-00001,,train,1,0,0,0,0,0,0,0", "is of no speaker in vox1_meta.csv"),
        (f"id00012-{VIDEOS[0]}-00001,,train,1,0,0,0,0,0,0,0", "is of no speaker in vox2_meta.csv"),
        (f"id10001-{VIDEOS[0]}-00001,,train,1,0,0,0,0,0,0,0", "stands there already"),
        (f"id10001-{VIDEOS[0]}-00004,,dev,1,0,0,0,0,0,0,0", "row 8, column 'set': unknown set 'dev'"),
        (f"id10001-{VIDEOS[0]}-00004,,train,3.5,-1,0,0,0,0,0,0", "row 8, column 'neutral': '3.5' is not a probability"),
        (f"id10001-{VIDEOS[0]}-00004,,train,0.4,0.4,0,0,0,0,0,0", "row 8: the eight probabilities sum to 0.8"),
        (f"id10001-{VIDEOS[0]}-00004,,train,nan,1,0,0,0,0,0,0", "row 8, column 'neutral': 'nan' is not a probability"),
        (",,train,1,0,0,0,0,0,0,0", "row 8: names no clip"),
        (f"id10309-{VIDEOS[3]}-00008,,train,1,0,0,0,0,0,0,0", "the speaker 'id10309' is in train and in unheard-val"),
    ],
)
def test_rows_that_are_wrong_say_where(vox: Path, line: str, words: str) -> None:
    with (vox / "distributions.csv").open("a") as file:
        file.write(line + "\n")
    assert words in refused(vox)


def test_a_table_without_its_columns_says_which(vox: Path) -> None:
    (vox / "distributions.csv").write_text("file,neutral,hapy\nx,1,0\n")
    said = refused(vox)
    assert "missing column 'happy'\n    -> did you mean 'hapy'?" in said
    assert "missing column 'clip' (or 'path')" in said


def test_the_teachers_own_names_of_columns_are_read(tmp_path: Path) -> None:
    names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt"
    (tmp_path / "t.csv").write_text(f"Path,Split,{names}\na.wav,unheardVal,0,0,0,1,0,0,0,0\nb.wav,,,,,,,,,\n")
    one, none = read_distributions(tmp_path / "t.csv")
    assert (one.name, one.side) == ("a.wav", "unheard-val")
    assert one.probabilities is not None
    assert EMOTIONS[int(one.probabilities.argmax())] == "sad"
    assert none.probabilities is None


def test_what_is_written_is_read(tmp_path: Path) -> None:
    third = [1 / 3, 1 / 3, 1 / 3, 0.0, 0.0, 0.0, 0.0, 0.0]
    path = tmp_path / "distributions.csv"
    path.write_text(distributions_csv([("é, 1", "", "", third), ("", "b/c.mp4", "heard-val", None)]), encoding="utf-8")
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(HEADER)
    one, other = read_distributions(path)
    assert one.probabilities is not None
    assert (one.name, one.probabilities.tolist()) == ("é, 1", third)
    assert (other.name, other.side, other.probabilities) == ("b/c.mp4", "heard-val", None)


def test_media_by_other_names_are_named(vox: Path, medium: Callable[[Path], Path]) -> None:
    medium(vox / "holiday.mp4")
    assert f"{vox / 'holiday.mp4'}: 'holiday.mp4' is no VoxCeleb name" in refused(vox)


def test_a_table_of_other_clips_says_so(vox: Path) -> None:
    rows: list[Row] = [(f"id10001-{VIDEOS[3]}-00001", "", "train", HAPPY)]
    (vox / "distributions.csv").write_text(distributions_csv(rows))
    assert "none of the 1 clips of distributions.csv has a file here" in refused(vox)


def test_a_meta_table_without_its_columns_says_which(vox: Path) -> None:
    (vox / "vox1_meta.csv").write_text("id,Gender\nid10001,m\n")
    assert "vox1_meta.csv: missing column 'VoxCeleb1 ID'" in refused(vox)


def test_the_same_segment_twice(vox: Path) -> None:
    other = vox / "dev" / ROWS[0][1]
    other.parent.mkdir(parents=True)
    shutil.copy(vox / ROWS[0][1], other)
    assert len(clips(vox)) == len(ROWS)
    other.write_bytes(b"other")
    assert "another file of this name is" in refused(vox)
