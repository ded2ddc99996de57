"""True-positive rate at a false-positive rate of 1 %."""

from __future__ import annotations

from typing import ClassVar

from emoprism.leakage.metrics._operating_point import TruePositiveRate


class TprAtFpr1Percent(TruePositiveRate):
    """Of pairs of one person, the share told as such when one of a hundred pairs of strangers is taken for one."""

    false_alarms: ClassVar[float] = 0.01
