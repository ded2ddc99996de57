"""True-positive rate at a false-positive rate of 0.1 % (one per mille)."""

from __future__ import annotations

from typing import ClassVar

from emoprism.leakage.metrics._operating_point import TruePositiveRate


class TprAtFpr1Permille(TruePositiveRate):
    """Of pairs of one person, the share told as such when one of a thousand pairs of strangers is taken for one."""

    false_alarms: ClassVar[float] = 0.001
