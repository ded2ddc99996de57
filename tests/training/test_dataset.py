"""Batches are a function of (seed, epoch); labels are merged, indexed and never invented."""

import numpy as np
import pytest
import torch

from emoprism.errors import CorpusError, RecipeError
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import Data
from emoprism.training.dataset import (
    Batches,
    Store,
    collate,
    draw_steps,
    evaluation_streams,
    exact_steps,
    label_clips,
    open_prepared,
    stream_specs,
)
from emoprism.types import MISSING, TRAIN, UNSEEN

DATA = Data.model_validate({"streams": ["audio", "action_units"], "split": {"name": "held_out", "unseen": 2}})
FACES = DATA.model_copy(update={"streams": ("face",)})
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def corpus(prepared) -> PreparedCorpus:
    return open_prepared(prepared)


def test_trained_classes_come_first_and_unseen_speakers_after(corpus):
    labelled = label_clips(corpus, DATA, seed=0)
    trained = labelled.trained["speaker"]
    assert trained == 4
    unseen = set(labelled.labels["speaker"][labelled.rows(UNSEEN)].tolist())
    assert unseen == {4, 5}
    assert set(labelled.labels["speaker"][labelled.rows(TRAIN)].tolist()) == set(range(4))
    words = [clip.labels["speaker"] for clip in labelled.clips]
    named = [labelled.classes["speaker"][i] for i in labelled.labels["speaker"]]
    assert named == words


def test_labels_are_merged_before_they_are_indexed(corpus):
    data = DATA.model_copy(update={"merge": {"emotion": {"angry": "other", "happy": "other"}}})
    labelled = label_clips(corpus, data, seed=0)
    assert labelled.classes["emotion"] == ("neutral", "other")


def test_a_missing_label_is_missing(corpus):
    clips = [c if i else type(c)(c.id, {"speaker": c.labels["speaker"]}, c.split, c.seconds, c.steps, c.shard)
             for i, c in enumerate(corpus.clips)]  # fmt: skip
    partly = PreparedCorpus(corpus.directory, corpus.manifest, tuple(clips), corpus.streams)
    labelled = label_clips(partly, DATA, seed=0)
    row = [c.id for c in labelled.clips].index(clips[0].id)
    assert labelled.labels["emotion"][row] == MISSING
    assert (np.delete(labelled.labels["emotion"], row) != MISSING).all()


def batches(corpus, **changes) -> Batches:
    data = DATA.model_copy(update=changes)
    labelled = label_clips(corpus, data, seed=0)
    return Batches(labelled, Store(corpus, data, None), data, batch_size=16, seed=3)


def test_an_epoch_holds_every_train_clip_once_in_batches_of_nearly_equal_size(corpus):
    made = batches(corpus)
    sizes = [len(batch.labels["speaker"]) for batch in made.epoch(0, CPU)]
    assert sum(sizes) == len(made.train)
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= 16


def test_epochs_repeat_bit_for_bit_and_differ_from_each_other(corpus):
    first, again, other = (
        torch.cat([b.streams["action_units"].values.flatten() for b in batches(corpus).epoch(epoch, CPU)])
        for epoch in (4, 4, 5)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_clips_are_drawn_down_to_max_steps_and_masks_say_what_is_real(corpus):
    batch = next(batches(corpus, max_steps={"audio": 12}).epoch(0, CPU))
    audio = batch.streams["audio"]
    assert audio.values.shape[1] == 12
    steps = audio.mask.sum(1)
    assert set(steps.tolist()) <= {0, 12}
    assert (steps == 0).any(), "the corpus has clips without sound, and they stay in"
    assert torch.equal(audio.values[steps == 0], torch.zeros_like(audio.values[steps == 0]))


def test_frames_are_drawn_in_order_and_windows_are_contiguous():
    generator = np.random.default_rng(0)
    frames = np.arange(10).reshape(10, 1, 1, 1)
    drawn = draw_steps(frames, 4, generator).ravel()
    assert len(set(drawn)) == 4
    assert (np.diff(drawn) > 0).all()
    window = draw_steps(np.arange(10).reshape(10, 1), 4, generator).ravel()
    assert (np.diff(window) == 1).all()
    assert len(draw_steps(frames, None, generator)) == len(draw_steps(frames, 99, generator)) == 10


def test_padding_is_masked():
    stream = collate([np.ones((2, 3), np.float32), np.ones((0, 3), np.float32)])
    assert stream.values.shape == (2, 2, 3)
    assert stream.mask.tolist() == [[True, True], [False, False]]
    assert collate([np.ones((0, 3), np.float32)]).values.shape == (1, 1, 3)


def test_what_does_not_fit_in_memory_is_read_again(corpus, monkeypatch):
    monkeypatch.setattr("emoprism.training.dataset.CACHE_BYTES", 0)
    store = Store(corpus, FACES, 8)
    clip = next(c for c in corpus.clips if c.steps.get("face"))
    assert store.read(clip, "face") is not store.read(clip, "face")
    monkeypatch.undo()
    store = Store(corpus, FACES, 8)
    assert store.read(clip, "face") is store.read(clip, "face")
    assert store.read(clip, "face").shape[1:] == (8, 8, 3)


def test_an_unknown_stream_is_refused_with_a_suggestion(corpus):
    with pytest.raises(RecipeError, match="did you mean 'audio'"):
        stream_specs(corpus, DATA.model_copy(update={"streams": ("audoi",)}))


def test_a_corpus_without_clips_and_a_split_without_training_are_refused(corpus, make_prepared, monkeypatch):
    with pytest.raises(CorpusError, match="no usable clip"):
        open_prepared(make_prepared(0, 0))
    everything_unseen = {clip.id: UNSEEN for clip in corpus.clips}
    monkeypatch.setattr("emoprism.splits.held_out.HeldOut.split", lambda *_: everything_unseen)
    with pytest.raises(CorpusError, match="no clip to train on"):
        label_clips(corpus, DATA, seed=0)


def test_exact_steps_are_the_middle_of_what_is_longer_and_a_repetition_of_what_is_shorter():
    """Li et al. 2020, section 5."""
    assert exact_steps(np.arange(10), 4).tolist() == [3, 4, 5, 6]
    assert exact_steps(np.arange(3), 8).tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert exact_steps(np.arange(3), None).tolist() == [0, 1, 2]
    assert len(exact_steps(np.zeros(0), 5)) == 0


def test_exact_steps_hold_in_training_and_in_evaluation(corpus):
    made = batches(corpus, exact_steps={"audio": 30})
    batch = next(made.epoch(0, CPU)).streams["audio"]
    assert batch.values.shape[1] == 30
    assert (batch.mask.all(1) | ~batch.mask.any(1)).all()
    rows = made.labelled.rows(UNSEEN)
    seen = next(evaluation_streams(made.labelled, made.store, rows, 8, CPU))["audio"]
    assert seen.values.shape[1] == 30


def test_versions_are_further_clips_of_the_train_side_alone(corpus):
    """The action units stand in for another version of themselves, which tells the two apart by nothing but counts."""
    plain = batches(corpus)
    made = batches(corpus, versions={"action_units": ("action_units", "action_units")})
    assert len(made.train) == 3 * len(plain.train)
    counts = np.bincount(np.concatenate([b.labels["speaker"] for b in made.epoch(0, CPU)]))
    once = np.bincount(np.concatenate([b.labels["speaker"] for b in plain.epoch(0, CPU)]))
    assert counts.tolist() == (3 * once).tolist()


def test_a_version_is_read_from_its_own_stream(corpus, monkeypatch):
    read: list[str] = []
    monkeypatch.setattr(
        PreparedCorpus, "read", lambda self, clip, stream, size=None: read.append(stream) or np.ones((2, 6), np.float32)
    )
    monkeypatch.setattr(Store, "_empty", lambda self, stream: np.zeros((0, 6), np.float32))
    data = DATA.model_copy(update={"streams": ("action_units",), "versions": {"action_units": ("audio",)}})
    made = Batches(label_clips(corpus, data, seed=0), Store(corpus, data, None), data, batch_size=16, seed=3)
    list(made.epoch(0, CPU))
    assert set(read) == {"action_units", "audio"}
    assert read.count("audio") == sum(
        bool(made.labelled.clips[row].steps.get("audio")) for row in made.labelled.rows(TRAIN)
    )


def test_modality_dropout_hides_one_stream_of_those_a_clip_has(corpus):
    made, plain = batches(corpus, modality_dropout=0.6), batches(corpus)
    hidden = full = 0
    for thinned, whole in zip(made.epoch(0, CPU), plain.epoch(0, CPU), strict=True):
        has = {name: stream.mask.any(1) for name, stream in whole.streams.items()}
        kept = {name: stream.mask.any(1) for name, stream in thinned.streams.items()}
        both = has["audio"] & has["action_units"]
        assert (kept["audio"] | kept["action_units"]).all(), "the last stream stays"
        assert ((kept["audio"] == has["audio"]) | both).all(), "nothing is hidden of a clip with one stream"
        hidden += int((both & ~(kept["audio"] & kept["action_units"])).sum())
        full += int(both.sum())
    assert 0.35 < hidden / full < 0.85
    again = [batch.streams["audio"].mask.any(1) for batch in made.epoch(0, CPU)]
    assert all(map(torch.equal, again, [batch.streams["audio"].mask.any(1) for batch in made.epoch(0, CPU)]))


@pytest.mark.parametrize("key", ["max_steps", "exact_steps"])
def test_settings_of_a_stream_that_is_not_read_are_refused(corpus, key):
    with pytest.raises(RecipeError, match=rf"data\.{key}\.audoi: .*\n.*did you mean 'audio'"):
        stream_specs(corpus, DATA.model_copy(update={key: {"audoi": 3}}))


def test_a_version_of_another_shape_is_refused(corpus):
    with pytest.raises(RecipeError, match=r"data\.versions\.audio: action_units.*6.*40"):
        stream_specs(corpus, DATA.model_copy(update={"versions": {"audio": ("action_units",)}}))


def test_a_version_that_the_corpus_does_not_have_is_refused(corpus):
    with pytest.raises(RecipeError, match=r"data\.versions\.audio: audio@0\.8"):
        stream_specs(corpus, DATA.model_copy(update={"versions": {"audio": ("audio@0.8",)}}))
