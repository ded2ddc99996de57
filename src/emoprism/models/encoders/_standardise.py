"""Features of unknown scale, made comparable: each by its own mean and variance over the clips that train."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from emoprism.models._masked import MaskedBatchNorm


class Standardise(MaskedBatchNorm):
    """A batch normalisation without scale and shift, whose running statistics begin with those of the first batch.

    Those of a usual one begin with mean 0 and variance 1 and forget them by a tenth a step. Inside a network, where
    values are near that, it makes no difference. A feature whose mean is a hundred of its deviations would be off
    by many of them in validation, for dozens of steps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)
        self._begun = False

    def forward(
        self, values: Float[Tensor, "N C *positions"], mask: Bool[Tensor, "N T"] | None = None
    ) -> Float[Tensor, "N C *positions"]:
        """See MaskedBatchNorm."""
        if not self.training or self._has_begun():
            return super().forward(values, mask)
        usual, self.momentum = self.momentum, 1.0
        try:
            return super().forward(values, mask)
        finally:
            self.momentum = usual

    def _has_begun(self) -> bool:
        """Whether there was a batch with valid values, in this process or before its weights were stored."""
        if not self._begun:
            fresh = torch.zeros_like(self.running_mean), torch.ones_like(self.running_var)
            self._begun = not (torch.equal(self.running_mean, fresh[0]) and torch.equal(self.running_var, fresh[1]))
        return self._begun
