"""Confusion loss: Tzeng et al. 2015, Alvi et al. 2018, Nagrani et al. 2020; Peri et al. 2021, section 3.2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import NonNegativeFloat, PositiveInt

from emoprism.disentangle.base import ALL_OTHERS, Adversary, Disentangler, Move, detached
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.base import Task


class Confusion(Disentangler):
    """The adversary learns to find each attribute in the other's embedding; the model makes it predict all alike.

    With p the adversary's probabilities over C classes and B clips, the model lowers

        L = L_primary + weight * L_conf,    L_conf = - 1/(B C) sum_b sum_c log p_bc    (Tzeng et al. 2015, eq. 3)

    summed over the branches: the cross-entropy between the predictions and a uniform distribution. It asks for no
    labels, so that every clip counts. Peri et al. give neither `weight` nor the adversary's `hidden` units. With
    `protect={sentiment: [speaker]}` only the speaker is to be hidden, in the sentiment embedding alone.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        *,
        weight: NonNegativeFloat = 1.0,
        hidden: PositiveInt = 256,
        protect: dict[str, tuple[str, ...]] = ALL_OTHERS,
    ) -> None:
        super().__init__(dimensions, tasks)
        self.weight = weight
        self.adversary = Adversary(dimensions, tasks, hidden, protect)
        self.adversary.refuse_uneven()

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """The adversary's move on embeddings held constant, then the model's against the adversary that has moved."""
        embedded = model(batch)
        yield Move(self.adversary.loss(detached(embedded), batch.labels), by=("adversary",), name="auxiliary")
        primary = model.heads.loss(embedded, batch.labels)
        confusion = self.adversary.confused(embedded)
        yield Move(primary + self.weight * confusion, by=("model",), name="primary + confusion")
