"""What is installed is whole: the wheel holds the recipes and the page's template, and works without the checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob("emoprism-*.whl"))


def test_the_wheel_holds_recipes_templates_and_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    recipes = {f"emoprism/recipes/{path.relative_to(ROOT / 'recipes')}" for path in (ROOT / "recipes").rglob("*.yaml")}
    assert recipes <= names
    assert {
        "emoprism/py.typed",
        "emoprism/report/templates/report.html.j2",
        "emoprism/pages/templates/page.css",
        "emoprism/inspection/templates/inspection.html.j2",
    } <= names
    assert not any(name.startswith("tests/") for name in names)


def test_it_finds_its_recipes_where_it_is_unpacked(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "import emoprism.recipe as r; print(r.__file__); print(r.load_recipe('peri2021/confusion').method.name)"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    where, method = done.stdout.split()
    assert where.startswith(str(tmp_path / "site"))
    assert method == "confusion"
