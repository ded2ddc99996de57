"""Contracts of metrics and attackers."""

from __future__ import annotations

from typing import Any

from emoprism.testing.plugins import check_plugin


def check_metric(name: str, **options: Any) -> None:
    """A metric of predicted labels, other outputs or verification: bounds, best and worst, leading axes, no clip."""
    from emoprism.families import METRICS
    from emoprism.leakage.contract import check_curve_metric, check_label_metric, check_output_metric
    from emoprism.leakage.metrics.base import CurveMetric, LabelMetric, OutputMetric

    check_plugin(METRICS, name)
    metric = METRICS.make(name, options=options)
    kinds = "a LabelMetric, an OutputMetric or a CurveMetric"
    assert isinstance(metric, LabelMetric | OutputMetric | CurveMetric), f"{name}: is {kinds}"
    if isinstance(metric, LabelMetric):
        check_label_metric(name, metric)
    elif isinstance(metric, OutputMetric):
        check_output_metric(name, metric)
    else:
        check_curve_metric(name, metric)


def check_attacker(name: str, **options: Any) -> None:
    """An attacker: its grid and candidates agree, it is deterministic, finds a plain leak and none in noise."""
    from emoprism.families import ATTACKERS
    from emoprism.leakage.contract import check_attacks

    check_plugin(ATTACKERS, name)
    check_attacks(name, ATTACKERS.make(name, options=options))
