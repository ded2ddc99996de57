"""The audit stage: one directory or many, resumed, in any number of processes, always the same bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from emoprism.errors import EmbeddingsError, InputError, RecipeError, StageError
from emoprism.leakage import audit as stage
from emoprism.leakage.audit import audit
from emoprism.leakage.evidence import curve_metrics
from emoprism.leakage.options import AuditOptions
from emoprism.leakage.results import Comparison, Leakage, Point
from emoprism.leakage.sources import find_sources, origin_of
from emoprism.stage import MANIFEST, PARTIAL, read_manifest
from emoprism.types import Embeddings

Make = Callable[..., Embeddings]
Write = Callable[..., Path]
QUICK = ["attackers=[nearest_neighbours]", "bootstrap=20"]
NO_MAPS = [*QUICK, "projection=false"]
SMALL = {"train": 60, "test": 40, "unseen": 20}


def _files(directory: Path) -> dict[str, bytes]:
    return {p.relative_to(directory).as_posix(): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


@pytest.fixture
def several(make: Make, write: Write, tmp_path: Path) -> Path:
    """Two systems, two seeds each."""
    for seed in (0, 1):
        write(f"base-{seed}", make(0.5, seed=seed, sizes=SMALL), name="base", seed=seed)
        write(f"own-{seed}", make(0.1, seed=seed, sizes=SMALL, heads=0.6), name="own", seed=seed, method="confusion")
    return tmp_path / "embeddings"


def test_several_directories_become_a_comparison(several: Path, tmp_path: Path) -> None:
    (several / "own-1" / "split_audit.json").write_text("{}")
    audit(several, tmp_path / "out", QUICK, workers=1)
    out = tmp_path / "out"
    comparison = Comparison.model_validate_json((out / "comparison.json").read_bytes())
    assert [(s.name, s.seeds, s.runs) for s in comparison.systems] == [
        ("base", [0, 1], ["base-0", "base-1"]),
        ("own", [0, 1], ["own-0", "own-1"]),
    ]
    assert comparison.baseline == "base" and len(comparison.systems[1].stuart_maxwell) == 4
    leakage = Leakage.model_validate_json((out / "own-1" / "leakage.json").read_bytes())
    assert (leakage.name, leakage.label, leakage.seed) == ("own", "Own-1", 1)
    assert (out / "own-1" / "recipe.yaml").read_bytes() == (several / "own-1" / "recipe.yaml").read_bytes()
    assert (out / "own-1" / "history.json").is_file()
    assert [path.parent.name for path in out.glob("*/split_audit.json")] == ["own-1"], "carried along where it is"
    maps = {path.parent.name for path in out.glob("*/projection.json")}
    assert maps == {"base-0", "own-0"}, "one map per system: the first seed"
    points = [Point(**point) for point in json.loads((out / "own-0" / "projection.json").read_text())]
    assert len(points) == 2 * 60
    table = pq.read_table(out / "own-0" / "predictions.parquet").to_pydict()
    assert set(table) >= {"clip", "speaker", "split", "attacker", "true", "predicted"}
    manifest = read_manifest(out, "audit")
    assert manifest.options["attackers"] == [{"name": "nearest_neighbours"}] and manifest.seed == 0
    assert "own-1/embeddings.safetensors" in manifest.inputs and manifest.facts["systems"] == 2


def test_neither_workers_nor_interruption_change_a_byte(
    several: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    audit(several, tmp_path / "one", NO_MAPS, workers=1)
    audit(several, tmp_path / "two", NO_MAPS, workers=2)
    assert _files(tmp_path / "one") == _files(tmp_path / "two")
    resumed = tmp_path / "three"
    real, calls = stage.audit_embeddings, list[str]()

    def killed(embeddings: Embeddings, options: AuditOptions, origin: Any) -> Any:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(origin.label)
        return real(embeddings, options, origin)

    monkeypatch.setattr(stage, "audit_embeddings", killed)
    with pytest.raises(KeyboardInterrupt):
        audit(several, resumed, NO_MAPS, workers=1)
    assert (resumed / PARTIAL).is_file() and not (resumed / MANIFEST).exists()
    (resumed / calls[1].lower() / "leakage.json").write_bytes(b"{")  # torn, as after a power cut
    again = list[str]()
    monkeypatch.setattr(stage, "audit_embeddings", lambda e, o, g: again.append(g.label) or real(e, o, g))
    audit(several, resumed, NO_MAPS, workers=1)
    assert calls[0] not in again and len(again) == 3, "what was whole is not done again"
    assert _files(resumed) == _files(tmp_path / "one")
    capsys.readouterr()
    audit(several, resumed, NO_MAPS)
    assert "done already" in capsys.readouterr().out


def test_a_bare_directory_from_elsewhere(make: Make, write: Write, tmp_path: Path) -> None:
    made = dataclasses.replace(make(1.0, sizes=SMALL), predictions={})
    audit(write("theirs", made), tmp_path / "out", NO_MAPS, workers=3)
    comparison = Comparison.model_validate_json((tmp_path / "out" / "comparison.json").read_bytes())
    system = comparison.systems[0]
    assert (system.name, system.label, system.seeds, system.runs) == ("theirs", "theirs", [None], ["theirs"])
    assert comparison.baseline is None and not system.stuart_maxwell
    assert not any(m.kind == "utility" and m.metric not in curve_metrics() for m in system.measurements)
    assert not list((tmp_path / "out").glob("*/projection.json"))


def test_other_options_need_overwrite(make: Make, write: Write, tmp_path: Path) -> None:
    theirs, out = write("theirs", make(sizes=SMALL)), tmp_path / "out"
    audit(theirs, out, NO_MAPS)
    with pytest.raises(StageError, match="bootstrap"):
        audit(theirs, out, [*NO_MAPS, "bootstrap=21"])
    audit(theirs, out, [*NO_MAPS, "bootstrap=21"], overwrite=True)
    assert read_manifest(out, "audit").options["bootstrap"] == 21
    with (theirs / "clips.csv").open("a") as file:
        file.write("\n")
    with pytest.raises(InputError):
        audit(theirs, out, [*NO_MAPS, "bootstrap=21"])


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("bootstrp=3", "bootstrp: unknown key\n.*did you mean 'bootstrap'"),
        ("attackers=[mpl]", "did you mean 'mlp'"),
        ("bootstrap", "key=value"),
    ],
)
def test_a_wrong_option_is_named(make: Make, write: Write, tmp_path: Path, option: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        audit(write("theirs", make(sizes=SMALL)), tmp_path / "out", [option])
    assert not (tmp_path / "out").exists()


def test_all_directories_that_cannot_be_audited_are_named_before_any_work(
    make: Make, write: Write, tmp_path: Path
) -> None:
    write("good", make(sizes=SMALL), seed=4)
    write("untested", make(sizes={"train": 30}))
    (write("unfinished", make(sizes=SMALL)) / PARTIAL).write_text("{}")
    (write("damaged", make(sizes=SMALL)) / "embeddings.safetensors").write_bytes(b"no")
    (write("nameless", make(sizes=SMALL)) / "recipe.yaml").write_text("label: x\n")
    (tmp_path / "embeddings" / "empty").mkdir()
    (tmp_path / "embeddings" / ".hidden").mkdir()
    with pytest.raises(EmbeddingsError) as caught:
        audit(tmp_path / "embeddings", tmp_path / "out", QUICK)
    named = [problem.where for problem in caught.value.problems]
    for folder in ("untested", "unfinished", "damaged", "nameless", "empty"):
        assert any(folder in where for where in named), folder
    assert not any("good" in where or "hidden" in where for where in named)
    assert not (tmp_path / "out").exists()


def test_what_only_the_audit_finds_out_is_named_too(make: Make, write: Write, tmp_path: Path) -> None:
    made = make(sizes=SMALL)
    made.predictions["emotion"][made.rows("test")] = -1
    with pytest.raises(EmbeddingsError, match="predicted:emotion: 40 clips of split test have no prediction"):
        audit(write("theirs", made), tmp_path / "out", NO_MAPS)


def test_different_data_of_one_seed_is_refused_before_any_work(make: Make, write: Write, tmp_path: Path) -> None:
    write("a", make(sizes=SMALL), seed=0)
    made = make(sizes=SMALL)
    write("b", dataclasses.replace(made, labels={**made.labels, "emotion": np.roll(made.labels["emotion"], 1)}), seed=0)
    with pytest.raises(EmbeddingsError, match="b: differs from a, both of seed 0, in emotion"):
        audit(tmp_path / "embeddings", tmp_path / "out", QUICK)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "sentence"), [("nowhere", "no such directory"), ("", "holds no embeddings")])
def test_no_embeddings_is_an_error(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "embeddings").mkdir()
    with pytest.raises(EmbeddingsError, match=sentence):
        find_sources(tmp_path / "embeddings" / name, AuditOptions())


def test_a_recipe_of_unknown_plugins_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(
        "name: n\nmodel: {name: not_installed}\nmethod: {name: strange, x: 1}\nseed: 9\n"
    )
    origin, method = origin_of(tmp_path)
    assert (origin.name, origin.label, origin.seed, method) == ("n", "n", 9, "strange")
    (tmp_path / "recipe.yaml").write_text("name: n\nmethod: confusion\n")
    assert origin_of(tmp_path)[1] == "confusion"
    (tmp_path / "recipe.yaml").write_text("name: n\nseed: many\n")
    with pytest.raises(RecipeError, match="seed"):
        origin_of(tmp_path)


def test_the_audit_imports_neither_torch_nor_a_model() -> None:
    import subprocess
    import sys

    code = (
        "import sys, emoprism.leakage.audit, emoprism.leakage.contract\n"
        "late = ('torch', 'sklearn', 'statsmodels', 'matplotlib', 'pandas')\n"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
