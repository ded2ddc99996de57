"""The label stage: teachers are believed, clips without a face are listed, and stopping changes no byte."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from emoprism.corpora._distributions import EMOTIONS, read_distributions
from emoprism.errors import InputError, RecipeError, StageError
from emoprism.media import prepare as preparing
from emoprism.media.shards import PreparedCorpus
from emoprism.puppets.corpus import make
from emoprism.stage import read_manifest
from emoprism.teachers import label as stage
from emoprism.teachers.frames import read_part
from emoprism.teachers.label import label
from emoprism.teachers.options import LabelOptions, try_teacher
from emoprism.workers import run_jobs

PLAIN = ["model.scale=1"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def labelled(prepared, plain_teacher, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("labelled") / "out"
    label(prepared, out, [f"source={plain_teacher}", *PLAIN, "keep_frames=true"], workers=2)
    return out


def test_what_was_painted_is_what_the_teacher_says(prepared, labelled):
    clips = PreparedCorpus.open(prepared).clips
    rows = read_distributions(labelled / "distributions.csv")
    assert [row.name for row in rows] == [clip.id for clip in clips]
    for clip, row in zip(clips, rows, strict=True):
        if "face" in clip.steps:
            assert row.probabilities is not None
            assert EMOTIONS[int(row.probabilities.argmax())] == clip.labels["emotion"]
        else:
            assert row.probabilities is None
    without = [clip.id for clip in clips if "face" not in clip.steps]
    with (labelled / "rejected.csv").open() as file:
        refused = list(csv.DictReader(file))
    assert without
    assert [row["clip"] for row in refused] == without
    assert all("face" in row["reason"] for row in refused)
    facts = read_manifest(labelled, "label").facts
    assert facts["labelled"] == len(clips) - len(without)
    assert facts["rejected"] == len(without)
    assert sum(facts["dominant"].values()) == facts["labelled"]
    assert facts["classes"] == {"anger": "angry", "happiness": "happy", "neutral": "neutral"}


def test_a_distribution_is_the_mean_over_the_frames(prepared, labelled):
    """By hand, from the crops: the mean green of each stripe, times the sharpness, softmax, mean."""
    corpus = PreparedCorpus.open(prepared)
    rows = {row.name: row.probabilities for row in read_distributions(labelled / "distributions.csv")}
    clip = next(clip for clip in corpus.clips if clip.steps.get("face", 0) > 2)
    green = corpus.read(clip, "face")[..., 1].astype(np.float64).mean(1)
    logits = 0.05 * np.stack([green[:, 4 * n : 4 * n + 4].mean(1) for n in range(3)], axis=1)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = rows[clip.id]
    assert np.allclose(
        [found[EMOTIONS.index(name)] for name in ("angry", "happy", "neutral")], shares.mean(0), atol=1e-5
    )


def test_frames_are_kept_without_pickles(prepared, labelled, tmp_path):
    clips = {clip.id: clip for clip in PreparedCorpus.open(prepared).clips}
    parts = sorted((labelled / "frames").iterdir())
    assert [path.name for path in parts] == ["shard-00000.npz"]
    said = read_part(parts[0])
    assert [one.clip for one in said] == list(clips)
    for one in said:
        assert one.outputs.shape == (clips[one.clip].steps.get("face", 0), 3)
        assert len(one.times) == len(one.outputs)
        assert bool(one.reason) == (len(one.outputs) == 0)
    with np.load(parts[0], allow_pickle=False) as file:
        assert file["classes"].tolist() == ["anger", "happiness", "neutral"]
    broken = tmp_path / "broken.npz"
    for content in (b"PK", b"", b"text"):
        broken.write_bytes(content)
        with pytest.raises(StageError, match="not a teacher's answers"):
            read_part(broken)


def test_workers_and_a_second_time_change_no_byte(prepared, teacher, tmp_path, labelled, capsys, monkeypatch):
    asked = [teacher(), *PLAIN, "keep_frames=true"]
    label(prepared, tmp_path / "again", asked, workers=1)
    assert files(tmp_path / "again") == files(labelled)
    monkeypatch.setattr(stage, "run_jobs", lambda *_, **__: pytest.fail("asked again"))
    capsys.readouterr()
    label(prepared, labelled, asked)
    assert "labelled already" in capsys.readouterr().out
    with pytest.raises(StageError, match=r"options\.frames: made with 'mean', asked for 'max'"):
        label(prepared, labelled, [*asked, "frames=max"])


def test_frames_are_gone_unless_asked_for(prepared, teacher, tmp_path, labelled):
    label(prepared, tmp_path / "out2", [teacher(), *PLAIN], workers=1)
    assert sorted(path.name for path in (tmp_path / "out2").iterdir()) == [
        "distributions.csv", "manifest.json", "rejected.csv"
    ]  # fmt: skip
    assert (tmp_path / "out2" / "distributions.csv").read_bytes() == (labelled / "distributions.csv").read_bytes()


def test_manifests_name_no_place_of_this_machine(labelled):
    text = (labelled / "manifest.json").read_text()
    assert str(labelled.parent.parent) not in text
    assert json.loads(text)["options"]["source"] == "teacher.onnx"
    assert set(json.loads(text)["options"]["teacher_sha256"]) == {"teacher.onnx"}


def test_a_teacher_that_ends_in_a_softmax_says_the_same(prepared, teacher, tmp_path, labelled):
    label(prepared, tmp_path / "out2", [teacher(end="Softmax"), *PLAIN], workers=1)
    assert read_manifest(tmp_path / "out2", "label").facts["outputs"] == "probabilities"
    ours, theirs = (read_distributions(out / "distributions.csv") for out in (tmp_path / "out2", labelled))
    for one, other in zip(ours, theirs, strict=True):
        assert (one.probabilities is None) == (other.probabilities is None)
        assert one.probabilities is None or np.allclose(one.probabilities, other.probabilities, atol=1e-6)


def tried(*options: str) -> None:
    try_teacher(LabelOptions.read(options))


def test_teachers_that_cannot_teach_are_refused_before_anything_is_written(prepared, teacher, tmp_path):
    with pytest.raises(InputError, match=r"does not name its classes\n.*for FER\+.*AffectNet"):
        tried(teacher((), width=8))
    with pytest.raises(InputError, match="do not sum to 1"):
        tried(teacher(end="Sigmoid"))
    with pytest.raises(InputError, match="answers with 3 numbers, but 2 classes"):
        tried(teacher(), "model.classes=[sad,happy]")
    with pytest.raises(RecipeError, match=r"'boredom': what is it\?\n.*map\.boredom="):
        label(prepared, tmp_path / "out", [teacher(("boredom", "anger"))])
    assert not (tmp_path / "out").exists()
    tried(teacher(("boredom", "anger")), "map.boredom=none", *PLAIN)
    with pytest.raises(InputError, match="does not take faces"):
        tried(teacher(), "model.modality=voice")


def test_options_are_strict(teacher):
    for wrong, words in {
        "sauce=x": "sauce: unknown key\n.*did you mean 'source'",
        "model=onxx": "did you mean 'onnx'",
        "model.clases=[a]": "clases: unknown key",
        "frames=median": "frames: Input should be 'mean' or 'max'",
    }.items():
        with pytest.raises(RecipeError, match=words):
            LabelOptions.read([teacher(), wrong])
    with pytest.raises(RecipeError, match="source: this key is required"):
        LabelOptions.read([])
    later = LabelOptions.read(["model.modality=voice", "model=hub", "source=a/b"])
    assert (later.model.name, later.model.options["modality"]) == ("hub", "voice")


def test_a_model_of_the_hub_can_teach(tmp_path):
    transformers = pytest.importorskip("transformers", reason="pip install emoprism[hub]")
    words = dict(enumerate(("sad", "happy", "Contempt")))
    config = transformers.ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, image_size=16, patch_size=8,
        id2label=words, label2id={word: n for n, word in words.items()},
    )  # fmt: skip
    transformers.utils.logging.disable_progress_bar()
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path)
    told = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told))
    made = try_teacher(LabelOptions.read(["model=hub", f"source={tmp_path}", "outputs=logits"]))
    assert dict(made.classes) == {"sad": "sad", "happy": "happy", "Contempt": "contempt"}
    assert made.outputs == "logits"
    assert set(made.told) == {"config.json", "model.safetensors", "preprocessor_config.json"}


SHY = '''
"""Says nothing of clips of three frames."""

from emoprism.errors import MediaError
from emoprism.pretrained.onnx import Onnx


class Shy(Onnx):
    """One that gives up."""

    def faces(self, crops):
        """As its parent, if at all."""
        if len(crops) == 3:
            raise MediaError("three pictures are too many")
        return super().faces(crops)
'''


def test_a_teacher_of_your_own_may_give_up_on_a_clip(prepared, plain_teacher, tmp_path, monkeypatch):
    (tmp_path / "plugins" / "pretrained").mkdir(parents=True)
    (tmp_path / "plugins" / "pretrained" / "shy.py").write_text(SHY)
    monkeypatch.setenv("EMOPRISM_PLUGINS", str(tmp_path / "plugins"))
    label(prepared, tmp_path / "out", ["model=shy", f"source={plain_teacher}", "model.scale=1"], workers=1)
    three = {clip.id for clip in PreparedCorpus.open(prepared).clips if clip.steps.get("face") == 3}
    with (tmp_path / "out" / "rejected.csv").open() as file:
        refused = {row["clip"] for row in csv.DictReader(file) if row["reason"] == "three pictures are too many"}
    assert three
    assert refused == three


@pytest.mark.parametrize(
    ("origin", "path"),
    [
        ("A.J._Buckley/1zcIwhmdeo4_0000001.wav", "A.J._Buckley/1zcIwhmdeo4_0000001.wav"),
        ("clips.csv, row 3", ""),
        ("a.mp4, a.wav", ""),
        ("/data/a.mp4", ""),
        ("../a.mp4", ""),
        ("", ""),
    ],
)
def test_a_clip_that_is_a_file_is_named_by_its_path_too(origin, path):
    assert stage._path(origin) == path


VIDEOS = ("1zcIwhmdeo4", "21Uxsk56VDQ", "5r0dWxy17C8", "7gWzIy6yIIk")


@pytest.fixture(scope="module")
def voxceleb(tmp_path_factory) -> Path:
    """Eight puppet videos under VoxCeleb's names, and one that shows nobody."""
    pytest.importorskip("ai_edge_litert", reason="pip install emoprism[faces]")
    root = tmp_path_factory.mktemp("vox")
    made = root / "puppets"
    make("puppets", made, ["speakers=2", "clips=8", "seconds=1", "size=128", "fps=8"], workers=2, overwrite=False)
    rows = ["VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet"]
    corpus = root / "corpus"
    for speaker in range(2):
        rows.append(f"id1000{speaker + 1}\tName_{speaker}\tf\tUK\tdev")
    with (made / "clips.csv").open() as file:
        for number, row in enumerate(csv.DictReader(file)):
            video = corpus / "dev" / "mp4" / f"id1000{1 + number % 2}" / VIDEOS[number // 2] / "00001.mp4"
            video.parent.mkdir(parents=True)
            shutil.copyfile(made / row["path"], video)
    (corpus / "vox1_meta.csv").write_text("\n".join(rows) + "\n")
    silent = corpus / "dev" / "mp4" / "id10001" / VIDEOS[0] / "00002.wav"
    soundfile.write(silent, 0.1 * np.sin(np.arange(16_000) / 9), 16_000)
    return corpus


def test_from_voxceleb_to_emovox(voxceleb, teacher, tmp_path, monkeypatch):
    """prepare -> label, stopped half-way -> prepare emovox: the teacher's words are the corpus's labels and values."""
    monkeypatch.setattr(preparing, "CLIPS_PER_SHARD", 4)
    media = sorted(path for path in voxceleb.rglob("*") if path.suffix in (".mp4", ".wav"))
    listed = [("clip", "video", "audio")] + [
        ("-".join(path.with_suffix("").parts[-3:]), path if path.suffix == ".mp4" else "", path) for path in media
    ]
    table = tmp_path / "clips.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(listed)
    shards = tmp_path / "shards"
    preparing.prepare("manifest", table, shards, ["corpus.anywhere=true"], workers=2)

    asked = [teacher(sharp=0.2), *PLAIN]
    label(shards, tmp_path / "whole", asked, workers=2)

    class StoppedError(Exception):
        pass

    def stop_after(jobs, what, total, done=0):
        for count, item in enumerate(jobs):
            if count == 5:
                raise StoppedError
            yield item

    with monkeypatch.context() as patch:
        patch.setattr(stage.console, "track", stop_after)
        with pytest.raises(StoppedError):
            label(shards, tmp_path / "labels", asked, workers=1)
    kept = sorted(path.name for path in (tmp_path / "labels" / "frames").iterdir())
    assert kept == ["shard-00000.npz"]
    given = []

    def spy(work, jobs, **how):
        given.extend(clip.shard for clip in jobs)
        return run_jobs(work, jobs, **how)

    with monkeypatch.context() as patch:
        patch.setattr(stage, "run_jobs", spy)
        label(shards, tmp_path / "labels", asked, workers=1)
    assert set(given) == {"shard-00001.safetensors", "shard-00002.safetensors"}, "what was done is not asked again"
    assert files(tmp_path / "labels") == files(tmp_path / "whole")

    out = tmp_path / "emovox"
    options = [f"corpus.distributions={tmp_path / 'labels'}", "corpus.drop_percent=0", "fps=1"]
    preparing.prepare("emovox", voxceleb, out, options, workers=2)
    corpus = PreparedCorpus.open(out)
    assert len(corpus.clips) == 8
    corpus_of = PreparedCorpus.open(shards)
    first = next(clip for clip in corpus_of.clips if clip.id == corpus.clips[0].id)
    green = np.stack([cv2.resize(c, (16, 16), interpolation=cv2.INTER_AREA) for c in corpus_of.read(first, "face")])
    green = green[..., 1].astype(np.float64).mean(1)
    logits = 0.2 * np.stack([green[:, 4 * n : 4 * n + 4].mean(1) for n in range(3)], axis=1)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares = (shares / shares.sum(1, keepdims=True)).mean(0)
    values = corpus.clips[0].values
    assert np.allclose([values[f"teacher:{name}"] for name in ("angry", "happy", "neutral")], shares, atol=1e-5)
    for clip in corpus.clips:
        assert sum(clip.values.values()) == pytest.approx(1, abs=1e-6)
        assert set(clip.values) == {f"teacher:{name}" for name in EMOTIONS}
        assert clip.labels["emotion"] == max(EMOTIONS, key=lambda name: clip.values[f"teacher:{name}"])
    with (out / "rejected.csv").open() as file:
        assert [(row["clip"], row["reason"]) for row in csv.DictReader(file)] == [
            (f"id10001-{VIDEOS[0]}-00002", "the teacher saw no face in it")
        ]
