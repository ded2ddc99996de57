"""MEnAN, the max-entropy adversarial network: Li et al. 2020, section 3.3, equations 1 to 5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field, PositiveInt

from emoprism.disentangle.base import (
    ACTIVATIONS,
    ALL_OTHERS,
    Activation,
    Adversary,
    Disentangler,
    Move,
    detached,
)
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.base import Task


class MaxEntropy(Disentangler):
    """The speaker classifier learns to name speakers; the encoder learns emotions, and to leave it undecided.

    With v = enc(x) and P the speaker classifier's probabilities, in turns

        SC        lowers  L_D_Spk = mean_i - log P(k_i | v_i)                        (1)
        ENC, EC   lower   L = balance * L_D_Emo - (1 - balance) * L_H_Spk            (5)
                          L_H_Spk = mean_i sum_j - P(k_j | v_i) log P(k_j | v_i)     (2)
                          L_D_Emo = mean_i - log P(e_i | v_i)                        (4)

    The paper writes sums over the data; here they are means over a batch, so that its size does not scale the learning
    rate. It writes P(k_j) log P(k_j | v) in (2), which we read as the entropy of the classifier's output, as the text
    says. `balance` is the paper's lambda. `protect` says which embedding hides what; the rest as Table 1.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        *,
        balance: Annotated[float, Field(gt=0, lt=1)] = 0.5,
        hidden: PositiveInt | tuple[PositiveInt, ...] = (32, 10),
        protect: dict[str, tuple[str, ...]] = ALL_OTHERS,
        activation: Activation = "prelu",
    ) -> None:
        super().__init__(dimensions, tasks)
        self.balance = balance
        self.adversary = Adversary(dimensions, tasks, hidden, protect, ACTIVATIONS[activation])
        self.adversary.refuse_uneven()

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """The classifier's move on embeddings held constant, then the model's against the classifier that has moved."""
        embedded = model(batch)
        yield Move(self.adversary.loss(detached(embedded), batch.labels), by=("adversary",), name="auxiliary")
        primary = model.heads.loss(embedded, batch.labels)
        undecided = self.adversary.undecided(embedded)
        yield Move(self.balance * primary - (1 - self.balance) * undecided, by=("model",), name="primary - entropy")
