"""Trained on some corpora, tested on others: nobody and no label on the wrong side."""

from __future__ import annotations

from collections import Counter

import pytest

from emoprism.errors import CorpusError
from emoprism.families import SPLITTERS
from emoprism.splits.base import Unit
from emoprism.splits.cross_corpus import CrossCorpus
from emoprism.types import TRAIN, UNSEEN, VALIDATION


def joined(emotions: str = "xyz") -> list[Unit]:
    """Three corpora of three speakers each."""
    return [
        Unit(f"{c}-{s}{e}{i}", {"corpus": c, "speaker": f"{c}-{s}", "emotion": e})
        for c in ("emodb", "ravdess", "savee")
        for s in "abc"
        for e in emotions
        for i in range(4)
    ]


def sides_by_corpus(units: list[Unit], sides: dict[str, str]) -> dict[str, set[str]]:
    return {
        corpus: {sides[u.id] for u in units if u.labels["corpus"] == corpus and u.id in sides}
        for corpus in ("emodb", "ravdess", "savee")
    }


def test_every_corpus_tests_in_turn() -> None:
    units = joined()
    assert CrossCorpus().folds(units) == ("emodb", "ravdess", "savee")
    for fold, name in enumerate(CrossCorpus().folds(units)):
        found = sides_by_corpus(units, CrossCorpus(fold=fold).split(units, 0))
        assert found.pop(name) == {UNSEEN}
        assert all(sides == {TRAIN, VALIDATION} for sides in found.values())


def test_corpora_that_are_named() -> None:
    units = joined()
    splitter = CrossCorpus(train=("ravdess",), test=("emodb",))
    assert splitter.folds(units) == ("emodb",)
    assert sides_by_corpus(units, splitter.split(units, 0)) == {
        "emodb": {UNSEEN}, "ravdess": {TRAIN, VALIDATION}, "savee": set(),
    }  # fmt: skip
    assert CrossCorpus(test=("emodb", "savee")).folds(units) == ("emodb+savee",)
    assert CrossCorpus(train=("ravdess",)).folds(units) == ("emodb", "savee")
    found = CrossCorpus(train=("ravdess",), fold=1, validation=0.25).split(units, 0)
    assert Counter(found.values()) == {TRAIN: 27, VALIDATION: 9, UNSEEN: 36}
    one = SPLITTERS.make("cross_corpus", options={"train": "ravdess", "test": "emodb"})
    assert one.split(units, 0) == splitter.split(units, 0), "a single name needs no list"


def test_whole_speakers_can_select() -> None:
    units = joined()
    sides = CrossCorpus(test=("emodb",), validate_on="groups", validation=0.3).split(units, 0)
    people = {side: {u.labels["speaker"] for u in units if sides[u.id] == side} for side in (TRAIN, VALIDATION)}
    assert len(people[VALIDATION]) == 2 and not people[TRAIN] & people[VALIDATION]


def test_names_that_are_wrong() -> None:
    units = joined()
    with pytest.raises(CorpusError, match=r"data.split.test: no clip is of a corpus 'emodbb'\n.*'emodb'\?"):
        CrossCorpus(test=("emodbb",)).split(units, 0)
    with pytest.raises(CorpusError, match="'savee' is to train and to test"):
        CrossCorpus(train=("savee", "emodb"), test=("savee",)).split(units, 0)
    with pytest.raises(CorpusError, match="no corpus is left to train on"):
        CrossCorpus(test=("emodb", "ravdess", "savee")).split(units, 0)
    with pytest.raises(CorpusError, match=r"the clips are of 1 corpus\n.*emoprism corpus join"):
        CrossCorpus().split([unit for unit in units if unit.labels["corpus"] == "emodb"], 0)
    with pytest.raises(CorpusError, match="fold=3, but there are 3 folds"):
        CrossCorpus(fold=3).split(units, 0)


def test_training_on_everything_that_is_left_leaves_no_fold() -> None:
    with pytest.raises(CorpusError, match="no corpus is left to test"):
        CrossCorpus(train=("emodb", "ravdess", "savee")).split(joined(), 0)


def test_an_emotion_that_never_trains_is_named_with_what_to_do() -> None:
    units = [*joined(), Unit("e", {"corpus": "emodb", "speaker": "emodb-a", "emotion": "boredom"})]
    with pytest.raises(CorpusError) as caught:
        CrossCorpus(test=("emodb",)).split(units, 0)
    assert str(caught.value) == (
        "corpus 'emodb': the emotion 'boredom' is tested and never trained\n"
        "    -> map it, or leave its clips out: data.maps.emodb.emotion={boredom: null}"
    )
    assert CrossCorpus(test=("emodb",), known=()).split(units, 0)["e"] == UNSEEN


def test_a_speaker_on_both_sides_is_refused() -> None:
    units = [*joined(), Unit("e", {"corpus": "emodb", "speaker": "savee-a", "emotion": "x"})]
    with pytest.raises(CorpusError, match="speaker 'savee-a': has clips in corpora that train and in corpora that"):
        CrossCorpus(test=("emodb",)).split(units, 0)
