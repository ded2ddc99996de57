"""Every corpus adapter has its own tests on its true layout, its place in the documentation and in the list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from emoprism.corpora._listing import show
from emoprism.corpora.base import EMOTIONS
from emoprism.families import CORPORA

HERE = Path(__file__).parent
TEXT = (HERE.parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
TESTED_ELSEWHERE = {"puppets": HERE.parent / "puppets" / "test_corpus.py"}
NO_COPIES = {
    "manifest": "its table names the files, so that another name or a missing file is a mistake of the table",
    "puppets": "it reads the folder that emoprism wrote itself, and its manifest tells whether that is whole",
}


def read_tests(name: str) -> str:
    path = TESTED_ELSEWHERE.get(name, HERE / f"test_{name}.py")
    assert path.is_file(), f"the corpus '{name}' has its tests in {path}"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CORPORA.names())
def test_every_corpus_keeps_the_contract_in_its_own_tests(name: str) -> None:
    assert re.search(rf'check_corpus\(\s*"{name}"', read_tests(name))


@pytest.mark.parametrize("name", sorted(set(CORPORA.names()) - set(NO_COPIES)))
def test_every_corpus_is_tested_on_copies_as_people_have_them(name: str) -> None:
    assert re.search(rf'check_copies\(\s*"{name}"', read_tests(name))


@pytest.mark.parametrize("name", CORPORA.names())
def test_every_corpus_is_documented_with_its_options(name: str) -> None:
    places = {"puppets": "emoprism corpus puppets"}
    assert places.get(name, f"emoprism prepare {name} ") in TEXT
    for option in CORPORA.options(name).model_fields:
        assert f"corpus.{option}=" in TEXT, f"docs/data.md says what corpus.{option} of '{name}' is"


def test_every_corpus_is_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    show()
    blocks = {block.split("\n")[0]: block for block in capsys.readouterr().out.strip().split("\n\n")}
    assert sorted(blocks) == CORPORA.names()
    for name, block in blocks.items():
        corpus = CORPORA.find(name)
        assert f"  licence: {corpus.licence}\n  cite: {corpus.citation}" in block
        for option in CORPORA.options(name).model_fields:
            assert f"corpus.{option}" in block


def test_a_corpus_of_ones_own_is_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "shelf.py").write_text(
        '"""A shelf of tapes.\n\nMore."""\n\nfrom emoprism.corpora.base import Corpus\n\n\n'
        'class Shelf(Corpus):\n    """Tapes."""\n\n    citation, licence = "nobody", "own"\n\n'
        "    def clips(self):\n        return []\n"
    )
    monkeypatch.setenv("EMOPRISM_PLUGINS", str(tmp_path))
    show()
    assert "shelf\n  A shelf of tapes.\n  licence: own\n  cite: nobody\n" in capsys.readouterr().out


def test_the_vocabulary_of_emotions_is_documented() -> None:
    table = TEXT.split("\n## Words for emotions\n")[1].split("\n## ")[0]
    words = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert tuple(words) == EMOTIONS
