"""Several at once: for each word whether it is there (Ito et al. 2021, section 3.3, equation 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float, Float32
from torch import Tensor

from emoprism.models.tasks.base import Task
from emoprism.types import NO, PRESENCE, YES

THERE: Mapping[str, float] = {YES: 1.0, NO: 0.0}
"""What a label that is a question of its own may say."""
HALF = 0.5


class SeveralOf(Task):
    """K outputs, binary cross-entropy on each, a mean over the K (and over clips).

    `of` names labels of the corpus that each say yes or no, as CMU-MOSEI has them ([happy, sad, angry, ...]). Without
    it the words are the classes of the attribute itself: the one label that a clip has is there and the others are not.
    """

    kind: ClassVar[str] = PRESENCE
    metric: ClassVar[str] = "presence_weighted_accuracy"

    def __init__(self, attribute: str, classes: Sequence[str], *, of: tuple[str, ...] = ()) -> None:
        super().__init__(attribute, classes)
        self.of = of
        if len(set(of)) < len(of):
            raise ValueError(f"several_of: {', '.join(of)} names one twice")
        if not self.words:
            raise ValueError(f"no label '{attribute}' in train: name the labels that say yes or no, as of=[happy, sad]")

    @property
    def words(self) -> tuple[str, ...]:
        """The labels, or the classes of one label."""
        return self.of or self.classes

    def targets(
        self,
        labels: Sequence[Mapping[str, str]],
        values: Sequence[Mapping[str, float]],  # noqa: ARG002
    ) -> Float32[np.ndarray, "N K"]:
        """1 where a word is there, 0 where it is not, NaN where nobody says. Raises ValueError for another word than
        yes and no.
        """
        rows = [self._asked(own) if self.of else self._told(own.get(self.attribute)) for own in labels]
        return np.array(rows, dtype=np.float32).reshape(len(labels), len(self.words))

    def _asked(self, own: Mapping[str, str]) -> list[float]:
        foreign = next(((name, own[name]) for name in self.of if own.get(name, NO) not in THERE), None)
        if foreign is not None:
            raise ValueError(f"the label '{foreign[0]}' says '{foreign[1]}'; expected one of {', '.join(THERE)}")
        return [THERE[own[name]] if name in own else np.nan for name in self.of]

    def _told(self, word: str | None) -> list[float]:
        return [np.nan if word is None else float(word == one) for one in self.classes]

    def loss(self, outputs: Float[Tensor, "B W"], targets: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """Binary cross-entropy."""
        known = ~targets.isnan()
        wanted = targets.nan_to_num().to(outputs.dtype)
        total = F.binary_cross_entropy_with_logits(outputs, wanted, reduction="none").where(known, 0).sum()
        return total / known.sum().clamp(min=1)

    def read(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, "B W"]:
        """The probability of each."""
        return outputs.sigmoid()

    def answer(self, read: Float[np.ndarray, "W"]) -> str:
        """Those that are likelier there than not, as `happy+surprised`; nothing where none is."""
        return "+".join(word for word, share in zip(self.words, read, strict=True) if share > HALF)

    def confused(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """Against one half everywhere: - 1/(2 B K) sum_b sum_k log p_bk + log(1 - p_bk)."""
        return -(F.logsigmoid(outputs) + F.logsigmoid(-outputs)).mean() / 2

    def undecided(self, outputs: Float[Tensor, "B W"]) -> Float[Tensor, ""]:
        """Sum over the K of each one's entropy, in [0, K log 2]."""
        there = outputs.sigmoid()
        return -(there * F.logsigmoid(outputs) + (1 - there) * F.logsigmoid(-outputs)).sum(dim=1).mean()
