"""How well the persons of clips are found whom no model has seen: puppets with faces and voices, RAVDESS by voice.

python benchmarks/identify.py puppets --out runs/identify --workers 2
python benchmarks/identify.py ravdess --data RAVDESS --out runs/identify
python benchmarks/identify.py scale --clips 20000

Stages that are done already are not done again. The threshold is learnt on speakers that the run was not trained on;
`oracle` is the best that any threshold would reach on the corpus itself, shown beside it and never used.
"""

from __future__ import annotations

import argparse
import csv
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from emoprism.corpora.ravdess import Ravdess
from emoprism.identities.appearances import Appearance
from emoprism.identities.calibration import Calibration, calibrate_on, calibration_inputs
from emoprism.identities.cluster import agglomerate, before, labels_of
from emoprism.identities.collect import Collected
from emoprism.identities.embedders import Embedders
from emoprism.identities.evidence import Evidence
from emoprism.identities.identify import identify
from emoprism.identities.options import IdentifyOptions
from emoprism.identities.refine import confidences, refine
from emoprism.identities.scores import Agreement, agreement
from emoprism.media.prepare import prepare
from emoprism.media.shards import PreparedCorpus
from emoprism.puppets.corpus import make
from emoprism.recipe import Recipe, check_model, find_recipe, merge, read_yaml, with_overrides
from emoprism.stage import csv_text, write_text
from emoprism.training.run import train

COLUMNS = ("evidence", "threshold", "F1", "precision", "recall", "B-cubed", "persons", "people", "unknown", "ms/clip")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("puppets", "ravdess", "scale"))
    parser.add_argument("--out", type=Path, default=Path("runs/identify"))
    parser.add_argument("--data", type=Path, help="folder of RAVDESS")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9], help="of the puppets to be identified")
    parser.add_argument("--speakers", type=int, default=20)
    parser.add_argument("--clips", type=int, default=200)
    asked = parser.parse_args()
    {"puppets": puppets, "ravdess": ravdess, "scale": scale}[asked.what](asked)


def puppets(asked: argparse.Namespace) -> None:
    """Two runs (faces; voices) trained on 160 puppets and calibrated on 40 more identify puppets of other seeds."""
    out: Path = asked.out
    known = _puppets(out, 0, 200, 1200, asked.workers)
    runs = {stream: _train(known, out / f"run-{stream}", stream, 40, how) for stream, how in PUPPETS.items()}
    for seed in asked.seeds:
        corpus = _puppets(out, seed, asked.speakers, asked.clips, asked.workers)
        rows: list[Sequence[str]] = []
        for name, some in (("face", ["face"]), ("voice", ["audio"]), ("both", ["face", "audio"])):
            rows += _rows(name, corpus, out / f"persons-{seed}-{name}", [runs[stream] for stream in some])
        print(f"\npuppets, seed {seed}")
        _print(rows)


SLOWLY = ("training.selection.every=20", "players.model.decay=0.98")
PUPPETS = {"face": ("training.epochs=60", *SLOWLY), "audio": ("training.epochs=120", *SLOWLY)}
"""How long: by how well the speakers that are kept apart for the calibration are told apart, not those identified."""
RAVDESS = ("training.epochs=40", "training.selection.every=10")


def _puppets(out: Path, seed: int, speakers: int, clips: int, workers: int) -> Path:
    folder, prepared = out / f"puppets-{seed}", out / f"prepared-{seed}"
    options = [f"speakers={speakers}", f"clips={clips}", "seconds=2", f"seed={seed}"]
    make("puppets", folder, options, workers=workers, overwrite=False)
    prepare("puppets", folder, prepared, ["tracks=all"], workers=workers)
    return prepared


LABELS = ("speaker", "emotion", "gender")


def ravdess(asked: argparse.Namespace) -> None:
    """A run trained on the voices of half of the actors identifies the other half, both ways."""
    halves = [_half(asked, first) for first in (1, 13)]
    for number, (known, corpus) in enumerate((halves, halves[::-1])):
        run = _train(known, asked.out / f"run-ravdess-{number}", "audio", 4, RAVDESS)
        print("\nRAVDESS, trained on actors", ("1-12, identified 13-24", "13-24, identified 1-12")[number])
        _print(_rows("voice", corpus, asked.out / f"persons-ravdess-{number}", [run]))


def _half(asked: argparse.Namespace, first: int) -> Path:
    """Twelve actors from `first` on, prepared."""
    actors = {f"actor{number:02d}" for number in range(first, first + 12)}
    clips = [clip for clip in Ravdess(asked.data.resolve()).clips() if clip.labels["speaker"] in actors]
    table = asked.out / f"ravdess-{first}.csv"
    rows = [(c.id, c.audio, *(c.labels[name] for name in LABELS)) for c in clips]
    write_text(table, csv_text(["clip", "audio", *LABELS], rows))
    prepared = asked.out / f"prepared-ravdess-{first}"
    prepare("manifest", table, prepared, ["corpus.anywhere=true"], workers=asked.workers)
    return prepared


def _train(prepared: Path, out: Path, stream: str, unseen: int, how: Sequence[str]) -> Path:
    """The recipe of a speaker embedding on one stream, small; `unseen` speakers are left for the calibration."""
    tree = merge(read_yaml(find_recipe("peri2021/single_speaker")), read_yaml(find_recipe("presets/small")))
    tree["data"] = {"streams": [stream], "max_steps": {stream: tree["data"]["max_steps"][stream]}}
    tree["model"]["encoders"] = {stream: tree["model"]["encoders"][stream]}
    overrides = [
        "data.split.name=held_out", f"data.split.unseen={unseen}", "data.split.test=0", "data.split.validation=0.15",
        "model.embeddings.speaker=64", *how,
    ]  # fmt: skip
    train(check_model(Recipe, with_overrides(tree, overrides), "benchmark"), prepared, out)
    return out


def _rows(name: str, corpus: Path, out: Path, runs: Sequence[Path]) -> list[Sequence[str]]:
    """What identify says with the threshold it has learnt, and what the best threshold would reach."""
    start = time.perf_counter()
    identify(corpus, out, ["run=[" + ",".join(map(str, runs)) + "]"], overwrite=True)
    took = time.perf_counter() - start
    prepared = PreparedCorpus.open(corpus)
    truth = {clip.id: clip.labels["speaker"] for clip in prepared.clips}
    options = IdentifyOptions(run=tuple(runs))
    embedders = Embedders.open(options)
    collected = _collected(out)
    widths = {kind: values.shape[1] for kind, values in collected.vectors.items()}
    calibration = calibrate_on(embedders, calibration_inputs(embedders, options), options, widths)
    people = [truth[row.clip] for row in collected.rows]
    with (out / "identities.csv").open(encoding="utf-8") as file:
        found = [row["speaker"] for row in csv.DictReader(file)]
    learnt = agreement(found, [truth[clip] for clip in sorted(truth)])
    best, at = oracle(calibration, collected, people)
    return [
        _row(name, f"{calibration.threshold:.2f}", learnt, found.count(""), f"{1000 * took / len(truth):.0f}"),
        _row(f"{name}, oracle", f"{at:.2f}", best, 0, ""),
    ]


def _row(name: str, threshold: str, got: Agreement, unknown: int, took: str) -> Sequence[str]:
    shares = [got.pairwise_f1, got.pairwise_precision, got.pairwise_recall, got.bcubed_f1]
    return (name, threshold, *(f"{s:.3f}" for s in shares), str(got.persons), str(got.people), str(unknown), took)


def oracle(calibration: Calibration, collected: Collected, people: Sequence[str]) -> tuple[Agreement, float]:
    """The best pairwise F1 of any threshold, with the truth in hand."""
    evidence = calibration.evidence(collected)
    merges = list(agglomerate(evidence, stop=0.0))
    tried = [float(value) for value in np.arange(0, 8, 0.25)]
    found = [refine(evidence, labels_of(before(merges, threshold), len(people))) for threshold in tried]
    scored = [agreement([str(label) for label in labels], people) for labels in found]
    best = max(range(len(tried)), key=lambda place: scored[place].pairwise_f1)
    return scored[best], tried[best]


def _collected(out: Path) -> Collected:
    """The vectors that identify has written."""
    vectors = {kind: values.astype(np.float64) for kind, values in load_file(out / "embeddings.safetensors").items()}
    with (out / "persons.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    faces = "face" in vectors
    appearances = tuple(
        Appearance(row["clip"], int(row["track"]) if row["track"] else None, main=True, voice=0.9 if faces else 1.0)
        for row in rows
    )
    return Collected(appearances, vectors)


def scale(asked: argparse.Namespace) -> None:
    """Time and memory of clustering alone: as many clips as asked, 10 of each person, 64 numbers of face and voice."""
    rng = np.random.default_rng(0)
    people = np.arange(asked.clips) // 10
    evidence = {kind: _gaussian(rng, people, spread) for kind, spread in (("face", 0.5), ("voice", 0.9))}
    start = time.perf_counter()
    merges = list(agglomerate(evidence, stop=2.0))
    merged = time.perf_counter() - start
    labels = refine(evidence, labels_of(merges, asked.clips))
    confidences(evidence, labels)
    took = time.perf_counter() - start
    got = agreement([str(label) for label in labels], [str(person) for person in people])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{asked.clips} clips: merged in {merged:.0f} s, refined in {took - merged:.0f} s,")
    print(f"{peak:.0f} MiB at the peak; {got.persons} persons of {got.people}, pairwise F1 {got.pairwise_f1:.3f}")


def _gaussian(rng: np.random.Generator, people: np.ndarray, spread: float) -> Evidence:
    vectors = rng.normal(0, 1, (people.max() + 1, 64))[people] + rng.normal(0, 1, (len(people), 64)) * spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Evidence(vectors, np.ones(len(people)), 20.0, -10.0)


def _print(rows: Sequence[Sequence[str]]) -> None:
    table = [COLUMNS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for row in table:
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)))


if __name__ == "__main__":
    main()
