"""Sound files of any kind and silent video, with the speech model of Li et al. 2020 and with an audio-visual one."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from emoprism.deploy.embed import embed
from emoprism.deploy.predict import predict
from emoprism.embeddings import load_embeddings
from emoprism.media.prepare import prepare
from emoprism.recipe import load_recipe
from emoprism.training.run import train

SHORT = ["data.split=held_out", "data.exact_steps={speech: 90}", "training.epochs=2", "training.batch_size=8"]


@pytest.fixture(scope="module")
def speech_shards(puppets: Path) -> Path:
    out = puppets.with_name("prepared-speech")
    prepare("puppets", puppets, out, ["seconds=1.5", "acoustics=[{name: speech, speeds: [0.9]}]"], workers=1)
    return out


@pytest.fixture(scope="module")
def menan(speech_shards: Path) -> Path:
    """MEnAN for two epochs, with one other speed."""
    out = speech_shards.with_name("menan")
    asked = [*SHORT, "data.versions={speech: [speech@0.9]}", "data.split.test=0.25"]
    train(load_recipe("li2020/menan", asked), speech_shards, out)
    return out


@pytest.fixture(scope="module")
def sounds(puppets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sound of a clip as .wav, .flac and .mp3, and the clip without its sound."""
    clip = sorted((puppets / "clips").glob("*.mp4"))[0]
    folder = tmp_path_factory.mktemp("sounds")
    with av.open(str(clip)) as source:
        resampler = av.AudioResampler("s16", "mono", 16000)
        parts = [p.to_ndarray() for f in source.decode(audio=0) for p in resampler.resample(f)]
    samples = np.concatenate(parts, axis=1)
    for suffix, codec in ((".wav", "pcm_s16le"), (".flac", "flac"), (".mp3", "libmp3lame")):
        with av.open(str(folder / f"sound{suffix}"), "w") as out:
            stream = out.add_stream(codec, rate=16000, layout="mono")
            frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            frame.sample_rate = 16000
            resampled = av.AudioResampler(stream.codec_context.format, "mono", 16000)
            for piece in [*resampled.resample(frame), *resampled.resample(None)]:
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))
    silent = folder / "silent.mp4"
    with av.open(str(clip)) as source, av.open(str(silent), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    found = {path.suffix: path for path in folder.glob("sound.*")}
    return found | {"clip": clip, "silent": silent}


def told(run: Path, media: Path, out: Path) -> dict[str, float]:
    """The clip's probabilities of each emotion."""
    predict(run, media, out, [])
    clip = json.loads((out / "predictions.json").read_text())["clip"]
    return {name: value for name, value in clip.items() if name.startswith("emotion:")}


def test_the_speech_system_hears_every_kind_of_file_alike(menan, sounds, tmp_path):
    of_video = told(menan, sounds["clip"], tmp_path / "video")
    assert sum(of_video.values()) == pytest.approx(1, abs=1e-5)
    for suffix, tolerance in ((".wav", 2e-3), (".flac", 2e-3), (".mp3", 0.1)):
        of_sound = told(menan, sounds[suffix], tmp_path / suffix)
        assert of_sound == pytest.approx(of_video, abs=tolerance), suffix


def test_the_speech_system_has_nothing_to_say_of_silent_video(menan, sounds, tmp_path, capsys):
    assert set(told(menan, sounds["silent"], tmp_path / "out").values()) == {None}
    assert "nothing to predict from" in capsys.readouterr().out


def test_a_training_clip_is_predicted_as_it_is_embedded(menan, speech_shards, sounds, tmp_path):
    embed(menan, speech_shards, tmp_path / "embedded")
    embedded = load_embeddings(tmp_path / "embedded")
    told(menan, sounds["clip"], tmp_path / "out")
    from safetensors.numpy import load_file

    row = embedded.clips.index(sounds["clip"].stem)
    found = load_file(tmp_path / "out" / "embeddings.safetensors")["clip/emotion"]
    np.testing.assert_allclose(found, embedded.vectors["emotion"][row], rtol=1e-4, atol=1e-5)


def test_an_audio_visual_system_trained_with_hidden_streams_takes_either_alone(shards, sounds, tmp_path):
    asked = [
        "model={embeddings: {emotion: 8, speaker: 6}, encoders: {audio: {name: conv1d, channels: [8]}, face: {"
        "name: vgg_m_face, image_size: 32, channels: [4, 4, 4, 4, 4], feature: 8}}}",
        "data.split={name: held_out, test: 0.25, validation: 0.2}", "data.modality_dropout=0.5",
        "training={epochs: 2, batch_size: 8, precision: float32}", "players.model.learning_rate=0.001",
    ]  # fmt: skip
    assert load_recipe("emoprism/sound_or_picture").data.modality_dropout == 0.3
    train(load_recipe("emoprism/sound_or_picture", asked), shards, tmp_path / "run")
    both = told(tmp_path / "run", sounds["clip"], tmp_path / "both")
    for name in (".wav", ".flac", ".mp3", "silent"):
        alone = told(tmp_path / "run", sounds[name], tmp_path / name)
        assert sum(alone.values()) == pytest.approx(1, abs=1e-5)
        assert alone != pytest.approx(both, abs=1e-6), name  # the other stream had been of account
