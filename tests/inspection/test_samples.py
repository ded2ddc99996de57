"""Loudness as log-mel vectors tell it, and who is looked at."""

from __future__ import annotations

import numpy as np
import pytest

from emoprism.inspection.samples import drawn, look, loudness, silent_share
from emoprism.media.audio import log_mel
from emoprism.media.shards import PreparedCorpus

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE
GENERATOR = np.random.default_rng(0)
SOUNDS = {
    "noise": 0.1 * GENERATOR.normal(size=2 * RATE),
    "low tone": 0.5 * np.sin(2 * np.pi * 150 * TIME),
    "high tone": 0.5 * np.sin(2 * np.pi * 3333 * TIME),
    "square wave": np.sign(np.sin(2 * np.pi * 211 * TIME) + 1e-9),
    "quiet hiss": 1e-3 * np.convolve(GENERATOR.normal(size=2 * RATE), np.ones(8) / 8, "same"),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_the_level_is_that_of_the_samples(name: str) -> None:
    sound = SOUNDS[name].astype(np.float32)
    assert loudness(log_mel(sound)) == pytest.approx(10 * np.log10(np.mean(np.square(sound))), abs=0.6)


def test_the_level_of_nothing_is_no_number() -> None:
    empty = np.zeros((0, 40), dtype=np.float32)
    assert np.isnan(loudness(empty)) and np.isnan(silent_share(empty))


@pytest.mark.parametrize(("quiet", "share"), [(0.0, 0.5), (10 ** (-50 / 20), 0.5), (10 ** (-30 / 20), 0.0)])
def test_steps_far_below_the_loudest_are_silent(quiet: float, share: float) -> None:
    tone = np.sin(2 * np.pi * 440 * TIME)
    sound = np.where(TIME < 1, tone, quiet * tone).astype(np.float32)
    assert silent_share(log_mel(sound)) == pytest.approx(share, abs=0.02)


def test_digital_silence_is_silent_throughout() -> None:
    assert silent_share(log_mel(np.zeros(RATE, dtype=np.float32))) == 1.0


def test_some_of_many_are_drawn_evenly() -> None:
    assert drawn(5, 10, np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]
    hits = np.zeros(20)
    for seed in range(400):
        rows = drawn(20, 5, np.random.default_rng(seed))
        assert len(set(rows.tolist())) == 5 and (np.diff(rows) > 0).all()
        hits[rows] += 1
    assert hits.min() > 60 and hits.max() < 140  # 100 each, four standard deviations about it


def test_faces_and_sounds_of_clips(corpus, made) -> None:
    clips = [made({}, faces=0), made({}, faces=1, sound=False), made({}, faces=3)]
    opened = PreparedCorpus.open(corpus(clips))
    found = look(opened, 10, 0)
    assert found.faces.tolist() == [0, 1, 3]
    assert np.isfinite(found.level).tolist() == [True, False, True]
    assert look(opened, 2, 0).rows.tolist() == look(opened, 2, 0).rows.tolist()
    assert len(look(opened, 0, 0).rows) == 0
