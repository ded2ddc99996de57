"""Each way in which a split can be other than it says, planted and found; and what is harmless, silent."""

from __future__ import annotations

import time

import numpy as np
import pytest

from emoprism.split_audit.audit import Asked, audit_listing
from emoprism.split_audit.listing import Labels, Listing
from emoprism.split_audit.results import Finding
from emoprism.split_audit.shared import percent, shared_findings


def listing(*rows: tuple[str, str, dict[str, str]]) -> Listing:
    """Rows of id, side, labels."""
    clips, sides, labels = zip(*rows, strict=True)
    return Listing.of(clips, sides, labels)


def clip(number: int, side: str, speaker: str = "", **labels: str) -> tuple[str, str, dict[str, str]]:
    return f"c{number}", side, {**({"speaker": speaker} if speaker else {}), **labels}


def found(*rows: tuple[str, str, dict[str, str]], **asked: object) -> list[Finding]:
    return list(shared_findings(listing(*rows), **asked))  # type: ignore[arg-type]


def test_strangers_who_are_strangers_are_silent() -> None:
    assert found(clip(0, "train", "a"), clip(1, "validation", "b"), clip(2, "unseen", "c")) == []


@pytest.mark.parametrize("known", ["train", "validation"])
def test_an_unseen_speaker_who_trains_or_selects_is_a_fault(known: str) -> None:
    rows = [clip(0, "train", "z"), clip(1, known, "a"), clip(2, "unseen", "a"), clip(3, "unseen", "b")]
    (finding,) = found(*rows)
    assert (finding.severity, finding.clips, finding.share) == ("fault", 1, 0.5)
    assert finding.what == f"'unseen' shares 1 speaker with '{known}': 1 of its 2 clips (50 %)"
    assert finding.examples == ["a"]


def test_held_out_clips_of_known_speakers_are_what_test_means() -> None:
    (finding,) = found(clip(0, "train", "a"), clip(1, "test", "a"))
    assert (finding.severity, finding.kind) == ("note", "shared")
    assert "within-speaker" in finding.next


def test_a_speaker_of_test_who_never_trains_is_a_warning() -> None:
    findings = found(clip(0, "train", "a"), clip(1, "test", "a"), clip(2, "test", "b"))
    assert [f.severity for f in findings] == ["note", "warning"]
    assert (
        findings[1].what
        == "1 of 2 clips (50 %) of 'test' are of speakers that never train: 'test' means seen speakers here"
    )
    assert findings[1].examples == ["c2"]


def test_a_speaker_of_test_and_of_unseen_is_a_warning() -> None:
    findings = found(clip(0, "train", "a"), clip(1, "test", "a"), clip(2, "unseen", "a"))
    assert [f.severity for f in findings] == ["fault", "warning", "note"]


@pytest.mark.parametrize("name", ["sentence", "session", "source"])
@pytest.mark.parametrize("side", ["test", "unseen"])
def test_what_two_sides_share_is_a_warning_with_its_size(name: str, side: str) -> None:
    rows = [clip(0, "train", "a", **{name: "x"}), clip(1, "unseen", "b", **{name: "y"})]
    rows += [clip(2 + k, side, "a" if side == "test" else "c", **{name: "x" if k else "z"}) for k in range(3)]
    findings = [f for f in found(*rows) if f"1 {name} with" in f.what]
    assert [(f.severity, f.clips, f.examples) for f in findings] == [("warning", 2, ["x"])]


def test_an_attribute_that_the_user_names_is_looked_at_and_others_are_not() -> None:
    rows = [clip(0, "train", "a", camera="1", gender="f"), clip(1, "unseen", "b", camera="1", gender="f")]
    assert found(*rows) == []
    assert [f.what for f in found(*rows, also=["camera"])] == [
        "'unseen' shares 1 camera with 'train': 1 of its 1 clips (100 %)"
    ]


def test_clips_without_a_speaker_are_not_taken_for_strangers() -> None:
    (finding,) = found(clip(0, "train", "a"), clip(1, "unseen"), clip(2, "unseen", "b"))
    assert (finding.kind, finding.severity, finding.examples) == ("unknown", "warning", ["c1"])
    (finding,) = found(clip(0, "train"), clip(1, "unseen"))
    assert finding.what == "no clip has a 'speaker'"


def test_a_clip_on_two_sides_is_a_fault_and_one_listed_twice_a_warning() -> None:
    findings = found(clip(0, "train", "a"), clip(0, "unseen", "b"), clip(1, "train", "a"), clip(1, "train", "a"))
    assert [(f.severity, f.examples) for f in findings] == [("fault", ["c0"]), ("warning", ["c1"])]


def test_sides_that_are_missing_are_said() -> None:
    assert [f.what for f in found(clip(0, "train", "a"))] == ["no clip is in 'test' or 'unseen'"]
    assert [f.what for f in found(clip(0, "unseen", "a"))] == ["no clip is in 'train'"]


def test_the_grade_is_that_of_the_worst_finding() -> None:
    fine = listing(clip(0, "train", "a"), clip(1, "unseen", "b"))
    note = listing(clip(0, "train", "a"), clip(1, "test", "a"))
    fault = listing(clip(0, "train", "a"), clip(1, "unseen", "a"))
    audits = [audit_listing(one, None, Asked())[0] for one in (fine, note, fault)]
    assert [audit.grade for audit in audits] == ["sound", "notes", "faulty"]
    assert audits[2].verdict == (
        "Faulty: 'unseen' shares 1 speaker with 'train': 1 of its 1 clips (100 %)"
        " (not looked at: copies, for want of sound, shortcuts, for want of quantities or labels)."
    )
    assert audits[0].findings == []


def test_percent_never_rounds_to_nothing_or_all() -> None:
    assert [percent(1, 1000), percent(999, 1000), percent(0, 5), percent(5, 5)] == ["0.1 %", "99.9 %", "0 %", "100 %"]


def test_a_hundred_thousand_clips_take_seconds() -> None:
    rng = np.random.default_rng(0)
    count = 100_000
    sides = rng.choice(["train", "validation", "test", "unseen"], count).tolist()

    def column(words: int) -> Labels:
        return Labels.of([f"w{value}" for value in rng.integers(words, size=count)])

    labels = {"speaker": column(2000), "source": column(20_000), "sentence": column(5000), "emotion": column(8)}
    made = Listing(tuple(f"clip{i}" for i in range(count)), tuple(sides), labels, {"seconds": rng.random(count)})
    began = time.process_time()
    audit, _ = audit_listing(made, None, Asked())
    assert time.process_time() - began < 20
    assert audit.grade == "faulty"
