"""A study's report: one self-contained page, the tables as Markdown, LaTeX, CSV and JSON, the maps as SVG."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from emoprism.embeddings import load_embeddings
from emoprism.experiments.li2020 import CITATION, paper_tables
from emoprism.experiments.results import Results, run_rows
from emoprism.experiments.scores import FoldResult, Value
from emoprism.experiments.study import FoldRun, Study
from emoprism.experiments.study_tables import tables_of
from emoprism.experiments.study_verdict import verdict
from emoprism.leakage.projection import project
from emoprism.pages.drawing import Drawing
from emoprism.pages.render import render_page
from emoprism.pages.text import as_markdown
from emoprism.report.export import as_latex
from emoprism.report.maps import draw_maps
from emoprism.stage import csv_text, write_text
from emoprism.types import EMOTION, SPEAKER

TEMPLATES = Path(__file__).parent / "templates"
PAGE = "report.html"
SIDE = 3.4
"""Inches of a map."""
SYSTEM_FIELDS = ("system", "over", "part", "metric", "value", "low", "high")
RUN_FIELDS = ("system", "seed", "fold", "part", "metric", "clips", "value")


def write_report(
    out: Path, study: Study, results: Results, runs: Sequence[FoldResult], maps: Sequence[Drawing]
) -> None:
    """Write all files below `out`."""
    tables, findings = tables_of(results), verdict(results)
    paper = paper_tables([system.name for system in results.systems])
    for figure in maps:
        write_text(out / "figures" / f"{figure.key}.svg", figure.file)
    write_text(out / "tables.md", as_markdown([*tables, *paper]))
    write_text(out / "tables.tex", as_latex([*tables, *paper]))
    write_text(out / "results.csv", csv_text(SYSTEM_FIELDS, _rows(results)))
    write_text(out / "folds.csv", csv_text(RUN_FIELDS, run_rows(runs)))
    whole = {"verdict": [asdict(finding) for finding in findings]} | _tree(results)
    write_text(out / "results.json", json.dumps(whole, indent=1, ensure_ascii=False))
    page = render_page(
        TEMPLATES, "study.html.j2", title=study.name, about=study.about, findings=findings, tables=tables, paper=paper,
        citation=CITATION, drawings=maps, folds=results.folds, seeds=results.seeds,
        study=yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True),
    )  # fmt: skip
    write_text(out / PAGE, page)


def draw_strangers(study: Study, planned: Sequence[FoldRun], embeddings: Path) -> list[Drawing]:
    """A t-SNE map of the test side of one fold and the first seed, for every system that is shown."""
    drawings: list[Drawing] = []
    for item in planned:
        if item.fold != study.maps.fold or item.recipe.seed != study.seeds[0]:
            continue
        if study.maps.systems and item.recipe.name not in study.maps.systems:
            continue
        found = load_embeddings(embeddings / item.slug)
        points = project(found, (study.side,), (EMOTION, SPEAKER), study.maps.clips, item.recipe.seed)
        own = [point for point in points if point.embedding == EMOTION]
        if own:
            title = f"{item.recipe.label}, fold {item.fold_name}, seed {item.recipe.seed}"
            alt = f"{title}: t-SNE map of the emotion embedding of {len(own)} clips, a dot for each."
            key = f"tsne-{len(drawings) + 1:02d}"
            drawings.append(draw_maps(own, [(EMOTION, EMOTION), (EMOTION, SPEAKER)], key, title, alt, SIDE))
    return drawings


def _rows(results: Results) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for system in results.systems:
        for over, values in (("folds", system.folds), ("pooled", system.pooled)):
            rows += [(system.name, over, part, metric, *_line(value)) for (metric, part), value in values.items()]
        if system.other is not None:
            for name, spread in {"right": system.other, **system.other_metrics}.items():
                rows.append((system.name, "folds", "other corpus", name, *_line(spread.mean)))
                rows += [
                    (system.name, how, "other corpus", name, value, "", "")
                    for how, value in (("least", spread.least), ("most", spread.most))
                ]
        if system.trained is not None:
            rows.append((system.name, "folds", "train", "unweighted_accuracy", system.trained, "", ""))
        if system.lengths is not None:
            rows += [(system.name, "folds", "epochs", *told, "", "") for told in system.lengths.flat()]
        for side, found in system.attacks.items():
            part = f"{side} speakers"
            rows.append((system.name, "folds", part, f"strongest: {found.attacker}", *_line(found.accuracy)))
            rows.append((system.name, "folds", part, "chance", found.chance, "", ""))
            rows.append((system.name, "folds", part, "emotion alone", found.floor, "", ""))
    return rows


def _line(value: Value) -> tuple[object, ...]:
    return value.value, "" if value.low is None else value.low, "" if value.high is None else value.high


def _tree(results: Results) -> dict[str, Any]:
    """As JSON: keys of two parts as `accuracy/test`."""
    systems = [
        asdict(system) | {
            "folds": {"/".join(key): asdict(value) for key, value in system.folds.items()},
            "pooled": {"/".join(key): asdict(value) for key, value in system.pooled.items()},
        }
        for system in results.systems
    ]  # fmt: skip
    plain: dict[str, Any] = {name: getattr(results, name) for name in ("folds", "seeds", "order")}
    other = None if results.other is None else asdict(results.other)
    return plain | {"systems": systems, "leads": [asdict(lead) for lead in results.leads], "other": other}
