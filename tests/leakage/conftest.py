"""Embeddings in which the leak is known, because it was put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoprism.embeddings import save_embeddings
from emoprism.types import Embeddings

EMOTIONS = ("angry", "happy", "sad")
SIZES: Mapping[str, int] = {"train": 180, "validation": 0, "test": 90, "unseen": 48}
SPEAKERS, STRANGERS = 6, 3


def make_embeddings(
    leak: float = 1.0, *, seed: int = 0, width: int = 8, sizes: Mapping[str, int] = SIZES, heads: float = 0.9
) -> Embeddings:
    """Each embedding codes its own attribute, and the other one `leak` times as loudly; unit noise.

    `heads` is the share of clips that the model's own heads tell right; the labels are drawn independently.
    """
    rng = np.random.default_rng(seed)
    split = [name for name, count in sizes.items() for _ in range(count)]
    count, strange = len(split), np.array([name == "unseen" for name in split])
    speaker = np.where(strange, SPEAKERS + rng.integers(0, STRANGERS, count), rng.integers(0, SPEAKERS, count))
    emotion = rng.integers(0, len(EMOTIONS), count)
    codes = {"speaker": rng.normal(size=(SPEAKERS + STRANGERS, width)), "emotion": rng.normal(size=(3, width))}
    labels = {"speaker": speaker.astype(np.int64), "emotion": emotion.astype(np.int64)}
    vectors = {
        own: (2 * codes[own][labels[own]] + 2 * leak * codes[other][labels[other]] + rng.normal(size=(count, width)))
        for own, other in (("speaker", "emotion"), ("emotion", "speaker"))
    }
    right = rng.random(count) < heads
    return Embeddings(
        clips=tuple(f"c{i:04d}" for i in range(count)),
        split=tuple(split),
        vectors={name: rows.astype(np.float32) for name, rows in vectors.items()},
        labels=labels,
        classes={"speaker": tuple(f"s{i}" for i in range(SPEAKERS + STRANGERS)), "emotion": EMOTIONS},
        predictions={name: np.where(right, index, 0).astype(np.int64) for name, index in labels.items()},
    )


@pytest.fixture(scope="session")
def make() -> Callable[..., Embeddings]:
    """`make_embeddings`."""
    return make_embeddings


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write embeddings with a recipe, as `emoprism embed` leaves them: `write("folder", embeddings, name=...)`."""

    def written(folder: str, embeddings: Embeddings, **recipe: Any) -> Path:
        directory = tmp_path / "embeddings" / folder
        directory.mkdir(parents=True)
        save_embeddings(directory, embeddings)
        if recipe:
            facts = {"name": folder, "label": folder.title(), "seed": 0, "method": "{name: none}"} | recipe
            (directory / "recipe.yaml").write_text("".join(f"{key}: {value}\n" for key, value in facts.items()))
            (directory / "history.json").write_text("[]\n")
        return directory

    return written
