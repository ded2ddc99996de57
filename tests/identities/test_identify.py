"""The stage from a prepared corpus to named persons, with a model that sees colours and hears pitches."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emoprism.errors import CorpusError, InputError, RecipeError, StageError
from emoprism.identities import collect as collecting
from emoprism.identities.identify import identify
from emoprism.media.relabel import relabel
from emoprism.media.shards import PreparedCorpus

MakeCorpus = Callable[..., Path]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


def scores(directory: Path) -> dict[str, float]:
    return json.loads((directory / "scores.json").read_text())


def test_people_are_found_by_face_and_voice(corpus: Path, asked: list[str], tmp_path: Path) -> None:
    identify(corpus, tmp_path / "out", asked)
    assert scores(tmp_path / "out")["pairwise_f1"] == 1.0
    rows = table(tmp_path / "out" / "persons.csv")
    assert {row["evidence"] for row in rows} == {"face", "voice", "both"}
    assert all(0 <= float(row["confidence"]) <= 1 for row in rows)
    guests = [row for row in rows if row["track"] == "2"]
    owner = {row["clip"]: row["person"] for row in rows if row["track"] == "1"}
    assert guests
    for row in guests:
        person = row["clip"].partition("-")[2]
        if row["clip"] in owner:
            assert row["person"] == owner[f"v1-{(int(person) + 1) % 6}"], "a guest is known from their own clips"
            assert row["person"] != owner[row["clip"]], "two faces at one time"
    for name in {row["person"] for row in rows}:
        assert (tmp_path / "out" / "pictures" / f"{name}.jpg").is_file()
    assert (tmp_path / "out" / "persons.jpg").is_file()
    assert not (tmp_path / "out" / "parts").exists()


def test_the_same_again_to_the_bit(corpus: Path, asked: list[str], tmp_path: Path) -> None:
    identify(corpus, tmp_path / "a", asked)
    identify(corpus, tmp_path / "b", asked)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    before = files(tmp_path / "a")
    identify(corpus, tmp_path / "a", asked, overwrite=True)
    assert files(tmp_path / "a") == before


def test_it_goes_on_where_it_was_stopped(
    corpus: Path, quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identify(corpus, tmp_path / "whole", quick)
    embed, calls = collecting.embed, [0]

    def stopping(*given: object) -> object:
        calls[0] += 1
        if calls[0] == 25:
            raise KeyboardInterrupt
        return embed(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(collecting, "embed", stopping)
    with pytest.raises(KeyboardInterrupt):
        identify(corpus, tmp_path / "out", quick)
    assert len(list((tmp_path / "out" / "parts").iterdir())) == 1
    calls[0] = 100
    identify(corpus, tmp_path / "out", quick)
    rows = len(table(tmp_path / "whole" / "persons.csv"))
    assert calls[0] - 100 < rows, "the shard that was done is not done again"
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_other_options_need_another_directory(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    identify(corpus, tmp_path / "out", quick)
    identify(corpus, tmp_path / "out", quick)
    with pytest.raises(StageError, match="confidence"):
        identify(corpus, tmp_path / "out", [*quick, "confidence=0.7"])


def test_too_little_evidence_is_unknown(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    identify(corpus, tmp_path / "out", [*quick, "crops=50", "seconds=50"])
    rows = table(tmp_path / "out" / "persons.csv")
    assert {(row["person"], row["evidence"], float(row["confidence"])) for row in rows} == {("unknown", "none", 0.0)}
    assert {row["speaker"] for row in table(tmp_path / "out" / "identities.csv")} == {""}
    identify(corpus, tmp_path / "sure", [*quick, "confidence=1"])
    assert sum(row["person"] == "unknown" for row in table(tmp_path / "sure" / "persons.csv")) > 0


def test_a_threshold_of_the_users_own(corpus: Path, model: str, tmp_path: Path) -> None:
    face = ["face.name=colour", f"face.source={model}", "threshold.face=0.8"]
    identify(corpus, tmp_path / "out", face)
    assert scores(tmp_path / "out")["pairwise_precision"] == 1.0
    rows = table(tmp_path / "out" / "persons.csv")
    assert {row["evidence"] for row in rows} == {"face", "none"}


def test_labels_are_not_looked_at(make_corpus: MakeCorpus, quick: list[str], tmp_path: Path) -> None:
    with_labels = make_corpus("with", 6, 5)
    without = make_corpus("without", 6, 5, labels=False)
    identify(with_labels, tmp_path / "a", quick)
    identify(without, tmp_path / "b", quick)
    assert table(tmp_path / "a" / "persons.csv") == table(tmp_path / "b" / "persons.csv")
    assert not (tmp_path / "b" / "scores.json").exists()


def test_main_faces_alone(make_corpus: MakeCorpus, quick: list[str], tmp_path: Path) -> None:
    corpus = make_corpus("main", 6, 5, guests=True, tracks="main")
    identify(corpus, tmp_path / "out", quick)
    rows = table(tmp_path / "out" / "persons.csv")
    assert len(rows) == 30
    assert scores(tmp_path / "out")["pairwise_f1"] == 1.0


def test_persons_become_labels(make_corpus: MakeCorpus, quick: list[str], tmp_path: Path) -> None:
    corpus = make_corpus("corpus", 6, 5, labels=False)
    identify(corpus, tmp_path / "found", quick)
    relabel(corpus, tmp_path / "found", tmp_path / "out")
    given = {row["clip"]: row["speaker"] for row in table(tmp_path / "found" / "identities.csv")}
    told = PreparedCorpus.open(tmp_path / "out")
    assert {clip.id: clip.labels["speaker"] for clip in told.clips} == given
    clip = next(clip for clip in told.clips if clip.steps.get("face"))
    assert np.array_equal(told.read(clip, "face"), PreparedCorpus.open(corpus).read(clip, "face"))
    relabel(corpus, tmp_path / "found", tmp_path / "out")
    identify(tmp_path / "out", tmp_path / "again", quick)
    assert scores(tmp_path / "again")["pairwise_f1"] == 1.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clip,speaker\nnobody,a\n", "row 2: no clip 'nobody' in the prepared corpus"),
        ("clip,speaker\nv0-0,a\nv0-0,b\n", "row 3: the clip 'v0-0' stands twice"),
        ("name,speaker\nv0-0,a\n", "expected clip and one or more of labels"),
        ("clip,speaker\nv0-0\n", "row 2: has more or fewer cells"),
        ("", "expected clip and one or more of labels"),
    ],
)
def test_a_table_that_does_not_fit(corpus: Path, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(CorpusError) as caught:
        relabel(corpus, tmp_path / "t.csv", tmp_path / "out")
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_empty_cell_leaves_a_clip_without(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("clip,speaker,mood\nv0-0,,glad\nv1-0,anna,\n")
    relabel(corpus, tmp_path / "t.csv", tmp_path / "out")
    labels = {clip.id: dict(clip.labels) for clip in PreparedCorpus.open(tmp_path / "out").clips}
    assert labels["v0-0"] == {"mood": "glad"}
    assert labels["v1-0"] == {"speaker": "anna"}
    assert labels["v2-0"] == {}


def test_no_model_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="give run=DIR"):
        identify(corpus, tmp_path / "out", [])


def test_nothing_says_what_likeness_means(corpus: Path, model: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"give calibration=DIR.*or threshold.face=COSINE"):
        identify(corpus, tmp_path / "out", ["face.name=colour", f"face.source={model}"])


def test_a_model_that_takes_something_else(corpus: Path, model: str, tmp_path: Path) -> None:
    only_faces = ["voice.name=colour", f"voice.source={model}", "voice.kinds=[face]"]
    with pytest.raises(RecipeError, match="the model takes face"):
        identify(corpus, tmp_path / "out", only_faces)


def test_a_corpus_without_faces(make_corpus: MakeCorpus, model: str, tmp_path: Path) -> None:
    silent = make_corpus("silent", 2, 1)
    face = ["face.name=colour", f"face.source={model}", "threshold.face=0.8"]
    with pytest.raises(CorpusError, match="has no face to tell people by"):
        identify(silent, tmp_path / "out", face)


def test_media_that_are_gone(corpus: Path, quick: list[str], tmp_path: Path) -> None:
    (corpus.parent / "media" / "v1-0.wav").rename(tmp_path / "elsewhere.wav")
    with pytest.raises(CorpusError, match=r"v1-0\.wav"):
        identify(corpus, tmp_path / "out", quick)
    shutil.rmtree(corpus.parent / "media")
    with pytest.raises(CorpusError, match="media: is gone"):
        identify(corpus, tmp_path / "out", quick)


def test_unknown_speakers_calibrate_nothing(make_corpus: MakeCorpus, corpus: Path, model: str, tmp_path: Path) -> None:
    unlabelled = make_corpus("unlabelled", 6, 3, labels=False)
    face = ["face.name=colour", f"face.source={model}"]
    with pytest.raises(CorpusError, match="have no label 'speaker'"):
        identify(corpus, tmp_path / "out", [*face, f"calibration={unlabelled}"])
    few = make_corpus("few", 3, 4)
    with pytest.raises(CorpusError, match="3 speakers with two clips or more"):
        identify(corpus, tmp_path / "other", [*face, f"calibration={few}"])


def test_options_that_are_none(corpus: Path, model: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pretrained model called 'color'"):
        identify(corpus, tmp_path / "out", ["face.name=color", f"face.source={model}"])
    with pytest.raises(InputError, match="did you mean 'link'"):
        identify(corpus, tmp_path / "out", ["face.name=colour", f"face.source={model}", "linc=1"])
