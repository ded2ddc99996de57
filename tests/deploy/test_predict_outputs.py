"""Prediction by heads that tell several emotions at once, and a number."""

import json

import pytest

from emoprism.deploy.embed import embed
from emoprism.deploy.predict import predict
from emoprism.embeddings import load_embeddings


def test_several_emotions_and_a_number_are_told_over_time(telling, shards, puppets, tmp_path, capsys):
    clip = sorted((puppets / "clips").rglob("*.mp4"))[0]
    options = ["window=0.5", "hop=0.5", "draw=true", "attributes=[emotion,valence]"]
    predict(telling, clip, tmp_path / "out", options)
    told = json.loads((tmp_path / "out" / "predictions.json").read_text())
    rows = [*told["windows"], *told["segments"], told["clip"]]
    assert len(rows) > 3
    for row in rows:
        shares = {key.removeprefix("emotion:"): value for key, value in row.items() if key.startswith("emotion:")}
        assert all(0 <= share <= 1 for share in shares.values())
        assert set(filter(None, row["emotion"].split("+"))) == {word for word, share in shares.items() if share > 0.5}
        assert isinstance(row["valence"], float)
        assert not any(key.startswith("valence:") for key in row), "a number has no probabilities"
    assert any(sum(v for k, v in row.items() if k.startswith("emotion:")) != pytest.approx(1, abs=1e-3) for row in rows)
    assert (tmp_path / "out" / "annotated.mp4").stat().st_size > 0
    said = capsys.readouterr().out
    assert "valence: valence " in said

    embed(telling, shards, tmp_path / "embeddings")
    found = load_embeddings(tmp_path / "embeddings")
    place = [i for i, name in enumerate(found.clips) if name == clip.stem or name.endswith(clip.stem)]
    assert len(place) == 1
    assert told["clip"]["valence"] == pytest.approx(float(found.outputs["valence"].told[place[0], 0]), abs=0.02)
