"""docs/extending.md holds what it says: every file on the page is written as it stands, found by name, and checked."""

import re
from pathlib import Path

import pytest
import soundfile

from emoprism.families import FAMILIES
from emoprism.plugins import PLUGINS_VARIABLE

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^`([\w/]+\.py)`:\n\n```python\n(.*?)```\n(.*?)```python\n(.*?)```", re.MULTILINE | re.DOTALL)
EXAMPLES = {path: (source, check) for path, source, _, check in SECTION.findall(PAGE)}


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_example_is_found_and_passes_the_contract_suite(path, tmp_path, monkeypatch):
    source, check = EXAMPLES[path]
    plugin = tmp_path / "plugins" / path
    plugin.parent.mkdir(parents=True)
    plugin.write_text(source)
    monkeypatch.setenv(PLUGINS_VARIABLE, str(tmp_path / "plugins"))
    root = tmp_path / "corpus"
    for name in ("anna/happy-01", "anna/sad-01", "ben/happy-01"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / f"{name}.wav", [0.0] * 800, 16000)
    exec(compile(check, "docs/extending.md", "exec"), {"root": root})


def test_every_family_has_an_example():
    shown = {str(Path(path).parent) for path in EXAMPLES}
    assert {family.folder for family in FAMILIES} - shown == {"models"}
