"""Alternate primary-auxiliary training: Peri et al. 2021, section 3.2, equations 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from emoprism.disentangle.base import Adversary, Disentangler, Move, detached
from emoprism.errors import did_you_mean
from emoprism.models.base import Batch, Embedded, Labels, Model
from emoprism.models.tasks.base import Task
from emoprism.types import EMOTION, SPEAKER

PRIMARY: dict[str, float] = {EMOTION: 0.5, SPEAKER: 0.5}
AUXILIARY: dict[str, float] = {EMOTION: 0.3, SPEAKER: 0.3}


class Alternate(Disentangler):
    """A minimax game in turns: the branches lower L_auxiliary, then the model lowers L_primary and raises L_auxiliary.

        L_primary   = w_em.prim  L(e_prim, e) + w_spk.prim L(s_prim, s)    (1)
        L_auxiliary = w_spk.aux L(e_aux, e)  + w_em.aux  L(s_aux, s)      (2)

    L is cross-entropy; e_aux is the emotion found in the speaker embedding, s_aux the speaker found in the emotion
    embedding. `primary` and `auxiliary` hold the weights by the attribute that is predicted: `auxiliary.emotion` is
    w_spk.aux. Defaults are the paper's (4.2). It gives neither the adversary's `hidden` units nor the length of a turn:
    here one step each.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        *,
        primary: dict[str, NonNegativeFloat] = PRIMARY,
        auxiliary: dict[str, NonNegativeFloat] = AUXILIARY,
        hidden: PositiveInt = 256,
    ) -> None:
        super().__init__(dimensions, tasks)
        _check_weights("primary", primary, dimensions)
        _check_weights("auxiliary", auxiliary, dimensions)
        self.primary, self.auxiliary = dict(primary), dict(auxiliary)
        self.adversary = Adversary(dimensions, tasks, hidden)

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """The adversary's turn on embeddings held constant, then the model's against the adversary that has moved."""
        embedded = model(batch)
        auxiliary = self.adversary.loss(detached(embedded), batch.labels, self.auxiliary)
        yield Move(auxiliary, by=("adversary",), name="auxiliary")
        primary = self._primary(model, embedded, batch.labels)
        auxiliary = self.adversary.loss(embedded, batch.labels, self.auxiliary)
        yield Move(primary - auxiliary, by=("model",), name="primary - auxiliary")

    def _primary(self, model: Model, embedded: Embedded, labels: Labels) -> Float[Tensor, ""]:
        losses = model.heads.losses(embedded, labels)
        return torch.stack([self.primary[name] * loss for name, loss in losses.items()]).sum()


def _check_weights(option: str, weights: Mapping[str, float], attributes: Mapping[str, int]) -> None:
    for name in attributes:
        if name not in weights:
            raise ValueError(f"alternate training weighs every attribute: give {option}.{name} a weight")
    for name in weights:
        if name not in attributes:
            raise ValueError(f"{option}.{name}: the model embeds no '{name}'; {did_you_mean(name, attributes)}")
