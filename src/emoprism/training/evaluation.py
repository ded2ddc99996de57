"""What training looks at between epochs: primary scores, its own adversary and fresh probes, all on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emoprism.disentangle.base import Disentangler
from emoprism.families import METRICS
from emoprism.leakage.probe import probe
from emoprism.models.base import Model
from emoprism.models.tasks.one_of import OneOf
from emoprism.training.dataset import Labelled, Store, evaluation_streams
from emoprism.types import MISSING, SPEAKER, TRAIN, VALIDATION

METRIC_OF: Mapping[str, str] = {SPEAKER: "accuracy"}
"""How Peri et al. 2021 (4.2) score identity; of any other attribute its task says: macro F1 of one class."""


@dataclass(frozen=True)
class Scores:
    """Scores of one epoch. `utility`: mean of the primary scores; `combined`: sum of the probes' (lower is better)."""

    by_name: dict[str, float]
    utility: float
    combined: float


@torch.no_grad()
def embed_rows(
    model: Model, labelled: Labelled, store: Store, rows: np.ndarray, batch_size: int = 64
) -> dict[str, Tensor]:
    """Embeddings of whole clips in evaluation mode: attribute -> float32 [len(rows), D]."""
    model.eval()
    device = next(model.parameters()).device
    parts = [model.embed(streams) for streams in evaluation_streams(labelled, store, rows, batch_size, device)]
    return {name: torch.cat([part[name].float().cpu() for part in parts]) for name in model.attributes}


@torch.no_grad()
def score_epoch(model: Model, method: Disentangler, labelled: Labelled, store: Store, seed: int) -> Scores:
    """Primary scores on validation and, for every pair of attributes, what is read from one embedding of the other."""
    train_rows, rows = labelled.rows(TRAIN), labelled.rows(VALIDATION)
    if len(rows) == 0:
        return Scores({}, 0.0, 0.0)
    embedded = embed_rows(model, labelled, store, rows)
    device = next(model.parameters()).device
    told = {name: read.cpu().numpy() for name, read in _read(model, embedded, device).items()}
    primary = {name: _score(labelled, name, rows, told[name]) for name in model.attributes}
    primary = {name: value for name, value in primary.items() if not np.isnan(value)}
    scores = {f"validation/{name}/{_metric(labelled, name)}": value for name, value in primary.items()}
    scores |= _adversary_scores(method, embedded, labelled, rows, device)
    probes = _probe_scores(model, labelled, store, train_rows, rows, embedded, seed)
    combined = sum(probes.values(), 0.0)
    if probes:
        scores |= probes | {"combined": combined}
    return Scores(scores, sum(primary.values()) / max(len(primary), 1), combined)


def _read(model: Model, embedded: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return model.heads.read({name: vectors.to(device) for name, vectors in embedded.items()})


def _known(labelled: Labelled, attribute: str, rows: np.ndarray) -> np.ndarray:
    """Which of the clips have a label that training has seen: strangers' names can be told by nobody."""
    if attribute not in labelled.labels:
        return np.zeros(len(rows), dtype=bool)
    truth = labelled.labels[attribute][rows]
    return (truth != MISSING) & (truth < labelled.trained[attribute])


def _metric(labelled: Labelled, attribute: str) -> str:
    """The metric that the attribute is scored with."""
    return METRIC_OF.get(attribute, labelled.tasks[attribute].metric)


def _score(labelled: Labelled, attribute: str, rows: np.ndarray, told: np.ndarray) -> float:
    """The score of what is told [N, W] of clips; NaN where nothing is known of them."""
    if labelled.tasks[attribute].kind:
        return float(METRICS.make(_metric(labelled, attribute))(labelled.targets[attribute][rows], told))
    return _class_score(labelled, attribute, rows, told.argmax(1))


def _class_score(labelled: Labelled, attribute: str, rows: np.ndarray, predicted: np.ndarray) -> float:
    truth, known = labelled.labels[attribute][rows], _known(labelled, attribute, rows)
    if not known.any():
        return float("nan")
    metric = METRICS.make(METRIC_OF.get(attribute, OneOf.metric))
    return float(metric(truth[known], predicted[known], len(labelled.classes[attribute])))


def _adversary_scores(
    method: Disentangler, embedded: Mapping[str, Tensor], labelled: Labelled, rows: np.ndarray, device: torch.device
) -> dict[str, float]:
    adversary = getattr(method, "adversary", None)
    if adversary is None:
        return {}
    adversary.eval()
    outputs = adversary({name: vectors.to(device) for name, vectors in embedded.items()})
    scores = {
        f"adversary/{read}>{told}": _adversary_score(
            labelled, told, rows, labelled.tasks[told].read(values).cpu().numpy()
        )
        for (read, told), values in outputs.items()
    }
    return {name: value for name, value in scores.items() if not np.isnan(value)}


def _adversary_score(labelled: Labelled, attribute: str, rows: np.ndarray, told: np.ndarray) -> float:
    """As a fresh probe's, which tells classes, wherever what is told is one of them; else by the task's own metric."""
    chosen = labelled.classes_told(labelled.tasks[attribute], told)
    return (
        _score(labelled, attribute, rows, told) if chosen is None else _class_score(labelled, attribute, rows, chosen)
    )


def _probe_scores(
    model: Model,
    labelled: Labelled,
    store: Store,
    train_rows: np.ndarray,
    rows: np.ndarray,
    embedded: Mapping[str, Tensor],
    seed: int,
) -> dict[str, float]:
    known = [name for name in model.attributes if _known(labelled, name, rows).any()]
    pairs = [(read, told) for read in model.attributes for told in known if read != told]
    if not pairs:
        return {}
    train = embed_rows(model, labelled, store, train_rows)
    scores: dict[str, float] = {}
    for read, told in pairs:
        predicted = probe(
            train[read].numpy(),
            labelled.labels[told][train_rows],
            embedded[read].numpy(),
            classes=len(labelled.classes[told]),
            seed=seed,
        )
        scores[f"probe/{read}>{told}"] = _class_score(labelled, told, rows, predicted)
    return scores
