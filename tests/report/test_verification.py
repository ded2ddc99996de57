"""DET curves and the table beside them: what an audit measured, drawn where it belongs."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from html_page import Page

from emoprism.leakage.results import Comparison, Det
from emoprism.pages.tables import EMPTY
from emoprism.report import verification
from emoprism.report.load import read_audit
from emoprism.report.page import assemble, render
from emoprism.report.view import View


@pytest.fixture(scope="module")
def comparison(maker: Any, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return maker.small(tmp_path_factory.mktemp("det"), det=True, seeds=(0,))


def test_a_line_for_each_system_and_a_dot_at_its_eer(comparison: Comparison) -> None:
    view = View(comparison)
    (figure,) = verification.det_figures(view, view.systems, "")
    assert figure.key == "det-unseen" and "unseen speakers" in figure.title
    for system in comparison.systems:
        assert figure.svg.count(f">{system.label}<") == bool(system.det), "one legend for both panels"
    assert "speaker embedding" in figure.svg and "emotion embedding" in figure.svg
    for tick in (0.1, 1, 5, 20, 50, 80, 95, 99):
        assert len(re.findall(f">{tick:g}<", figure.svg)) == 4, "both axes of both panels are marked in percent"


def test_lines_lie_on_axes_of_normal_deviates(monkeypatch: pytest.MonkeyPatch, comparison: Comparison) -> None:
    """Rates of normally distributed scores give a straight line, and the dot of the EER lies on it."""
    view = View(comparison)
    system = next(s for s in view.systems if s.name == "emoprism/contrast")

    class Axis:
        drawn: list[tuple[list[float], list[float]]] = []

        def plot(self, x: list[float], y: list[float], **style: Any) -> tuple[None]:
            self.drawn.append((list(x), list(y)))
            return (None,)

    axis = Axis()
    verification._line(axis, view, system, system.det[0], 0)
    (x, y), ((eer,), (same,)) = axis.drawn
    assert [a + b for a, b in zip(x, y, strict=True)] == pytest.approx([2 * eer] * len(x), abs=1e-6)
    assert eer == same == pytest.approx(NormalDist().inv_cdf(0.154))


def test_rates_of_nothing_and_of_everything_have_no_place(comparison: Comparison) -> None:
    """Perfect separation: no miss at any rate; the figure is drawn, without a line."""
    perfect = Det(kind="utility", embedding="speaker", attribute="speaker", split="unseen",
                  false_alarms=[0.01, 0.1], misses=[0.0, 0.0])  # fmt: skip
    system = comparison.systems[0].model_copy(update={"det": [perfect]})
    view = View(comparison.model_copy(update={"systems": [system]}))
    (figure,) = verification.det_figures(view, view.systems, "")
    assert system.label in figure.svg


def test_the_table_stands_beside_the_curves_with_both_ways_of_reading_it(comparison: Comparison) -> None:
    (table,) = verification.verification_tables(View(comparison))
    assert [(c.title, c.better, c.group) for c in table.columns] == [
        ("EER", "lower", "speaker embedding"),
        ("TPR at 1 % FPR", "higher", "speaker embedding"),
        ("TPR at 0.1 % FPR", "higher", "speaker embedding"),
        ("EER", "higher", "emotion embedding (leak)"),
        ("TPR at 1 % FPR", "lower", "emotion embedding (leak)"),
    ]
    rows = {row.head: row for row in table.rows}
    assert [c.text for c in rows["Cross-emotion contrast"].cells] == ["15.4", "64.6", "34.6", "35.5", "12.2"]
    assert rows["Cross-emotion contrast"].cells[0].best and not rows["Multitask"].cells[0].best
    assert rows["Confusion loss"].cells[3].best and rows["Confusion loss"].cells[4].best, "there it hides them best"
    assert rows["Speaker only"].cells[3] is EMPTY and "Emotion only" not in rows


def test_every_dimension_has_its_figure_and_the_section_vanishes_without_verification(
    whole: tuple[Path, Path, Comparison], maker: Any, tmp_path: Path
) -> None:
    names = {path.stem for path in (whole[1] / "figures").glob("det-*.svg")}
    assert names == {"det-unseen", "det-unseen-256"}
    assert "verification-unseen" in (whole[1] / "tables.tex").read_text("utf-8")
    maker.small(tmp_path, splits=("test",), seeds=(0,))
    page = Page(render(assemble(read_audit(tmp_path))))
    assert "Who is the same speaker?" not in page.headings
    assert not any(attributes.get("href") == "#verification" for _, attributes in page.tags)
