"""Processor time of splitting many clips, and how even folds are beside scikit-learn's StratifiedGroupKFold.

python benchmarks/splits.py --clips 100000
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from emoprism.families import SPLITTERS
from emoprism.splits.base import Unit
from emoprism.types import CORPUS, EMOTION, GENDER, SENTENCE, SESSION, SPEAKER

EMOTIONS = 7
CASES: dict[str, dict[str, object]] = {
    "held_out": {"unseen": 10},
    "k_fold": {"folds": 10},
    "leave_one_speaker_out": {},
    "leave_one_session_out": {},
    "sentence_disjoint": {"folds": 4, "speaker_folds": 4},
    "cross_corpus": {},
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--corpora", type=int, default=40, help="small corpora that the balance is compared on")
    asked = parser.parse_args()
    print(f"{'splitter':22} {'speakers':>8} {'clips':>8} {'CPU s':>8}")
    for speakers in (100, 10_000):
        units = draw(asked.clips, speakers)
        for name, options in CASES.items():
            start = time.process_time()
            SPLITTERS.make(name, options=options).split(units, 0)
            print(f"{name:22} {speakers:8} {asked.clips:8} {time.process_time() - start:8.2f}")
    ours, theirs = np.array([compare(seed) for seed in range(asked.corpora)]).T
    print("\nstandard deviation over folds of the shares of labels, mean over labels and corpora")
    print(f"k_fold {ours.mean():.4f}, StratifiedGroupKFold {theirs.mean():.4f}")
    print(f"k_fold is as even or more on {np.sum(ours <= theirs)} of {len(ours)} corpora")


def draw(clips: int, speakers: int) -> list[Unit]:
    """Clips of speakers who say much or little."""
    rng = np.random.default_rng(0)
    who = rng.choice(speakers, clips, p=rng.dirichlet(np.ones(speakers)))
    what, text = rng.integers(0, EMOTIONS, clips), rng.integers(0, 50, clips)
    return [
        Unit(
            f"c{i:07d}",
            {
                SPEAKER: f"s{s:05d}",
                SESSION: f"t{s // 20:03d}",
                CORPUS: f"c{s % 3}",
                GENDER: "fm"[s % 2],
                EMOTION: f"e{e}",
                SENTENCE: f"x{x}",
            },
        )
        for i, (s, e, x) in enumerate(zip(who.tolist(), what.tolist(), text.tolist(), strict=True))
    ]


def compare(seed: int) -> tuple[float, float]:
    """The unevenness of the folds of a small corpus, whose speakers differ in size and in what they feel."""
    rng = np.random.default_rng([seed, 1])
    speakers, labels, folds = int(rng.integers(6, 60)), int(rng.integers(2, 8)), int(rng.integers(2, 6))
    feel = rng.dirichlet(np.full(labels, 0.7), size=speakers)
    counts = np.stack([rng.multinomial(n, p) for n, p in zip(rng.integers(1, 60, speakers), feel, strict=True)])
    who = np.repeat(np.arange(speakers), counts.sum(1))
    what = np.concatenate([np.repeat(np.arange(labels), row) for row in counts])
    units = [
        Unit(f"{i:05d}", {SPEAKER: f"{s:02d}", EMOTION: str(e)}) for i, (s, e) in enumerate(zip(who, what, strict=True))
    ]
    own: list[Sequence[int]] = []
    for fold in range(folds):
        sides = SPLITTERS.make("k_fold", options={"folds": folds, "fold": fold, "validation": 0}).split(units, 0)
        own.append([i for i, unit in enumerate(units) if sides[unit.id] != "train"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # labels that are rarer than folds
        other = [test for _, test in StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(what, what, who)]
    return unevenness(what, own), unevenness(what, other)


def unevenness(what: np.ndarray, folds: Sequence[Sequence[int]]) -> float:
    """Mean over labels of the deviation over folds of the share of the label that a fold holds."""
    counts = np.stack([np.bincount(what[np.asarray(rows)], minlength=EMOTIONS) for rows in folds])
    known = counts.sum(0) > 0
    return float((counts[:, known] / counts.sum(0)[known]).std(0).mean())


if __name__ == "__main__":
    main()
