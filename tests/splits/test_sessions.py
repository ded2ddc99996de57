"""Leave one session out as Li et al. (2020) do, and what takes the place of sessions elsewhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from emoprism.corpora.ravdess import Ravdess
from emoprism.errors import CorpusError
from emoprism.splits.base import Unit
from emoprism.splits.leave_one_session_out import LeaveOneSessionOut
from emoprism.types import TRAIN, UNSEEN, VALIDATION

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "ravdess"


def iemocap_like(takes: int = 6) -> list[Unit]:
    """Five sessions of a woman and a man."""
    return [
        Unit(f"Ses0{s}{g}-{take}", {"speaker": f"Ses0{s}{g}", "session": f"Ses0{s}", "emotion": "xyz"[take % 3]})
        for s in range(1, 6)
        for g in "FM"
        for take in range(takes)
    ]


def roles(units: list[Unit], **options: Any) -> dict[str, set[str]]:
    """Side -> speakers."""
    sides = LeaveOneSessionOut(**options).split(units, 0)
    return {side: {u.labels["speaker"] for u in units if sides[u.id] == side} for side in set(sides.values())}


def test_iemocap_gives_ten_folds_of_paired_speakers() -> None:
    """Li et al. 2020, section 4: 8 speakers train; of the remaining two one validates and one tests, then switched."""
    units = iemocap_like()
    assert LeaveOneSessionOut().folds(units) == tuple(f"Ses0{s}-{part}" for s in range(1, 6) for part in (1, 2))
    for session in range(5):
        woman, man = f"Ses0{session + 1}F", f"Ses0{session + 1}M"
        first, second = roles(units, fold=2 * session), roles(units, fold=2 * session + 1)
        assert (first[VALIDATION], first[UNSEEN]) == ({woman}, {man})
        assert (second[VALIDATION], second[UNSEEN]) == ({man}, {woman})
        for found in (first, second):
            assert len(found[TRAIN]) == 8 and not found[TRAIN] & {woman, man}


def test_unpaired_a_whole_session_tests() -> None:
    units = iemocap_like(12)
    assert LeaveOneSessionOut(paired=False).folds(units) == ("Ses01", "Ses02", "Ses03", "Ses04", "Ses05")
    found = roles(units, paired=False, fold=3)
    assert found[UNSEEN] == {"Ses04F", "Ses04M"}
    assert found[TRAIN] == found[VALIDATION] and len(found[TRAIN]) == 8


def test_a_session_of_several_is_parted_evenly() -> None:
    units = [
        Unit(f"{who}{i}", {"speaker": who, "session": session, "gender": who[0], "emotion": "x"})
        for session, people in {"t1": ["f1", "f2", "m1", "m2", "m3"], "t2": ["f3", "m4"]}.items()
        for who in people
        for i in range(3)
    ]
    assert roles(units)[VALIDATION] == {"f1", "m1", "m3"} and roles(units)[UNSEEN] == {"f2", "m2"}
    assert roles(units, fold=1)[VALIDATION] == {"f2", "m2"} and roles(units, fold=1)[UNSEEN] == {"f1", "m1", "m3"}


def test_groups_that_are_listed() -> None:
    units = iemocap_like()
    women, men = (tuple(f"Ses0{s}{g}" for s in range(1, 6)) for g in "FM")
    assert LeaveOneSessionOut(groups=(women, men)).folds(units) == ("group1-1", "group1-2", "group2-1", "group2-2")
    found = roles(units, groups=(women, men), fold=2)
    assert found[TRAIN] == set(women)
    assert found[VALIDATION] == {"Ses01M", "Ses03M", "Ses05M"} and found[UNSEEN] == {"Ses02M", "Ses04M"}


def test_groups_that_are_drawn() -> None:
    units = [Unit(unit.id, {"speaker": unit.labels["speaker"], "gender": unit.id[5]}) for unit in iemocap_like()]
    assert len(LeaveOneSessionOut(groups=3).folds(units)) == 6

    def tested(seed: int, **options: Any) -> list[frozenset[str]]:
        folds = [LeaveOneSessionOut(groups=3, fold=fold, **options).split(units, seed) for fold in range(6)]
        return [frozenset(clip[:6] for clip, side in sides.items() if side == UNSEEN) for sides in folds]

    for seed in range(6):
        assert Counter(who for people in tested(seed) for who in people) == Counter({u.id[:6]: 1 for u in units})
        assert sorted(map(len, tested(seed))) == [1, 1, 2, 2, 2, 2]
        assert sorted(len(a | b) for a, b in zip(tested(seed)[::2], tested(seed)[1::2], strict=True)) == [3, 3, 4]
    assert len({tuple(tested(seed)) for seed in range(6)}) > 3
    assert len({tuple(tested(seed, groups_seed=1)) for seed in range(6)}) == 1, "the same groups for all seeds"


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real corpus in {REAL}")
def test_five_groups_of_the_real_actors() -> None:
    units = [Unit(clip.id, clip.labels) for clip in Ravdess(REAL).clips()]
    assert len(LeaveOneSessionOut(groups=5).folds(units)) == 10
    sizes = []
    for fold in range(10):
        found = roles(units, groups=5, fold=fold)
        assert not found[TRAIN] & (found[VALIDATION] | found[UNSEEN]) and not found[VALIDATION] & found[UNSEEN]
        sizes.append(24 - len(found[TRAIN]))
    assert sorted(sizes) == [4, 4, 5, 5, 5, 5, 5, 5, 5, 5]


def test_what_cannot_be_paired_is_refused() -> None:
    units = iemocap_like()
    lone = [unit for unit in units if unit.labels["speaker"] != "Ses03M"]
    with pytest.raises(CorpusError, match=r"session 'Ses03': has one speaker, 'Ses03F'\n.*paired=false"):
        LeaveOneSessionOut().split(lone, 0)
    assert LeaveOneSessionOut(paired=False).split(lone, 0)
    guest = [*units, Unit("x", {"speaker": "Ses01F", "session": "Ses02"}), Unit("y", {"speaker": "Ses02F"})]
    with pytest.raises(CorpusError) as caught:
        LeaveOneSessionOut().split(guest, 0)
    assert "speaker 'Ses01F': is in session 'Ses01' and 'Ses02'" in str(caught.value)
    assert "speaker 'Ses02F': is in session none and 'Ses02'" in str(caught.value)
    with pytest.raises(CorpusError, match="there is one session to leave out"):
        LeaveOneSessionOut().split(units[:12], 0)
    with pytest.raises(CorpusError, match="there are no sessions to leave out"):
        LeaveOneSessionOut().split([Unit("a", {"speaker": "b"})], 0)
    with pytest.raises(CorpusError, match="groups=6 of 10 speakers, where 12 at least are needed"):
        LeaveOneSessionOut(groups=6).split(units, 0)


def test_a_list_of_groups_that_is_wrong() -> None:
    groups = (("Ses01F", "Ses01M", "Ses2F"), ("Ses01F", "Ses03F"), ())
    with pytest.raises(CorpusError) as caught:
        LeaveOneSessionOut(groups=groups).split(iemocap_like(), 0)
    for words in (
        "no clip is of a speaker 'Ses2F'\n    -> did you mean 'Ses02F'?",
        "'Ses02M' stands in no group",
        "'Ses01F' stands there twice",
        "group 3 is empty",
    ):
        assert words in str(caught.value)
