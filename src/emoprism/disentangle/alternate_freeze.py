"""The learning method of Ito et al. 2021, section 3.3, equations 3 and 4: two tasks in turn, each with its own part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

from emoprism.disentangle.base import Disentangler, Move
from emoprism.errors import did_you_mean
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.base import Task
from emoprism.types import EMOTION, SPEAKER

ENCODER = "encoder"


class AlternateFreeze(Disentangler):
    """Epochs in turn, beginning with the auxiliary task; what is not named in `by` is frozen:

        step 1: theta_ID lowers              L_ID(y_ID, theta_emo, theta_enc; theta_ID)          (3)
        step 2: theta_enc, theta_emo lower   L_emo(y_emo, theta_ID; theta_enc, theta_emo)        (4)

    The encoders learn the primary task alone. The branches may read each other (CAA): frozen, not cut off.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        *,
        primary: str = EMOTION,
        auxiliary: str = SPEAKER,
    ) -> None:
        super().__init__(dimensions, tasks)
        for option, name in (("primary", primary), ("auxiliary", auxiliary)):
            if name not in dimensions:
                raise ValueError(f"{option}: the model embeds no '{name}'; {did_you_mean(name, dimensions)}")
        if primary == auxiliary or len(dimensions) != 2:
            raise ValueError(f"two tasks take turns, and the model embeds {' and '.join(dimensions)}")
        self.primary, self.auxiliary = primary, auxiliary

    def players(self, model: Model) -> Mapping[str, nn.Module]:
        """theta_enc, theta_emo and theta_ID: the parts of the model."""
        return model.parts()

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """One move: the auxiliary task in even epochs, counted from 0, the primary one in odd ones."""
        losses = model.heads.losses(model(batch), batch.labels)
        if batch.epoch % 2 == 0:
            yield Move(losses[self.auxiliary], by=(self.auxiliary,), name=self.auxiliary)
        else:
            yield Move(losses[self.primary], by=(ENCODER, self.primary), name=self.primary)
