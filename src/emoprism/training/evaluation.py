"""What training looks at between epochs: primary scores, its own adversary and fresh probes, all on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emoprism.disentangle.base import Disentangler
from emoprism.leakage.probe import probe
from emoprism.models.base import Model
from emoprism.recipe import METRICS
from emoprism.training.dataset import Labelled, Store, evaluation_streams
from emoprism.types import EMOTION, MISSING, SPEAKER, TRAIN, VALIDATION

METRIC_OF: Mapping[str, str] = {EMOTION: "macro_f1", SPEAKER: "accuracy"}
"""How Peri et al. 2021 (4.2) score each attribute; any other attribute by macro F1."""


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
    told = {name: logits.argmax(1).cpu().numpy() for name, logits in _logits(model, embedded, device).items()}
    asked = [name for name in model.attributes if _known(labelled, name, rows).any()]
    primary = {name: _score(labelled, name, rows, told[name]) for name in asked}
    scores = {f"validation/{name}/{METRIC_OF.get(name, 'macro_f1')}": value for name, value in primary.items()}
    scores |= _adversary_scores(method, embedded, labelled, rows, device)
    probes = _probe_scores(model, labelled, store, train_rows, rows, embedded, seed)
    combined = sum(probes.values(), 0.0)
    if probes:
        scores |= probes | {"combined": combined}
    return Scores(scores, sum(primary.values()) / max(len(primary), 1), combined)


def _logits(model: Model, embedded: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return model.heads({name: vectors.to(device) for name, vectors in embedded.items()})


def _known(labelled: Labelled, attribute: str, rows: np.ndarray) -> np.ndarray:
    """Which of the clips have a label that training has seen: strangers' names can be told by nobody."""
    truth = labelled.labels[attribute][rows]
    return (truth != MISSING) & (truth < labelled.trained[attribute])


def _score(labelled: Labelled, attribute: str, rows: np.ndarray, predicted: np.ndarray) -> float:
    truth, known = labelled.labels[attribute][rows], _known(labelled, attribute, rows)
    if not known.any():
        return 0.0
    metric = METRICS.make(METRIC_OF.get(attribute, "macro_f1"))
    return float(metric(truth[known], predicted[known], len(labelled.classes[attribute])))


def _adversary_scores(
    method: Disentangler, embedded: Mapping[str, Tensor], labelled: Labelled, rows: np.ndarray, device: torch.device
) -> dict[str, float]:
    adversary = getattr(method, "adversary", None)
    if adversary is None:
        return {}
    adversary.eval()
    logits = adversary({name: vectors.to(device) for name, vectors in embedded.items()})
    return {
        f"adversary/{read}>{told}": _score(labelled, told, rows, values.argmax(1).cpu().numpy())
        for (read, told), values in logits.items()
        if _known(labelled, told, rows).any()
    }


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
        scores[f"probe/{read}>{told}"] = _score(labelled, told, rows, predicted)
    return scores
