"""Contracts of metrics and attackers."""

from __future__ import annotations

from typing import Any

from emoprism.testing.plugins import check_plugin


def check_metric(name: str, **options: Any) -> None:
    """A metric of predicted labels or of verification: bounds, what is best and worst, leading axes, no clip."""
    from emoprism.leakage.contract import check_curve_metric, check_label_metric
    from emoprism.leakage.metrics.base import CurveMetric, LabelMetric
    from emoprism.recipe import METRICS

    check_plugin(METRICS, name)
    metric = METRICS.make(name, options=options)
    assert isinstance(metric, LabelMetric | CurveMetric), f"{name}: is a LabelMetric or a CurveMetric"
    if isinstance(metric, LabelMetric):
        check_label_metric(name, metric)
    else:
        check_curve_metric(name, metric)


def check_attacker(name: str, **options: Any) -> None:
    """An attacker: its grid and candidates agree, it is deterministic, finds a plain leak and none in noise."""
    from emoprism.leakage.contract import check_attacks
    from emoprism.recipe import ATTACKERS

    check_plugin(ATTACKERS, name)
    check_attacks(name, ATTACKERS.make(name, options=options))
