"""Halves: every speaker on both sides, as even over emotions as can be; an attack on people who never trained."""

from collections import Counter
from dataclasses import replace

import numpy as np

from emoprism.leakage.auditor import audit_embeddings
from emoprism.leakage.halves import halves
from emoprism.leakage.options import AuditOptions
from emoprism.types import MISSING, TEST, TRAIN

QUICK = AuditOptions.model_validate(
    {"tell": ["speaker"], "splits": ["test"], "attackers": ["logistic"], "bootstrap": 0, "projection": False}
)


def accuracy(embeddings):
    rows = audit_embeddings(embeddings, QUICK).leakage.measurements
    return next(r.value for r in rows if (r.kind, r.embedding, r.metric) == ("leakage", "emotion", "accuracy"))


def test_of_every_speaker_and_emotion_one_half_is_asked(make):
    found = make()
    part = halves(found, ("unseen",), "speaker", "emotion", 0)
    assert part is not None
    assert set(part.clips) == {found.clips[i] for i in found.rows("unseen")}
    assert not part.predictions
    count = Counter(zip(part.labels["speaker"], part.labels["emotion"], part.split, strict=True))
    for speaker, emotion in {key[:2] for key in count}:
        assert abs(count[speaker, emotion, TRAIN] - count[speaker, emotion, TEST]) <= 1
    for speaker in set(part.labels["speaker"]):
        own = [side for side, who in zip(part.split, part.labels["speaker"], strict=True) if who == speaker]
        assert own.count(TRAIN) - own.count(TEST) in (0, 1)


def test_rows_stay_with_their_clips_and_the_seed_draws_the_halves(make):
    found = make()
    part = halves(found, ("train",), "speaker", "emotion", 0)
    place = {clip: i for i, clip in enumerate(found.clips)}
    rows = [place[clip] for clip in part.clips]
    assert (part.vectors["emotion"] == found.vectors["emotion"][rows]).all()
    assert (part.labels["emotion"] == found.labels["emotion"][rows]).all()
    assert halves(found, ("train",), "speaker", "emotion", 0).split == part.split
    assert halves(found, ("train",), "speaker", "emotion", 1).split != part.split


def test_strangers_are_told_apart_where_the_embedding_says_who_they_are_and_only_there(make):
    open_, shut = (halves(make(leak), ("unseen",), "speaker", "emotion", 0) for leak in (1.0, 0.0))
    assert accuracy(open_) > 0.8
    assert accuracy(shut) < 0.6, "three speakers: chance is a third"


def test_nobody_to_tell_apart_is_no_audit(make):
    found = make()
    assert halves(found, ("validation",), "speaker", "emotion", 0) is None
    one = replace(found, labels=found.labels | {"speaker": np.zeros(len(found.clips), dtype=np.int64)})
    assert halves(one, ("unseen",), "speaker", "emotion", 0) is None
    known = found.labels["speaker"].copy()
    known[found.rows("unseen")[1:]] = MISSING
    assert (
        halves(replace(found, labels=found.labels | {"speaker": known}), ("unseen",), "speaker", "emotion", 0) is None
    )


def test_speakers_of_one_clip_each_cannot_be_asked_about(make):
    found = make()
    rows = found.rows("unseen")
    who = found.labels["speaker"]
    one_each = [rows[who[rows] == speaker][0] for speaker in np.unique(who[rows])]
    known = np.full(len(who), MISSING)
    known[one_each] = who[one_each]
    lone = replace(found, labels=found.labels | {"speaker": known})
    assert halves(lone, ("unseen",), "speaker", "emotion", 0) is None
