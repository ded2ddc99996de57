"""A made-up audit directory, realistic in shape and (at 64 dimensions) in numbers: those of a small prototype."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from emoprism.leakage.results import (
    STRONGEST,
    Comparison,
    Det,
    Epoch,
    Leakage,
    Measurement,
    Point,
    StuartMaxwell,
    System,
)

CLASSES = ("angry", "happy", "neutral", "other", "sad")
ATTACKERS = ("boosted_trees", "logistic", "mlp", "nearest_neighbours")
SPEAKERS = [f"actor{i:02d}" for i in range(24)]


@dataclass(frozen=True)
class Numbers:
    """Percent: emotion F1 seen / unseen, speaker accuracy, EER, leak seen / unseen, speaker from emotion, adversary."""

    f1: float | None = None
    f1_unseen: float | None = None
    accuracy: float | None = None
    eer: float | None = None
    leak: float | None = None
    leak_unseen: float | None = None
    back: float | None = None
    adversary: float | None = None


PROTOTYPE: Mapping[str, tuple[str, Numbers]] = {
    "peri2021/single_speaker": ("Speaker only", Numbers(accuracy=98.5, eer=17.3, leak=68.9, leak_unseen=56.2)),
    "peri2021/single_emotion": ("Emotion only", Numbers(f1=87.1, f1_unseen=66.0)),
    "peri2021/multitask": ("Multitask", Numbers(89.2, 69.2, 96.7, 17.3, 82.8, 66.1, 96.3)),
    "peri2021/gradient_reversal": ("Gradient reversal", Numbers(88.0, 65.0, 96.0, 18.0, 86.0, 67.0, 94.0, 22.0)),
    "peri2021/alternate": ("Alternate training", Numbers(88.4, 66.0, 97.0, 18.2, 74.0, 60.0, 93.0, 30.0)),
    "peri2021/confusion": ("Confusion loss", Numbers(88.6, 62.9, 97.5, 18.7, 63.4, 44.7, 50.1, 21.0)),
    "emoprism/contrast": ("Cross-emotion contrast", Numbers(89.3, 67.5, 99.0, 15.4, 56.4, 35.2, 98.0)),
}


@dataclass(frozen=True)
class Made:
    """What a made-up audit holds. Intervals are the value plus or minus `spread` points."""

    systems: Mapping[str, tuple[str, Numbers]] = field(default_factory=lambda: dict(PROTOTYPE))
    widths: Sequence[int] = (64,)
    seeds: Sequence[int | None] = (0, 1)
    spread: float | None = 2.5
    splits: Sequence[str] = ("test", "unseen")
    epochs: int = 12
    points: int = 60
    recipes: bool = True
    floor: float | None = 22.2
    guesses: bool = True
    det: bool = True
    baseline: str | None = "peri2021/multitask"
    seed: int = 7


def measured(
    made: Made, rng: np.random.Generator, spread: float | None, *, key: tuple[str, ...], value: float | None
) -> list[Measurement]:
    """A list of one row (kind, embedding, attribute, metric, split[, attacker]), or of none without a value."""
    kind, embedding, attribute, metric, split, attacker = (*key, "") if len(key) == 5 else key
    if value is None or split not in made.splits:
        return []
    value = value if kind == "combined" else min(value, 100.0)
    names = ("kind", "embedding", "attribute", "metric", "split", "attacker")
    row: dict[str, Any] = dict(zip(names, (kind, embedding, attribute, metric, split, attacker), strict=True))
    if spread is not None and kind not in ("chance", "majority", "combined"):
        row |= {"low": max(value - spread, 0) / 100, "high": min(value + spread, 100) / 100}
    if (attribute, metric) == ("emotion", "macro_f1") and attacker in ("", STRONGEST):
        row["recall"] = {c: float(np.clip(value / 100 + rng.normal(0, 0.05), 0, 1)) for c in CLASSES}
    return [Measurement.model_validate(row | {"value": value / 100})]


def rows(made: Made, n: Numbers, rng: np.random.Generator, width: int, *, spread: float | None) -> list[Measurement]:
    shift = 3.0 * float(np.log2(width / 64)) / 5
    out: list[Measurement] = []

    def add(*key: str, value: float | None) -> None:
        out.extend(measured(made, rng, spread, key=key, value=value))

    for split, f1, told in (("test", n.f1, n.leak), ("unseen", n.f1_unseen, n.leak_unseen)):
        leak = told and told + shift
        add("utility", "emotion", "emotion", "macro_f1", split, value=f1 and f1 - shift)
        add("leakage", "speaker", "emotion", "macro_f1", split, STRONGEST, value=leak)
        for i, attacker in enumerate(ATTACKERS):
            add(
                "leakage",
                "speaker",
                "emotion",
                "macro_f1",
                split,
                attacker,
                value=leak and leak - 4 * ((i + width) % 4),
            )
    add("utility", "speaker", "speaker", "accuracy", "test", value=n.accuracy)
    add("utility", "speaker", "speaker", "eer", "unseen", value=n.eer)
    add("utility", "speaker", "speaker", "tpr_at_fpr_1_percent", "unseen", value=n.eer and 80 - n.eer)
    add("utility", "speaker", "speaker", "tpr_at_fpr_1_permille", "unseen", value=n.eer and 50 - n.eer)
    add("leakage", "emotion", "speaker", "eer", "unseen", value=n.back and 60 - n.back / 4)
    add("leakage", "emotion", "speaker", "tpr_at_fpr_1_percent", "unseen", value=n.back and n.back / 8)
    add("leakage", "emotion", "speaker", "accuracy", "test", STRONGEST, value=n.back)
    for i, attacker in enumerate(ATTACKERS):
        add("leakage", "emotion", "speaker", "accuracy", "test", attacker, value=n.back and n.back - 3 * i)
    if n.leak is not None:
        add("floor", "speaker", "emotion", "macro_f1", "test", STRONGEST, value=made.floor)
        add("floor", "emotion", "speaker", "accuracy", "test", STRONGEST, value=9.1)
        add("combined", "", "", "sum", "test", value=n.back and n.leak + shift + n.back)
    for split in ("test", "unseen") if made.guesses else ():
        add("chance", "", "emotion", "macro_f1", split, value=19.2)
        add("majority", "", "emotion", "macro_f1", split, value=9.8)
        add("chance", "", "speaker", "accuracy", split, value=5.0)
        add("majority", "", "speaker", "accuracy", split, value=6.4)
    return out


def det(made: Made, n: Numbers) -> list[Det]:
    """Straight lines in normal deviates, as of scores that are normally distributed, through the EERs."""
    normal, out = NormalDist(), list[Det]()
    for kind, read, eer in (("utility", "speaker", n.eer), ("leakage", "emotion", n.back and 60 - n.back / 4)):
        if eer and "unseen" in made.splits and made.det:
            deviates = [-3.7 + i / 10 for i in range(68)]
            misses = [normal.cdf(2 * normal.inv_cdf(eer / 100) - x) for x in deviates]
            rates = [normal.cdf(x) for x in deviates]
            row = {"kind": kind, "embedding": read, "attribute": "speaker", "split": "unseen"}
            out.append(Det.model_validate(row | {"false_alarms": rates, "misses": misses}))
    return out


def _noise(rng: np.random.Generator) -> float:
    return float(rng.normal(0, 0.01))


def history(made: Made, n: Numbers, rng: np.random.Generator) -> list[Epoch]:
    out: list[Epoch] = []
    for epoch in range(made.epochs):
        done = 1 - np.exp(-(epoch + 1) / 4)
        noise = partial(_noise, rng)
        losses = {"model": 2.2 * (1 - done) + 0.2 + noise()}
        scores: dict[str, float] = {}
        if n.f1 is not None:
            scores["validation/emotion/macro_f1"] = n.f1 / 100 * done + noise()
        if n.accuracy is not None:
            scores["validation/speaker/accuracy"] = min(n.accuracy / 100 * done + noise(), 1.0)
        if n.leak is not None and n.back is not None:
            scores["probe/speaker>emotion"] = n.leak / 100 * (0.4 + 0.6 * done) + noise()
        if n.adversary is not None:
            losses["adversary"] = 1.6 - 0.3 * done + noise()
            last = n.adversary / 100
            scores["adversary/speaker>emotion"] = last + (0.6 - last) * (1 - done) ** 2 * (epoch > 0)
        out.append(Epoch(epoch=epoch, losses=losses, scores=scores, kept=epoch == made.epochs - 2))
    return out


def projection(made: Made, n: Numbers, rng: np.random.Generator) -> list[Point]:
    if n.leak is None or n.back is None:
        return []
    speakers, emotions = rng.integers(0, 24, made.points), rng.integers(0, 5, made.points)
    centres = {"speaker": rng.normal(0, 30, (24, 2)), "emotion": rng.normal(0, 30, (5, 2))}
    mixed = {"speaker": n.leak / 10, "emotion": n.back / 20}
    out: list[Point] = []
    for name, index in (("speaker", speakers), ("emotion", emotions)):
        other = centres["emotion" if name == "speaker" else "speaker"][emotions if name == "speaker" else speakers]
        xy = centres[name][index] + other * mixed[name] / 40 + rng.normal(0, 3, (made.points, 2))
        out += [
            Point(embedding=name, clip=f"clip{i}", split="test", x=float(x), y=float(y),
                  labels={"emotion": CLASSES[emotions[i]], "speaker": SPEAKERS[speakers[i]]})
            for i, (x, y) in enumerate(xy)
        ]  # fmt: skip
    return out


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def dump(path: Path, items: Sequence[Any]) -> None:
    if items:
        write_json(path, [item.model_dump(mode="json") for item in items])


def write_audit(directory: Path, made: Made | None = None) -> Comparison:
    """Write a whole audit directory and return its comparison."""
    made = made or Made()
    systems: list[System] = []
    for name, (label, numbers) in made.systems.items():
        alone = numbers.leak is None
        for width in made.widths[:1] if alone else made.widths:
            systems.append(_write_system(directory, made, name, label, numbers, width))
    comparison = Comparison(systems=systems, baseline=made.baseline)
    write_json(directory / "comparison.json", comparison.model_dump(mode="json"))
    manifest = {"stage": "audit", "emoprism": "0.1.0", "versions": {"numpy": "2.4.6", "scikit-learn": "1.9.1"},
                "options": {"bootstrap": 1000}, "inputs": {}, "seed": 0}  # fmt: skip
    write_json(directory / "manifest.json", manifest)
    return comparison


def _write_system(directory: Path, made: Made, name: str, label: str, n: Numbers, width: int) -> System:
    dimensions = {"emotion": 2048} if n.f1 is not None else {}
    dimensions |= {"speaker": width} if n.leak is not None else {}
    folders: list[str] = []
    for seed in made.seeds:
        rng = np.random.default_rng([made.seed, width, seed or 0, sum(map(ord, name))])
        folder = f"{name.replace('/', '-')}-{width}-seed{seed}"
        unseen = [SPEAKERS[((seed or 0) * 4 + k) % 24] for k in range(4)]
        seen = [s for s in SPEAKERS if s not in unseen]
        speakers = {"train": seen, "validation": seen, "test": seen, "unseen": unseen}
        clips = {"train": 520, "validation": 60, "test": 250, "unseen": 170}
        jitter = Numbers(**{k: v and v + float(rng.normal(0, 0.8)) for k, v in vars(n).items()})
        clip_ids = f"{seed or 0:04d}ab12ab12"
        data = json.dumps({"clips": clip_ids, "split": "3e25d59b7c9c", "emotion": "a82b8913", "speaker": "439f2f29"})
        leakage = Leakage(
            name=name, label=label, seed=seed, dimensions=dimensions, data=data,
            clips={k: v for k, v in clips.items() if k in ("train", "validation", *made.splits)},
            speakers={k: v for k, v in speakers.items() if k in ("train", "validation", *made.splits)},
            measurements=rows(made, jitter, rng, width, spread=None),
        )  # fmt: skip
        write_json(directory / folder / "leakage.json", leakage.model_dump(mode="json"))
        if made.epochs:
            dump(directory / folder / "history.json", history(made, jitter, rng))
        if made.points:
            dump(directory / folder / "projection.json", projection(made, jitter, rng))
        if made.recipes:
            (directory / folder / "recipe.yaml").write_text(f"name: {name}\nlabel: {label}\nseed: {seed}\n", "utf-8")
        folders.append(folder)
    rng = np.random.default_rng([made.seed, width])
    tests = [
        StuartMaxwell(attribute="emotion", split="test", against="Multitask", seed=seed,
                      statistic=float(rng.gamma(4, 4)), p_value=float(rng.beta(0.3, 3)))
        for seed in made.seeds
        if made.baseline in made.systems and n.f1 is not None and name != made.baseline
    ]  # fmt: skip
    return System(
        name=name, label=label, dimensions=dimensions, seeds=list(made.seeds), runs=folders,
        measurements=rows(made, n, rng, width, spread=made.spread), stuart_maxwell=tests, det=det(made, n),
    )  # fmt: skip


class Maker:
    """What the tests of the report make audits with."""

    Numbers = Numbers
    prototype = PROTOTYPE

    def write(self, directory: Path, **changes: Any) -> Comparison:
        """A whole audit directory; `changes` are those of Made."""
        return write_audit(directory, Made(**changes))

    def small(self, directory: Path, **changes: Any) -> Comparison:
        """As `write`, without histories, maps and recipes: quick to draw."""
        return self.write(directory, **({"epochs": 0, "points": 0, "recipes": False, "det": False} | changes))

    def whole(self, directory: Path) -> Comparison:
        """Two dimensions and two seeds with everything, of few systems."""
        systems = self.without("gradient_reversal", "alternate")
        return self.write(directory, systems=systems, widths=(256, 64), points=20)

    def changed(self, **changes: dict[str, float | None]) -> dict[str, tuple[str, Numbers]]:
        """The prototype's systems, with numbers of some (by the last part of their name) changed."""
        short = {name.split("/")[1]: name for name in PROTOTYPE}
        systems = dict(PROTOTYPE)
        for name, numbers in changes.items():
            label, old = PROTOTYPE[short[name]]
            systems[short[name]] = (label, replace(old, **numbers))
        return systems

    def without(self, *names: str) -> dict[str, tuple[str, Numbers]]:
        """The prototype's systems but these."""
        return {name: system for name, system in PROTOTYPE.items() if name.split("/")[1] not in names}


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def whole(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Comparison]:
    """A full audit of two dimensions and two seeds, its report, and its comparison."""
    from emoprism.report.build import build

    base = tmp_path_factory.mktemp("whole")
    comparison = maker.whole(base / "audit")
    build(base / "audit", base / "report", overwrite=False)
    return base / "audit", base / "report", comparison
