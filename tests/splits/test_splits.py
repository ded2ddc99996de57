"""Splits: nobody on two sides, nothing tested that never trained, and a pure function of clips, options and seed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoprism.corpora.ravdess import Ravdess
from emoprism.errors import CorpusError, PluginError, Problem
from emoprism.families import SPLITTERS
from emoprism.splits._sides import draw_share
from emoprism.splits.base import Splitter, Unit, sides_csv
from emoprism.splits.given import Given
from emoprism.splits.held_out import HeldOut
from emoprism.testing import check_splitter, example_units
from emoprism.types import SPLITS, TEST, TRAIN, UNSEEN, VALIDATION, Clip

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "ravdess"


@pytest.mark.parametrize("name", SPLITTERS.names())
def test_every_splitter_keeps_the_contract(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    units = example_units()
    given = {unit.id: unit.given or "" for unit in units}
    Path("split.csv").write_text(sides_csv(given, given))  # what `file` reads where it is told nothing else
    check_splitter(name)


@pytest.mark.parametrize(
    "options",
    [
        {"unseen": 4},
        {"unseen": 1, "balance": None},
        {"dependency_seed": 7, "unseen": 4},
        {"test": 0.0, "validation": 0.0},
        {"test": 0.9, "validation": 0.5, "unseen": 8},
    ],
)
def test_held_out_keeps_the_contract_with_options(options: dict[str, Any]) -> None:
    check_splitter("held_out", **options)


class Forgetful(Splitter):
    """Breaks the contract in one of several ways: the suite must notice."""

    def __init__(self, how: str) -> None:
        self.how = how

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        sides = {unit.id: TRAIN for unit in units}
        first, last = units[0].id, sorted(sides)[-1]
        return {
            "order": sides | {first: VALIDATION},
            "unseen": sides | {last: UNSEEN},
            "untrained": {name: TEST if name.startswith("s00") else TRAIN for name in sides},
            "side": sides | {last: "holdout"},
            "invents": sides | {"nobody": TRAIN},
            "nothing": {},
        }[self.how]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("order", "the order of the clips does not matter"),
        ("unseen", "an unseen speaker is in no other split"),
        ("untrained", "a tested speaker is in train"),
        ("side", "sides are of"),
        ("invents", "invents no clip"),
        ("nothing", "leaves something to train on"),
    ],
)
def test_the_suite_notices_a_broken_splitter(how: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoprism.plugins.Family.make", lambda self, name, options: Forgetful(how))
    with pytest.raises(AssertionError, match=words):
        check_splitter("held_out")


class Folded(Splitter):
    """Breaks the contract of folds in one of several ways."""

    def __init__(self, how: str, fold: int) -> None:
        self.how, self.fold = how, fold

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:
        return {"names": ("one", "one"), "none": (), "order": (units[0].id, "two")}.get(self.how, ("one", "two"))

    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        if self.fold > 1 and self.how != "beyond":
            raise CorpusError(Problem("data.split.fold", "no" if self.how == "silent" else "there are 2 folds"))
        side = UNSEEN if self.how == "second" and self.fold == 1 else TRAIN
        return {unit.id: side if unit.id == min(u.id for u in units) else TRAIN for unit in units}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("names", "every fold has a name of its own"),
        ("none", "every fold has a name of its own"),
        ("order", "the order of the clips does not matter to the folds"),
        ("second", "an unseen speaker is in no other split"),
        ("beyond", "refuses a fold that is not there"),
        ("silent", "says how many folds there are"),
    ],
)
def test_the_suite_notices_broken_folds(how: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make = lambda self, name, options: Folded(how, options.get("fold", 0))  # noqa: E731
    monkeypatch.setattr("emoprism.plugins.Family.make", make)
    with pytest.raises(AssertionError, match=words):
        check_splitter("k_fold")


def test_the_suite_passes_sound_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    make = lambda self, name, options: Folded("", options.get("fold", 0))  # noqa: E731
    monkeypatch.setattr("emoprism.plugins.Family.make", make)
    check_splitter("k_fold")


@st.composite
def populations(draw: st.DrawFn) -> list[Unit]:
    """Uneven corpora: a few clips to many per speaker, emotions missing, genders fixed per speaker."""
    units: list[Unit] = []
    for speaker in range(draw(st.integers(2, 6))):
        for clip in range(draw(st.integers(1, 12))):
            labels = {"speaker": f"s{speaker}", "gender": "mf"[speaker % 2]}
            emotion = draw(st.sampled_from(["", "a", "b", "c"]))
            units.append(Unit(f"s{speaker}-{clip}", labels | ({"emotion": emotion} if emotion else {})))
    return units


@settings(max_examples=60, deadline=None)
@given(populations(), st.integers(0, 2**32), st.integers(0, 1), st.floats(0, 0.9), st.floats(0, 0.9))
def test_held_out_on_any_corpus(units: list[Unit], seed: int, unseen: int, test: float, validation: float) -> None:
    try:
        sides = HeldOut(test=test, validation=validation, unseen=unseen).split(units, seed)
    except CorpusError as error:
        assert "none is left for" in str(error)
        return
    assert set(sides) == {unit.id for unit in units}, "every clip is on exactly one side"
    labels = {unit.id: unit.labels for unit in units}
    strangers = {labels[clip]["speaker"] for clip, side in sides.items() if side == UNSEEN}
    assert len(strangers) == unseen
    for key in ("speaker", "emotion"):
        of = {side: {labels[c][key] for c, s in sides.items() if s == side and key in labels[c]} for side in SPLITS}
        assert of[TEST] | of[VALIDATION] <= of[TRAIN], f"every {key} that is tested trains"
    assert strangers.isdisjoint({labels[clip]["speaker"] for clip, side in sides.items() if side != UNSEEN})
    known = [clip for clip, side in sides.items() if side != UNSEEN]
    count = Counter(sides[clip] for clip in known)
    assert count[TEST] <= len(known) * test + 1
    assert count[VALIDATION] <= (len(known) - count[TEST]) * validation + 2


@pytest.mark.parametrize("seed", range(5))
def test_proportions_hold_within_every_speaker_and_emotion(seed: int) -> None:
    units = example_units(speakers=8, per_emotion=20)
    sides = HeldOut(test=0.3, validation=0.15).split(units, seed)
    for key, clips in (("speaker", 100), ("emotion", 160)):
        for value in {unit.labels[key] for unit in units}:
            count = Counter(sides[unit.id] for unit in units if unit.labels[key] == value)
            assert abs(count[TEST] - 0.3 * clips) <= (1 if key == "speaker" else 8)
            assert abs(count[VALIDATION] - 0.15 * 0.7 * clips) <= (1.2 if key == "speaker" else 8)
    cells = Counter((unit.labels["speaker"], unit.labels["emotion"]) for unit in units if sides[unit.id] == TEST)
    assert all(5 <= count <= 7 for count in cells.values()), "6 of 20, to within one"


def test_seeds() -> None:
    units = example_units()
    first, again, other = (HeldOut(unseen=4).split(units, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    labels = {unit.id: unit.labels["speaker"] for unit in units}
    drawn = {
        frozenset(labels[clip] for clip, side in HeldOut(unseen=4).split(units, seed).items() if side == UNSEEN)
        for seed in range(8)
    }
    assert len(drawn) > 4, "another seed leaves other speakers out"


@pytest.mark.parametrize("seed", range(6))
def test_unseen_speakers_are_balanced(seed: int) -> None:
    units = example_units()
    sides = HeldOut(unseen=4).split(units, seed)
    gender = {unit.labels["speaker"]: unit.labels["gender"] for unit in units if sides[unit.id] == UNSEEN}
    assert Counter(gender.values()) == {"female": 2, "male": 2}


def test_balance_is_by_group_as_far_as_groups_reach() -> None:
    units = [Unit(f"{who}-{i}", {"speaker": who} | labels) for who, labels in SPEAKERS.items() for i in range(9)]
    for seed in range(6):
        sides = HeldOut(unseen=4).split(units, seed)
        groups = Counter(SPEAKERS[clip[0]].get("gender", "") for clip, side in sides.items() if side == UNSEEN)
        assert groups == {"female": 9, "male": 9, "": 18}, "the only one of each, and two of the others"


SPEAKERS: dict[str, dict[str, str]] = {
    "a": {"gender": "female"}, "b": {"gender": "male"}, "c": {}, "d": {}, "e": {}, "f": {},
}  # fmt: skip


def test_a_single_clip_or_class_trains() -> None:
    units = [*example_units(2), Unit("lone", {"speaker": "lone", "emotion": "awe"})]
    for seed in range(10):
        assert HeldOut(test=0.8).split(units, seed)["lone"] == TRAIN


def test_a_side_that_would_be_empty_is_refused() -> None:
    units = [Unit(f"c{i}", {"speaker": f"s{i}"}, TRAIN) for i in range(30)]
    with pytest.raises(CorpusError) as caught:
        HeldOut().split(units, 0)
    for side in ("'test'", "'validation'"):
        assert f"of 30 clips none is left for {side}" in str(caught.value)
    with pytest.raises(CorpusError, match=r"share of 0\.15\n    -> .* or set data\.split\.validation=0"):
        Given().split(units, 0)
    assert set(HeldOut(test=0.0, validation=0.0).split(units, 0).values()) == {TRAIN}


def test_clips_without_a_speaker_only_train() -> None:
    units = [*example_units(4), *(Unit(f"x{i}", {"emotion": "sad"}) for i in range(30))]
    sides = HeldOut().split(units, 0)
    assert {sides[f"x{i}"] for i in range(30)} == {TRAIN}
    with pytest.raises(CorpusError, match="30 clips have no 'speaker', the first is 'x0'"):
        HeldOut(unseen=1).split(units, 0)


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(CorpusError, match="unseen=2, but there are 2 speakers"):
        HeldOut(unseen=2).split(example_units(2), 0)
    odd = [*example_units(4), Unit("odd", {"speaker": "s00", "gender": "male"})]
    with pytest.raises(CorpusError, match="speaker 's00': has several values of 'gender': female, male"):
        HeldOut(unseen=2).split(odd, 0)
    assert HeldOut(unseen=2, balance=None).split(odd, 0)


def test_other_attributes_can_take_the_roles() -> None:
    units = [Unit(unit.id, {"who": unit.labels["speaker"], "mood": unit.labels["emotion"]}) for unit in example_units()]
    options = {"speaker": "who", "stratify": "mood", "unseen": 3}
    check_splitter("held_out", units, **options)


def test_options_are_bounded() -> None:
    for options in ({"test": 1.0}, {"validation": -0.1}, {"unseen": -1}, {"dependency_seed": -1}):
        with pytest.raises(PluginError, match=next(iter(options))):
            SPLITTERS.make("held_out", options=options)


def ravdess_like() -> list[Unit]:
    return example_units(speakers=24, per_emotion=12)


def test_label_dependency_is_one_draw_for_all_seeds() -> None:
    splitter = HeldOut(dependency_seed=7, unseen=4)
    kept = [set(splitter.split(ravdess_like(), seed)) for seed in range(3)]
    assert kept[0] == kept[1] == kept[2]
    assert set(HeldOut(dependency_seed=8).split(ravdess_like(), 0)) != kept[0]
    assert 0.4 < len(kept[0]) / len(ravdess_like()) < 0.75, "base + slope / 5 = 0.57 in the mean, less where it is cut"


def test_label_dependency_follows_the_protocol() -> None:
    """The rates of a corpus with very many clips are clip(0.25 + 1.6 P[a, e], 0, 1), P of default_rng(7)."""
    units = [Unit(f"{a}-{e}-{i:04d}", {"speaker": a, "emotion": e}) for a in "ABC" for e in "xyz" for i in range(2000)]
    kept = HeldOut(dependency_seed=7).thinned(units)
    count = Counter((unit.labels["speaker"], unit.labels["emotion"]) for unit in kept)
    preference = np.random.default_rng(7).dirichlet(np.ones(3), size=3)
    for i, a in enumerate("ABC"):
        for j, e in enumerate("xyz"):
            expected = min(1.0, 0.25 + 1.6 * float(preference[i, j]))
            assert count[a, e] / 2000 == pytest.approx(expected, abs=0.045)
    assert HeldOut(dependency_seed=7, dependency_base=1.0).thinned(units) == units
    assert not HeldOut(dependency_seed=7, dependency_base=0.0, dependency_slope=0.0).thinned(units)


def test_label_dependency_leaves_unlabelled_clips_alone() -> None:
    units = [Unit("a", {}), Unit("b", {"speaker": "x"}), Unit("c", {"emotion": "y"})]
    assert HeldOut(dependency_seed=0, dependency_base=0.0, dependency_slope=0.0).thinned(units) == units


@settings(max_examples=60, deadline=None)
@given(populations(), st.floats(0, 1, exclude_max=True), st.integers(0, 99))
def test_systematic_sampling_is_even(units: list[Unit], share: float, seed: int) -> None:
    taken = draw_share(units, share, ["speaker", "emotion"], np.random.default_rng(seed))
    assert abs(len(taken) - share * len(units)) < 1 + 1e-9
    for speaker in {unit.labels["speaker"] for unit in units}:
        own = [unit.id for unit in units if unit.labels["speaker"] == speaker]
        assert abs(len(taken & set(own)) - share * len(own)) < 1 + 1e-9


def test_systematic_sampling_takes_every_clip_equally_often() -> None:
    units = example_units(3, 3)
    rng = np.random.default_rng(0)
    count = Counter(clip for _ in range(600) for clip in draw_share(units, 0.3, ["speaker"], rng))
    assert all(abs(count[unit.id] / 600 - 0.3) < 0.08 for unit in units)


def test_systematic_sampling_starts_anywhere() -> None:
    """Where every clip is a stratum of its own, the drawn start alone gives each its turn."""
    units = [Unit(f"u{i}", {"speaker": f"s{i}"}) for i in range(10)]
    rng = np.random.default_rng(0)
    count = Counter(clip for _ in range(600) for clip in draw_share(units, 0.3, ["speaker"], rng))
    assert all(abs(count[unit.id] / 600 - 0.3) < 0.08 for unit in units)


def protocol() -> HeldOut:
    return HeldOut(test=0.3, unseen=4, dependency_seed=7)


def digest(sides: dict[str, str]) -> str:
    return hashlib.sha256("\n".join(f"{clip},{side}" for clip, side in sorted(sides.items())).encode()).hexdigest()[:16]


def test_the_draw_of_the_benchmark_never_changes() -> None:
    """Figures of different days compare only on the same clips. A change here makes earlier results incomparable."""
    units = example_units(speakers=24, per_emotion=12)
    assert [digest(protocol().split(units, seed)) for seed in (0, 1)] == GOLDEN


GOLDEN = ["1ab964361ef407c3", "046c756843ed6d4a"]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real corpus in {REAL}")
@pytest.mark.parametrize("seed", range(5))
def test_the_benchmark_on_the_real_corpus(seed: int) -> None:
    units = [Unit(clip.id, clip.labels | {"emotion": FIVE.get(clip.labels["emotion"], "other")}) for clip in real()]
    sides = protocol().split(units, seed)
    of = {unit.id: unit.labels for unit in units}
    count = Counter(sides.values())
    known = len(sides) - count[UNSEEN]
    assert len(sides) == 840, "the clips that the label dependency keeps are the same for all seeds"
    assert abs(count[TEST] / known - 0.3) < 0.005
    assert abs(count[VALIDATION] / (known - count[TEST]) - 0.15) < 0.005
    strangers = {(of[clip]["speaker"], of[clip]["gender"]) for clip, side in sides.items() if side == UNSEEN}
    assert Counter(gender for _, gender in strangers) == {"female": 2, "male": 2}
    for side in SPLITS:
        assert {of[clip]["emotion"] for clip, where in sides.items() if where == side} == {*FIVE.values(), "other"}


FIVE = {"neutral": "neutral", "calm": "neutral", "happy": "happy", "sad": "sad", "angry": "angry"}


def real() -> Sequence[Clip]:
    return Ravdess(REAL).clips()


def test_given_is_the_corpus_s_own_word() -> None:
    units = example_units()
    sides = Given().split(units, 0)
    for unit in units:
        assert sides[unit.id] == unit.given or (unit.given, sides[unit.id]) == (TRAIN, VALIDATION)
    train = sum(unit.given == TRAIN for unit in units)
    assert Counter(sides.values())[VALIDATION] == pytest.approx(0.15 * train, abs=1)
    assert Given().split(units, 1) != sides, "the validation part is drawn by the seed"


def test_given_leaves_a_declared_validation_part_alone() -> None:
    units = example_units()
    units[1] = dataclasses.replace(units[1], given=VALIDATION)
    assert Given().split(units, 0) == Given().split(units, 1) == {unit.id: unit.given for unit in units}


def test_given_without_any_validation() -> None:
    units = example_units()
    assert VALIDATION not in Given(validation=0.0).split(units, 0).values()


def test_given_names_the_clips_without_a_split() -> None:
    units = [dataclasses.replace(unit, given=None) if i < 7 else unit for i, unit in enumerate(example_units())]
    with pytest.raises(CorpusError, match=r"7 of 360 clips have no split: s00-angry-0, .* and 2 more") as caught:
        Given().split(units, 0)
    assert "held_out" in str(caught.value)
    with pytest.raises(CorpusError, match=r"1 of 1 clips have no split: a\n"):
        Given().split([Unit("a", {})], 0)


def test_given_refuses_unknown_sides_and_speakers_on_both() -> None:
    with pytest.raises(CorpusError, match="clip 'a': unknown split 'tests'"):
        Given().split([Unit("a", {}, "tests")], 0)
    units = [Unit("a", {"speaker": "x"}, UNSEEN), Unit("b", {"speaker": "x"}, TRAIN), Unit("c", {"speaker": "y"}, TEST)]
    with pytest.raises(CorpusError) as caught:
        Given().split(units, 0)
    assert "speaker 'x': has clips in train, unseen" in str(caught.value)
    assert "speaker 'y': has clips in test" in str(caught.value)
