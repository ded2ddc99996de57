"""The page: one file that needs nothing else, holds the comparison's numbers and escapes every text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from html_page import Page

from emoprism.leakage.results import Comparison
from emoprism.report.load import read_audit
from emoprism.report.page import assemble, render

TABLE_TITLE = "Table 1 of the paper, with ours"


def page_of(audit: Path) -> str:
    return render(assemble(read_audit(audit)))


@pytest.fixture(scope="module")
def html(whole: tuple[Path, Path, Comparison]) -> str:
    return (whole[1] / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_needs_nothing_but_itself(page: Page, html: str) -> None:
    assert not page.named("script") and not page.named("link") and not page.named("iframe")
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            value = attributes.get(name) or ""
            assert value == "" or value.startswith(("#", "data:image/png;base64,")), value
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))


def test_ids_are_unique_and_links_and_captions_lead_somewhere(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        for target in (attributes.get("href") or "", attributes.get("xlink:href") or ""):
            assert not target.startswith("#") or target[1:] in ids
        assert attributes.get("aria-labelledby", ids[0]) in ids


def test_the_parts_stand_in_order(page: Page) -> None:
    assert page.headings == [
        "The split", "Verdict", "Systems side by side", TABLE_TITLE, "Figure 3 of Peri et al. 2021, with our numbers",
        "Who is the same speaker?", "Further tables", "Training, and the health of its adversaries",
        "Maps of the embeddings", "Provenance", "How to read this",
    ]  # fmt: skip


def test_tables_say_what_their_headings_head(page: Page) -> None:
    tables = page.named("table")
    assert len(tables) == len(page.named("caption")) > 8
    assert all(th.get("scope") in ("row", "col", "colgroup", "rowgroup") for th in page.named("th"))


def test_every_headline_number_of_the_comparison_is_on_the_page(
    page: Page, whole: tuple[Path, Path, Comparison]
) -> None:
    texts = set(page.texts)
    for system in whole[2].systems:
        for row in system.measurements:
            if row.kind in ("utility", "leakage") and row.low is not None and row.high is not None:
                assert f"{100 * row.value:.1f}" in texts
                assert f"[{100 * row.low:.1f}, {100 * row.high:.1f}]" in texts


def test_figures_follow_the_page_and_their_files_do_not(whole: tuple[Path, Path, Comparison], html: str) -> None:
    files = sorted((whole[1] / "figures").glob("*.svg"))
    names = {file.stem for file in files}
    assert {"fig3a-test", "fig3b-test", "fig3a-unseen", "fig3b-unseen"} < names
    assert len([n for n in names if n.startswith("curves-")]) == 9
    assert len([n for n in names if n.startswith("tsne-")]) == 3
    for file in files:
        text = file.read_text("utf-8")
        ET.fromstring(text)
        assert "currentColor" not in text and "var(--" not in text and "#010203" not in text
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert "currentColor" in html and "#010203" not in html and "#fefdfc" not in html


def test_what_the_page_remembers(page: Page) -> None:
    text = " ".join(page.texts)
    assert "numpy\xa02.4.6" in text and "seed 1" in text and "520 (20)" in text
    assert "clips=0001ab12 split=3e25d59b" in text
    assert "emoprism audit EMBEDDINGS AUDIT bootstrap=1000 seed=0" in text
    assert "label: Confusion loss" in text
    assert "⚠" in text and "adversary looks beaten" in text


def test_texts_of_others_are_escaped_everywhere(maker: Any, tmp_path: Path) -> None:
    evil = '<script>alert("x")</script> & $x_1$'
    systems = maker.without("single_emotion", "gradient_reversal", "alternate", "contrast")
    systems["peri2021/confusion"] = (evil, systems["peri2021/confusion"][1])
    maker.write(tmp_path / "audit", systems=systems, seeds=(0,), epochs=3, points=4)
    html = page_of(tmp_path / "audit")
    page = Page(html)
    assert not page.named("script") and "<script" not in html
    assert sum(evil in text for text in page.texts) > 4
    figure = ET.fromstring(assemble(read_audit(tmp_path / "audit")).figure_3[0].file)
    assert evil in [text.text for text in figure.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({"epochs": 0}, "Training, and the health of its adversaries"),
        ({"points": 0}, "Maps of the embeddings"),
    ],
)
def test_sections_without_content_vanish(maker: Any, tmp_path: Path, changes: dict[str, Any], gone: str) -> None:
    few = maker.without("gradient_reversal", "alternate", "confusion")
    maker.write(tmp_path / "audit", systems=few, seeds=(0,), **({"epochs": 2, "points": 4} | changes))
    headings = Page(page_of(tmp_path / "audit")).headings
    assert gone not in headings and len(headings) == 10


def test_one_set_of_embeddings_from_elsewhere(maker: Any, tmp_path: Path) -> None:
    """No seed, no recipe, no history, no baseline, no dimension to vary, no unseen speakers, no intervals."""
    numbers = maker.Numbers(accuracy=90.0, leak=50.0)
    maker.small(
        tmp_path / "audit", systems={"theirs": ("theirs", numbers)}, seeds=(None,), baseline=None, splits=("test",),
        spread=None,
    )  # fmt: skip
    page = Page(page_of(tmp_path / "audit"))
    text = " ".join(page.texts)
    assert TABLE_TITLE not in page.headings and "no seed" in text
    assert "No multitask baseline is in this audit" in text and "embeddings of theirs 50.0 %." in text
    assert "emoprism train" not in text and "emoprism audit" in text


def test_only_a_validation_split_says_that_too_little_is_known(maker: Any, tmp_path: Path) -> None:
    numbers = maker.Numbers(leak=50.0)
    maker.small(
        tmp_path / "audit", systems={"a": ("a", numbers)}, splits=(), floor=None, guesses=False, baseline=None,
        seeds=(0, 1, 2, 3, 4),
    )  # fmt: skip
    page = Page(page_of(tmp_path / "audit"))
    assert "Figure 3 of Peri et al. 2021, with our numbers" not in page.headings and TABLE_TITLE not in page.headings


def test_a_page_with_many_methods_still_tells_them_apart(maker: Any, tmp_path: Path) -> None:
    numbers = maker.prototype["peri2021/confusion"][1]
    systems = {f"m{i}": (f"Method {i}", numbers) for i in range(11)}
    maker.small(tmp_path / "audit", systems=systems, seeds=(0,), baseline="m0")
    figure = assemble(read_audit(tmp_path / "audit")).figure_3[0].file
    assert all(f">Method {i}<" in figure for i in range(11))


def test_a_history_of_one_epoch_of_losses_is_drawn(maker: Any, tmp_path: Path) -> None:
    maker.write(tmp_path / "audit", systems=maker.without("alternate"), seeds=(0,), epochs=2, points=0)
    for path in (tmp_path / "audit").glob("*/history.json"):
        path.write_text('[{"epoch": 0, "losses": {"model": 1.0}}]', "utf-8")
    (next((tmp_path / "audit").glob("*multitask*/history.json"))).write_text('[{"epoch": 0, "losses": {}}]', "utf-8")
    report = assemble(read_audit(tmp_path / "audit"))
    assert report.health is None and len(report.curves) == 5
    assert "scores" not in report.curves[0].alt


def test_maps_without_labels_or_with_one_embedding_only(maker: Any, tmp_path: Path) -> None:
    maker.write(tmp_path / "audit", seeds=(0,), epochs=0, points=3)
    point = '{{"embedding": "{}", "clip": "a", "split": "test", "x": 0.0, "y": 1.0, "labels": {}}}'
    one = next((tmp_path / "audit").glob("*multitask*/projection.json"))
    one.write_text(f"[{point.format('speaker', '{}')}]", "utf-8")
    two = next((tmp_path / "audit").glob("*confusion*/projection.json"))
    labels = '{"emotion": "sad"}'
    two.write_text(f"[{point.format('speaker', labels)}]", "utf-8")
    drawn = {drawing.title: drawing for drawing in assemble(read_audit(tmp_path / "audit")).maps}
    assert "Multitask, seed 0" not in drawn
    assert "maps of the speaker embeddings" in drawn["Confusion loss, seed 0"].alt
