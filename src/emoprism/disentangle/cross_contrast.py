"""Cross-emotion contrast, a method of this project: a person's other moods pull a speaker embedding together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor

from emoprism.disentangle.base import Disentangler, Move
from emoprism.errors import did_you_mean
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.base import Task
from emoprism.types import EMOTION, MISSING, SPEAKER


class CrossContrast(Disentangler):
    """Beside the tasks' losses, a supervised contrastive term on the speaker embedding across emotions; no adversary.

    With z the embeddings of unit length, s_ij = z_i . z_j / temperature, P(i) the clips of i's speaker in another
    emotion and N(i) those of other speakers,

        L_i = - 1/|P(i)| sum_{p in P(i)} log( exp s_ip / sum_{a in P(i) or N(i)} exp s_ia )

    averaged over the clips that have positives: Khosla et al. 2020, eq. 2, without the pairs of the same speaker in
    the same emotion, which are neither positives nor in the denominator. Clips of unknown speaker are left out, and
    pairs of the same speaker with an unknown emotion. The model lowers L_primary + weight * L.
    """

    def __init__(
        self,
        dimensions: Mapping[str, int],
        tasks: Mapping[str, Task],
        *,
        weight: NonNegativeFloat = 1.0,
        temperature: PositiveFloat = 0.1,
        embedding: str = SPEAKER,
        across: str = EMOTION,
    ) -> None:
        super().__init__(dimensions, tasks)
        if embedding not in dimensions:
            raise ValueError(
                f"the contrast is on the {embedding} embedding, and the model embeds {' and '.join(dimensions)} only; "
                f"{did_you_mean(embedding, dimensions)}"
            )
        if across not in tasks or across == embedding:
            known = [name for name in tasks if name != embedding]
            raise ValueError(f"no attribute '{across}' to contrast {embedding} across; {did_you_mean(across, known)}")
        for name in (embedding, across):
            if tasks[name].kind:
                raise ValueError(f"clips are alike or not by one class, and '{name}' is told otherwise; choose another")
        self.weight, self.temperature = weight, temperature
        self.embedding, self.across = embedding, across

    def moves(self, model: Model, batch: Batch) -> Iterator[Move]:
        """One move: the model lowers its tasks' losses and the contrast."""
        embedded = model(batch)
        primary = model.heads.loss(embedded, batch.labels)
        same, other = batch.labels[self.embedding], batch.labels[self.across]
        contrast = contrastive_loss(embedded[self.embedding], same, other, self.temperature)
        yield Move(primary + self.weight * contrast, by=("model",), name="primary + contrast")


def contrastive_loss(
    vectors: Float[Tensor, "B D"], same: Int64[Tensor, "B"], other: Int64[Tensor, "B"], temperature: float
) -> Float[Tensor, ""]:
    """Pulls together clips with equal `same` and different `other`; 0, still differentiable, where there are none."""
    units = F.normalize(vectors.float() if vectors.dtype.itemsize < 4 else vectors, dim=1)
    similarity = units @ units.T / temperature
    known = (same != MISSING)[:, None] & (same != MISSING)[None]
    both = (other != MISSING)[:, None] & (other != MISSING)[None]
    equal = same[:, None] == same[None]
    positives = known & both & equal & (other[:, None] != other[None])
    compared = positives | (known & ~equal)
    # Finite in place of minus infinity: rows that compare nothing would send NaN back.
    lowest = torch.finfo(similarity.dtype).min
    log_share = similarity - similarity.masked_fill(~compared, lowest).logsumexp(dim=1, keepdim=True)
    counts = positives.sum(dim=1)
    per_clip = -log_share.masked_fill(~positives, 0.0).sum(dim=1) / counts.clamp(min=1)
    return per_clip.sum() / (counts > 0).sum().clamp(min=1)
