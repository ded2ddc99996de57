"""The stage: what it writes, that the bytes are the same again, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emoprism.errors import StageError
from emoprism.leakage.results import Comparison
from emoprism.report.build import build
from emoprism.report.health import Health, State, health_of
from emoprism.report.load import read_audit
from emoprism.report.view import View

Whole = tuple[Path, Path, Comparison]


def contents(directory: Path) -> dict[str, bytes]:
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in directory.rglob("*") if p.is_file()}


def test_a_report_is_these_files(whole: Whole) -> None:
    names = {name for name in contents(whole[1]) if not name.startswith("figures/")}
    assert names == {"report.html", "results.json", "results.csv", "tables.tex", "tables.md", "manifest.json"}
    manifest = json.loads((whole[1] / "manifest.json").read_text("utf-8"))
    assert manifest["stage"] == "report" and manifest["inputs"]["audit"]["path"] == "../audit"


def test_the_same_audit_gives_the_same_bytes_whatever_style_the_user_has(
    whole: Whole, maker: Any, tmp_path: Path
) -> None:
    maker.whole(tmp_path / "audit")
    style = tmp_path / "matplotlibrc"
    style.write_text("font.size: 30\nxtick.major.size: 15\nsvg.fonttype: path\n", "utf-8")
    code = f"from pathlib import Path; from emoprism.report.build import build; " \
           f"build(Path({str(tmp_path / 'audit')!r}), Path({str(tmp_path / 'report')!r}), overwrite=False)"  # fmt: skip
    environment = {"MATPLOTLIBRC": str(style), "PYTHONHASHSEED": "77", "PATH": "", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)
    assert contents(tmp_path / "report") == contents(whole[1])


def test_a_finished_report_is_left_alone_and_an_unfinished_one_goes_on(
    maker: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maker.small(tmp_path / "audit", systems=maker.without("alternate"), seeds=(0,))
    build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    first = contents(tmp_path / "report")
    stamp = (tmp_path / "report" / "report.html").stat().st_mtime_ns
    build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    assert (tmp_path / "report" / "report.html").stat().st_mtime_ns == stamp
    (tmp_path / "report" / "manifest.json").rename(tmp_path / "report" / "manifest.partial.json")
    (tmp_path / "report" / "report.html").unlink()
    build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    assert contents(tmp_path / "report") == first
    said = capsys.readouterr().out
    assert said.count("Cross-emotion contrast") == 3 and "56.4*" in said and "report.html" in said


def test_another_audit_is_refused_until_asked_to_overwrite(maker: Any, tmp_path: Path) -> None:
    few = maker.without("alternate", "confusion")
    maker.small(tmp_path / "audit", systems=few, seeds=(0,))
    build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    manifest = tmp_path / "audit" / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace("1000", "200"), "utf-8")
    with pytest.raises(StageError, match=r"inputs\.audit"):
        build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    build(tmp_path / "audit", tmp_path / "report", overwrite=True)
    assert "bootstrap=200" in (tmp_path / "report" / "report.html").read_text("utf-8")


def test_nothing_is_written_for_an_audit_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    with pytest.raises(StageError, match=r"has no manifest\.json"):
        build(tmp_path / "audit", tmp_path / "report", overwrite=False)
    assert not (tmp_path / "report").exists()


def test_no_slow_library_is_loaded_before_it_is_needed() -> None:
    slow = ("torch", "sklearn", "matplotlib", "jinja2", "statsmodels")
    code = f"import sys; import emoprism.report.build; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def health(adversary: float, probe: float, guessing: float | None, whole: Whole) -> Health:
    audit = read_audit(whole[0])
    system = audit.comparison.systems[0]
    return Health(system, audit.runs_of(system)[0], "speaker", "emotion", 3, adversary, probe, guessing)


@pytest.mark.parametrize(
    ("adversary", "probe", "guessing", "state"),
    [
        (0.22, 0.80, 0.20, State.BLIND),
        (0.40, 0.80, 0.20, State.BEHIND),
        (0.22, 0.80, None, State.BEHIND),
        (0.22, 0.30, 0.20, State.SOUND),
        (0.90, 0.80, 0.20, State.SOUND),
    ],
)
def test_states_of_an_adversary(
    adversary: float, probe: float, guessing: float | None, state: State, whole: Whole
) -> None:
    assert health(adversary, probe, guessing, whole).state is state


def test_health_is_judged_at_the_kept_epoch_or_else_the_last_that_has_both(maker: Any, tmp_path: Path) -> None:
    maker.small(tmp_path / "audit", systems=maker.without("alternate", "gradient_reversal"), seeds=(0,), epochs=5)
    audit = read_audit(tmp_path / "audit")
    assert [h.epoch for h in health_of(audit, View(audit.comparison))] == [3]
    path = next((tmp_path / "audit").glob("*confusion*/history.json"))
    epochs = json.loads(path.read_text("utf-8"))
    epochs[3]["kept"] = False
    del epochs[4]["scores"]["probe/speaker>emotion"]
    epochs[3]["scores"]["adversary/speaker>emotion"] = 0.123
    path.write_text(json.dumps(epochs), "utf-8")
    audit = read_audit(tmp_path / "audit")
    (found,) = health_of(audit, View(audit.comparison))
    assert (found.epoch, found.adversary) == (3, 0.123)
