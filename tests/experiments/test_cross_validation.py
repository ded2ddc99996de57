"""A study in small: every system on every fold, another corpus, the report; taken up again, and asked wrongly."""

import csv
import json
import shutil

import numpy as np
import pytest
import yaml

from emoprism.deploy.other import OtherOptions, embed_as_asked, embed_other
from emoprism.embeddings import load_embeddings
from emoprism.errors import CorpusError, RecipeError, StageError
from emoprism.experiments import crossvalidate as command
from emoprism.experiments.crossvalidate import crossvalidate
from emoprism.experiments.study import Study, plan
from emoprism.recipe import recipes_directory
from emoprism.stage import read_manifest
from emoprism.training.dataset import open_prepared

RECIPE = {
    "label": "Plain",
    "data": {"streams": ["action_units"]},
    "model": {"name": "speech", "encoder": {"name": "features", "hidden": [8]}, "hidden": [8]},
    "players": {"model": {"learning_rate": 0.02}, "adversary": {"learning_rate": 0.02}},
    "training": {"epochs": 2, "batch_size": 16},
}
HIDING = {"name": "max_entropy", "balance": 0.5, "hidden": [8], "protect": {"emotion": ["speaker"]}}
SPLIT = {"name": "leave_one_session_out", "groups": 2, "groups_seed": 0, "paired": False}


@pytest.fixture(scope="module")
def study_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    plain = RECIPE | {"name": "tiny/plain", "players": {"model": RECIPE["players"]["model"]}}
    (folder / "plain.yaml").write_text(yaml.safe_dump(plain))
    hiding = RECIPE | {"name": "tiny/hiding", "label": "Hiding", "method": HIDING}
    (folder / "hiding.yaml").write_text(yaml.safe_dump(hiding))

    def write(**changes):
        tree = {
            "name": "tiny study",
            "recipes": [str(folder / "plain.yaml"), str(folder / "hiding.yaml")],
            "split": SPLIT,
            "audit": ["attackers=[nearest_neighbours]", "bootstrap=50"],
            "cross": {"maps": {"emotion": {"neutral": None}}},
            "order": ["tiny/hiding", "tiny/plain"],
            "maps": {"systems": ["tiny/hiding"], "fold": 1},
        } | changes
        path = folder / f"study-{len(list(folder.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump({key: value for key, value in tree.items() if value is not None}))
        return str(path)

    return write


@pytest.fixture(scope="module")
def done(prepared, study_file, tmp_path_factory):
    """A whole study, made in this process: the pool is tested by the demo."""
    out = tmp_path_factory.mktemp("done")
    other = shutil.copytree(prepared, out / "other-corpus")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest | {"seed": 9}))
    name = study_file()

    def again(*words, where=name):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(command, "run_all", lambda work, planned, workers: [work(item) for item in planned])
            crossvalidate(where, prepared, out / "out", [f"other={other}", *words])

    again()
    return out / "out", other, again


def files_of(out):
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != "study.yaml"}


def test_every_system_is_trained_on_every_fold(done):
    out, *_ = done
    names = sorted(path.name for path in (out / "runs").iterdir())
    assert names == [f"tiny-{name}-fold0{fold}-seed0" for name in ("hiding", "plain") for fold in (0, 1)]
    tested = [load_embeddings(out / "embeddings" / f"tiny-plain-fold0{fold}-seed0") for fold in (0, 1)]
    speakers = [{found.labels["speaker"][i] for i in found.rows("unseen")} for found in tested]
    assert [len(s) for s in speakers] == [3, 3]
    names = [{found.classes["speaker"][i] for i in s} for found, s in zip(tested, speakers, strict=True)]
    assert not names[0] & names[1], "every speaker is tested in one fold"


def test_the_numbers_are_those_of_the_predictions(done):
    out, *_ = done
    with (out / "report" / "folds.csv").open() as file:
        rows = list(csv.DictReader(file))
    told = {(r["fold"], r["part"], r["metric"]): float(r["value"]) for r in rows if r["system"] == "tiny/plain"}
    test: list[float] = []
    for fold, name in ((0, "group1"), (1, "group2")):
        found = load_embeddings(out / "embeddings" / f"tiny-plain-fold0{fold}-seed0")
        for part, side in (("validation", "validation"), ("test", "unseen")):
            own = found.rows(side)
            true, said = found.labels["emotion"][own], found.predictions["emotion"][own]
            assert told[name, part, "accuracy"] == pytest.approx((true == said).mean())
            recalls = [(said[true == c] == c).mean() for c in np.unique(true)]
            assert told[name, part, "unweighted_accuracy"] == pytest.approx(np.mean(recalls))
        test.append(told[name, "test", "accuracy"])
        difference = told[name, "test", "accuracy"] - told[name, "validation", "accuracy"]
        assert told[name, "difference", "accuracy"] == pytest.approx(difference)
    results = json.loads((out / "report" / "results.json").read_text())
    system = next(s for s in results["systems"] if s["name"] == "tiny/plain")
    assert system["folds"]["accuracy/test"]["value"] == pytest.approx(np.mean(test))
    low, high = (system["folds"]["accuracy/test"][key] for key in ("low", "high"))
    assert low <= np.mean(test) <= high


def test_how_long_was_trained_is_that_of_the_histories(done):
    out, *_ = done
    halfway, end, kept, told = [], [], [], []
    for fold in (0, 1):
        history = json.loads((out / "runs" / f"tiny-plain-fold0{fold}-seed0" / "history.json").read_text())
        scores = [epoch["scores"]["validation/emotion/macro_f1"] for epoch in history]
        halfway.append(scores[0])
        end.append(scores[1])
        kept.append(next(epoch["epoch"] for epoch in history if epoch["kept"]) + 1)
        found = load_embeddings(out / "embeddings" / f"tiny-plain-fold0{fold}-seed0")
        own = found.rows("train")
        true, said = found.labels["emotion"][own], found.predictions["emotion"][own]
        told.append(np.mean([(said[true == c] == c).mean() for c in np.unique(true)]))
    results = json.loads((out / "report" / "results.json").read_text())
    system = next(s for s in results["systems"] if s["name"] == "tiny/plain")
    assert system["trained"] == pytest.approx(np.mean(told))
    last = np.mean([epoch == 2 for epoch in kept])
    scores = system["lengths"].pop("scores")["validation/emotion/macro_f1"]
    assert system["lengths"] == pytest.approx({"epochs": 2, "kept": np.mean(kept), "last": last})
    at_kept = [(first, second)[epoch - 1] for first, second, epoch in zip(halfway, end, kept, strict=True)]
    means = {"halfway": np.mean(halfway), "kept": np.mean(at_kept), "end": np.mean(end)}
    assert scores == pytest.approx(means)
    assert "Was the training long enough?" in (out / "report" / "tables.md").read_text()


def test_on_the_other_corpus_everybody_is_a_stranger_and_only_shared_classes_are_said(done):
    out, *_ = done
    found = load_embeddings(out / "other" / "tiny-plain-fold00-seed0")
    assert set(found.split) == {"unseen"}
    assert len(found.clips) == 60, "neutral is left out"
    assert {found.classes["emotion"][i] for i in found.predictions["emotion"]} <= {"angry", "happy"}
    results = json.loads((out / "report" / "results.json").read_text())
    assert results["other"]["left_out"] == 30
    assert results["other"]["classes"] == ["angry", "happy"]
    right = found.labels["emotion"] == found.predictions["emotion"]
    with (out / "report" / "folds.csv").open() as file:
        row = next(r for r in csv.DictReader(file) if r["part"] == "other corpus" and r["system"] == "tiny/plain")
    assert float(row["value"]) == pytest.approx(right.mean())


def test_speakers_are_attacked_among_those_who_trained_and_among_strangers(done):
    out, *_ = done
    results = json.loads((out / "report" / "results.json").read_text())
    attacks = results["systems"][0]["attacks"]
    assert attacks["seen"]["chance"] == attacks["unseen"]["chance"] == pytest.approx(1 / 3)
    assert attacks["unseen"]["attacker"] == "nearest_neighbours"
    assert attacks["unseen"]["accuracy"]["low"] is not None
    assert attacks["unseen"]["accuracy"]["value"] > 1.3 * attacks["unseen"]["chance"], "action units say who it is"


def test_the_report_is_a_page_tables_and_maps(done):
    out, *_ = done
    report = out / "report"
    page = (report / "report.html").read_text()
    assert page.count("<figure") == 1 and "http" not in page.replace("http://www.w3.org", "")
    assert "The order Hiding &gt; Plain" in page
    assert len(list((report / "figures").glob("*.svg"))) == 1
    for name in ("tables.md", "tables.tex", "results.csv"):
        assert "iding" in (report / name).read_text()
    assert read_manifest(report, "crossvalidate").facts == {"systems": 2, "folds": 2, "seeds": 1}


def test_nothing_that_is_done_is_done_again_and_what_comes_later_joins(done, study_file):
    out, _, again = done
    before = files_of(out)
    again()
    assert files_of(out) == before
    again(where=study_file(audit=["attackers=[nearest_neighbours]", "bootstrap=60"]))
    after = files_of(out)
    changed = {path.relative_to(out).parts[0] for path in after if after[path] != before.get(path)}
    assert changed == {"report", "probes"}
    shutil.rmtree(out / "embeddings" / "tiny-hiding-fold01-seed0")
    again()
    assert (out / "embeddings" / "tiny-hiding-fold01-seed0" / "manifest.json").is_file()


def test_a_run_can_embed_the_other_corpus_by_hand(done, prepared, tmp_path):
    out, other, _ = done
    run = out / "runs" / "tiny-plain-fold00-seed0"
    embed_as_asked(run, other, tmp_path / "all", ["other=true"])
    found = load_embeddings(tmp_path / "all")
    assert len(found.clips) == len(open_prepared(other).clips) == 90
    embed_as_asked(run, prepared, tmp_path / "own", [])
    assert (found.vectors["emotion"] == load_embeddings(tmp_path / "own").vectors["emotion"]).all()
    with pytest.raises(RecipeError, match="other=true"):
        embed_as_asked(run, other, tmp_path / "no", ["maps.emotion.happy=angry"])
    with pytest.raises(StageError, match="no strangers"):
        embed_as_asked(run, prepared, tmp_path / "no", ["other=true"])
    assert not (tmp_path / "no").exists()


def test_maps_that_mean_nothing_are_refused_all_at_once(done, tmp_path):
    out, other, _ = done
    run = out / "runs" / "tiny-plain-fold00-seed0"
    maps = {"emotion": {"hapy": "happy", "angry": "furious"}}
    with pytest.raises(CorpusError, match=r"maps\.emotion\.hapy(.|\n)*no emotion 'furious'"):
        embed_other(run, other, tmp_path / "no", OtherOptions(maps=maps))
    with pytest.raises(RecipeError, match="no such emotion"):
        embed_other(run, other, tmp_path / "no", OtherOptions(among={"emotion": ("joy",)}))
    with pytest.raises(RecipeError, match="predicts no 'speaker'"):
        embed_other(run, other, tmp_path / "no", OtherOptions(among={"speaker": ("s1",)}))


def test_a_corpus_with_other_streams_is_refused(done, tmp_path):
    out, other, _ = done
    run = out / "runs" / "tiny-plain-fold00-seed0"
    for old, new, told in (('"action_units"', '"au"', "no such stream"), ("[6]", "[7]", r"its steps are \[7\]")):
        odd = shutil.copytree(other, tmp_path / new.strip('"[]'))
        text = (odd / "manifest.json").read_text()
        facts = json.loads(text)
        facts["facts"]["streams"] = json.loads(json.dumps(facts["facts"]["streams"]).replace(old, new))
        (odd / "manifest.json").write_text(json.dumps(facts))
        with pytest.raises((StageError, RecipeError), match=told):
            embed_other(run, odd, tmp_path / "no", OtherOptions())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"split": SPLIT | {"fold": 1}}, "every fold is run"),
        ({"order": ["tiny/hidng"]}, "did you mean 'tiny/hiding'"),
        ({"maps": {"systems": ["tiny/none"]}}, "no recipe of the study has this name"),
        ({"audit": ["tell=[gender]"]}, "leave both out"),
        ({"seeds": []}, "names none"),
        ({"recipse": []}, "did you mean 'recipes'"),
        ({"split": None}, "split"),
        (
            {"overrides": {"model": {"attributes": ["speaker"]}}},
            "the model embeds no 'emotion'|no embedding of 'emotion'",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_run_is_refused_before_training(study_file, prepared, tmp_path, changes, told):
    with pytest.raises(RecipeError, match=told):
        crossvalidate(study_file(**changes), prepared, tmp_path / "out", [])
    assert not (tmp_path / "out").exists()


def test_two_other_corpora_and_a_directory_that_is_none_are_refused(study_file, prepared, tmp_path):
    with pytest.raises(RecipeError, match="one at a time"):
        crossvalidate(study_file(), prepared, tmp_path / "out", [f"other={prepared}", "other=b"])
    with pytest.raises(StageError, match="no such directory"):
        crossvalidate(study_file(), prepared, tmp_path / "out", ["other=nowhere"])
    with pytest.raises(StageError, match="no strangers"):
        crossvalidate(study_file(), prepared, tmp_path / "out", [f"other={prepared}"])
    assert not (tmp_path / "out").exists()


def test_a_fold_without_clips_on_a_side_is_an_error_in_words(done):
    out, *_ = done
    found = load_embeddings(out / "embeddings" / "tiny-plain-fold00-seed0")
    with pytest.raises(StageError, match="no clip with an emotion on the side 'test'"):
        command.judged(found, "test", "fold group1")


@pytest.mark.parametrize("path", sorted((recipes_directory() / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_study_that_comes_with_the_project_can_be_planned(path, prepared):
    study = Study.load(str(path), ["split.groups=3"])
    planned = plan(study, open_prepared(prepared))
    assert len({item.slug for item in planned}) == len(planned) == len(study.recipes) * len(study.seeds) * 6
    assert {item.recipe.data.split.options["fold"] for item in planned} == set(range(6))
