"""Right and wrong on another corpus, by both rules."""

import pytest

from emoprism.corpora.cmu_mosei import EMOTIONS, NEUTRAL
from emoprism.errors import StageError
from emoprism.experiments.scores import WA, evidence
from emoprism.experiments.strangers import rights_of
from emoprism.experiments.study import Cross
from emoprism.leakage.evidence import point
from emoprism.media.shards import PreparedClip
from emoprism.types import NO, YES

CLASSES = ("angry", "happy", "neutral", "sad")


def clip(name, emotion=None, speaker="p", values=None, **labels):
    told = {"speaker": speaker} | ({} if emotion is None else {"emotion": emotion}) | labels
    return PreparedClip(name, told, None, 1.0, {}, "shard-00000.safetensors", {}, values or {})


def rated(name, *present, emotion=None):
    """As CMU-MOSEI: yes or no for each of six, and the strongest as the emotion; neutral where there is none."""
    told = {word: YES if word in present else NO for word in EMOTIONS}
    return clip(name, emotion or (present[0] if len(present) == 1 else NEUTRAL if not present else None), **told)


def share(rights, **said):
    return point(evidence(rights.judge(tuple(said), tuple(said.values())), WA))


def test_a_label_is_right_after_the_map_and_what_has_none_is_left_out_and_counted():
    clips = [clip("a", "anger"), clip("b", "happy"), clip("c", "boredom"), clip("d", "fear"), clip("e")]
    rights = rights_of(clips, CLASSES, Cross(maps={"emotion": {"anger": "angry", "boredom": None}}), "there")
    assert rights.of == {"a": {"angry"}, "b": {"happy"}}
    assert rights.left_out == 3
    assert rights.classes == ("angry", "happy"), "only what both know may be predicted"
    assert share(rights, a="angry", b="sad", c="angry", d="happy", e="happy") == 0.5
    assert rights.chance() == 0.5
    assert rights.constant() == ("happy", 0.5)


def test_all_classes_may_be_predicted_where_the_study_says_so():
    rights = rights_of([clip("a", "happy")], CLASSES, Cross(among="all"), "there")
    assert rights.classes == CLASSES
    assert rights.chance() == 0.25


def test_a_prediction_is_right_where_that_emotion_is_positive():
    clips = [
        rated("two", "happy", "sad"),
        rated("none"),
        rated("afraid", "fearful"),
        rated("both", "angry", "fearful"),
    ]
    rights = rights_of(clips, CLASSES, Cross(score="positive"), "there")
    assert rights.of == {"two": {"happy", "sad"}, "none": {"neutral"}, "both": {"angry"}}
    assert rights.left_out == 1, "fear alone is none of the four"
    assert share(rights, two="sad", none="happy", afraid="sad", both="angry") == pytest.approx(2 / 3)
    assert share(rights, two="neutral", none="neutral", both="happy") == pytest.approx(1 / 3)
    assert rights.chance() == pytest.approx((2 / 4 + 1 / 4 + 1 / 4) / 3)


def test_numbers_are_positive_above_zero_and_may_have_other_names():
    clips = [
        clip("a", "happy", values={"intensity:happy": 0.1, "intensity:sad": 0.0}),
        clip("b", "sad", values={"intensity:happy": 0.0, "intensity:sad": 2.0}),
    ]
    cross = Cross(score="positive", positive={"happy": "intensity:happy", "sad": "intensity:sad"})
    assert rights_of(clips, ("happy", "sad"), cross, "there").of == {"a": {"happy"}, "b": {"sad"}}


def test_a_label_that_is_mapped_to_nothing_leaves_the_clip_out_by_either_rule():
    cross = Cross(score="positive", maps={"emotion": {"happy": None}})
    assert rights_of([rated("a", "happy"), rated("b", "sad")], CLASSES, cross, "there").of == {"b": {"sad"}}


def test_nothing_that_can_be_scored_is_an_error_in_words():
    with pytest.raises(StageError, match=r"there: for none of its 1 clips one of angry(.|\n)*cross\.maps"):
        rights_of([clip("a", "joy")], CLASSES, Cross(), "there")


def test_speakers_are_drawn_where_they_are_known():
    rights = rights_of([clip("a", "happy"), clip("b", "sad", speaker="q")], CLASSES, Cross(), "there")
    assert rights.judge(("a", "b"), ("happy", "happy")).speakers == ("p", "q")
