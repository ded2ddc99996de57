"""Rules of the verdict, case by case: each sentence must vanish, or turn, when its numbers do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emoprism.leakage.results import Measurement
from emoprism.report.evidence import Difference, compare, how_sure
from emoprism.report.findings import Finding, Tone
from emoprism.report.health import health_of
from emoprism.report.load import read_audit
from emoprism.report.verdict import verdict
from emoprism.report.view import View


@pytest.fixture
def found(maker: Any, tmp_path: Path) -> Any:
    """`found(systems=..., ...)`: the verdict of a made-up audit."""

    def find(**changes: Any) -> list[Finding]:
        maker.small(tmp_path / "audit", **changes)
        audit = read_audit(tmp_path / "audit")
        view = View(audit.comparison)
        return verdict(view, health_of(audit, view))

    return find


def of(findings: list[Finding], rule: str) -> list[Finding]:
    return [finding for finding in findings if finding.rule == rule]


def only(findings: list[Finding], rule: str) -> Finding:
    (finding,) = of(findings, rule)
    return finding


def row(value: float, low: float | None = None, high: float | None = None) -> Measurement:
    return Measurement(
        kind="leakage", embedding="speaker", attribute="emotion", metric="macro_f1", split="test",
        value=value, low=low, high=high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (row(0.5, 0.45, 0.55), row(0.7, 0.65, 0.75), Difference.BELOW),
        (row(0.7, 0.65, 0.75), row(0.5, 0.45, 0.55), Difference.ABOVE),
        (row(0.5, 0.45, 0.66), row(0.7, 0.65, 0.75), Difference.LOWER),
        (row(0.7, 0.55, 0.75), row(0.5, 0.45, 0.55), Difference.HIGHER),
        (row(0.5), row(0.7), Difference.LOWER),
        (row(0.5, 0.45, 0.55), row(0.9), Difference.LOWER),
        (row(0.5004, 0.5, 0.5005), row(0.5, 0.49, 0.5), Difference.SAME),
    ],
)
def test_two_values_differ_for_certain_only_where_both_intervals_lie_apart(
    one: Measurement, other: Measurement, expected: Difference
) -> None:
    assert compare(one, other) is expected
    certain = expected in (Difference.BELOW, Difference.ABOVE)
    assert ("do not overlap" in how_sure(one, other)) == certain


def test_the_papers_pattern_is_found_and_every_number_of_it_is_said(found: Any) -> None:
    findings = found()
    assert only(findings, "pattern").tone is Tone.YES
    multitask = only(findings, "multitask")
    assert multitask.tone is Tone.YES
    assert "82.8 % [80.3, 85.3] against 68.9 % [66.4, 71.4]; the intervals do not overlap" in multitask.text
    less, more = of(findings, "methods")
    assert less.tone is Tone.YES and "Confusion loss 63.4 % [60.9, 65.9]" in less.text
    assert more.tone is Tone.NO and "Gradient reversal 86.0" in more.text and "Confusion" not in more.text
    assert "Cross-emotion contrast hides emotion best" in findings[0].text and "56.4 %" in findings[0].text


def test_overlapping_intervals_are_not_sold_as_a_finding(found: Any) -> None:
    findings = found(spread=40.0)
    assert only(findings, "summary").tone is Tone.PARTLY
    assert "averages only" in only(findings, "pattern").text
    assert "may leak more" in only(findings, "multitask").text
    assert all(finding.tone is not Tone.YES for finding in findings)


def test_without_intervals_nothing_is_certain(found: Any) -> None:
    findings = found(spread=None)
    assert "no intervals were measured" in only(findings, "multitask").text
    assert not of(findings, "gain")
    assert only(findings, "cost").tone is Tone.NOTE
    assert "82.8 % against 68.9 %" in only(findings, "multitask").text


def test_the_pattern_is_denied_where_it_is_absent(found: Any, maker: Any) -> None:
    worse = {"leak": 95.0, "leak_unseen": 90.0}
    changed = maker.changed(
        multitask={"leak": 60.0}, gradient_reversal=worse, alternate=worse, confusion=worse, contrast=worse
    )
    findings = found(systems=changed)
    assert only(findings, "pattern").tone is Tone.NO
    assert "does not appear" in only(findings, "pattern").text
    assert only(findings, "multitask").tone is Tone.NO and "leaks less" in only(findings, "multitask").text
    assert only(findings, "summary").tone is Tone.NO and "No method hides" in only(findings, "summary").text
    assert "even more than" in only(findings, "methods").text
    assert "no method leaks less for certain" in only(findings, "unseen").text


@pytest.mark.parametrize("leak", [82.8, 84.0])
def test_equal_or_lower_leakage_of_multitask_is_no_pattern(found: Any, maker: Any, leak: float) -> None:
    findings = found(systems=maker.changed(single_speaker={"leak": leak}))
    assert "leaks no more" in only(findings, "multitask").text
    assert "methods leak less, but multitask training does not leak more" in only(findings, "pattern").text


def test_one_method_of_four_is_only_part_of_the_pattern(found: Any, maker: Any) -> None:
    high = {"leak": 88.0}
    findings = found(systems=maker.changed(alternate=high, confusion=high))
    assert "fewer than two useful methods" in only(findings, "pattern").text
    assert only(findings, "pattern").tone is Tone.PARTLY


def test_a_part_that_nothing_is_known_of_is_said_to_be_missing(found: Any, maker: Any) -> None:
    assert "lacks a baseline beside single-task" in only(found(systems=maker.without("single_speaker")), "pattern").text
    alone = maker.without("gradient_reversal", "alternate", "confusion", "contrast")
    assert "lacks a useful method" in only(found(systems=alone), "pattern").text
    nothing = found(baseline=None)
    assert not of(nothing, "multitask") and not of(nothing, "methods") and not of(nothing, "summary")


def test_a_destroyed_embedding_wins_nothing(found: Any, maker: Any) -> None:
    findings = found(systems=maker.changed(contrast={"leak": 21.0, "eer": 47.0}))
    worthless = only(findings, "worthless")
    assert worthless.tone is Tone.WARNING and "EER 47.0 %" in worthless.text
    assert "Cross-emotion contrast" not in only(findings, "summary").text
    assert not of(found(), "worthless")


@pytest.mark.parametrize(("what", "told"), [("f1", "emotion told at 22.0 %"), ("accuracy", "speaker told at 9.0 %")])
def test_a_utility_at_guessing_is_none(found: Any, maker: Any, what: str, told: str) -> None:
    value = 22.0 if what == "f1" else 9.0
    assert told in only(found(systems=maker.changed(confusion={what: value})), "worthless").text


def test_costs_and_gains_are_named_when_intervals_lie_apart(found: Any, maker: Any) -> None:
    findings = found(systems=maker.changed(confusion={"eer": 30.0}, contrast={"eer": 5.0}))
    assert "Confusion loss in EER on unseen speakers (30.0 % [27.5, 32.5] against 17.3" in only(findings, "cost").text
    assert "Cross-emotion contrast in EER on unseen speakers (5.0 %" in only(findings, "gain").text
    assert "Cross-emotion" not in only(findings, "cost").text
    assert "at a cost" not in only(findings, "summary").text
    paid = found(systems=maker.changed(contrast={"f1": 60.0}))
    assert "at a cost in the main tasks" in only(paid, "summary").text


def test_the_other_way_round_methods_are_compared_too(found: Any, maker: Any) -> None:
    note, less, maybe, no = of(found(), "backward")
    assert note.tone is Tone.NOTE and "at 96.3 % [93.8, 98.8]. (Peri" in note.text
    assert less.tone is Tone.YES and less.text.endswith("intervals apart: Confusion loss 50.1 % [47.6, 52.6].")
    assert less.text.startswith("Leaking less of the speaker in the emotion embedding than multitask training (96.3 %")
    assert maybe.tone is Tone.PARTLY and "Gradient reversal 94.0" in maybe.text and "Alternate training" in maybe.text
    assert no.tone is Tone.NO and "Cross-emotion contrast 98.0" in no.text
    alone = maker.changed(single_emotion={"back": 61.0})
    assert "after training for the emotion alone at 61.0 % [58.5, 63.5]" in of(found(systems=alone), "backward")[0].text
    assert not of(found(systems=maker.without("multitask")), "backward")


def test_the_floor_is_reached_within_the_interval_only(found: Any, maker: Any) -> None:
    nobody = only(found(), "floor")
    assert nobody.tone is Tone.NO and "nearest is Cross-emotion contrast, 34.2 points above" in nobody.text
    near = only(found(systems=maker.changed(confusion={"leak": 24.0})), "floor")
    assert near.tone is Tone.PARTLY and "Confusion loss" in near.text and "contrast" not in near.text
    reached = only(found(systems=maker.changed(confusion={"leak": 22.0})), "floor")
    assert reached.tone is Tone.YES and "Down to the floor" in reached.text and "Confusion loss" in reached.text
    assert not of(found(floor=None), "floor")


def test_blind_adversaries_are_named_and_sound_ones_not(found: Any, maker: Any) -> None:
    findings = found(epochs=12)
    blamed = {finding.text.split(":")[0] for finding in of(findings, "adversary")}
    assert blamed == {"Gradient reversal", "Confusion loss"}
    assert "In 2 of 2 runs" in of(findings, "adversary")[0].text
    sound = maker.changed(gradient_reversal={"adversary": 85.0}, confusion={"adversary": 60.0})
    assert not of(found(epochs=12, systems=sound), "adversary")
    assert not of(found(), "adversary")


def test_few_seeds_and_missing_strangers_are_admitted(found: Any) -> None:
    texts = " ".join(f.text for f in of(found(splits=("test",), seeds=(0,)), "evidence"))
    assert "Based on 1 seed;" in texts and "No unseen speakers" in texts
    assert not of(found(seeds=(0, 1, 2, 3, 4)), "evidence")


def test_several_dimensions_are_told_apart(found: Any) -> None:
    findings = found(widths=(2048, 256, 64))
    assert "64-dimensional" in only(findings, "dimensions").text
    assert "pattern appears at 256 and 2048 dimensions" in only(findings, "dimensions").text
    assert only(findings, "narrower").tone is Tone.PARTLY
    assert not of(found(), "dimensions")
