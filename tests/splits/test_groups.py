"""Splitters of whole groups: nobody on two sides, every clip tested once, whatever the corpus looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoprism.corpora.ravdess import Ravdess
from emoprism.errors import CorpusError, PluginError
from emoprism.families import SPLITTERS
from emoprism.splits.base import Unit
from emoprism.testing import check_splitter, example_units
from emoprism.types import SPLITS, TEST, TRAIN, UNSEEN, VALIDATION

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "ravdess"


@st.composite
def corpora(draw: st.DrawFn) -> list[Unit]:
    """One clip to many per speaker, emotions missing, two speakers a session, speakers of one corpus each."""
    units: list[Unit] = []
    for speaker in range(2 * draw(st.integers(2, 4))):
        who = {
            "speaker": f"s{speaker}",
            "gender": draw(st.sampled_from(["f", "m"])),
            "session": f"t{speaker // 2}",
            "corpus": "ab"[speaker % 2],
        }
        for clip in range(draw(st.integers(2, 9))):
            what = {"sentence": f"line {clip % 3}"}
            emotion = draw(st.sampled_from(["", "x", "y", "z"]))
            what |= {"emotion": emotion} if emotion else {}
            units.append(Unit(f"s{speaker}-{clip}", who | what))
    return units


def every_fold(name: str, units: Sequence[Unit], seed: int = 0, **options: Any) -> list[dict[str, str]]:
    count = len(SPLITTERS.make(name, options=options).folds(units))
    return [SPLITTERS.make(name, options={**options, "fold": fold}).split(units, seed) for fold in range(count)]


def values(units: Sequence[Unit], sides: Mapping[str, str], key: str, *asked: str) -> set[str]:
    """Labels of an attribute that occur on some sides."""
    return {unit.labels[key] for unit in units if sides.get(unit.id) in asked and key in unit.labels}


PROMISES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "k_fold": ("k_fold", "speaker", {"folds": 3}),
    "k_fold, strangers select": ("k_fold", "speaker", {"folds": 3, "validate_on": "groups"}),
    "k_fold of sessions": ("k_fold", "session", {"folds": 2, "group": "session"}),
    "k_fold of sentences": ("k_fold", "sentence", {"folds": 2, "group": "sentence", "validate_on": "groups"}),
    "leave_one_speaker_out": ("leave_one_speaker_out", "speaker", {"validate_on": "groups"}),
    "leave_one_session_out": ("leave_one_session_out", "session", {}),
    "unpaired": ("leave_one_session_out", "session", {"paired": False}),
    "drawn groups": ("leave_one_session_out", "speaker", {"groups": 2}),
    "sentence_disjoint": ("sentence_disjoint", "sentence", {}),
    "sentences and speakers": ("sentence_disjoint", "sentence", {"speaker_folds": 2}),
    "cross_corpus": ("cross_corpus", "corpus", {"known": ()}),
}
"""Splitter, the attribute that it keeps on one side, options."""
REFUSALS = ("none is left for", "ask for fewer folds", "validation takes whole groups")
"""What may stand in the way in a corpus of a few clips."""


@pytest.mark.parametrize("case", PROMISES)
@settings(max_examples=15, deadline=None)
@given(units=corpora(), seed=st.integers(0, 2**32))
def test_promises_hold_on_any_corpus(case: str, units: list[Unit], seed: int) -> None:
    name, key, options = PROMISES[case]
    try:
        folds = every_fold(name, units, seed, **options)
    except CorpusError as error:
        assert any(words in str(error) for words in REFUSALS), str(error)
        return
    ids = {unit.id for unit in units}
    tested = Counter(clip for sides in folds for clip, side in sides.items() if side in {TEST, UNSEEN})
    assert tested == Counter(ids), "every clip is held out once over all folds"
    for sides in folds:
        assert set(sides) <= ids and set(sides.values()) <= set(SPLITS)
        assert values(units, sides, key, TRAIN).isdisjoint(values(units, sides, key, TEST, UNSEEN)), key
        strangers = values(units, sides, "speaker", UNSEEN)
        assert strangers.isdisjoint(values(units, sides, "speaker", TRAIN, VALIDATION, TEST))
        assert values(units, sides, "speaker", TEST) <= values(units, sides, "speaker", TRAIN)
        if options.get("validate_on") == "groups" and name != "cross_corpus":
            assert values(units, sides, key, TRAIN).isdisjoint(values(units, sides, key, VALIDATION))


@pytest.mark.parametrize("case", PROMISES)
def test_the_contract_holds_with_these_options(case: str) -> None:
    name, _, options = PROMISES[case]
    check_splitter(name, **options)


def test_a_split_that_forgets_the_groups_would_be_noticed() -> None:
    """The control of the promises above: the usual split shares its speakers, sentences and corpora."""
    units = example_units()
    sides = SPLITTERS.make("held_out").split(units, 0)
    for key in ("speaker", "session", "sentence", "corpus"):
        assert values(units, sides, key, TRAIN) & values(units, sides, key, TEST), key


@pytest.mark.parametrize("name", ["k_fold", "leave_one_speaker_out", "sentence_disjoint", "cross_corpus"])
def test_the_seed_draws(name: str) -> None:
    first, again, other = (every_fold(name, example_units(), seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_validation_is_a_share_of_everybody_or_everything_of_a_few() -> None:
    units = example_units(10, 10)
    for sides in every_fold("k_fold", units, validation=0.25):
        train, chosen = (values(units, sides, "speaker", side) for side in (TRAIN, VALIDATION))
        assert train == chosen and len(train) == 8
        assert Counter(sides.values()) == {TRAIN: 300, VALIDATION: 100, UNSEEN: 100}
    for sides in every_fold("k_fold", units, validation=0.25, validate_on="groups"):
        train, chosen = (values(units, sides, "speaker", side) for side in (TRAIN, VALIDATION))
        assert (len(train), len(chosen)) == (6, 2) and not train & chosen
    for sides in every_fold("k_fold", units, validation=0):
        assert Counter(sides.values()) == {TRAIN: 400, UNSEEN: 100}


def test_a_single_clip_of_a_class_trains_where_its_speaker_does() -> None:
    units = [*example_units(4), Unit("lone", {"speaker": "s01", "emotion": "awe"})]
    for seed in range(6):
        found = [sides["lone"] for sides in every_fold("k_fold", units, seed, folds=2, validation=0.8)]
        assert sorted(found) == [TRAIN, UNSEEN]


def test_so_few_speakers_still_select_and_train() -> None:
    for sides in every_fold("leave_one_speaker_out", example_units(3), validate_on="groups", validation=0.1):
        assert Counter(sides.values()) == {TRAIN: 30, VALIDATION: 30, UNSEEN: 30}
    with pytest.raises(CorpusError, match=r"validation takes whole groups, but training holds 1 of .* 'speaker'"):
        every_fold("leave_one_speaker_out", example_units(2), validate_on="groups")


def test_who_selects_is_no_stranger_left_to_test() -> None:
    """Somebody who says two short sentences: where one of them tests and the other would select, it is left out."""
    units = [
        Unit(f"{who}{i}{take}", {"speaker": who, "sentence": f"t{i}"})
        for who in "abcd" for i in range(6) for take in range(1 if i < 2 else 2)
    ]  # fmt: skip
    units += [Unit(f"odd{i}", {"speaker": "odd", "sentence": f"t{i}"}) for i in range(2)]
    options = {"group": "sentence", "folds": 6, "validate_on": "groups", "validation": 0.1}
    left_out = 0
    for sides in every_fold("k_fold", units, **options):
        own = [sides[clip] for clip in ("odd0", "odd1") if clip in sides]
        assert sorted(own) in ([TEST, TRAIN], [TRAIN, TRAIN], [TRAIN, VALIDATION], [UNSEEN])
        left_out += own == [UNSEEN]
        assert len(sides) == len(units) - (own == [UNSEEN])
    assert left_out, "it did happen"


@pytest.mark.parametrize("name", ["k_fold", "leave_one_speaker_out", "leave_one_session_out"])
def test_clips_of_nobody_are_refused_or_left_out(name: str) -> None:
    units = [*example_units(), *(Unit(f"x{i}", {"emotion": "sad"}) for i in range(7))]
    with pytest.raises(CorpusError, match=r"7 of 367 clips have no 'speaker': x0, x1, x2, x3, x4 and 2 more"):
        SPLITTERS.make(name).split(units, 0)
    sides = SPLITTERS.make(name, options={"nameless": "leave_out"}).split(units, 0)
    assert sides == SPLITTERS.make(name).split(example_units(), 0)


def test_a_fold_that_is_not_there() -> None:
    for name, count, last in (("k_fold", 5, "fold 5 of 5"), ("leave_one_speaker_out", 12, "s11")):
        with pytest.raises(CorpusError, match=f"fold=50, but there are {count} folds\n.*fold={count - 1} is '{last}'"):
            SPLITTERS.make(name, options={"fold": 50}).split(example_units(), 0)


def test_more_folds_than_there_are_groups() -> None:
    with pytest.raises(CorpusError, match="folds=13, but the clips have 12 values of 'speaker'"):
        SPLITTERS.make("k_fold", options={"folds": 13}).split(example_units(), 0)
    with pytest.raises(CorpusError, match="speaker_folds: 13 folds, but the clips have 12 values of 'speaker'"):
        SPLITTERS.make("sentence_disjoint", options={"speaker_folds": 13}).split(example_units(), 0)
    with pytest.raises(CorpusError, match="the clips are of 1 speaker\n"):
        SPLITTERS.make("leave_one_speaker_out").split(example_units(1), 0)


def test_options_are_bounded() -> None:
    for name, options in (("k_fold", {"folds": 1}), ("k_fold", {"fold": -1}), ("k_fold", {"validate_on": "people"}),
                          ("sentence_disjoint", {"speaker_folds": 0})):  # fmt: skip
        with pytest.raises(PluginError, match=next(iter(options))):
            SPLITTERS.make(name, options=options)


def test_sentences_and_speakers_at_once_leave_out_what_shares_one_of_them() -> None:
    units = example_units()
    sides = every_fold("sentence_disjoint", units, folds=2, speaker_folds=3, validation=0)
    assert len(sides) == 6
    for fold in sides:
        assert Counter(fold.values()) == {UNSEEN: 60, TRAIN: 120}, "1/2 of sentences x 1/3 of speakers"
        assert len(units) - len(fold) == 180
        for key in ("speaker", "sentence"):
            assert values(units, fold, key, TRAIN).isdisjoint(values(units, fold, key, UNSEEN))


def test_sentences_that_hang_together_with_speakers_are_refused() -> None:
    units = [Unit(f"{i}", {"speaker": f"s{i % 4}", "sentence": f"t{i % 4}", "emotion": "x"}) for i in range(80)]
    with pytest.raises(CorpusError, match="no clip is left to test"):
        every_fold("sentence_disjoint", units, folds=2, speaker_folds=4)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real corpus in {REAL}")
def test_on_the_real_corpus() -> None:
    units = [Unit(clip.id, clip.labels) for clip in Ravdess(REAL).clips()]
    folds = every_fold("k_fold", units)
    for sides in folds:
        people = {unit.labels["speaker"]: unit.labels["gender"] for unit in units if sides[unit.id] == UNSEEN}
        assert len(people) in {4, 5}
        assert abs(2 * Counter(people.values())["female"] - len(people)) <= 1
    for sides in every_fold("sentence_disjoint", units):
        assert len(values(units, sides, "sentence", TEST)) == 1
        assert values(units, sides, "speaker", TEST) == values(units, sides, "speaker", TRAIN)
