"""A quantity that tells the label is found with its size; one that does not, is not."""

from __future__ import annotations

import numpy as np

from emoprism.split_audit.listing import Labels, Listing
from emoprism.split_audit.shortcuts import find_shortcuts, shortcut_findings

COUNT = 900


def made(tells: float, seed: int = 0, count: int = COUNT) -> Listing:
    """Clips whose duration is that of their emotion in a share `tells` of them, and anything else otherwise."""
    rng = np.random.default_rng(seed)
    emotion = rng.integers(3, size=count)
    told = rng.random(count) < tells
    seconds = np.where(told, emotion + 1.0, rng.integers(3, size=count) + 1.0) + rng.normal(0, 0.1, count)
    labels = {"emotion": Labels.of([f"e{e}" for e in emotion]), "speaker": Labels.of(["s"] * count)}
    sides = tuple(rng.choice(["train", "test", "unseen"], count, p=[0.6, 0.2, 0.2]).tolist())
    numbers = {"seconds": seconds, "level": rng.normal(0, 1, count), "leading": np.full(count, np.nan)}
    return Listing(tuple(f"c{i}" for i in range(count)), sides, labels, numbers)


def test_a_duration_that_says_all_is_told_with_its_size() -> None:
    found = find_shortcuts(made(1.0), ["emotion", "speaker"])
    assert [(s.quantity, s.side) for s in found[:2]] == [("seconds", "test"), ("seconds", "unseen")]
    assert all(s.recall > 0.9 and s.gain > 0.85 and abs(s.floor - 1 / 3) < 0.02 and s.p < 0.01 for s in found[:2])
    assert {s.quantity for s in found} == {"seconds", "level"}, "what no clip has is not tried"
    findings = list(shortcut_findings(found))
    assert [f.severity for f in findings] == ["warning", "warning"]
    assert "duration" in findings[0].what


def test_a_slight_shortcut_is_a_note() -> None:
    findings = list(shortcut_findings(find_shortcuts(made(0.14, count=6000), ["emotion"])))
    assert {f.severity for f in findings} == {"note"}


def test_quantities_that_say_nothing_are_silent() -> None:
    false = [any(shortcut_findings(find_shortcuts(made(0.0, seed), ["emotion"], 300))) for seed in range(60)]
    assert sum(false) <= 3, "one of a hundred lists is expected to be accused wrongly"


def test_p_values_under_the_null_are_not_too_small() -> None:
    smallest = [min(s.p for s in find_shortcuts(made(0.0, seed), ["emotion"], 200)) for seed in range(60)]
    assert np.mean(np.array(smallest) <= 0.1) < 0.2


def test_what_train_does_not_know_is_not_scored() -> None:
    listing = made(1.0)
    strangers = Labels.of([f"s{i}" for i in range(COUNT)])
    assert (
        find_shortcuts(Listing(listing.clips, listing.sides, {"speaker": strangers}, listing.numbers), ["speaker"])
        == []
    )


def test_two_quantities_that_say_the_same_count_once() -> None:
    listing = made(1.0)
    numbers = {**listing.numbers, "steps:audio": listing.numbers["seconds"] * 100}
    found = find_shortcuts(Listing(listing.clips, listing.sides, listing.labels, numbers), ["emotion"])
    assert "steps:audio" not in {s.quantity for s in found}


def test_a_large_side_is_drawn_from_and_the_draw_repeats() -> None:
    listing = made(0.5, count=24_000)
    one, two = (find_shortcuts(listing, ["emotion"], 50, seed=4) for _ in range(2))
    assert one == two
    assert {s.clips for s in one} == {4000}
