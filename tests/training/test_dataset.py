"""Batches are a function of (seed, epoch); labels are merged, indexed and never invented."""

import numpy as np
import pytest
import torch

from emoprism.errors import CorpusError, RecipeError
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import Data
from emoprism.training.dataset import Batches, Store, collate, draw_steps, label_clips, open_prepared, stream_specs
from emoprism.types import MISSING, TRAIN, UNSEEN

DATA = Data.model_validate({"streams": ["audio", "action_units"], "split": {"name": "held_out", "unseen": 2}})
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
    return Batches(labelled, Store(corpus, data.streams, None), data, batch_size=16, seed=3)


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
    store = Store(corpus, ("face",), 8)
    clip = next(c for c in corpus.clips if c.steps.get("face"))
    assert store.read(clip, "face") is not store.read(clip, "face")
    monkeypatch.undo()
    store = Store(corpus, ("face",), 8)
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
