"""From vectors of a model to log-likelihood ratios, learnt on people whose clips are known and none of the corpus's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Shaped

from emoprism.errors import CorpusError, Problem

LEAST_SPEAKERS = 4
"""Speakers with two clips or more that a calibration takes at the least: it has two numbers to learn from pairs."""
MOST_CLIPS = 2000
"""Clips, about, that a calibration compares with one another: of more, those of evenly spaced speakers."""


@dataclass(frozen=True)
class Whitening:
    """Vectors with their mean taken off, and directions that vary within a person shrunk, to unit length."""

    mean: Float64[np.ndarray, "D"]
    matrix: Float64[np.ndarray, "D D"]

    @classmethod
    def identity(cls, width: int) -> Whitening:
        """Vectors as they are, but for their length."""
        return cls(np.zeros(width), np.eye(width))

    @classmethod
    def fit(cls, vectors: Float64[np.ndarray, "N D"], people: Sequence[str]) -> Whitening:
        """Within-class covariance normalisation (Hatch, Kajarekar & Stolcke 2006), the covariance shrunk towards a
        multiple of the identity (Ledoit & Wolf 2004). People of one clip tell nothing of variation within a person.
        """
        from sklearn.covariance import ledoit_wolf

        unit = unit_length(vectors)
        names, members, counts = np.unique(np.asarray(people), return_inverse=True, return_counts=True)
        means = np.zeros((len(names), unit.shape[1]))
        np.add.at(means, members, unit)
        means /= counts[:, None]
        several = counts[members] > 1
        within = (unit - means[members])[several]
        # Deviations from a mean of n clips are too small by (n - 1) / n.
        within *= np.sqrt(counts[members][several] / (counts[members][several] - 1))[:, None]
        covariance, _ = ledoit_wolf(within, assume_centered=True)
        values, directions = np.linalg.eigh(covariance)
        return cls(unit.mean(0), directions / np.sqrt(np.maximum(values, 1e-12)))

    def __call__(self, vectors: Float64[np.ndarray, "N D"]) -> Float64[np.ndarray, "N D"]:
        """Whitened, of unit length; zeros stay zeros."""
        moved = (unit_length(vectors) - self.mean) @ self.matrix
        return np.where(np.any(vectors != 0, axis=1, keepdims=True), unit_length(moved), 0.0)


@dataclass(frozen=True)
class Scale:
    """Cosine of two whitened vectors -> slope * cosine + offset, a log-likelihood ratio (natural logarithm)."""

    whitening: Whitening
    slope: float
    offset: float

    @classmethod
    def of_threshold(cls, width: int, threshold: float, slope: float) -> Scale:
        """As somebody says who has no labelled clips: the ratio is 1 at the cosine `threshold`, as steep as `slope`."""
        return cls(Whitening.identity(width), slope, -slope * threshold)


def learn_scale(
    vectors: Float64[np.ndarray, "N D"], people: Sequence[str], strangers: Bool[np.ndarray, "N"], where: str
) -> Scale:
    """Whitening from people that the model was trained on, calibration from clips that it was not (`strangers`).

    Where all are strangers, each half of the people is whitened by the other half for the calibration, and all
    together in the end. Raises CorpusError where people or clips are too few.
    """
    _enough(people, strangers, where)
    names = np.asarray(people)
    if _several(names[~strangers]) >= LEAST_SPEAKERS:
        whitening = Whitening.fit(vectors[~strangers], names[~strangers].tolist())
        return Scale(whitening, *calibrate([(whitening(vectors[strangers]), names[strangers])]))
    vectors, names = vectors[strangers], names[strangers]
    halves = np.isin(names, np.unique(names)[::2])
    if min(_several(names[halves]), _several(names[~halves])) < 2:
        plain = Whitening(unit_length(vectors).mean(0), np.eye(vectors.shape[1]))
        return Scale(plain, *calibrate([(plain(vectors), names)]))
    parts = [
        (Whitening.fit(vectors[~side], names[~side].tolist())(vectors[side]), names[side]) for side in (halves, ~halves)
    ]
    return Scale(Whitening.fit(vectors, names.tolist()), *calibrate(parts))


def _enough(people: Sequence[str], strangers: Bool[np.ndarray, "N"], where: str) -> None:
    found = _several(np.asarray(people)[strangers])
    if found < LEAST_SPEAKERS:
        what = f"{found} speakers with two clips or more to calibrate on, expected {LEAST_SPEAKERS} or more"
        fix = "name a prepared corpus with more speakers, calibration=DIR, or give threshold=COSINE"
        raise CorpusError(Problem(where, what, fix))


def _several(names: Shaped[np.ndarray, "N"]) -> int:
    return int((np.unique(names, return_counts=True)[1] > 1).sum())


def calibrate(parts: Sequence[tuple[Float64[np.ndarray, "_ D"], Shaped[np.ndarray, "_"]]]) -> tuple[float, float]:
    """Slope and offset of log-likelihood ratios: logistic regression of same-or-different on the cosines of pairs
    within each part, the two kinds of pairs weighing the same (Brümmer & du Preez 2006, "Application-independent
    evaluation of speaker detection", section 7: the logarithm of the odds is then that of the likelihood ratio).
    Both are 0 where likeness speaks against one person: such vectors tell nothing.
    """
    from sklearn.linear_model import LogisticRegression

    cosines, same = (np.concatenate(values) for values in zip(*map(_pairs, parts), strict=True))
    weights = np.where(same, 0.5 / same.mean(), 0.5 / (~same).mean())
    fitted = LogisticRegression(C=1e4, tol=1e-8, max_iter=1000).fit(cosines[:, None], same, sample_weight=weights)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return (slope, offset) if slope > 0 else (0.0, 0.0)


def _pairs(
    part: tuple[Float64[np.ndarray, "N D"], Shaped[np.ndarray, "N"]],
) -> tuple[Float64[np.ndarray, "P"], Bool[np.ndarray, "P"]]:
    vectors, names = part
    words = np.unique(names)
    kept = np.isin(names, words[:: -(-len(names) // MOST_CLIPS)])
    cosines, same = zip(*_rows_of_pairs(vectors[kept], names[kept]), strict=True)
    return np.concatenate(cosines), np.concatenate(same)


def _rows_of_pairs(vectors: np.ndarray, names: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for row in range(len(names) - 1):
        yield vectors[row + 1 :] @ vectors[row], names[row + 1 :] == names[row]


def unit_length(vectors: Float64[np.ndarray, "N D"]) -> Float64[np.ndarray, "N D"]:
    """Rows of Euclidean length 1; zeros stay zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)
