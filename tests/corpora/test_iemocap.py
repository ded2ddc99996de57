"""IEMOCAP: a small tree in the layout of the release, two dialogues a session."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoprism.corpora.iemocap import LEFT_HALF, RIGHT_HALF, Iemocap
from emoprism.errors import CorpusError, PluginError
from emoprism.families import CORPORA
from emoprism.media.prepare import prepare
from emoprism.media.shards import PreparedCorpus
from emoprism.testing import check_copies, check_corpus

REAL = os.environ.get("EMOPRISM_IEMOCAP", "")
HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
RATERS = (
    "C-E2:\tNeutral;\t()\nC-E3:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\nA-F1:\tval 3; act 2; dom  1;\t()\n\n"
)

Medium = Callable[[Path], Path]


def line(name: str, label: str, start: float = 0.05, end: float = 0.45, rated: str = "2.5000, 3.0000, 2.6667") -> str:
    return f"[{start:.4f} - {end:.4f}]\t{name}\t{label}\t[{rated}]\n{RATERS}"


def session(root: Path, medium: Medium, number: int, labels: dict[str, str]) -> None:
    """`labels` of utterances by their names without the session: `F_impro01_F000`."""
    folder = root / f"Session{number}"
    texts: dict[str, str] = {}
    for short, label in labels.items():
        name = f"Ses0{number}{short}"
        dialogue = name.rpartition("_")[0]
        texts[dialogue] = texts.get(dialogue, HEADER) + line(name, label)
        medium(folder / "sentences" / "wav" / dialogue / f"{name}.wav")
    evaluation = folder / "dialog" / "EmoEvaluation"
    for below in ("Attribute", "Categorical", "Self-evaluation"):
        (evaluation / below).mkdir(parents=True)
    for dialogue, text in texts.items():
        medium(folder / "dialog" / "avi" / "DivX" / f"{dialogue}.avi")
        (evaluation / f"{dialogue}.txt").write_text(text)
        (evaluation / "Attribute" / f"{dialogue}_e3_atr.txt").write_text(
            f"{dialogue}_F000 :act  2; :val  3; :dom  2; :()\n"
        )
        (evaluation / "Categorical" / f"{dialogue}_e2_cat.txt").write_text(f"{dialogue}_F000 :Neutral state; ()\n")
        (evaluation / "Self-evaluation" / f"{dialogue}_f1_cat.anvil").write_text("<annotation/>")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, medium: Medium) -> Path:
    root = tmp_path_factory.mktemp("iemocap") / "IEMOCAP"
    first = {
        "F_impro01_F000": "neu", "F_impro01_M000": "fru", "F_impro01_M001": "ang", "F_impro01_F001": "xxx",
        "M_script01_1b_F000": "exc", "M_script01_1b_M000": "hap", "M_script01_1b_M001": "sad",
        "M_script01_1b_F001": "oth",
    }  # fmt: skip
    session(root, medium, 1, first)
    for number in range(2, 6):
        session(root, medium, number, {"M_impro05a_F000": "sad", "M_impro05a_M000": "hap", "F_script01_1_F000": "ang"})
    return root


def by_id(root: Path, **options: Any) -> dict[str, Any]:
    return {clip.id: clip for clip in Iemocap(root, **options).clips()}


def refused(root: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        Iemocap(root, **options).clips()
    return str(caught.value)


def test_keeps_the_contract(tree: Path, tmp_path: Path) -> None:
    check_corpus("iemocap", tree)
    check_corpus("iemocap", tree, scenario="scripted", emotions=("happy", "excited"), sessions=(1, 2))
    check_copies("iemocap", tree, tmp_path)


def test_what_a_clip_is(tree: Path) -> None:
    clips = by_id(tree)
    assert len(clips) == 8 + 4 * 3
    clip = clips["Ses01F_impro01_M001"]
    assert clip.audio == tree / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M001.wav"
    assert clip.video == tree / "Session1/dialog/avi/DivX/Ses01F_impro01.avi"
    assert (clip.start, clip.end, clip.audio_start) == (0.05, 0.45, 0.0)
    assert clip.labels == {
        "speaker": "Ses01M", "gender": "male", "session": "Ses01", "source": "Ses01F_impro01", "scenario": "improvised",
        "emotion": "angry",
    }  # fmt: skip
    assert clip.values == {"valence": 2.5, "arousal": 3.0, "dominance": 2.6667}
    assert clip.origin == "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt, line 15"
    text = (tree / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt").read_text().splitlines()
    assert clip.id in text[15 - 1]


def test_the_speaker_is_who_speaks_and_the_half_shows_them(tree: Path) -> None:
    clips = by_id(tree)
    seen = {name: (clip.labels["speaker"], clip.region) for name, clip in clips.items() if name.startswith("Ses01")}
    assert seen["Ses01F_impro01_F000"] == ("Ses01F", LEFT_HALF)
    assert seen["Ses01F_impro01_M001"] == ("Ses01M", RIGHT_HALF)
    assert seen["Ses01M_script01_1b_F000"] == ("Ses01F", RIGHT_HALF)
    assert seen["Ses01M_script01_1b_M000"] == ("Ses01M", LEFT_HALF)
    assert {clip.labels["speaker"] for clip in clips.values()} == {f"Ses0{n}{g}" for n in range(1, 6) for g in "FM"}


def test_four_classes_and_why_others_are_rejected(tree: Path) -> None:
    clips = by_id(tree)
    used = Counter(clip.labels["emotion"] for clip in clips.values() if not clip.rejected)
    assert used == {"neutral": 1, "angry": 5, "happy": 6, "sad": 5}
    assert {clip.id: clip.rejected for clip in clips.values() if clip.rejected} == {
        "Ses01F_impro01_F001": "its label is 'xxx': the raters have no majority",
        "Ses01F_impro01_M000": "its label is 'fru', which is none of angry, happy, neutral, sad",
        "Ses01M_script01_1b_F001": "its label is 'oth', which is none of angry, happy, neutral, sad",
    }
    assert clips["Ses01F_impro01_M000"].labels["emotion"] == "frustrated"
    assert "emotion" not in clips["Ses01F_impro01_F001"].labels
    assert clips["Ses01M_script01_1b_F000"].labels["emotion"] == "happy", "excitement counts as happy"


def test_excitement_and_others_on_request(tree: Path) -> None:
    clips = by_id(tree, emotions=("happy", "excited", "frustrated"))
    assert clips["Ses01M_script01_1b_F000"].labels["emotion"] == "excited"
    assert clips["Ses01M_script01_1b_M000"].labels["emotion"] == "happy"
    assert not clips["Ses01F_impro01_M000"].rejected
    assert clips["Ses01F_impro01_M001"].rejected.endswith("none of happy, excited, frustrated")
    with pytest.raises(PluginError, match="emotions"):
        CORPORA.make("iemocap", tree, options={"emotions": ["joyful"]})


def test_scenarios_and_the_text_of_scripts(tree: Path) -> None:
    scripted, improvised = by_id(tree, scenario="scripted"), by_id(tree, scenario="improvised")
    assert {**scripted, **improvised} == by_id(tree) and not set(scripted) & set(improvised)
    assert {clip.labels["scenario"] for clip in scripted.values()} == {"scripted"}
    assert {clip.labels["sentence"] for clip in scripted.values()} == {"script01_1"}, "take b is the same text"
    assert not any("sentence" in clip.labels for clip in improvised.values())


def test_a_release_folder_around_it_is_fine(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "IEMOCAP_full_release").symlink_to(tree)
    assert set(by_id(tmp_path)) == set(by_id(tree))


def test_missing_sessions_are_named(tree: Path, tmp_path: Path) -> None:
    for number in (1, 3):
        (tmp_path / f"Session{number}").symlink_to(tree / f"Session{number}")
    said = refused(tmp_path)
    for number in (2, 4, 5):
        assert f"{tmp_path / f'Session{number}'}: missing: session {number} of five" in said
    assert "corpus.sessions=[1,3]" in said
    assert {clip.labels["session"] for clip in by_id(tmp_path, sessions=(1, 3)).values()} == {"Ses01", "Ses03"}


def test_missing_parts_of_a_session(tmp_path: Path, medium: Medium) -> None:
    session(tmp_path, medium, 1, {"F_impro01_F000": "neu"})
    (tmp_path / "Session1/dialog/EmoEvaluation").rename(tmp_path / "Session1/dialog/EmoEval")
    (tmp_path / "Session1/sentences/wav").rename(tmp_path / "Session1/sentences/sound")
    said = refused(tmp_path, sessions=(1,))
    assert f"{tmp_path / 'Session1/dialog/EmoEvaluation'}: missing: the labels of session 1" in said
    assert "did you mean 'EmoEval'?" in said
    assert f"{tmp_path / 'Session1/sentences/wav'}: missing: the utterances of session 1" in said
    (tmp_path / "Session1/dialog/EmoEval").rename(tmp_path / "Session1/dialog/EmoEvaluation")
    (tmp_path / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt").unlink()
    assert "holds no evaluation" in refused(tmp_path, sessions=(1,))


def test_without_pictures_or_without_a_sound(tmp_path: Path, medium: Medium) -> None:
    session(tmp_path, medium, 1, {"F_impro01_F000": "neu", "F_impro01_M000": "ang"})
    (tmp_path / "Session1/dialog/avi/DivX/Ses01F_impro01.avi").unlink()
    (tmp_path / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M000.wav").unlink()
    clips = by_id(tmp_path, sessions=(1,))
    assert clips["Ses01F_impro01_F000"].video is None and clips["Ses01F_impro01_F000"].region is None
    why = clips["Ses01F_impro01_M000"].rejected
    assert why == "there is no sentences/wav/Ses01F_impro01/Ses01F_impro01_M000.wav"
    (tmp_path / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav").unlink()
    said = refused(tmp_path, sessions=(1,))
    assert "none of its 2 utterances can be used" in said and "Ses01F_impro01_F000.wav" in said


BROKEN = {
    "is no utterance": "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\n",
    "'Ses06F_impro01_F000' is no utterance's name": line("Ses06F_impro01_F000", "neu"),
    "unknown label 'joy'": line("Ses01F_impro01_F000", "joy"),
    "not a number: could not convert string to float: 'soon'": line("Ses01F_impro01_F000", "neu").replace(
        "0.0500", "soon"
    ),
    "its times are nan s to 0.45 s": line("Ses01F_impro01_F000", "neu", start=float("nan")),
    "its times are -1 s to 0.45 s": line("Ses01F_impro01_F000", "neu", start=-1),
}


@pytest.mark.parametrize("words", BROKEN)
def test_lines_that_are_no_utterance(tmp_path: Path, medium: Medium, words: str) -> None:
    session(tmp_path, medium, 1, {"F_impro01_F000": "neu"})
    text = tmp_path / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    text.write_text(HEADER + BROKEN[words])
    said = refused(tmp_path, sessions=(1,))
    assert f"{text}, line 3: " in said and words in said and "expected [start - end]" in said


def test_an_utterance_twice_and_one_that_ends_first(tmp_path: Path, medium: Medium) -> None:
    session(tmp_path, medium, 1, {"F_impro01_F000": "neu", "F_impro01_M000": "neu"})
    text = tmp_path / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    text.write_text(HEADER + line("Ses01F_impro01_F000", "neu", 5, 4) + line("Ses01F_impro01_M000", "neu"))
    assert by_id(tmp_path, sessions=(1,))["Ses01F_impro01_F000"].rejected == "it ends at 4 s, before it starts at 5 s"
    text.write_text(HEADER + 2 * line("Ses01F_impro01_F000", "neu"))
    assert "line 9: 'Ses01F_impro01_F000' stands there and in" in refused(tmp_path, sessions=(1,))


def test_ratings_off_the_scale_are_left_out(tmp_path: Path, medium: Medium) -> None:
    session(tmp_path, medium, 1, {"F_impro01_F000": "neu"})
    text = tmp_path / "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    text.write_text(HEADER + line("Ses01F_impro01_F000", "neu", rated="5.5000, 1.0000, nan"))
    assert by_id(tmp_path, sessions=(1,))["Ses01F_impro01_F000"].values == {"arousal": 1.0}


def test_a_scenario_that_is_not_there(tmp_path: Path, medium: Medium) -> None:
    session(tmp_path, medium, 1, {"F_impro01_F000": "neu"})
    assert "no scripted utterance in it" in refused(tmp_path, sessions=(1,), scenario="scripted")


def test_prepared_from_end_to_end(tree: Path, tmp_path: Path) -> None:
    prepare("iemocap", tree, tmp_path / "out", ["crop=32", "corpus.sessions=[1,2]", "seconds=1"], workers=1)
    corpus = PreparedCorpus.open(tmp_path / "out")
    assert len(corpus.clips) == 5 + 3 and corpus.manifest.facts["rejected"] == 3
    clip = next(clip for clip in corpus.clips if clip.id == "Ses01F_impro01_F000")
    assert clip.labels["speaker"] == "Ses01F" and clip.values["dominance"] == 2.6667
    assert 30 <= clip.steps["audio"] <= 40, "0.4 s of the sentence's own file, from its start"
    assert clip.notes["face"].startswith("no face was found in 2 sampled pictures"), "of the dialogue, grey here"
    rejected = (tmp_path / "out" / "rejected.csv").read_text()
    assert "Ses01F_impro01_F001" in rejected and "raters have no majority" in rejected


@pytest.mark.skipif(not REAL, reason="set EMOPRISM_IEMOCAP to the folder of the real corpus")
def test_the_real_corpus() -> None:
    check_corpus("iemocap", Path(REAL))
    clips = Iemocap(Path(REAL)).clips()
    assert len(clips) == 10_039
    used = Counter(clip.labels["emotion"] for clip in clips if not clip.rejected)
    assert used == {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084}, "Li et al. 2020, section 4"
    assert used.total() == 5_531
