"""The embed stage: a run and a prepared corpus in, the embeddings of every clip out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64

from emoprism.console import say
from emoprism.deploy.trained import Trained
from emoprism.embeddings import HISTORY, RECIPE, SPLIT_AUDIT, save_embeddings
from emoprism.errors import Problem, StageError
from emoprism.splits.base import read_sides
from emoprism.stage import Stage, fingerprint, replacing
from emoprism.training.dataset import Labelled, Store, label_clips, open_prepared
from emoprism.training.evaluation import embed_rows
from emoprism.types import Embeddings, Outputs

SPLIT = "split.csv"
"""Who was trained on, by the run's own word: a split file that the recipe names may be gone or changed since."""
CARRIED = (RECIPE, HISTORY, SPLIT, SPLIT_AUDIT)
"""What the audit and the report need to know of a run, carried along. Older runs have no split audit."""


def embed(run: Path, prepared: Path, out: Path, *, overwrite: bool = False) -> None:
    """Embed every clip that the run's split names, train clips included (attackers train on those)."""
    trained = Trained.open(run)
    _check_same_corpus(trained, prepared)
    stage = Stage.begin(
        out, "embed", options={}, inputs={"run": run, "prepared": prepared}, seed=trained.recipe.seed,
        libraries=("numpy", "torch"), overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: done already")
        return
    corpus = open_prepared(prepared)
    labelled = label_clips(corpus, trained.recipe.data, trained.recipe.seed, read_sides(run / SPLIT))
    store = Store(corpus, trained.recipe.data, trained.model.image_size)
    embeddings = embed_clips(trained, labelled, store)
    save_embeddings(out, embeddings)
    for name in (name for name in CARRIED if (run / name).is_file()):
        with replacing(out / name) as temporary:
            shutil.copyfile(run / name, temporary)
    widths = {name: int(vectors.shape[1]) for name, vectors in embeddings.vectors.items()}
    stage.finish({"clips": len(embeddings.clips), "dimensions": widths})


@torch.no_grad()
def embed_clips(trained: Trained, labelled: Labelled, store: Store) -> Embeddings:
    """Embeddings and the heads' own predictions and outputs of all clips, with labels and split."""
    vectors = embed_rows(trained.model, labelled, store, np.arange(len(labelled.clips)))
    read = {name: values.numpy() for name, values in trained.model.heads.read(vectors).items()}
    told = set(trained.model.tasks) & set(labelled.classes)
    return Embeddings(
        clips=tuple(clip.id for clip in labelled.clips),
        split=labelled.split,
        vectors={name: rows.numpy() for name, rows in vectors.items()},
        labels={name: labelled.labels[name] for name in sorted(told)},
        classes={name: labelled.classes[name] for name in sorted(told)},
        predictions=_predictions(trained, labelled, read),
        outputs={
            name: Outputs(task.kind, task.words, labelled.targets[name], read[name])
            for name, task in trained.tasks.items()
            if task.kind
        },
    )


def _predictions(
    trained: Trained, labelled: Labelled, read: Mapping[str, np.ndarray]
) -> dict[str, Int64[np.ndarray, "N"]]:
    """One class per clip, of what has classes."""
    found = {name: labelled.classes_told(task, read[name]) for name, task in trained.tasks.items()}
    return {name: chosen for name, chosen in found.items() if chosen is not None}


def _check_same_corpus(trained: Trained, prepared: Path) -> None:
    """The split belongs to the corpus that the run was trained on; on another it would call strangers 'train'."""
    if trained.manifest.inputs["prepared"].sha256 != fingerprint(prepared):
        raise StageError(
            Problem(
                str(prepared),
                f"not the corpus that {trained.directory} was trained on, so its split does not apply",
                "embed the same prepared directory; for strangers say other=true, for single files emoprism predict",
            )
        )
