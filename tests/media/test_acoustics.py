"""Kinds of acoustic features: the contract, and the 43 values of Li et al. 2020."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr

from emoprism.errors import PluginError, RecipeError
from emoprism.families import ACOUSTICS
from emoprism.media.acoustics.mfcc import Mfcc
from emoprism.media.acoustics.speech import Speech, at_speed
from emoprism.media.audio import log_mel, mel_filters
from emoprism.media.options import PrepareOptions
from emoprism.media.prepare import prepare
from emoprism.media.process import process_clip
from emoprism.media.shards import PreparedCorpus
from emoprism.testing import check_acoustics
from emoprism.types import Clip

OPTIONS: dict[str, dict[str, Any]] = {"speech": {"speeds": (0.8, 1.2)}}


@pytest.mark.parametrize("name", ACOUSTICS.names())
def test_features_keep_the_contract(name: str) -> None:
    check_acoustics(name, **OPTIONS.get(name, {}))


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * 16_000)) / 16_000
    return sum(0.1 * np.sin(2 * np.pi * k * hertz * time) for k in range(1, 6)).astype(np.float32)


def test_forty_three_values_in_their_order() -> None:
    samples = tone(200.0)
    values = Speech().streams(samples)["speech"].values
    assert values.shape == (1 + (16_000 - 640) // 160, 43)
    np.testing.assert_array_equal(values[:, :40], log_mel(samples, 640, 160))
    np.testing.assert_allclose(values[5:-5, 40], 200.0, rtol=0.005)
    assert values[5:-5, 41].min() > 0.95
    energy = [math.log(np.mean(samples[i * 160 : i * 160 + 640].astype(np.float64) ** 2)) for i in range(len(values))]
    np.testing.assert_allclose(values[:, 42], energy, rtol=1e-4)


@pytest.mark.parametrize("speed", [0.8, 0.9, 1.1, 1.2])
def test_speed_changes_length_and_pitch_alike(speed: float) -> None:
    kind = Speech(speeds=(speed,))
    streams = kind.streams(tone(200.0, 2.0))
    plain, changed = streams["speech"], streams[f"speech@{speed:g}"]
    assert len(at_speed(tone(200.0, 2.0), speed)) == pytest.approx(32_000 / speed, abs=2)
    assert np.median(changed.values[:, 40]) == pytest.approx(200.0 * speed, rel=0.005)
    assert changed.times[-1] == pytest.approx(plain.times[-1], abs=0.05)  # times are those of the clip


def test_pitch_that_cannot_be_sought_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 20 <= lowest"):
        Speech(lowest=300.0, highest=500.0)
    with pytest.raises(PluginError, match="speeds"):
        ACOUSTICS.make("speech", options={"speeds": (3.0,)})


def test_prepare_stores_what_is_asked_for(talking: Path, make: Any, tmp_path: Path) -> None:
    table = make.table(tmp_path / "clips.csv", [{"path": talking.name}])
    (tmp_path / talking.name).write_bytes(talking.read_bytes())
    asked = ["acoustics=[{name: speech, speeds: [0.9]}]"]
    prepare("manifest", table, tmp_path / "prepared", asked, workers=1)
    corpus = PreparedCorpus.open(tmp_path / "prepared")
    assert {name: spec.shape for name, spec in corpus.streams.items() if name != "face"} == {
        "audio": (40,),
        "speech": (43,),
        "speech@0.9": (43,),
    }
    clip = corpus.clips[0]
    assert len(corpus.times(clip, "speech")) == clip.steps["speech"]
    options = PrepareOptions.of_manifest(corpus.manifest.options)
    again = process_clip(Clip("x", {}, video=talking, audio=talking), options, frozenset({"speech"}))
    np.testing.assert_array_equal(again.streams["speech"], corpus.read(clip, "speech"))
    assert "speech@0.9" not in again.streams


def test_unknown_features_are_refused_with_a_suggestion() -> None:
    with pytest.raises(RecipeError, match="did you mean 'speech'"):
        PrepareOptions.read(["acoustics=[speach]"])


def test_cepstral_coefficients_by_the_definition() -> None:
    """Ito et al. 2021: 80 ms windows every 20 ms at 8 kHz; c_k = s_k sum_m log E_m cos(pi k (m + 1/2) / 40)."""
    samples = tone(200.0) + 0.01 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    values = Mfcc().streams(samples)["mfcc"].values
    slow = np.asarray(soxr.resample(samples, 16_000, 8_000), dtype=np.float32)
    mels = log_mel(slow, 640, 160, 8_000).astype(np.float64)
    assert values.shape == (1 + (8_000 - 640) // 160, 40)
    m = np.arange(40) + 0.5
    for k in (0, 1, 7, 39):
        scale = math.sqrt((1 if k == 0 else 2) / 40)
        np.testing.assert_allclose(values[:, k], scale * mels @ np.cos(np.pi * k * m / 40), rtol=1e-3, atol=1e-3)


def test_mel_bands_of_another_rate_reach_to_half_of_it() -> None:
    filters = mel_filters(640, 8_000)
    centres = filters.argmax(axis=1) * 8_000 / 640
    assert filters.shape == (40, 321)
    assert 3_600 < centres[-1] < 4_000
