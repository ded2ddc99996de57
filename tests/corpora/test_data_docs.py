"""docs/data.md says what is so: its tables, error messages, layouts and commands are run."""

from __future__ import annotations

import pickle
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from emoprism.corpora.emovox import Emovox
from emoprism.corpora.iemocap import Iemocap
from emoprism.corpora.manifest import ManifestCorpus
from emoprism.corpora.ravdess import Ravdess
from emoprism.errors import CorpusError
from emoprism.families import CORPORA
from emoprism.recipe import with_overrides
from emoprism.testing import check_corpus

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `data` of the example with its media."""
    folder = tmp_path / "data"
    for name in ("ann.mp4", "bob/first.wav", "bob/second.wav", "cem.mov"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"media")
    np.savez(folder / "units.npz", au=np.zeros((2, 35), np.float32))
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_example_of_a_table(data: Path) -> None:
    (data / "clips.csv").write_text(blocks("csv")[0])
    check_corpus("manifest", Path("data/clips.csv"))
    clips = {clip.id: clip for clip in ManifestCorpus(data).clips()}
    assert sorted(clips) == ["ann-1", "ann-2", "bob-1", "bob-2", "cem-1"]
    assert (clips["ann-2"].start, clips["ann-2"].end) == (3.5, 7.0)
    assert "emotion" not in clips["bob-2"].labels
    assert clips["bob-2"].features["action_units"].row == 1


def test_the_example_of_mistakes(data: Path) -> None:
    (data / "clips.csv").write_text(blocks("csv")[1])
    with pytest.raises(CorpusError) as caught:
        ManifestCorpus(Path("data/clips.csv")).clips()
    said = str(caught.value).replace(str(data.resolve()), "data")
    assert said == blocks("text")[0].strip()


def test_the_example_of_ravdess(tmp_path: Path) -> None:
    make_layout("RAVDESS", tmp_path)
    rows = [
        f"| {clip.id} | {clip.video.name[:2] if clip.video else ''} | {clip.audio.name[:2] if clip.audio else ''}"
        f" | {clip.labels['speaker']} | {clip.labels['emotion']} |".replace("|  |", "| |")
        for clip in Ravdess(tmp_path).clips()
    ]
    assert len(rows) == 3
    assert "\n".join(rows) in TEXT


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def make_layout(title: str, root: Path) -> None:
    """The files of a section's layout, below `root`."""
    layout = re.findall(r"```text\n(.*?)```", section(title), flags=re.DOTALL)[0]
    for line in layout.splitlines()[1:]:
        path = root / line.strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"media")


def test_the_layout_of_crema_d(tmp_path: Path) -> None:
    make_layout("CREMA-D", tmp_path)
    (tmp_path / "VideoDemographics.csv").write_text('"ActorID","Age","Sex"\n1001,51,"Male"\n1002,21,"Female"\n')
    votes = '"","A","D","F","H","N","S","fileName"\n"300001",9,0,0,0,0,0,"1001_DFA_ANG_XX"\n'
    (tmp_path / "processedResults/tabulatedVotes.csv").write_text(votes)
    check_corpus("crema_d", tmp_path)


def test_the_layout_of_mead(tmp_path: Path) -> None:
    make_layout("MEAD", tmp_path)
    check_corpus("mead", tmp_path)
    check_corpus("mead", tmp_path, view="left_30")


def test_the_layout_and_the_table_of_emovox(tmp_path: Path) -> None:
    make_layout("EmoVox", tmp_path)
    (tmp_path / "vox1_meta.csv").write_text("VoxCeleb1 ID\tVGGFace1 ID\tGender\nid10001\tA.J._Buckley\tm\n")
    (tmp_path / "vox2_meta.csv").write_text("VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \nid00012 ,n000012 ,m ,dev \n")
    table = re.findall(r"```csv\n(.*?)```", section("EmoVox"), flags=re.DOTALL)[0]
    (tmp_path / "distributions.csv").write_text(table)
    check_corpus("emovox", tmp_path)
    one, other = Emovox(tmp_path).clips()
    assert [(clip.labels["emotion"], clip.split) for clip in (one, other)] == [
        ("other", "unseen"),
        ("neutral", "train"),
    ]
    assert Emovox(tmp_path, emotions="eight").clips()[0].labels["emotion"] == "disgust"


def test_the_layout_of_iemocap(tmp_path: Path) -> None:
    make_layout("IEMOCAP", tmp_path / "IEMOCAP_full_release")
    evaluation = tmp_path / "IEMOCAP_full_release/Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    names = ("Ses01F_impro01_F000", "Ses01F_impro01_M000")
    evaluation.write_text("".join(f"[1.0 - 2.0]\t{name}\tneu\t[2.5, 2.5, 2.5]\n" for name in names))
    check_corpus("iemocap", tmp_path, sessions=(1,))
    clips = Iemocap(tmp_path, sessions=(1,)).clips()
    assert [(clip.labels["speaker"], (clip.region or (0,))[0]) for clip in clips] == [("Ses01F", 0), ("Ses01M", 0.5)]


def test_the_table_of_features(tmp_path: Path) -> None:
    table = re.findall(r"```csv\n(.*?)```", section("Features extracted beforehand"), flags=re.DOTALL)[0]
    (tmp_path / "clips.csv").write_text(table)
    for name in ("covarep.csd", "openface.h5", "bob.npz", "bob.parquet"):
        (tmp_path / name).write_bytes(b"features")
    check_corpus("manifest", tmp_path, fill=True)
    clips = {clip.id: clip.features for clip in ManifestCorpus(tmp_path).clips()}
    assert clips["ann-2"]["acoustic"].span == (3.0, 4.5) and clips["bob-1"]["visual"].key == ("clip", "bob-1")


def test_the_conversion_of_a_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = np.array(["v$_$0", "v$_$1"], dtype=object)
    side = {"audio": np.ones((2, 3, 4)), "id": names, "regression_labels": np.zeros(2), "raw_text": ["A.", "B."]}
    with Path("mosei.pkl").open("wb") as file:
        pickle.dump({"train": side}, file)
    Path("mosei").mkdir()
    exec(re.findall(r"```python\n(.*?)```", section("Whole corpora as arrays"), flags=re.DOTALL)[0], {})
    check_corpus("arrays", Path("mosei"))
    with np.load("mosei/train.npz") as arrays:
        assert {name: array.dtype.kind for name, array in arrays.items()} == {
            "audio": "f", "id": "U", "regression_labels": "f", "raw_text": "U",
        }  # fmt: skip


def test_the_layout_of_cmu_mosei(tmp_path: Path) -> None:
    make_layout("CMU-MOSEI", tmp_path)
    answers = ("anger", "disgust", "fear", "happiness", "sadness", "sentiment", "surprise")
    header = ["Input.VIDEO_ID", "Input.CLIP", *(f"Answer.{name}" for name in answers)]
    row = ["-3g5yACwYnA", "0", "0", "0", "0", "1", "0", "2", "0"]
    (tmp_path / "Raw/Labels/5000_batch_raw.csv").write_text(",".join(header) + "\n" + ",".join(row) + "\n")
    transcript = tmp_path / "Raw/Transcript/Segmented/Combined/-3g5yACwYnA.txt"
    transcript.write_text("-3g5yACwYnA___0___0.5___2.5___Words.\n")
    check_corpus("cmu_mosei", tmp_path, labels="batches")


@pytest.mark.parametrize(
    ("title", "corpus", "clips"),
    [
        ("A tree of folders", "folder", 3),
        ("EmoDB", "emodb", 2),
        ("SAVEE", "savee", 2),
        ("eNTERFACE'05", "enterface05", 5),
    ],
)
def test_layouts_whose_names_say_all(tmp_path: Path, title: str, corpus: str, clips: int) -> None:
    make_layout(title, tmp_path)
    check_corpus(corpus, tmp_path)
    assert len(CORPORA.make(corpus, tmp_path).clips()) == clips


def test_the_layout_of_msp_improv(tmp_path: Path) -> None:
    make_layout("MSP-IMPROV", tmp_path)
    names = ("S01A-F01-P-FM01", "S01A-M01-T-MF02")
    rows = [f"UTD-IMPROV-{name}.avi; A; A:3.000000; V:3.500000; D:3.000000 ; N:4.000000;\n" for name in names]
    (tmp_path / "Evalution.txt").write_text("".join(rows))
    check_corpus("msp_improv", tmp_path)
    assert [clip.id for clip in CORPORA.make("msp_improv", tmp_path).clips() if not clip.rejected] == list(names)


def test_the_layout_of_meld(tmp_path: Path) -> None:
    make_layout("MELD", tmp_path)
    columns = "Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode"
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}_sent_emo.csv").write_text(f"{columns}\nRoss,joy,positive,0,0,1,1\n")
    check_corpus("meld", tmp_path)
    clips = CORPORA.make("meld", tmp_path).clips()
    assert [clip.split for clip in clips] == ["validation", "test", "train"]
    assert [clip.video.name for clip in clips if clip.video][1] == "final_videos_testdia0_utt0.mp4"


def test_the_options_it_names_exist() -> None:
    """Every option in a section is one of the corpus that the section's command prepares."""
    seen = 0
    for part in TEXT.split("\n## "):
        corpora = re.findall(r"emoprism prepare (\w+)", part)
        for option in re.findall(r"`(corpus\.[^`]+)`", part):
            if "KEY" not in option:
                given = with_overrides({}, [option])["corpus"]
                assert CORPORA.validate(corpora[0], given, option)[1] == []
                seen += 1
    assert seen >= 12


def test_the_commands_it_shows_name_corpora() -> None:
    commands = [shlex.split(block) for block in blocks("sh")]
    assert all(program == "emoprism" for program, *_ in commands)
    prepared = [corpus for _, verb, corpus, *_ in commands if verb == "prepare"]
    assert len(prepared) >= 4 and set(prepared) <= set(CORPORA.names())
