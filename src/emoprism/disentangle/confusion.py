"""Confusion loss: Tzeng et al. 2015, Alvi et al. 2018, Nagrani et al. 2020; Peri et al. 2021, section 3.2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from emoprism.disentangle.base import Adversary, Disentangler, Move, detached
from emoprism.models.base import Batch, Model


class Confusion(Disentangler):
    """The adversary learns to find each attribute in the other's embedding; the model makes it predict all alike.

    With p the adversary's probabilities over C classes and B clips, the model lowers

        L = L_primary + weight * L_conf,    L_conf = - 1/(B C) sum_b sum_c log p_bc    (Tzeng et al. 2015, eq. 3)

    summed over the branches: the cross-entropy between the predictions and a uniform distribution. It asks for no
    labels, so that every clip counts. Peri et al. give neither `weight` nor the adversary's `hidden` units.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        classes: Mapping[str, int],
        *,
        weight: NonNegativeFloat = 1.0,
        hidden: PositiveInt = 256,
    ) -> None:
        super().__init__(dimensions, classes)
        self.weight = weight
        self.adversary = Adversary(dimensions, classes, hidden)

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """The adversary's move on embeddings held constant, then the model's against the adversary that has moved."""
        embedded = model(batch)
        yield Move(self.adversary.loss(detached(embedded), batch.labels), by=("adversary",), name="auxiliary")
        primary = model.heads.loss(embedded, batch.labels)
        confusion = torch.stack([uniform_cross_entropy(logits) for logits in self.adversary(embedded).values()]).sum()
        yield Move(primary + self.weight * confusion, by=("model",), name="primary + confusion")


def uniform_cross_entropy(logits: Float[Tensor, "B C"]) -> Float[Tensor, ""]:
    """Cross-entropy of predictions against the uniform distribution over their classes, a mean over clips."""
    return -logits.log_softmax(dim=1).mean()
