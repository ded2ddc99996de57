"""Maps of embeddings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from emoprism.leakage.projection import project, tsne
from emoprism.types import MISSING, Embeddings

Make = Callable[..., Embeddings]
BOTH = ("emotion", "speaker")
FEW = {"train": 20, "test": 40, "unseen": 20}


def test_a_point_per_clip_and_embedding(make: Make) -> None:
    made = make(0.0, sizes=FEW)
    made.labels["emotion"][-1] = MISSING
    points = project(made, ("test", "unseen"), BOTH, 1000, 0)
    assert [(p.embedding, p.clip) for p in points] == [
        (n, f"c{i:04d}") for n in ("speaker", "emotion") for i in range(20, 80)
    ]
    assert set(points[0].labels) == {"emotion", "speaker"} and set(points[59].labels) == {"speaker"}
    assert points == project(made, ("test", "unseen"), BOTH, 1000, 0), "a function of vectors and seed"


def test_clips_of_one_kind_lie_together() -> None:
    label = np.arange(60) % 3
    places = tsne((5 * np.eye(6)[label] + np.random.default_rng(0).normal(size=(60, 6)) / 4).astype(np.float32), 0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    nearest = np.argsort(apart + 1e9 * np.eye(60), axis=1)[:, :5]
    assert (label[nearest] == label[:, None]).mean() > 0.95


def test_many_clips_are_drawn_from_and_few_have_no_map(make: Make) -> None:
    made = make(0.0, sizes=FEW)
    points = project(made, ("test", "unseen"), BOTH, 12, 0)
    assert len(points) == 24 and len({p.clip for p in points}) == 12
    assert project(make(0.0, sizes={"train": 20, "test": 4}), ("test",), BOTH, 12, 0) == []


@pytest.mark.parametrize("vectors", [np.ones((9, 4)), np.arange(9.0)[:, None], np.eye(9)])
def test_degenerate_vectors_still_have_places(vectors: np.ndarray) -> None:
    assert np.isfinite(tsne(vectors.astype(np.float32), 0)).all()


def test_width_one_is_a_map_too(make: Make) -> None:
    made = make(0.0, sizes=FEW)
    narrow = dataclasses.replace(made, vectors={"speaker": made.vectors["speaker"][:, :1]})
    assert len(project(narrow, ("test",), BOTH, 100, 0)) == 40
