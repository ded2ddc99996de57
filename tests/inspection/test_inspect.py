"""The stage: what its files hold, whatever the corpus lacks, and what it says of input that it cannot use."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from html_page import Page

from emoprism.errors import CorpusError, RecipeError, StageError
from emoprism.inspection.build import inspect
from emoprism.inspection.options import InspectOptions
from emoprism.media.join import join
from emoprism.stage import MANIFEST

FAST = ["permutations=20"]


def inspected(prepared: Path, *options: str) -> tuple[Page, dict, Path]:
    out = prepared.parent / "inspection"
    inspect(prepared, out, [*FAST, *options], overwrite=True)
    numbers = json.loads((out / "inspection.json").read_text("utf-8"))
    return Page((out / "inspection.html").read_text("utf-8")), numbers, out


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / "counts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> tuple[Page, dict, Path]:
    out = tmp_path_factory.mktemp("inspected") / "out"
    inspect(prepared, out, FAST, overwrite=False)
    numbers = json.loads((out / "inspection.json").read_text("utf-8"))
    return Page((out / "inspection.html").read_text("utf-8")), numbers, out


def test_the_page_needs_nothing_but_itself(whole) -> None:
    page, _, out = whole
    html = (out / "inspection.html").read_text("utf-8")
    assert not page.named("script") and not page.named("link") and not page.named("iframe")
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            value = attributes.get(name) or ""
            assert value == "" or value.startswith(("#", "data:image/jpeg;base64,")), value
    assert "@import" not in html and all(t.startswith("#") for t in re.findall(r"url\(([^)]*)\)", html))


def test_ids_are_unique_and_links_lead_somewhere(whole) -> None:
    page, _, _ = whole
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    targets = [attributes.get("href") or "" for _, attributes in page.tags]
    assert all(target[1:] in ids for target in targets if target.startswith("#"))
    assert len(page.named("table")) == len(page.named("caption")) > 8
    assert all(image.get("alt") for image in page.named("img"))


def test_what_the_page_and_its_numbers_hold(whole) -> None:
    page, numbers, out = whole
    assert page.headings == [
        "At a glance", "Counts", "What tells what", "Durations", "Streams", "Numbers", "Faces", "Rejected clips",
        "Provenance", "How to read this",
    ]  # fmt: skip
    assert "synthetic: 90 clips of 6 speakers" in page.text and "No clip was rejected." in page.text
    assert "The speaker settles the gender" not in page.text  # only what tells the emotion stands in a sentence
    assert numbers["clips"] == 90 and numbers["attributes"]["emotion"]["counts"] == {
        "angry": 30,
        "happy": 30,
        "neutral": 30,
    }
    pairs = {(pair["known"], pair["told"]): pair for pair in numbers["entanglement"]}
    assert set(pairs) == {("speaker", "emotion"), ("gender", "emotion"), ("speaker", "gender")}
    assert pairs["speaker", "emotion"]["bits"] == 0 and pairs["speaker", "gender"]["share"] == pytest.approx(1)
    streams = {stream["name"]: stream for stream in numbers["streams"]}
    lacking = [(s + i) % 7 == 3 and i % 2 for s in range(6) for i in range(15)]
    assert streams["face"]["missing"] == sum(map(bool, lacking)) > 0
    assert streams["face"]["reasons"][0]["words"] == "no reason is given"
    assert numbers["sampled"] == 90 and numbers["level"]["missing"] == streams["audio"]["missing"] > 0
    assert numbers["prepared"]["options"] == {"corpus": "synthetic"}
    assert len(rows_of(out)) == 6 + 3 + 2 + 18 + 6
    assert (out / "contact_sheet.jpg").read_bytes().startswith(b"\xff\xd8")
    assert (out / MANIFEST).is_file()


def test_the_same_bytes_twice_and_others_with_another_seed(prepared: Path, tmp_path: Path) -> None:
    asked = [*FAST, "sheet_rows=2"]
    for name, options in (("a", asked), ("b", asked), ("c", [*asked, "seed=1"])):
        inspect(prepared, tmp_path / name, options, overwrite=False)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["contact_sheet.jpg", "counts.csv", "inspection.html", "inspection.json", "manifest.json"]
    same = [(tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names]
    other = [(tmp_path / "a" / name).read_bytes() == (tmp_path / "c" / name).read_bytes() for name in names]
    assert all(same)
    assert other == [False, True, False, False, False]


def test_a_finished_page_is_left_alone_and_another_refused(prepared: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    inspect(prepared, out, FAST, overwrite=False)
    (out / "inspection.html").write_text("mine")
    inspect(prepared, out, FAST, overwrite=False)
    assert (out / "inspection.html").read_text() == "mine" and "inspected already" in capsys.readouterr().out
    with pytest.raises(StageError, match=r"options\.permutations: made with 20, asked for 30"):
        inspect(prepared, out, ["permutations=30"], overwrite=False)
    inspect(prepared, out, ["permutations=30"], overwrite=True)
    assert (out / "inspection.html").read_text() != "mine"


EVIL = '<script>alert("x")</script> & $x_1$ %s {{ 7*7 }} \x1b[31m'
ODD = "Ärger 怒り 😡 \u202eright to left"


def test_hostile_and_foreign_labels_are_text(corpus, made) -> None:
    names = {"speaker": EVIL, "emotion": ODD, f"x{EVIL}": "y"}
    clips = [made({**names, "gender": "f"}, values={EVIL: float(i)}, split="train") for i in range(4)]
    clips += [made({"speaker": "b", "emotion": "c", f"x{EVIL}": "z"}, faces=0, note=f"{EVIL} is missing")]
    page, numbers, out = inspected(corpus(clips, [("c9", EVIL, f"{EVIL} cannot be read")], {"citation": EVIL}))
    html = (out / "inspection.html").read_text("utf-8")
    assert not page.named("script") and "<script" not in html and "{{ 7*7 }}" in html
    assert "\x1b" not in html and "\u202e" not in html
    assert sum('<script>alert("x")</script>' in text for text in page.texts) > 5
    assert any("Ärger 怒り 😡" in text for text in page.texts)
    assert numbers["attributes"]["speaker"]["counts"][EVIL] == 4
    assert any(row["value"] == EVIL for row in rows_of(out))


def test_without_faces_there_is_no_sheet(corpus, made) -> None:
    clips = [made({"speaker": "ab"[i % 2], "emotion": "xy"[i // 4]}, faces=0) for i in range(8)]
    page, numbers, out = inspected(corpus(clips))
    assert "Faces" not in page.headings and not (out / "contact_sheet.jpg").exists()
    assert (
        "Without the stream “face”: 8 of 8 clips; the commonest reason: no face was found in … sampled pictures."
        in page.text
    )
    assert numbers["faces"] == {}


def test_without_emotions_the_page_says_so_and_goes_on(corpus, made) -> None:
    page, numbers, _ = inspected(corpus([made({"speaker": "ab"[i % 2], "gender": "f"}) for i in range(8)]))
    assert "No clip has the label “emotion”; primary=NAME takes another one." in page.text
    assert "What tells what" not in page.headings and numbers["entanglement"] == []
    other, _, _ = inspected(
        corpus([made({"speaker": "ab"[i % 2], "mood": "xyz"[i % 3]}) for i in range(8)]), "primary=mood"
    )  # fmt: skip
    assert "Clips by speaker and mood." in other.texts and "Knowing the speaker tells" in other.text


def test_without_any_label(corpus, made) -> None:
    page, numbers, _ = inspected(corpus([made({})] * 3))
    assert "No clip has a label." in page.text and numbers["attributes"] == {}
    assert "Faces" in page.headings


def test_one_speaker_has_nothing_to_tell_of(corpus, made) -> None:
    clips = [made({"speaker": "ann", "emotion": "xy"[i % 2]}) for i in range(6)]
    page, numbers, _ = inspected(corpus(clips))
    assert "made: 6 clips of 1 speaker" in page.text and numbers["entanglement"] == []
    assert "Clips by speaker and emotion." in page.texts and "What tells what" not in page.headings


def test_a_corpus_in_which_speakers_have_emotions_of_their_own_is_warned_of(corpus, made) -> None:
    clips = [made({"speaker": s, "emotion": e}) for s, e in (("a", "x"), ("b", "y"), ("c", "z")) for _ in range(10)]
    page, numbers, _ = inspected(corpus(clips))
    warnings = [finding["text"] for finding in numbers["findings"] if finding["tone"] == "warning"]
    assert any(text.startswith("The speaker settles the emotion and the other way round") for text in warnings)
    assert any(text == "6 of 9 pairs of speaker and emotion have no clip." for text in warnings)
    assert "100.0 %" in page.texts
    fair = [made({"speaker": s, "emotion": e}) for s in "abc" for e in "xyz" for _ in range(4)]
    _, numbers, _ = inspected(corpus(fair))
    assert not [finding for finding in numbers["findings"] if finding["tone"] == "warning"]


def test_everything_else_that_is_counted(corpus, made) -> None:
    clips = [
        made(
            {"speaker": "ab"[i % 2], "emotion": "xyxz"[i % 4], "take": f"take {i}"},
            seconds=12.0 if i < 5 else 2.0 + i / 10, values={"sentiment": i % 7 - 3.0}, faces=1 + (i % 3 == 0),
            split=("train", "test", None)[i % 3],
        )
        for i in range(30)
    ]  # fmt: skip
    rejected = [(f"r{i}", f"t.csv, row {i}", f"r{i}.mp4 is empty (0 bytes)") for i in range(4)] + [
        ("q", "", "no sound")
    ]
    page, numbers, _ = inspected(corpus(clips, rejected))
    assert numbers["rejections"] == 5 and [one["clips"] for one in numbers["rejected"]] == [4, 1]
    assert "Rejected: 5 of 35 clips (14.3 %); the commonest reason: … is empty (… bytes)." in page.text
    assert "Up to the 12 s after which prepare cuts: 5 of 30 clips." in page.text
    assert "With more than one face: 10 of 30 clips with any" in page.text
    assert "Faces that were followed: 20 clips with 1 face, 10 clips with 2 faces." in page.text
    assert numbers["left_out"] == {"take": "30 values in 30 clips, nearly one a clip"}
    assert [(split["name"], split["clips"]) for split in numbers["splits"]] == [("test", 10), ("train", 10), ("", 10)]
    assert [value["name"] for value in numbers["values"]] == ["sentiment"]
    assert len(numbers["values"][0]["edges"]) == 8 and "Numbers" in page.headings
    assert numbers["durations"]["by"] == "emotion" and numbers["reach_the_limit"] == {"clips": 5, "limit": 12.0}


def test_joined_corpora_are_one_page_with_what_the_corpus_tells(make, made, tmp_path: Path) -> None:
    parts = {name: make(name, [made({"speaker": s, "emotion": e}) for s in "ab" for e in words * 4])
             for name, words in (("one", "xy"), ("two", "yz"))}  # fmt: skip
    join(tmp_path / "joined", [f"{name}={path}" for name, path in parts.items()])
    page, numbers, _ = inspected(tmp_path / "joined")
    assert "one + two: 32 clips of 4 speakers" in page.text and "Faces" in page.headings
    pairs = {(pair["known"], pair["told"]): pair for pair in numbers["entanglement"]}
    assert pairs["corpus", "emotion"]["bits"] == pytest.approx(0.5)
    assert pairs["speaker", "corpus"]["share"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["emotoin=1"], "emotoin: unknown key"),
        (["sheet_rows=0", "sheet_crop=9999"], "sheet_crop"),
        (["sheet_rows=100", "sheet_columns=30", "sheet_each=20"], "too large for a page"),
        (["primary=speaker"], "primary and secondary are the same attribute"),
        (["primary=emotoin", "attributes=[gendre]"], "no clip of .* has a label 'gendre'\n.*did you mean 'gender'"),
        (["secondary=actor"], "has a label 'actor'"),
        (["permutations=-1"], "greater than or equal to 0"),
    ],
)
def test_options_that_are_none_are_refused_and_leave_nothing(prepared: Path, tmp_path: Path, options, said) -> None:
    with pytest.raises(RecipeError, match=said):
        inspect(prepared, tmp_path / "out", options, overwrite=False)
    assert not (tmp_path / "out").exists()


def test_what_is_not_prepared_is_refused(tmp_path: Path, corpus, made) -> None:
    with pytest.raises(StageError, match="no such directory"):
        inspect(tmp_path / "none", tmp_path / "out", [], overwrite=False)
    empty = corpus([], [("a", "", "odd")])
    with pytest.raises(CorpusError, match="holds no usable clip"):
        inspect(empty, tmp_path / "out", [], overwrite=False)
    assert not (tmp_path / "out").exists()


def test_a_damaged_directory_is_an_error_in_words(corpus, made, tmp_path: Path) -> None:
    directory = corpus([made({"speaker": "a"})] * 3)
    (directory / "rejected.csv").write_text("what\n1\n")
    with pytest.raises(CorpusError, match="not a table of rejected clips"):
        inspect(directory, tmp_path / "out", FAST, overwrite=False)
    (directory / "rejected.csv").unlink()
    with pytest.raises(CorpusError, match="no such file"):
        inspect(directory, tmp_path / "out", FAST, overwrite=False)
    shard = directory / "shard-00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:200])
    with pytest.raises(CorpusError, match="shard-00000"):
        inspect(directory, tmp_path / "out", FAST, overwrite=False)
    assert not (tmp_path / "out").exists()


def test_the_options_are_documented_with_their_defaults() -> None:
    """docs/data.md, whose table names one or two options a row."""
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
    section = text.split("## Look at a corpus before training on it")[1].split("\n## ")[0]
    rows = [row.split("|")[1:3] for row in section.splitlines() if row.startswith("| `")]
    told = {
        name.strip("` "): default.strip("` ")
        for names, defaults in rows
        for name, default in zip(names.split(","), defaults.split(","), strict=True)
    }
    fields = InspectOptions.model_fields.items()
    assert told == {name: "all" if field.default == () else str(field.default) for name, field in fields}
