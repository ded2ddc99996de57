"""Two-dimensional maps of embeddings by t-SNE (van der Maaten and Hinton 2008), as Peri et al. 2021 show them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from emoprism.leakage.fitting import fitting
from emoprism.leakage.results import Point
from emoprism.types import MISSING, Embeddings

FEWEST = 5
"""Fewer clips than these have no map."""
PERPLEXITY = 30.0


def project(
    embeddings: Embeddings, splits: Sequence[str], attributes: Sequence[str], most: int, seed: int
) -> list[Point]:
    """A map of each embedding over the clips of `splits`, at most `most` of them, drawn by the seed.

    Distances between far groups in such a map mean nothing; which clips lie together does.
    """
    rows = embeddings.rows(*splits)
    if len(rows) < FEWEST:
        return []
    if len(rows) > most:
        rows = np.sort(np.random.default_rng([seed, most]).choice(rows, most, replace=False))
    points: list[Point] = []
    for name, vectors in embeddings.vectors.items():
        places = tsne(vectors[rows], seed)
        points += [
            Point(
                embedding=name, clip=embeddings.clips[i], split=embeddings.split[i],
                x=round(float(x), 4), y=round(float(y), 4), labels=_labels(embeddings, int(i), attributes),
            )
            for i, (x, y) in zip(rows, places, strict=True)
        ]  # fmt: skip
    return points


def tsne(vectors: Float[np.ndarray, "N D"], seed: int) -> Float[np.ndarray, "N 2"]:
    """A map of N >= 5 standardised vectors, started from their principal axes; a function of vectors and seed."""
    from sklearn.manifold import TSNE

    wide = vectors.astype(np.float64)
    deviation = wide.std(axis=0)
    standard = (wide - wide.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    if standard.shape[1] < 2:
        standard = np.pad(standard, ((0, 0), (0, 2 - standard.shape[1])))
    if not standard.any():
        return np.zeros((len(standard), 2))  # all clips in one place, which t-SNE cannot scale
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    with fitting():
        return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(standard)


def _labels(embeddings: Embeddings, row: int, attributes: Sequence[str]) -> dict[str, str]:
    index = {name: int(embeddings.labels[name][row]) for name in attributes if name in embeddings.labels}
    return {name: embeddings.classes[name][i] for name, i in index.items() if i != MISSING}
