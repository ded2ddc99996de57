"""CMU-MOSEI: a small tree in the layout of the release, with labels in each of its forms."""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.corpora.cmu_mosei import EMOTIONS, INTENSITY, CmuMosei
from emoprism.errors import CorpusError, PluginError
from emoprism.families import CORPORA
from emoprism.media.prepare import prepare
from emoprism.media.shards import PreparedCorpus
from emoprism.testing import check_copies, check_corpus

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'emoprism[hdf5]'")

REAL = os.environ.get("EMOPRISM_CMU_MOSEI", "")
THIRD = 1 / 3
ANN, BOB, CEM = "-3g5yACwYnA", "_0efYOjQYRc", "81406"

Medium = Callable[[Path], Path]
Rows = Sequence[tuple[float, float, Sequence[float]]]
"""Start, end, and sentiment, happy, sad, anger, surprise, disgust, fear."""
LABELS: dict[str, Rows] = {
    ANN: [(0.1, 0.4, [1.5, 2 * THIRD, 0, 0, THIRD, 0, 0]), (0.0, 0.3, [0, 0, 0, 0, 0, 0, 0])],
    BOB: [(0.2, 0.45, [-2, 0, THIRD, THIRD, 0, 0, 0])],
    CEM: [(-0.4875, 0.3, [-3, 0, 0, 0, 0, 1, 3])],
}


def write_csd(path: Path, labels: Mapping[str, Rows] = LABELS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        data = file.create_group("All Labels/data")
        file.create_group("All Labels/metadata")["version"] = "1.0"
        for video, rows in labels.items():
            group = data.create_group(video)
            group["features"] = np.array([scores for _, _, scores in rows], np.float64)
            group["intervals"] = np.array([(start, end) for start, end, _ in rows], np.float64)
    return path


def write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


MEANS = ["", "video", "start_time", "end_time", "sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear"]
RATED = [
    "HITId", "Title", "AssignmentId", "WorkerId", "Input.VIDEO_ID", "Input.CLIP", "Answer.anger", "Answer.disgust",
    "Answer.fear", "Answer.happiness", "Answer.sadness", "Answer.sentiment", "Answer.surprise",
]  # fmt: skip


def rated(assignment: str, video: str, clip: int, **answers: Any) -> list[Any]:
    given = [answers.get(name.removeprefix("Answer."), 0) for name in RATED[6:]]
    return ["hit", "MOSI2 video annotation", assignment, "worker", video, clip, *given]


def transcripts(root: Path) -> None:
    folder = root / "Raw/Transcript/Segmented/Combined"
    folder.mkdir(parents=True)
    said = {ANN: [(0.0, 0.3), (0.1, 0.4), (0.41, 0.5)], BOB: [(0.2, 0.45)], CEM: [(-0.4875, 0.3)]}
    for video, times in said.items():
        lines = [f"{video}___{n}___{start}___{end}___A sentence.\n" for n, (start, end) in enumerate(times)]
        (folder / f"{video}.txt").write_text("".join(lines) + "broken off\n")
    whole = root / "Raw/Transcript/Full/Plain"
    whole.mkdir(parents=True)
    (whole / f"{ANN}.txt").write_text(f"{ANN}___0___9.0___99.0___of another kind\n")


def media(root: Path, medium: Medium, videos: Sequence[str] = (ANN, BOB, CEM)) -> None:
    for video in videos:
        medium(root / f"Raw/Videos/Full/Combined/{video}.mp4")
        medium(root / f"Raw/Audio/Full/WAV_16000/{video}.wav")
    medium(root / f"Raw/Videos/Segmented/Combined/{ANN}_1.mp4")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, medium: Medium) -> Path:
    root = tmp_path_factory.mktemp("mosei") / "CMU_MOSEI"
    media(root, medium)
    transcripts(root)
    write_csd(root / "CMU_MOSEI_Labels.csd")
    numbered = [(video, *row) for video, rows in LABELS.items() for row in rows]
    table = [[n, video, start, end, *scores] for n, (video, start, end, scores) in enumerate(numbered)]
    write_rows(root / "Data_Train_modified.csv", MEANS, table)
    first = [
        rated("a1", f"videos/{ANN}", 1, happiness=1, sentiment=3), rated("a2", ANN, 1, happiness=1, surprise=1),
        rated("a3", ANN, 1, sentiment=""), rated("a4", ANN, 0), rated("a5", BOB, 0, anger=1, sadness=1, sentiment=-2),
    ]  # fmt: skip
    write_rows(root / "Raw/Labels/5000_batch_raw.csv", RATED, first)
    second = [first[0], rated("b1", CEM, 0, fear=3, disgust=1, sentiment=-3), rated("b2", CEM, 7)]
    write_rows(root / "Raw/Labels/Batch_2980374_batch_results.csv", RATED, second)
    return root


def by_id(root: Path, **options: Any) -> dict[str, Any]:
    return {clip.id: clip for clip in CmuMosei(root, **options).clips()}


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        CmuMosei(root, **options).clips()
    return str(caught.value)


def only(tmp_path: Path, medium: Medium, rows: Rows, **options: Any) -> list[Any]:
    """Clips of one video with these labels."""
    medium(tmp_path / f"{ANN}.mp4")
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd", {ANN: rows})
    return list(CmuMosei(tmp_path, **options).clips())


@pytest.mark.parametrize("labels", ["csd", "table", "batches", "any"])
def test_keeps_the_contract(tree: Path, tmp_path: Path, labels: str) -> None:
    check_corpus("cmu_mosei", tree, labels=labels)
    check_copies("cmu_mosei", tree, tmp_path, labels=labels)


def test_what_a_clip_is(tree: Path) -> None:
    clips = by_id(tree)
    assert list(clips) == sorted([f"{ANN}[0]", f"{ANN}[1]", f"{BOB}[0]", f"{CEM}[0]"])
    clip = clips[f"{ANN}[0]"]
    assert clip.video == clip.audio == tree / f"Raw/Videos/Full/Combined/{ANN}.mp4"
    assert (clip.start, clip.end, clip.split, clip.rejected) == (0.1, 0.4, None, "")
    assert clip.labels == {
        "speaker": ANN, "source": ANN, "emotion": "happy", "happy": "yes", "sad": "no", "angry": "no",
        "surprised": "yes", "disgust": "no", "fearful": "no",
    }  # fmt: skip
    assert clip.values["sentiment"] == 1.5 and clip.values["intensity:happy"] == pytest.approx(2 / 3)
    assert set(clip.values) == {"sentiment", *(INTENSITY + name for name in EMOTIONS)}
    assert clip.origin == f"CMU_MOSEI_Labels.csd, '{ANN}', row 0"


def test_emotion_is_the_strongest_neutral_or_undecided(tree: Path) -> None:
    clips = by_id(tree)
    assert {name: clip.labels.get("emotion") for name, clip in clips.items()} == {
        f"{ANN}[0]": "happy", f"{ANN}[1]": "neutral", f"{BOB}[0]": None, f"{CEM}[0]": "fearful",
    }  # fmt: skip
    assert clips[f"{BOB}[0]"].labels["sad"] == clips[f"{BOB}[0]"].labels["angry"] == "yes"


def test_the_samples_of_li(tree: Path) -> None:
    clips = by_id(tree, emotions=("happy", "sad", "angry", "neutral"))
    assert clips[f"{CEM}[0]"].rejected == "it shows none of happy, sad, angry, neutral"
    assert not any(clip.rejected for name, clip in clips.items() if name != f"{CEM}[0]")
    assert by_id(tree, emotions=("happy", "disgust"))[f"{CEM}[0]"].labels["emotion"] == "disgust"
    assert by_id(tree, emotions=("happy", "disgust"))[f"{ANN}[1]"].rejected == "it shows none of happy, disgust"
    with pytest.raises(PluginError, match="emotions"):
        CORPORA.make("cmu_mosei", tree, options={"emotions": ["joyful"]})


def test_a_table_of_means_says_the_same(tree: Path, tmp_path: Path) -> None:
    def bare(clip: Any) -> Any:
        return clip.labels, clip.values, clip.start, clip.end, clip.video

    table = by_id(tree, labels="table")
    assert {name: bare(clip) for name, clip in table.items()} == {name: bare(c) for name, c in by_id(tree).items()}
    assert table[f"{BOB}[0]"].origin == "Data_Train_modified.csv, row 4"
    twice = [tree / "Data_Train_modified.csv", tmp_path / "Data_Train_original.csv"]
    for path in (tree / "Raw", twice[0]):
        (tmp_path / path.name).symlink_to(path)
    twice[1].write_bytes(twice[0].read_bytes())
    assert set(by_id(tmp_path, labels="table")) == set(table), "the same rows in two tables count once"


def test_ratings_are_averaged_and_timed_by_transcripts(tree: Path) -> None:
    clips = by_id(tree, labels="batches")
    assert set(clips) == {f"{ANN}_0", f"{ANN}_1", f"{BOB}_0", f"{CEM}_0", f"{CEM}_7"}
    clip = clips[f"{ANN}_1"]
    assert (clip.start, clip.end) == (0.1, 0.4) and clip.labels["emotion"] == "happy"
    assert clip.values["intensity:happy"] == pytest.approx(2 / 3), "three raters: one is in two batches"
    assert clip.values["intensity:surprised"] == pytest.approx(1 / 3)
    assert clip.values["sentiment"] == 1.5, "an empty answer is none"
    assert clip.origin == "Raw/Labels/5000_batch_raw.csv, row 2"
    assert clips[f"{CEM}_0"].start == 0, "half a second before the video is its beginning"
    assert clips[f"{CEM}_7"].rejected == "no transcript says when it is"
    assert not clips[f"{ANN}_0"].rejected and clips[f"{ANN}_0"].labels["emotion"] == "neutral"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"happiness": 4}, "a rater's happy is 4, outside [0, 3] (l.csv, row 2)"),
        ({"sentiment": -4}, "a rater's sentiment is -4, outside [-3, 3] (l.csv, row 2)"),
        ({"fear": -1}, "a rater's fearful is -1, outside [0, 3] (l.csv, row 2)"),
        ({"fear": ""}, "it has no score of fearful"),
    ],
)
def test_ratings_that_cannot_be(tmp_path: Path, medium: Medium, answers: dict[str, Any], reason: str) -> None:
    media(tmp_path, medium)
    transcripts(tmp_path)
    write_rows(tmp_path / "l.csv", RATED, [rated("a", ANN, 0, **answers), rated("b", BOB, 0)])
    assert by_id(tmp_path)[f"{ANN}_0"].rejected == reason


NAN = float("nan")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((NAN, 0.3, [0] * 7), "its times are no numbers: nan s to 0.3 s"),
        ((0.1, float("inf"), [0] * 7), "its times are no numbers: 0.1 s to inf s"),
        ((0.3, 0.3, [0] * 7), "it ends at 0.3 s, where it starts at 0.3 s"),
        ((0.3, 0.1, [0] * 7), "it ends at 0.1 s, where it starts at 0.3 s"),
        ((-2.0, 0.3, [0] * 7), "it is at -2 s to 0.3 s, before its video begins"),
        ((-0.4, -0.1, [0] * 7), "it is at -0.4 s to -0.1 s, before its video begins"),
        ((0.1, 0.2, [0, 0, 0, 0, 0, 0, NAN]), "it has no score of fearful"),
        ((0.1, 0.2, [0, -1, 0, 0, 0, 0, 0]), "its intensity of happy is -1, below 0"),
    ],
)
def test_what_is_broken_is_rejected(
    tmp_path: Path, medium: Medium, row: tuple[float, float, Sequence[float]], reason: str
) -> None:
    broken, sound = only(tmp_path, medium, [row, (0.05, 0.4, [0] * 7)])
    assert broken.rejected == reason and not sound.rejected
    check_corpus("cmu_mosei", tmp_path)


def test_behind_the_transcript(tmp_path: Path, medium: Medium) -> None:
    transcripts(tmp_path)
    far, near = only(tmp_path, medium, [(30.0, 31.0, [0] * 7), (0.1, 1.4, [0] * 7)])
    assert far.rejected == "it ends at 31 s, behind the last sentence of its transcript, which ends at 0.5 s"
    assert not near.rejected


def test_segments_at_the_same_times(tmp_path: Path, medium: Medium) -> None:
    same, other = [1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0, 0]
    clips = only(tmp_path, medium, [(0.1, 0.3, same), (0.1, 0.3, same), (0.2, 0.4, same), (0.2, 0.4, other)])
    assert [clip.rejected for clip in clips] == [
        "", f"'{ANN}[0]' has the same times", f"'{ANN}[3]' has the same times and other scores",
        f"'{ANN}[2]' has the same times and other scores",
    ]  # fmt: skip


def test_thirds_in_other_digits_are_equal(tmp_path: Path, medium: Medium) -> None:
    rows: Rows = [(0.1, 0.3, [0, 0.33333334, 0.333333, 0, 0, 0, 0]), (0.2, 0.3, [0, 0.34, 0.333333, 0, 0, 0, 0])]
    assert [clip.labels.get("emotion") for clip in only(tmp_path, medium, rows)] == [None, "happy"]


def test_times_of_a_transcript_that_are_none(tmp_path: Path, medium: Medium) -> None:
    media(tmp_path, medium)
    (tmp_path / f"{ANN}.txt").write_text(f"{ANN}___0___nan___soon___Words.\n{ANN}___2___0.1___0.3___Words, {ANN}___9\n")
    write_rows(tmp_path / "l.csv", RATED, [rated("a", ANN, 0), rated("b", ANN, 2)])
    clips = by_id(tmp_path)
    assert clips[f"{ANN}_0"].rejected == "its times are no numbers: nan s to nan s"
    assert (clips[f"{ANN}_2"].start, clips[f"{ANN}_2"].rejected) == (0.1, "")


def test_scores_beyond_the_scale_are_held_to_it(tmp_path: Path, medium: Medium) -> None:
    (clip,) = only(tmp_path, medium, [(0.1, 0.3, [-4, 4 + THIRD, 0, 0, 0, 0, 0])])
    assert clip.values["intensity:happy"] == 3 and clip.values["sentiment"] == -3 and not clip.rejected


def test_early_starts(tmp_path: Path, medium: Medium) -> None:
    rows: Rows = [(-0.4875, 0.3, [0] * 7), (0.1, 0.3, [0] * 7)]
    assert [clip.start for clip in only(tmp_path, medium, rows)] == [0, 0.1]
    strict, _ = CmuMosei(tmp_path, early=0.0).clips()
    assert strict.rejected == "it is at -0.4875 s to 0.3 s, before its video begins"


def test_sound_alone_and_cut_files(tree: Path, tmp_path: Path, medium: Medium) -> None:
    (tmp_path / "Raw/Videos/Full").mkdir(parents=True)
    (tmp_path / "Raw/Audio").symlink_to(tree / "Raw/Audio")
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd")
    clip = by_id(tmp_path)[f"{ANN}[0]"]
    assert clip.video is None and clip.audio == tmp_path / f"Raw/Audio/Full/WAV_16000/{ANN}.wav" and clip.start == 0.1
    cut = tmp_path / "cut"
    medium(cut / f"Segmented/{ANN}_1.mp4")
    transcripts(cut)
    write_csd(cut / "CMU_MOSEI_Labels.csd")
    clips = by_id(cut)
    assert clips[f"{ANN}[0]"].video == cut / f"Segmented/{ANN}_1.mp4", "its times are those of sentence 1"
    assert (clips[f"{ANN}[0]"].start, clips[f"{ANN}[0]"].end) == (None, None)
    assert clips[f"{ANN}[1]"].rejected == f"there is no {ANN}.mp4 or {ANN}.wav"


def test_cut_files_need_no_transcript(tmp_path: Path, medium: Medium) -> None:
    media(tmp_path, medium)
    write_rows(tmp_path / "l.csv", RATED, [rated("a", ANN, 1, anger=1), rated("b", BOB, 0)])
    clips = by_id(tmp_path)
    assert clips[f"{ANN}_1"].video == tmp_path / f"Raw/Videos/Segmented/Combined/{ANN}_1.mp4"
    assert clips[f"{ANN}_1"].labels["emotion"] == "angry" and not clips[f"{ANN}_1"].rejected
    assert clips[f"{BOB}_0"].rejected == "no transcript says when it is"


def test_ids_that_differ_in_case_alone(tmp_path: Path, medium: Medium) -> None:
    for folder, name in (("a", "AbcdefghijK"), ("b", "abcdefghijk")):
        medium(tmp_path / folder / f"{name}.mp4")
    rows: Rows = [(0.1, 0.3, [0] * 7)]
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd", {"AbcdefghijK": rows, "abcdefghijk": rows})
    assert [clip.video.parent.name for clip in CmuMosei(tmp_path).clips()] == ["a", "b"]


SDK = "standard_train_fold=['{}', 'xx']\nstandard_valid_fold=['{}']\nstandard_test_fold=['{}']\n"


def test_the_standard_folds(tree: Path, tmp_path: Path) -> None:
    path = tmp_path / "cmu_mosei_std_folds.py"
    path.write_text(SDK.format(ANN, BOB, CEM))
    clips = by_id(tree, folds=path)
    sides = {f"{ANN}[0]": "train", f"{ANN}[1]": "train", f"{BOB}[0]": "validation", f"{CEM}[0]": "unseen"}
    assert {name: clip.split for name, clip in clips.items()} == sides
    check_corpus("cmu_mosei", tree, folds=path)
    table = write_rows(tmp_path / "folds.csv", ["video", "fold"], [[ANN, "train"], [BOB, "Valid"]])
    clips = by_id(tree, folds=table)
    assert clips[f"{BOB}[0]"].split == "validation"
    assert clips[f"{CEM}[0]"].rejected == "its video is in none of the folds" and clips[f"{CEM}[0]"].split is None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("f.py", "import os", "holds no lists"),
        ("f.py", "x = open('secret').read()", "not read: malformed node"),
        ("f.py", "standard_train_fold = [", "not read"),
        ("f.py", SDK.format("a", "a", "b"), "1 videos are in two folds, 'a' the first"),
        ("f.csv", "video,side\na,train\n", "missing column 'fold'"),
        ("f.csv", "video,fold\na,dev\n", "unknown fold 'dev'"),
        ("g.csv", None, "no such file"),
    ],
)
def test_folds_that_are_none(tree: Path, tmp_path: Path, name: str, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    said = refused(tree, folds=tmp_path / name)
    assert words in said and str(tmp_path / name) in said


def test_labels_that_are_missing(tree: Path, tmp_path: Path, medium: Medium) -> None:
    medium(tmp_path / f"{ANN}.mp4")
    said = refused(tmp_path)
    assert "no labels in it" in said and "expected CMU_MOSEI_Labels.csd" in said and "start_time" in said
    (tmp_path / "CMU_MOSEI_Labels.csd").symlink_to(tree / "CMU_MOSEI_Labels.csd")
    assert "corpus.labels=batches; there: csd" in refused(tmp_path, labels="batches")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "CMU_MOSEI_Labels.csd").symlink_to(tree / "CMU_MOSEI_Labels.csd")
    assert "another file of this name is" in refused(tmp_path)


def test_labels_without_any_video(tmp_path: Path) -> None:
    write_csd(tmp_path / "CMU_MOSEI_Labels.csd")
    said = refused(tmp_path)
    assert "none of its 4 labelled segments can be used" in said and f"there is no {ANN}.mp4" in said


def spoil(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        write_csd(path)
        with h5py.File(path, "a") as file:
            change(file)

    return write


def _narrow(file: Any) -> None:
    del file[f"All Labels/data/{ANN}/features"]
    file[f"All Labels/data/{ANN}/features"] = np.zeros((2, 6))


def _words(file: Any) -> None:
    del file[f"All Labels/data/{ANN}/intervals"]
    file[f"All Labels/data/{ANN}/intervals"] = np.array([[b"a", b"b"]] * 2)


def _uneven(file: Any) -> None:
    del file[f"All Labels/data/{ANN}/intervals"]
    file[f"All Labels/data/{ANN}/intervals"] = np.zeros((3, 2))


def _link(file: Any) -> None:
    del file[f"All Labels/data/{ANN}"]
    file[f"All Labels/data/{ANN}"] = h5py.ExternalLink("elsewhere.csd", f"/All Labels/data/{ANN}")


def _outside(file: Any) -> None:
    group = file[f"All Labels/data/{ANN}"]
    del group["features"]
    group.create_dataset("features", (2, 7), "f8", external=[("elsewhere.bin", 0, 112)])


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: path.write_bytes(b"no HDF5"), "not an HDF5 file, or damaged"),
        (lambda path: path.write_bytes(b""), "not an HDF5 file, or damaged"),
        (
            spoil(lambda file: file.move("All Labels", "Emotion Labels")),
            "holds 'Emotion Labels', not 'All Labels/data'",
        ),
        (spoil(_narrow), f"{ANN}: not the labels of a video"),
        (spoil(_words), f"{ANN}: not the labels of a video"),
        (spoil(_uneven), "expected 'features' [N, 7] and 'intervals' [N, 2] of numbers"),
        (spoil(_link), f"{ANN}: not the labels of a video"),
        (spoil(_outside), f"{ANN}: not the labels of a video"),
    ],
)
def test_labels_that_are_no_csd(tmp_path: Path, medium: Medium, write: Callable[[Path], None], words: str) -> None:
    medium(tmp_path / f"{ANN}.mp4")
    write_csd(tmp_path / "elsewhere.csd")
    (tmp_path / "elsewhere.bin").write_bytes(bytes(112))
    write(tmp_path / "CMU_MOSEI_Labels.csd")
    said = refused(tmp_path)
    assert words in said and str(tmp_path / "CMU_MOSEI_Labels.csd") in said


def test_without_h5py_it_says_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "pip install 'emoprism[hdf5]'" in refused(tree)
    assert len(by_id(tree, labels="table")) == 4, "tables need none"


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        (MEANS, [[0, ANN, "soon", 1, *[0] * 7]], "row 2, column 'start_time': 'soon' is no number"),
        (MEANS, [[0, "videos/", 0, 1, *[0] * 7]], "row 2, column 'video': 'videos/' is no name of a video"),
        (RATED, [rated("a", ANN, 0, fear="much")], "row 2, column 'Answer.fear': 'much' is no number"),
        (RATED, [rated("a", "", 0)], "row 2, column 'Input.CLIP': '', '0' are no video and number of a clip"),
        (RATED, [["hit"]], "row 2: 1 cells, expected 13"),
    ],
)
def test_tables_that_cannot_be_read(
    tmp_path: Path, medium: Medium, name: list[str], rows: list[list[Any]], words: str
) -> None:
    medium(tmp_path / f"{ANN}.mp4")
    write_rows(tmp_path / "labels.csv", name, rows)
    assert words in refused(tmp_path)


def test_prepared_from_end_to_end(tree: Path, tmp_path: Path) -> None:
    asked = ["crop=32", "corpus.emotions=[happy,sad,angry,neutral]", "corpus.labels=batches"]
    prepare("cmu_mosei", tree, tmp_path / "out", asked, workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    assert [clip.id for clip in corpus.clips] == [f"{ANN}_0", f"{ANN}_1", f"{BOB}_0"]
    clip = corpus.clips[1]
    assert clip.labels["emotion"] == "happy" and clip.values["sentiment"] == 1.5
    assert clip.values["intensity:happy"] == pytest.approx(2 / 3) and 15 <= clip.steps["audio"] <= 30
    rejected = (tmp_path / "out" / "rejected.csv").read_text()
    assert f"{CEM}_0" in rejected and "it shows none of" in rejected and "no transcript says when it is" in rejected


@pytest.mark.skipif(not REAL, reason="set EMOPRISM_CMU_MOSEI to the folder of the real corpus")
def test_the_real_corpus() -> None:
    clips = CmuMosei(Path(REAL)).clips()
    assert len(clips) in (23_259, 23_453), "the release of today, or that of the papers"
    four = CmuMosei(Path(REAL), emotions=("happy", "sad", "angry", "neutral")).clips()
    shown = [clip for clip in four if not clip.rejected.startswith("it shows none of")]
    assert len(clips) != 23_453 or len(shown) == 22_323, "Li et al. 2020, section 6"
    assert Counter(clip.rejected for clip in clips).most_common(1)[0][0] == "", "most can be used"
    check_corpus("cmu_mosei", Path(REAL))
