"""No disentanglement: the multitask baseline of Peri et al. 2021 (Fig. 1), or single-task training."""

from __future__ import annotations

from collections.abc import Iterator

from emoprism.disentangle.base import Disentangler, Move
from emoprism.models.base import Batch, Model


class Nothing(Disentangler):
    """All tasks of the model, trained jointly: the sum of their cross-entropies (single-task: a model with one)."""

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """One move: the model lowers its tasks' losses."""
        embedded = model(batch)
        yield Move(model.heads.loss(embedded, batch.labels), by=("model",), name="primary")
