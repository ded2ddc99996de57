"""The whole road in small: a few puppet clips as real videos, prepared, and a model trained on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoprism.media.prepare import prepare
from emoprism.puppets.corpus import make
from emoprism.recipe import load_recipe
from emoprism.training.run import train

pytest.importorskip(
    "ai_edge_litert", reason="the face detector's runtime is not installed: pip install emoprism[faces]"
)

RECIPE = """
name: test/small
label: Small
data: {streams: [face, audio], split: {name: held_out, test: 0.25, validation: 0.2}}
model:
  name: multitask
  embeddings: {emotion: 8, speaker: 6}
  encoders:
    face: {name: vgg_m_face, image_size: 32, channels: [4, 4, 4, 4, 4], feature: 8}
    audio: {name: conv1d, channels: [8, 8]}
players: {model: {learning_rate: 0.003}}
training: {epochs: 2, batch_size: 8}
"""


@pytest.fixture(scope="session")
def puppets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen clips of two people, 1.5 seconds each."""
    out = tmp_path_factory.mktemp("deploy") / "puppets"
    make("puppets", out, ["speakers=2", "clips=16", "seconds=1.5", "size=160", "fps=10"], workers=1, overwrite=False)
    return out


@pytest.fixture(scope="session")
def shards(puppets: Path) -> Path:
    """The clips prepared."""
    out = puppets.with_name("prepared")
    prepare("puppets", puppets, out, ["seconds=1.5"], workers=1, overwrite=False)
    return out


@pytest.fixture(scope="session")
def run(shards: Path) -> Path:
    """A multitask model trained on them for two epochs."""
    path = shards.with_name("recipe.yaml")
    path.write_text(RECIPE)
    train(load_recipe(path), shards, shards.with_name("run"))
    return shards.with_name("run")


@pytest.fixture(scope="session")
def telling(shards: Path) -> Path:
    """A model whose heads tell several emotions at once and a number."""
    path = shards.with_name("telling.yaml")
    tasks = "tasks: {emotion: several_of, valence: {name: number, low: -1.0, high: 1.0}}"
    recipe = RECIPE.replace("data: {", f"data: {{{tasks}, ").replace("{emotion: 8", "{emotion: 8, valence: 8")
    path.write_text(recipe)
    train(load_recipe(path), shards, shards.with_name("telling"))
    return shards.with_name("telling")
