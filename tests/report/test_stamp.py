"""The split audit's verdict is on everything that a report writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoprism.errors import StageError
from emoprism.report.build import build
from emoprism.report.load import read_audit
from emoprism.report.stamp import WITHOUT, stamps
from emoprism.split_audit.results import Finding, Grade, Looked, SplitAudit

from .conftest import Maker

SAID = "Faulty: 'unseen' shares 2 speakers with 'train'."


def verdict(grade: Grade, text: str, *findings: Finding) -> str:
    looked = Looked(attributes=["speaker"], fingerprinted=0, too_short=0, silent=0)
    return SplitAudit(
        grade=grade, verdict=text, clips={"train": 9}, findings=list(findings), copies=[], copies_found=0, shortcuts=[],
        looked=looked,
    ).model_dump_json()  # fmt: skip


@pytest.fixture
def audit(maker: Maker, tmp_path: Path) -> Path:
    """Two seeds of two systems: one run faulty, one without a split audit, the others sound."""
    maker.small(tmp_path / "audit", systems=maker.without("gradient_reversal", "alternate", "confusion", "contrast"))
    folders = sorted(path for path in (tmp_path / "audit").iterdir() if path.is_dir())
    fault = Finding(kind="shared", severity="fault", what="<2> speakers", clips=3, next="move them")
    (folders[0] / "split_audit.json").write_text(verdict("faulty", SAID, fault))
    for folder in folders[2:]:
        (folder / "split_audit.json").write_text(verdict("sound", "Sound: all of it."))
    return tmp_path / "audit"


def test_every_verdict_is_there_the_worst_first(audit: Path) -> None:
    marks = stamps(read_audit(audit))
    assert [(mark.grade, len(mark.runs)) for mark in marks] == [("faulty", 1), ("no split audit", 1), ("sound", 4)]
    assert [mark.where for mark in marks] == [" (1 of 6 runs)", " (1 of 6 runs)", " (4 of 6 runs)"]


def test_page_numbers_and_tables_bear_it(audit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build(audit, tmp_path / "out", overwrite=False)
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("&#39;unseen&#39; shares 2 speakers") < page.index('<section id="verdict">')
    assert "&lt;2&gt; speakers → move them" in page
    assert WITHOUT in page
    results = json.loads((tmp_path / "out" / "results.json").read_text())["split_audit"]
    assert [mark["text"] for mark in results] == [SAID, WITHOUT, "Sound: all of it."]
    mark = "Split audit: faulty, none, sound."
    latex = (tmp_path / "out" / "tables.tex").read_text()
    assert latex.count(mark) == latex.count(r"\caption{") > 0
    assert mark in (tmp_path / "out" / "tables.md").read_text().splitlines()[0]
    assert f"Split audit (1 of 6 runs): {SAID}" in capsys.readouterr().out


def test_embeddings_by_outsiders_say_that_nobody_has_looked(maker: Maker, tmp_path: Path) -> None:
    maker.small(tmp_path / "audit", systems=maker.without("gradient_reversal", "alternate", "confusion", "contrast"))
    (mark,) = stamps(read_audit(tmp_path / "audit"))
    assert (mark.grade, mark.text, mark.where) == ("no split audit", WITHOUT, "")


def test_a_damaged_split_audit_is_refused(audit: Path) -> None:
    folder = sorted(path for path in audit.iterdir() if path.is_dir())[0]
    (folder / "split_audit.json").write_text("{}")
    with pytest.raises(StageError, match=r"split_audit\.json"):
        read_audit(audit)
