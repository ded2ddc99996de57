"""Equal error rate: the operating point of verification where misses and false alarms are equally frequent."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from emoprism.leakage.metrics.base import CurveMetric
from emoprism.leakage.verification import Curve


class EqualErrorRate(CurveMetric):
    """0: pairs of one person always score above pairs of two; 0.5: scores say nothing.

    The curve is taken as straight between two thresholds, so that tied scores count half for each side.
    """

    higher_is_better = False

    def of_curve(self, curve: Curve) -> Float[np.ndarray, "*lead G"]:
        """Where the curve crosses misses = false alarms; NaN for a curve that is NaN."""
        gap = curve.misses - curve.false_alarms
        after = np.argmax(gap >= 0, axis=-1, keepdims=True)
        before = np.maximum(after - 1, 0)

        def at(values: np.ndarray, place: np.ndarray) -> np.ndarray:
            return np.take_along_axis(values, place, axis=-1)[..., 0]

        low, high = at(gap, before), at(gap, after)
        with np.errstate(invalid="ignore"):
            share = np.where(high > low, -low / np.where(high > low, high - low, 1.0), 0.0)
        # 0 * low: where only one kind of pair exists, one rate is NaN and so is the answer.
        return at(curve.misses, before) + 0 * low + share * (at(curve.misses, after) - at(curve.misses, before))
