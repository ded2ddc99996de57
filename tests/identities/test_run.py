"""The default: runs of the project's own embed, and are calibrated on speakers whom they were not trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from emoprism.errors import CorpusError, InputError, StageError
from emoprism.identities.embedders import RunVoices
from emoprism.identities.identify import identify
from emoprism.media.shards import PreparedCorpus
from emoprism.pretrained.run import Run
from emoprism.recipe import load_recipe
from emoprism.training.run import train

RECIPE = """
name: test/small
label: Small
data: {streams: [face, audio], split: {name: held_out, unseen: UNSEEN, balance: null, test: 0.2, validation: 0.2}}
model:
  name: multitask
  embeddings: {ATTRIBUTE: 8}
  encoders:
    face: {name: vgg_m_face, image_size: 16, channels: [4, 4, 4, 4, 4], feature: 8}
    audio: {name: conv1d, channels: [8, 8]}
training: {epochs: 1, batch_size: 16}
"""


def trained(folder: Path, prepared: Path, *, unseen: int = 4, attribute: str = "speaker") -> Path:
    path = folder / f"{attribute}-{unseen}.yaml"
    path.write_text(RECIPE.replace("UNSEEN", str(unseen)).replace("ATTRIBUTE", attribute))
    train(load_recipe(path), prepared, path.with_suffix(""))
    return path.with_suffix("")


@pytest.fixture(scope="module")
def run(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("runs"), prepared)


def test_a_run_hears_what_is_prepared_and_needs_no_files(run: Path, prepared: Path, tmp_path: Path) -> None:
    identify(prepared, tmp_path / "out", [f"run={run}", "seconds=0.1"])
    facts = json.loads((tmp_path / "out" / "manifest.json").read_text())["facts"]
    assert facts["calibration"]["speakers"] == {"face": 4, "voice": 4}
    assert set(facts["evidence"]) == {"face", "voice", "both"}
    assert facts["scores"]["clips"] == 90


def test_seen_speakers_calibrate_only_with_a_warning(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path, prepared, unseen=0)
    identify(prepared, tmp_path / "out", [f"run={run}", "seconds=0.1"])
    assert "0 speakers that the run was not trained on" in capsys.readouterr().out.replace("\n", " ")


def test_a_run_that_knows_no_speakers(prepared: Path, tmp_path: Path) -> None:
    run = trained(tmp_path, prepared, unseen=0, attribute="emotion")
    with pytest.raises(InputError, match="has no embedding of 'speaker'"):
        identify(prepared, tmp_path / "out", [f"run={run}", "seconds=0.1"])


def test_the_corpus_that_it_was_trained_on_is_gone(run: Path, prepared: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "elsewhere" / "run"
    shutil.copytree(run, lonely)
    with pytest.raises(StageError, match=r"(?s)is gone; .*calibration=DIR"):
        identify(prepared, tmp_path / "out", [f"run={lonely}", "seconds=0.1"])
    identify(prepared, tmp_path / "out", [f"run={lonely}", f"calibration={prepared}", "seconds=0.1"])


def test_a_run_on_other_features_hears_those(prepared: Path) -> None:
    class Hears(Run):
        """One that says what it was given."""

        features = ("action_units",)
        given: dict[str, tuple[int, ...]] = {}

        @property
        def heard(self) -> tuple[str, ...]:
            return self.features

        def clip(self, streams: Mapping[str, np.ndarray]) -> np.ndarray:
            self.given = {name: values.shape for name, values in streams.items()}
            return np.zeros(4, np.float32)

    corpus = PreparedCorpus.open(prepared)
    clip = next(clip for clip in corpus.clips if clip.steps.get("action_units"))
    model = Hears("a-run")
    RunVoices(model).of_clip(corpus, clip)
    assert model.given == {"action_units": (clip.steps["action_units"], 6)}
    model.features = ("speech",)
    with pytest.raises(CorpusError, match=r"has no stream 'speech', which a-run hears\n.*acoustics="):
        RunVoices(model).of_clip(corpus, clip)
