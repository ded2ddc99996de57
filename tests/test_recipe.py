"""Recipes: read strictly, extended, overridden, and written back equal."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from emoprism import recipe
from emoprism.errors import RecipeError
from emoprism.families import Choice
from emoprism.plugins import PLUGINS_VARIABLE
from emoprism.recipe import Data, Recipe, check_model, find_recipe, load_recipe, merge, read_yaml, with_overrides

MODEL = '''
"""A model of the test's own."""
from emoprism.models.base import Model

class Tiny(Model):
    """Nothing but options."""

    def __init__(self, streams, classes, *, widths: dict[str, int] = {"emotion": 8}, names: tuple[str, ...] = ("a",)):
        super().__init__(streams, classes)
        self.dimensions = {}

    image_size = None

    def embed(self, streams):
        return {}
'''
METHOD = '''
"""A method of the test's own."""
from emoprism.disentangle.base import Disentangler

class Push(Disentangler):
    """Nothing but an option."""

    def __init__(self, dimensions, classes, *, weight: float = 1.0):
        super().__init__(dimensions, classes)

    def players(self, model):
        return {}

    def moves(self, model, batch):
        yield from ()
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for recipes, with a model `tiny` and a method `push` to name in them."""
    for family, name, source in (("models", "tiny", MODEL), ("disentangle", "push", METHOD)):
        (tmp_path / "plugins" / family).mkdir(parents=True)
        (tmp_path / "plugins" / family / f"{name}.py").write_text(source)
    monkeypatch.setenv(PLUGINS_VARIABLE, str(tmp_path / "plugins"))
    return tmp_path


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


BASE = "name: own\nlabel: Own\nmodel: tiny\n"


def refused(path: Path, *overrides: str) -> str:
    with pytest.raises(RecipeError) as caught:
        load_recipe(path, overrides)
    return str(caught.value)


def test_defaults_are_filled_in(folder: Path) -> None:
    read = load_recipe(write(folder, BASE))
    assert read.model == Choice(name="tiny", options={"widths": {"emotion": 8}, "names": ("a",)})
    assert read.method.name == "none"
    assert read.data.split.name == "held_out"
    assert read.data.split.options["test"] == 0.3


def test_what_is_dumped_reads_back_equal(folder: Path) -> None:
    text = BASE + "about: Größe, 映画\nseed: 3\nmethod: {name: push, weight: 1e-3}\ndata: {split: {name: given}}\n"
    read = load_recipe(write(folder, text))
    assert read.method.options == {"weight": 0.001}
    again = load_recipe(write(folder, read.dump(), "again.yaml"))
    assert again == read
    assert again.dump() == read.dump()
    assert "映画" in read.dump()


def test_extends_is_merged_below(folder: Path) -> None:
    write(
        folder, BASE + "seed: 1\nmethod: {name: push, weight: 3}\ntraining: {epochs: 5, batch_size: 8}\n", "base.yaml"
    )
    (folder / "sub").mkdir()
    read = load_recipe(write(folder, "extends: ../base.yaml\nlabel: Sub\ntraining: {epochs: 2}\n", "sub/own.yaml"))
    assert (read.label, read.seed, read.method.options) == ("Sub", 1, {"weight": 3.0})
    assert (read.training.epochs, read.training.batch_size) == (2, 8)


def test_another_plugin_starts_from_its_own_defaults(folder: Path) -> None:
    write(folder, BASE + "method: {name: push, weight: 3}\n", "base.yaml")
    assert load_recipe(write(folder, "extends: base.yaml\nmethod: {name: none}\n")).method.options == {}
    assert load_recipe(write(folder, "extends: base.yaml\nmethod: push\n")).method.options == {"weight": 1.0}
    assert load_recipe(write(folder, "extends: base.yaml\nmethod: {name: push}\n")).method.options == {"weight": 3.0}


def test_extends_that_lead_nowhere_or_back(folder: Path) -> None:
    a = write(folder, "extends: b.yaml\n", "a.yaml")
    write(folder, "extends: a.yaml\n", "b.yaml")
    assert "extends itself\n    -> a.yaml -> b.yaml -> a.yaml" in refused(a)
    said = refused(write(folder, "extends: gone.yaml\n"))
    assert "gone.yaml: no such recipe file" in said
    assert f"named by 'extends' in {folder / 'own.yaml'}" in said
    assert "cannot be read: Is a directory" in refused(write(folder, "extends: .\n"))


def test_files_that_are_no_recipe(folder: Path) -> None:
    assert "not YAML" in refused(write(folder, "a: [1"))
    assert "the key 'epochs' stands twice" in refused(write(folder, "training:\n  epochs: 3\n  epochs: 4\n"))
    assert "expected a YAML mapping" in refused(write(folder, "- a\n"))
    assert "expected a YAML mapping" in refused(write(folder, ""))
    latin = folder / "latin.yaml"
    latin.write_bytes("name: Größe".encode("latin-1"))
    assert "not YAML" in refused(latin)
    with pytest.raises(RecipeError, match="no such recipe file"):
        read_yaml(folder / "gone.yaml")
    assert "could not determine a constructor" in refused(write(folder, "name: !!python/object:os.system {}\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nmae: x\n", "own.yaml: nmae: unknown key\n    -> did you mean 'name'?"),
        ("trainin: {}\n", "did you mean 'training'?"),
        ("training: {epoch: 3}\n", "own.yaml: training.epoch: unknown key\n    -> did you mean 'epochs'?"),
        ("training: {selection: {evry: 3}}\n", "did you mean 'every'?"),
        ("players: {model: {learnin_rate: 1}}\n", "players.model.learnin_rate: unknown key\n    -> did you mean 'le"),
        ("training: {epochs: 0}\n", "training.epochs: Input should be greater than 0\n    -> given: 0"),
        ("training: {precision: int8}\n", "training.precision"),
        ("seed: -1\n", "seed: Input should be greater than or equal to 0"),
        ("method: {name: psh}\n", "method: no disentangler called 'psh'; did you mean 'push'?"),
        ("method: {name: push, weigth: 1}\n", "weigth: unknown key: did you mean 'weight'?"),
        ("method: 3\n", "method: expected the name of a disentangler"),
        ("method: {weight: 1}\n", "method: expected the name of a disentangler"),
        ("data: {split: {name: held_out, test: 2}}\n", "data.split: test: Input should be less than 1"),
        ("data:\n", "data"),
        ("3: 4\n", "own.yaml: 3"),
    ],
)
def test_each_mistake_is_named(folder: Path, text: str, words: str) -> None:
    assert words in refused(write(folder, BASE + text))


def test_all_mistakes_at_once(folder: Path) -> None:
    said = refused(write(folder, "nmae: x\nmodel: tniy\ntraining: {epochs: none}\n"))
    for words in ("nmae: unknown key", "name: this key is required", "label: this key", "'tniy'", "training.epochs"):
        assert words in said


def test_overrides(folder: Path) -> None:
    path = write(folder, BASE + "method: push\n")
    read = load_recipe(path, ["seed=3", "method.weight=2.5", "data.streams=[audio]", "label=a = b"])
    assert (read.seed, read.method.options, read.data.streams) == (3, {"weight": 2.5}, ("audio",))
    assert (read.label, read.name) == ("a = b", "own")
    assert load_recipe(path, ["model.widths.emotion=4"]).model.options["widths"] == {"emotion": 4}
    assert load_recipe(path, ["method=none"]).method == Choice(name="none")
    assert load_recipe(path, ["data.split=given", "data.split.validation=0.5"]).data.split.options["validation"] == 0.5
    assert load_recipe(path, ["method.weight=2", "method.name=none"]).method == Choice(name="none")


def test_overrides_that_are_none(folder: Path) -> None:
    path = write(folder, BASE)
    assert "seed: an override is written key=value" in refused(path, "seed")
    assert "=3: an override is written key=value" in refused(path, "=3")
    assert "seed=[1: the value is not YAML" in refused(path, "seed=[1")
    assert "sede: unknown key\n    -> did you mean 'seed'?" in refused(path, "sede=1")
    assert "about: Input should be a valid string" in refused(path, "about=null")


def test_recipes_of_the_house_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_recipe("peri2021/base").name == "base.yaml"
    assert find_recipe("peri2021/base.yaml") == find_recipe("peri2021/base")
    with pytest.raises(RecipeError, match=r"peri2021/bsae: no such recipe file\n    -> did you mean 'peri2021/base'\?"):
        find_recipe("peri2021/bsae")
    monkeypatch.setattr(recipe, "__file__", str(tmp_path / "recipe.py"))
    (tmp_path / "recipes").mkdir()
    assert recipe.recipes_directory() == tmp_path / "recipes", "an installed package carries them inside"


def test_choices_pass_through_unchanged(folder: Path) -> None:
    read = load_recipe(write(folder, BASE))
    assert Recipe.model_validate(dict(read)) == read
    assert Data(split=Choice(name="given")).split.options["validation"] == 0.15


def test_a_tree_is_checked_under_its_name() -> None:
    with pytest.raises(RecipeError, match="here: strems: unknown key"):
        check_model(Data, {"strems": []}, "here")


TREES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=3)),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


@given(MAPPINGS, MAPPINGS)
def test_merging_is_laying_over(below: dict[str, object], above: dict[str, object]) -> None:
    assert merge(below, {}) == below
    assert merge({}, above) == above
    assert merge(below, below) == below
    both = merge(below, above)
    assert merge(both, above) == both
    assert both.keys() == below.keys() | above.keys()


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.one_of(st.integers(), st.booleans(), st.none()))
def test_an_override_lands_where_its_dots_lead(parts: list[str], value: object) -> None:
    out: object = with_overrides({}, [f"{'.'.join(parts)}={yaml.safe_dump(value)}"])
    for part in parts:
        assert isinstance(out, dict)
        out = out[part]
    assert out == value
