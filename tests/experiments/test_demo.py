"""The demo in small: from nothing to report.html, with as many processes as it uses for real."""

import pytest
import yaml

from emoprism.experiments import demo
from emoprism.experiments.demo import Demo, run_demo
from emoprism.experiments.suite import load_suite, plan
from emoprism.recipe import check_model, find_recipe, read_yaml

SUITE = {
    "name": "tiny",
    "recipes": ["peri2021/single_speaker", "peri2021/multitask"],
    "presets": ["presets/small"],
    "overrides": {
        "model": {
            "encoders": {
                "face": {"image_size": 32, "channels": [4, 4, 4, 4, 4], "feature": 8},
                "audio": {"channels": [4, 4, 4, 4, 4], "feature": 8},
            }
        },
        "training": {"epochs": 1},
    },
    "dimensions": {"emotion": [8], "speaker": [4]},
    "audit": ["attackers=[logistic]", "bootstrap=20"],
}


def test_the_demo_ends_with_a_report_and_a_run_to_predict_with(tmp_path, monkeypatch, capsys):
    pytest.importorskip("ai_edge_litert", reason="the detector's runtime is missing: pip install emoprism[faces]")
    (tmp_path / "suite.yaml").write_text(yaml.safe_dump(SUITE))
    small = {
        "corpus": ["speakers=3", "clips=36", "seconds=1", "size=128", "fps=8"],
        "suite": str(tmp_path / "suite.yaml"),
        "predict_with": "peri2021/multitask",
    }
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(small))
    monkeypatch.setattr(demo, "find_recipe", lambda name: tmp_path / "demo.yaml")
    run_demo(tmp_path / "demo", workers=2)
    page = (tmp_path / "demo" / "report.html").read_text()
    assert page == (tmp_path / "demo" / "report" / "report.html").read_text()
    assert "Multitask" in page
    run = tmp_path / "demo" / "runs" / "peri2021-multitask-emotion8-speaker4-seed0"
    assert (run / "model.safetensors").is_file()
    assert str(run) in capsys.readouterr().out


def test_the_demo_that_comes_with_the_project_is_complete():
    path = find_recipe("demo")
    settings = check_model(Demo, read_yaml(path), str(path))
    names = {item.recipe.name for item in plan(load_suite(settings.suite))}
    assert settings.predict_with in names
    assert {"peri2021/gradient_reversal", "peri2021/alternate", "peri2021/confusion"} <= names
