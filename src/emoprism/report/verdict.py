"""The verdict in words: fixed rules turn measurements into sentences, and each sentence says how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from emoprism.report import rules_leakage as leakage
from emoprism.report import rules_utility as utility
from emoprism.report.evidence import Case
from emoprism.report.findings import Finding
from emoprism.report.health import Health
from emoprism.report.view import View

RULES = (
    leakage.summary,
    leakage.alone,
    leakage.papers_pattern,
    leakage.multitask,
    leakage.methods,
    leakage.unseen,
    leakage.floor,
    utility.worthless,
    utility.utility,
    utility.blind_adversaries,
    leakage.backward,
    leakage.dimensions,
    utility.evidence,
)


def verdict(view: View, health: Sequence[Health]) -> list[Finding]:
    """All findings, the most important first, for the dimension that the view takes as reference."""
    case = Case(view, health, view.reference_width)
    return [finding for rule in RULES for finding in rule(case)]
