"""Suites: which runs they plan, and one small suite from shards to the report, stopped and taken up again."""

import json
from pathlib import Path

import pytest
import yaml

from emoprism.errors import InputError, RecipeError, StageError
from emoprism.experiments import suite as suites
from emoprism.experiments.suite import load_suite, load_suites, plan, run_suite
from emoprism.recipe import recipes_directory
from emoprism.report.papers.ito2021 import LABELS

SMALL = {
    "data": {"streams": ["audio", "action_units"], "split": {"name": "held_out", "unseen": 2, "test": 0.3}},
    "model": {"encoders": {"audio": {"name": "features", "hidden": [8]}, "action_units": {"name": "features"}}},
    "training": {"epochs": 2, "batch_size": 16, "precision": "float32"},
    "players": {"model": {"learning_rate": 0.01}},
}


@pytest.fixture
def suite_file(tmp_path: Path):
    def write(**changes: object) -> str:
        tree = {
            "name": "small",
            "recipes": ["peri2021/single_speaker", "peri2021/multitask", "peri2021/confusion"],
            "overrides": SMALL,
            "dimensions": {"emotion": [8], "speaker": [8, 4]},
            "audit": ["attackers=[logistic]", "bootstrap=50"],
        }
        path = tmp_path / "suite.yaml"
        path.write_text(yaml.safe_dump(tree | changes))
        return str(path)

    return write


def test_dimensions_apply_to_what_a_recipe_embeds(suite_file):
    planned = plan(load_suite(suite_file(), ["seeds=[0,1]"]))
    assert [item.slug for item in planned][:4] == [
        "peri2021-single_speaker-speaker8-seed0",
        "peri2021-single_speaker-speaker4-seed0",
        "peri2021-multitask-emotion8-speaker8-seed0",
        "peri2021-multitask-emotion8-speaker4-seed0",
    ]
    assert len({item.slug for item in planned}) == len(planned) == 12
    assert {item.recipe.seed for item in planned} == {0, 1}
    single = planned[0].recipe
    assert single.model.options["embeddings"] == {"speaker": 8}
    assert single.training.epochs == 2


def test_presets_lie_below_overrides(suite_file, tmp_path):
    preset = tmp_path / "preset.yaml"
    preset.write_text(yaml.safe_dump({"training": {"epochs": 7, "batch_size": 5}}))
    planned = plan(load_suite(suite_file(presets=[str(preset)])))
    assert {item.recipe.training.epochs for item in planned} == {2}
    assert {item.recipe.training.batch_size for item in planned} == {16}
    planned = plan(load_suite(suite_file(presets=[str(preset)], overrides={})))
    assert {item.recipe.training.epochs for item in planned} == {7}


@pytest.mark.parametrize("path", sorted((recipes_directory() / "suites").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_suite_that_comes_with_the_project_can_be_planned(path):
    for suite in load_suites(str(path)):
        planned = plan(suite)
        assert len({item.slug for item in planned}) == len(planned)
        names = {item.recipe.name for item in planned}
        if suite.name.startswith("ito2021"):
            rows = {name.removeprefix("ito2021/").removeprefix("sentiment_") for name in names}
            assert rows == set(LABELS), "the five systems of the paper's tables"
        else:
            assert {"peri2021/multitask", "peri2021/single_speaker", "emoprism/cross_contrast"} <= names


def test_a_misspelt_key_is_refused_with_a_suggestion(suite_file):
    with pytest.raises(RecipeError, match="did you mean 'recipes'"):
        load_suite(suite_file(recipse=[]))
    with pytest.raises(RecipeError, match="did you mean"):
        load_suite("suites/pupets")


def test_a_suite_runs_from_shards_to_the_report_and_goes_on_where_it_was(
    suite_file, prepared, tmp_path, capsys, monkeypatch
):
    # In this process, one after the other: the pool is tested by the demo.
    def here(planned, prepared, out, workers):
        for item in planned:
            suites._train_one(prepared, out, item)

    monkeypatch.setattr(suites, "_train_all", here)
    name, out = suite_file(dimensions={"emotion": [8], "speaker": [4]}), tmp_path / "out"
    run_suite(name, prepared, out, [], workers=1)
    assert (out / "report" / "report.html").is_file()
    assert "Multitask" in capsys.readouterr().out
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != "suite.yaml"}
    run_suite(name, prepared, out, [], workers=1)
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != "suite.yaml"}
    assert before == after, "nothing that was done is done again"
    run_suite(name, prepared, out, ["seeds=[0,1]"], workers=1)
    systems = json.loads((out / "audit" / "comparison.json").read_text())["systems"]
    assert all(system["seeds"] == [0, 1] for system in systems), "seeds that come later join the others"


def test_a_directory_that_was_not_prepared_is_refused_before_training(suite_file, tmp_path):
    with pytest.raises(StageError, match="emoprism prepare"):
        run_suite(suite_file(), tmp_path, tmp_path / "out", [], workers=1)


@pytest.fixture
def two_suites(tmp_path: Path):
    """A file that names a suite any corpus can be used for and one that needs the number it is given."""

    def write(value: str, *, first: bool = True) -> str:
        parts = {
            "feeling": {"recipes": ["peri2021/single_speaker"]},
            "mood": {"recipes": ["ito2021/sentiment_baseline"], "audit": ["primary=sentiment", "attackers=[logistic]"]},
        }
        small = SMALL | {"data": SMALL["data"] | {"numbers": {"sentiment": {"value": value}}}}
        attention = {"width": 4, "depth": 1, "self_depth": 1, "encoders": SMALL["model"]["encoders"]}
        for name, part in parts.items():
            own = small | {"model": attention} if name == "mood" else SMALL
            tree = {"name": name, "overrides": own, "audit": ["attackers=[logistic]", "bootstrap=20"]} | part
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(tree))
        path = tmp_path / "both.yaml"
        names = [str(tmp_path / f"{name}.yaml") for name in parts if first or name == "mood"]
        path.write_text(yaml.safe_dump({"name": "both", "suites": names}))
        return str(path)

    return write


def test_one_command_runs_the_suites_that_the_corpus_has_labels_for(two_suites, prepared, tmp_path, capsys):
    run_suite(two_suites("valence"), prepared, tmp_path / "out", [], workers=1)
    assert (tmp_path / "out" / "feeling" / "report" / "report.html").is_file()
    page = (tmp_path / "out" / "mood" / "report" / "report.html").read_text()
    assert "Table 2 of Ito et al. 2021" in page
    assert "66.8" in page, "the paper's own figure stands beside"
    printed = capsys.readouterr().out
    assert "Table 2 of Ito et al. 2021" in printed
    assert "Corr." in printed


def test_several_suites_take_no_recipes_in_place_of_their_own():
    with pytest.raises(RecipeError, match=r"2 suites, each with recipes of its own\n.*suites/ito2021_emotion"):
        load_suites("suites/ito2021", ["seeds=[0]", "recipes=[ito2021/baseline]"])
    assert [len(suite.seeds) for suite in load_suites("suites/ito2021", ["seeds=[0]"])] == [1, 1]
    (one,) = load_suites("suites/ito2021_emotion", ["recipes=[ito2021/baseline]"])
    assert one.recipes == ("ito2021/baseline",)


def test_a_suite_whose_labels_are_missing_is_left_out_with_the_reason(two_suites, prepared, tmp_path, capsys):
    run_suite(two_suites("temper"), prepared, tmp_path / "out", [], workers=1)
    assert not (tmp_path / "out" / "mood").exists()
    assert "mood: left out. data.numbers.sentiment: no clip of" in capsys.readouterr().out
    with pytest.raises(InputError, match="has the value 'temper'"):
        run_suite(two_suites("temper", first=False), prepared, tmp_path / "none", [], workers=1)
