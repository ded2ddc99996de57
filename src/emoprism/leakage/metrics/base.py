"""What a metric is: of predicted labels, of other outputs (what is there, numbers), or of how vectors of the same and
of different people score.

All are functions of a small summary that can be added up over speakers (counts per class; sums over clips; numbers of
pairs per score), written for any leading axes. So a bootstrap over speakers needs no second pass over the clips.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int64

from emoprism.leakage.verification import Curve, curve_of


class Metric:
    """Root of the family. A plug-in subclasses LabelMetric, OutputMetric or CurveMetric; keyword-only arguments are its
    options.
    """

    higher_is_better: ClassVar[bool] = True
    """For the one who predicts: leakage is the same number read with the opposite wish."""


@dataclass(frozen=True)
class Counts:
    """Clips per class (told right, true, predicted), with one leading axis or more: speakers, resamples."""

    hits: Float[np.ndarray, "*lead G C"]
    true: Float[np.ndarray, "*lead G C"]
    predicted: Float[np.ndarray, "*lead G C"]

    @classmethod
    def of(cls, true: Int64[np.ndarray, "N"], predicted: Int64[np.ndarray, "N"], classes: int) -> Counts:
        """Counts [1, C] of one set of clips; labels are class indices in [0, classes)."""
        return cls.by_group(true, predicted, classes, np.zeros(len(true), dtype=np.int64), 1)

    @classmethod
    def by_group(
        cls,
        true: Int64[np.ndarray, "N"],
        predicted: Int64[np.ndarray, "N"],
        classes: int,
        group: Int64[np.ndarray, "N"],
        groups: int,
    ) -> Counts:
        """Counts [groups, C] of the clips of each group."""

        def count(labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
            cells = np.bincount(group[rows] * classes + labels[rows], minlength=groups * classes)
            return cells.reshape(groups, classes).astype(np.float64)

        everything = np.ones(len(true), dtype=bool)
        return cls(count(true, true == predicted), count(true, everything), count(predicted, everything))

    def summed(self) -> Counts:
        """All groups together: the first axis summed, and kept."""
        return Counts(self.hits.sum(0)[None], self.true.sum(0)[None], self.predicted.sum(0)[None])

    def weighted(self, weights: Float[np.ndarray, "R G"]) -> Counts:
        """Sums of groups with weights: counts [R, C] of R samples."""
        return Counts(weights @ self.hits, weights @ self.true, weights @ self.predicted)

    def recall(self) -> Float[np.ndarray, "*lead G C"]:
        """Share of each true class that is told right; NaN for a class that does not occur."""
        with np.errstate(invalid="ignore"):
            return self.hits / self.true


def over_present(values: Float[np.ndarray, "*lead G C"], counts: Counts) -> Float[np.ndarray, "*lead G"]:
    """Unweighted mean of `values` over the classes that occur among the true labels; NaN where there is no clip."""
    present = counts.true > 0
    with np.errstate(invalid="ignore"):
        return np.where(present, values, 0.0).sum(-1) / present.sum(-1)


class LabelMetric(Metric, ABC):
    """A measure of predicted labels that depends on them through `Counts` alone. Values in [0, 1]."""

    @abstractmethod
    def of_counts(self, counts: Counts) -> Float[np.ndarray, "*lead G"]:
        """The values [..., G] for counts [..., G, C]; NaN where there is no clip."""

    def __call__(self, true: Int64[np.ndarray, "N"], predicted: Int64[np.ndarray, "N"], classes: int) -> float:
        """The value for N >= 1 clips. Raises ValueError for none: no number is the score of nothing."""
        if len(true) == 0:
            raise ValueError("a metric needs at least one clip")
        return float(self.of_counts(Counts.of(true, predicted, classes))[0])


class OutputMetric(Metric, ABC):
    """A measure of outputs (types.Outputs) of one `kind` that depends on them through sums over clips alone.

    Of a PRESENCE of several words it says what it says of them together; given one word's column alone, of that word.
    """

    kind: ClassVar[str]
    """PRESENCE or NUMBER."""
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)
    """Between which its values lie. Where one is infinite the value has the unit of the number and is no fraction."""

    @abstractmethod
    def summands(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> Float[np.ndarray, "N S"]:
        """What every clip adds to each of the S sums, in float64. `true` may be NaN: it adds nothing then."""

    @abstractmethod
    def of_sums(self, sums: Float[np.ndarray, "*lead G S"]) -> Float[np.ndarray, "*lead G"]:
        """The values [..., G] for sums [..., G, S]; NaN where they are of no clip."""

    def __call__(self, true: Float[np.ndarray, "N W"], told: Float[np.ndarray, "N W"]) -> float:
        """The value for N clips; NaN where nothing is known to be true."""
        return float(self.of_sums(self.summands(true, told).sum(0)[None])[0])


class CurveMetric(Metric, ABC):
    """A measure of verification: of the error rates over all pairs of clips, scored by cosine similarity."""

    @abstractmethod
    def of_curve(self, curve: Curve) -> Float[np.ndarray, "*lead G"]:
        """The values [..., G] for curves [..., G, T]; NaN for a curve that is NaN."""

    def __call__(self, vectors: Float[np.ndarray, "N D"], labels: Int64[np.ndarray, "N"]) -> float:
        """The value over all pairs of N clips. Raises ValueError unless some pairs match and some do not."""
        return float(self.of_curve(curve_of(vectors, labels))[0])
