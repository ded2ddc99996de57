"""The protocol and the training of Li et al. 2020, as the recipes and the study file have them, on corpora of numbers.

Layers: tests/models/test_speech.py. Equations and freezing: tests/disentangle/test_max_entropy.py. Features:
tests/media/test_acoustics.py and test_pitch.py. Sessions: tests/splits/test_sessions.py.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emoprism.corpora.cmu_mosei import EMOTIONS, NEUTRAL
from emoprism.embeddings import load_embeddings
from emoprism.experiments import crossvalidate as command
from emoprism.experiments.crossvalidate import crossvalidate
from emoprism.experiments.study import Study, plan
from emoprism.media.acoustics.speech import Speech as Features
from emoprism.media.processed import ProcessedClip
from emoprism.media.shards import PreparedCorpus
from emoprism.media.writer import encode, finish, write_shard
from emoprism.models.base import Batch
from emoprism.recipe import load_recipe
from emoprism.splits.base import read_sides
from emoprism.stage import Stage
from emoprism.training.dataset import Batches, label_clips, open_prepared
from emoprism.training.game import Game
from emoprism.training.run import Run, train
from emoprism.types import NO, TRAIN, UNSEEN, VALIDATION, YES, Clip

SPEEDS = (0.8, 0.9, 1.1, 1.2)
FOUR = ("angry", "happy", "neutral", "sad")
SYSTEMS = ["li2020/emotion_only", "li2020/multitask", "li2020/dat", "li2020/menan"]
SIDES = (TRAIN, VALIDATION, UNSEEN)


def clip(name: str, labels: dict[str, str], speeds: tuple[float, ...]) -> Any:
    """A clip of noise as long as half a second, its emotion in one feature, its speaker in another."""
    generator = np.random.default_rng([ord(letter) for letter in name])
    streams = {}
    for key, speed in (("speech", 1.0), *((f"speech@{speed:g}", speed) for speed in speeds)):
        values = generator.normal(size=(round(50 / speed), 43)).astype(np.float32)
        values[:, sum(map(ord, labels.get("emotion", ""))) % 20] += 3
        values[:, 20 + sum(map(ord, labels["speaker"])) % 20] += 3
        streams[key] = values
    times = {key: np.arange(len(values)) / 100 for key, values in streams.items()}
    boxes = np.zeros((0, 4), np.float32)
    return encode(Clip(id=name, labels=labels), ProcessedClip(seconds=0.5, streams=streams, times=times, boxes=boxes))


def write(directory: Path, corpus: str, clips: list[Any]) -> Path:
    stage = Stage.begin(directory, "prepare", options={"corpus": {"name": corpus}, "media": {}}, inputs={})
    write_shard(directory / "shard-00000.safetensors", clips, [])
    finish(stage, ["shard-00000.safetensors"], {})
    return directory


def sessions_of(directory: Path, sessions: int, takes: int) -> Path:
    """As IEMOCAP: sessions of a woman and a man, four emotions."""
    return write(directory, "iemocap", [
        clip(
            f"Ses0{session}{gender}-{take:02d}",
            {"speaker": f"Ses0{session}{gender}", "session": f"Ses0{session}", "emotion": FOUR[take % 4]},
            SPEEDS,
        )
        for session in range(1, sessions + 1) for gender in "FM" for take in range(takes)
    ])  # fmt: skip


RATED = {"one": ("happy",), "two": ("happy", "sad"), "none": (), "fear": ("fearful",), "both": ("angry", "disgust")}


def rated_of(directory: Path) -> Path:
    """As CMU-MOSEI: a yes or no for each of six emotions, and none at other speeds: those are for training alone."""
    labels = {
        name: {"speaker": name, **{word: YES if word in present else NO for word in EMOTIONS}}
        | ({"emotion": present[0]} if len(present) == 1 else {} if present else {"emotion": NEUTRAL})
        for name, present in RATED.items()
    }
    return write(directory, "cmu_mosei", [clip(f"{n}-{i}", told, ()) for n, told in labels.items() for i in range(3)])


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sessions_of(tmp_path_factory.mktemp("li2020") / "iemocap", 5, 4)


def test_the_study_is_ten_folds_of_session_pairs_for_each_of_four_systems(iemocap: Path) -> None:
    corpus = open_prepared(iemocap)
    planned = plan(Study.load("studies/li2020_iemocap"), corpus)
    assert Counter(item.recipe.name for item in planned) == dict.fromkeys(SYSTEMS, 10)
    assert {(item.recipe.training.epochs, item.recipe.training.batch_size) for item in planned} == {(300, 16)}
    tested: list[tuple[str, str]] = []
    for item in planned:
        labelled = label_clips(corpus, item.recipe.data, item.recipe.seed)
        people = {side: {labelled.clips[row].labels["speaker"] for row in labelled.rows(side)} for side in SIDES}
        (chosen,), (strange,) = people[VALIDATION], people[UNSEEN]
        assert chosen[:5] == strange[:5] and chosen != strange, "the two of one session"
        assert len(people[TRAIN]) == 8 and not {chosen, strange} & people[TRAIN]
        tested.append((item.recipe.name, strange))
    everybody = {clip.labels["speaker"] for clip in corpus.clips}
    assert Counter(tested) == {(name, who): 1 for name in SYSTEMS for who in everybody}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The study of the paper on two sessions and for one epoch, scored on clips that are rated; the ratings."""
    root = tmp_path_factory.mktemp("study")
    ours, rated = sessions_of(root / "iemocap", 2, 8), rated_of(root / "mosei")
    words = [
        "recipes=[li2020/multitask, li2020/menan]", "order=[li2020/menan, li2020/multitask]",
        "overrides={data: {exact_steps: {speech: 40}}, training: {epochs: 1}}",
        "audit=['attackers=[nearest_neighbours]', bootstrap=30]", f"other={rated}",
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "run_all", lambda work, planned, workers: [work(item) for item in planned])
        crossvalidate("studies/li2020_iemocap", ours, root / "out", words)
    return root / "out", rated


def test_a_prediction_is_right_where_that_emotion_is_rated_positive(study: tuple[Path, Path]) -> None:
    out, _ = study
    right = {"one": {"happy"}, "two": {"happy", "sad"}, "none": {"neutral"}, "both": {"angry"}}
    with (out / "report" / "folds.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "other corpus"]
    assert len(rows) == 2 * 4, "every fold's model of both systems"
    for row in rows:
        fold = [f"Ses0{session}-{half}" for session in (1, 2) for half in (1, 2)].index(row["fold"])
        found = load_embeddings(out / "other" / f"{row['system'].replace('/', '-')}-fold{fold:02d}-seed0")
        said = {c: found.classes["emotion"][i] for c, i in zip(found.clips, found.predictions["emotion"], strict=True)}
        hits = [word in right[name[:-2]] for name, word in said.items() if name[:-2] in right]
        assert len(said) == 15 and len(hits) == int(row["clips"]) == 12, "fear alone is none of the four"
        assert float(row["value"]) == pytest.approx(np.mean(hits))
    other = json.loads((out / "report" / "results.json").read_text())["other"]
    assert (other["clips"], other["left_out"], other["classes"]) == (12, 3, list(FOUR))


def test_the_mean_the_worst_and_the_best_fold_are_shown(study: tuple[Path, Path]) -> None:
    out, _ = study
    with (out / "report" / "folds.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "other corpus"]
    for system in json.loads((out / "report" / "results.json").read_text())["systems"]:
        folds = [float(row["value"]) for row in rows if row["system"] == system["name"]]
        found = system["other"]
        assert (found["least"], found["most"]) == (min(folds), max(folds))
        assert found["mean"]["value"] == pytest.approx(np.mean(folds))


def test_maps_of_strangers_by_emotion_and_by_speaker(study: tuple[Path, Path]) -> None:
    """Figure 2: the multitask system and MEnAN."""
    out, _ = study
    figures = [path.read_text() for path in sorted((out / "report" / "figures").glob("*.svg"))]
    assert len(figures) == 2
    for figure in figures:
        for words in ("coloured by emotion", "coloured by speaker", "Ses01M", *FOUR):
            assert words in figure, words
        assert "Ses01F" not in figure and "Ses02" not in figure, "the tested speaker of the first fold, and nobody else"


def test_strangers_and_those_who_trained_are_probed(study: tuple[Path, Path]) -> None:
    """One stranger a fold cannot be told from others: as in the paper, whose folds test one speaker."""
    out, _ = study
    for system in json.loads((out / "report" / "results.json").read_text())["systems"]:
        assert set(system["attacks"]) == {"seen"}
        assert system["attacks"]["seen"]["chance"] == pytest.approx(1 / 2)


@pytest.fixture
def training(iemocap: Path, tmp_path: Path) -> tuple[Run, Batch]:
    """The first fold of MEnAN as it is about to be trained, and its first batch; weights in float64."""
    stage = Stage.begin(tmp_path / "run", "train", options={}, inputs={"prepared": iemocap})
    run = Run(load_recipe("li2020/menan", ["data.exact_steps={speech: 40}"]), iemocap, stage)
    run.model.double().eval()
    run.method.double()
    run.game = Game(run.model, run.method, run.recipe.players, epochs=run.recipe.training.epochs)
    batches = Batches(run.labelled, run.store, run.recipe.data, run.recipe.training.batch_size, run.recipe.seed)
    return run, next(batches.epoch(0, torch.device("cpu")))


def log_probabilities(logits: torch.Tensor) -> list[list[float]]:
    """Row by row, with nothing of torch."""
    rows = [[float(x) for x in row] for row in logits.detach()]
    return [[x - math.log(sum(math.exp(y) for y in row)) for x in row] for row in rows]


def test_equations_1_2_4_and_5_of_the_recipe_each_by_itself(training: tuple[Run, Batch]) -> None:
    run, batch = training
    v = run.model(batch)
    (logits,) = run.method.adversary(v).values()
    of_speakers, of_emotions = log_probabilities(logits), log_probabilities(run.model.heads(v)["emotion"])
    count = len(of_speakers)
    assert len(of_speakers[0]) == 8 and len(of_emotions[0]) == 4 and 14 <= count <= 16
    speakers, emotions = (batch.labels[name].tolist() for name in ("speaker", "emotion"))
    l_d_spk = sum(-row[k] for row, k in zip(of_speakers, speakers, strict=True)) / count
    l_h_spk = sum(-math.exp(x) * x for row in of_speakers for x in row) / count
    l_d_emo = sum(-row[e] for row, e in zip(of_emotions, emotions, strict=True)) / count

    def moves(balance: float) -> tuple[float, float]:
        run.method.balance = balance
        first, second = run.method.moves(run.model, batch)
        assert (first.by, second.by) == (("adversary",), ("model",))
        return first.loss.item(), second.loss.item()

    assert run.method.balance == 0.5, "the paper's lambda"
    (first, half), (_, quarter) = moves(0.5), moves(0.25)
    assert first == pytest.approx(l_d_spk, rel=1e-12), "equation 1"
    assert half - 2 * quarter == pytest.approx(l_h_spk, rel=1e-12), "equation 2: what is left without (4)"
    assert 3 * half - 2 * quarter == pytest.approx(l_d_emo, rel=1e-12), "equation 4: what is left without (2)"
    assert half == pytest.approx(0.5 * l_d_emo - (1 - 0.5) * l_h_spk, rel=1e-12), "equation 5"
    assert quarter == pytest.approx(0.25 * l_d_emo - 0.75 * l_h_spk, rel=1e-12), "equation 5, another lambda"
    assert abs(l_d_spk - l_h_spk) > 1e-4 and abs(l_d_emo - l_d_spk) > 1e-4, "none is another one by accident"


def test_who_is_frozen_in_a_step_of_the_recipe_to_the_bit(training: tuple[Run, Batch]) -> None:
    run, batch = training
    states, moves = [bits(run.model, run.method)], run.method.moves

    def watched(*given: Any) -> Any:
        for move in moves(*given):
            yield move
            states.append(bits(run.model, run.method))

    run.method.moves = watched
    run.game.begin_epoch(0)
    run.game.step(batch)
    (enc_ec, sc), (enc_ec_1, sc_1), (enc_ec_2, sc_2) = states
    assert enc_ec_1 == enc_ec and sc_1 != sc, "ENC and EC are frozen while SC learns (3.3.1)"
    assert sc_2 == sc_1 and enc_ec_2 != enc_ec_1, "SC is frozen while ENC and EC learn (3.3.2)"


def bits(*modules: torch.nn.Module) -> list[list[bytes]]:
    return [[p.detach().numpy().tobytes() for p in module.parameters()] for module in modules]


def test_the_learning_rate_falls_in_a_straight_line_over_300_epochs(training: tuple[Run, Batch]) -> None:
    for epoch in (0, 1, 150, 299):
        assert training[0].game.begin_epoch(epoch) == pytest.approx(
            dict.fromkeys(("model", "adversary"), 1e-3 * (1 - epoch / 300))
        )


def test_the_recipes_train_on_the_speeds_that_the_features_have() -> None:
    for name in SYSTEMS:
        data = load_recipe(name).data
        assert ("speech", *data.versions["speech"]) == Features(speeds=SPEEDS).names()
        assert data.exact_steps == {"speech": 14 * 100}, "14 s of a window every 10 ms"


def test_features_are_made_once_and_read_once(iemocap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three epochs: nothing of the sound is computed, and every stream of every clip is read from its shard once."""
    read: Counter[tuple[str, str]] = Counter()
    of_shard = PreparedCorpus.read

    def counted(self: PreparedCorpus, clip: Any, stream: str, **how: Any) -> np.ndarray:
        read[clip.id, stream] += 1
        return of_shard(self, clip, stream, **how)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("features are computed by `prepare` alone")

    monkeypatch.setattr(PreparedCorpus, "read", counted)
    monkeypatch.setattr(Features, "streams", never)
    monkeypatch.setattr("emoprism.media.pitch.pitch", never)
    words = ["data.exact_steps={speech: 40}", "training.epochs=3", "training.selection.every=1"]
    train(load_recipe("li2020/emotion_only", words), iemocap, tmp_path / "run")
    trained = {name for name, side in read_sides(tmp_path / "run" / "split.csv").items() if side == TRAIN}
    versions = {name for clip, name in read if clip in trained}
    assert versions == {"speech", *(f"speech@{speed:g}" for speed in SPEEDS)}
    assert {count for (clip, name), count in read.items() if name in versions and clip in trained} == {1}
