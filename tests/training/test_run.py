"""A run is a function of (code, data, recipe, seed): however often it is stopped, and on one process or two."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from emoprism.deploy.trained import Trained
from emoprism.errors import CheckpointError, RecipeError, StageError
from emoprism.leakage.results import Epoch
from emoprism.recipe import Recipe, load_recipe
from emoprism.stage import read_manifest
from emoprism.training.checkpoint import load_tensors
from emoprism.training.run import CHECKPOINT, WEIGHTS, Run, train

RECIPE = {
    "name": "test/confusion",
    "label": "CONF",
    "data": {"streams": ["audio", "action_units"], "max_steps": {"audio": 16}},
    "model": {
        "name": "multitask",
        "embeddings": {"emotion": 12, "speaker": 8},
        "encoders": {"audio": {"name": "features"}, "action_units": {"name": "features"}},
    },
    "method": {"name": "confusion"},
    "players": {
        "model": {"learning_rate": 0.01, "decay": 0.9},
        "adversary": {"learning_rate": 0.01, "decay": 0.9},
    },
    "training": {"epochs": 4, "batch_size": 16, "selection": {"every": 2}},
}


@pytest.fixture
def recipe_file(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: object) -> Path:
        path = tmp_path / "recipe.yaml"
        path.write_text(yaml.safe_dump(RECIPE | changes))
        return path

    return write


@pytest.fixture
def recipe(recipe_file) -> Recipe:
    return load_recipe(recipe_file())


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_tensors(run / WEIGHTS)[0]


def same_bits(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_writes_all_that_the_next_stages_need(recipe, prepared, tmp_path, capsys):
    out = tmp_path / "run"
    train(recipe, prepared, out)
    manifest = read_manifest(out, "train")
    assert manifest.seed == 0
    assert set(manifest.inputs) == {"prepared"}
    history = [Epoch(**epoch) for epoch in json.loads((out / "history.json").read_text())]
    assert [epoch.epoch for epoch in history] == [0, 1, 2, 3]
    assert sum(epoch.kept for epoch in history) == 1
    scored = history[1].scores
    assert {"validation/emotion/macro_f1", "validation/speaker/accuracy", "combined"} <= scored.keys()
    assert {"adversary/speaker>emotion", "probe/speaker>emotion"} <= scored.keys()
    assert history[0].scores == {}
    assert history[3].learning_rates["model"] == pytest.approx(0.01 * 0.9**3)
    assert Recipe.model_validate(yaml.safe_load((out / "recipe.yaml").read_text())) == recipe
    assert not (out / CHECKPOINT).exists()
    assert list((out / "tensorboard").glob("events.out.tfevents.*"))
    train(recipe, prepared, out)
    assert "done already" in capsys.readouterr().out


def test_two_runs_are_the_same_bits_and_another_seed_is_not(recipe, prepared, tmp_path):
    for name in ("a", "b"):
        train(recipe, prepared, tmp_path / name)
    assert same_bits(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert (tmp_path / "a" / "history.json").read_bytes() == (tmp_path / "b" / "history.json").read_bytes()
    train(recipe.model_copy(update={"seed": 1}), prepared, tmp_path / "c")
    assert not same_bits(weights(tmp_path / "a"), weights(tmp_path / "c"))


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(recipe, prepared, tmp_path, monkeypatch, stop_after):
    train(recipe, prepared, tmp_path / "whole")
    original = Run._after_epoch

    def stop(self: Run, epoch: int, *args: object, **kwargs: object) -> None:
        if epoch == stop_after:
            raise KeyboardInterrupt
        original(self, epoch, *args, **kwargs)

    monkeypatch.setattr(Run, "_after_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, prepared, tmp_path / "parts")
    monkeypatch.undo()
    assert (tmp_path / "parts" / CHECKPOINT).exists()
    train(recipe, prepared, tmp_path / "parts")
    assert same_bits(weights(tmp_path / "whole"), weights(tmp_path / "parts"))
    histories = [(tmp_path / name / "history.json").read_bytes() for name in ("whole", "parts")]
    assert histories[0] == histories[1]


def test_a_resumed_run_without_its_optimiser_state_would_differ(recipe, prepared, tmp_path, monkeypatch):
    """Negative control: the comparison above can tell a resumption that forgets something."""
    train(recipe, prepared, tmp_path / "whole")
    original = Run._after_epoch

    def forget(self: Run, epoch: int, *args: object, **kwargs: object) -> None:
        if epoch == 1:
            self.game.optimisers["model"].state.clear()
        original(self, epoch, *args, **kwargs)

    monkeypatch.setattr(Run, "_after_epoch", forget)
    train(recipe, prepared, tmp_path / "forgetful")
    assert not same_bits(weights(tmp_path / "whole"), weights(tmp_path / "forgetful"))


def command(recipe: Path, prepared: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "emoprism.cli", "train", str(recipe), str(prepared), str(out)]


def test_killed_and_resumed_equals_uninterrupted_bit_for_bit(recipe_file, prepared, tmp_path):
    path = recipe_file(training={"epochs": 60, "batch_size": 16, "selection": {"every": 30}})
    out = tmp_path / "killed"
    process = subprocess.Popen(command(path, prepared, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (out / CHECKPOINT).exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run was over before it could be killed"
    assert not (out / WEIGHTS).exists()
    train(load_recipe(path), prepared, out)
    train(load_recipe(path), prepared, tmp_path / "whole")
    assert same_bits(weights(tmp_path / "whole"), weights(out))


def test_two_processes_train_the_same_weights_as_one(recipe_file, prepared, tmp_path):
    # Only the last epoch is scored, so both keep that one: of epochs nearly tied, rounding could choose another.
    path = recipe_file(training={"epochs": 2, "batch_size": 16, "selection": {"every": 2}})
    train(load_recipe(path), prepared, tmp_path / "one")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*torchrun, *command(path, prepared, tmp_path / "two")[2:]],
        check=False, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_manifest(tmp_path / "two", "train").facts["processes"] == 2
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=2e-3, atol=2e-4, msg=lambda text, n=name: f"{n}: {text}")


def test_bfloat16_trains_too(recipe_file, prepared, tmp_path):
    path = recipe_file(training={"epochs": 1, "batch_size": 32, "precision": "bfloat16"})
    train(load_recipe(path), prepared, tmp_path / "run")
    assert all(value.dtype != torch.bfloat16 for value in weights(tmp_path / "run").values())


def test_another_recipe_in_the_same_directory_is_refused_by_key(recipe_file, prepared, tmp_path):
    train(load_recipe(recipe_file(training={"epochs": 1})), prepared, tmp_path / "run")
    other = load_recipe(recipe_file(training={"epochs": 2}))
    with pytest.raises(StageError, match=r"training\.epochs: made with 1, asked for 2"):
        train(other, prepared, tmp_path / "run")
    train(other, prepared, tmp_path / "run", overwrite=True)
    assert len(json.loads((tmp_path / "run" / "history.json").read_text())) == 2


def test_what_clashes_is_refused_before_anything_is_trained(recipe_file, prepared, tmp_path):
    single = {"name": "multitask", "embeddings": {"speaker": 8}, "encoders": RECIPE["model"]["encoders"]}
    with pytest.raises(RecipeError, match="two attributes"):
        train(load_recipe(recipe_file(model=single)), prepared, tmp_path / "a")
    with pytest.raises(RecipeError, match=r"add players\.adversary"):
        train(load_recipe(recipe_file(players={"model": {}})), prepared, tmp_path / "b")


def test_damaged_checkpoints_are_named(recipe, prepared, tmp_path):
    out = tmp_path / "run"
    train(recipe, prepared, out)
    (out / "manifest.json").rename(out / "manifest.partial.json")
    (out / CHECKPOINT).write_bytes(b"")
    with pytest.raises(CheckpointError, match="0 bytes"):
        train(recipe, prepared, out)
    (out / CHECKPOINT).write_bytes(b"not safetensors at all")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        train(recipe, prepared, out)
    (out / WEIGHTS).rename(out / CHECKPOINT)
    with pytest.raises(CheckpointError, match="missing"):
        train(recipe, prepared, out)


def test_cross_attention_with_its_learning_method_is_trained_and_read_back(recipe_file, prepared, tmp_path):
    encoders = {"audio": {"name": "features", "hidden": [8]}, "action_units": {"name": "features", "hidden": [8]}}
    path = recipe_file(
        model={"name": "cross_attention", "width": 8, "depth": 1, "self_depth": 1, "encoders": encoders},
        method={"name": "alternate_freeze"},
        players={"encoder": {}, "emotion": {}, "speaker": {}},
        training={"epochs": 2, "batch_size": 32, "selection": {"every": 2}},
    )
    train(load_recipe(path), prepared, tmp_path / "run")
    opened = Trained.open(tmp_path / "run")
    assert same_bits(dict(opened.model.state_dict()), weights(tmp_path / "run"))
