"""Log-mels -> one vector per clip, by VGG-M (Chatfield et al. 2014; Nagrani et al. 2017, 2020; Peri et al. 2021)."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Bool, Float
from pydantic import PositiveInt
from torch import Tensor, nn

from emoprism.models._masked import MaskedBatchNorm, Pooling, keep_valid
from emoprism.models.base import Stream
from emoprism.models.encoders._vgg_m import VGG_M, Channels, VggM
from emoprism.models.encoders.base import Encoder
from emoprism.types import StreamSpec


class VggMAudio(Encoder):
    """VGG-M on the log-mels as an image of one channel, [time, mel], then pooling over time.

    As in VGGVox (Nagrani et al. 2017) fc6 spans all that is left of the frequency axis and one step in time, and
    pooling over time follows it (apool6). The mask is applied after every layer, so that padding changes nothing. Each
    mel is standardised by a batch normalisation. Peri et al. 2021 give 40 mels, but neither the size of the features
    nor the kind of `pooling`. `channels` are those of the five convolutions; the defaults are VGG-M's. One output step
    stands for 32 input steps.
    """

    def __init__(
        self,
        spec: StreamSpec,
        *,
        channels: Channels = VGG_M,
        feature: PositiveInt = 1024,
        pooling: Pooling = "mean",
    ) -> None:
        super().__init__(spec)
        if len(spec.shape) != 1:
            raise ValueError(f"vgg_m_audio reads feature vectors (D,); the steps of this stream are {spec.shape}")
        self.pooling = pooling
        self.standardise = MaskedBatchNorm(spec.shape[0], affine=False)
        self.convolutions = VggM(1, channels)
        self.fc6 = nn.Linear(self.convolutions.width * _halved(spec.shape[0], times=5), feature, bias=False)
        self.norm = MaskedBatchNorm(feature)
        self.step_width = feature

    def steps(self, stream: Stream) -> tuple[Float[Tensor, "B t D"], Bool[Tensor, "B t"]]:
        """See Encoder."""
        mels = keep_valid(stream.values.to(self.fc6.weight.dtype), stream.mask)
        mels = keep_valid(self.standardise(mels.transpose(1, 2), stream.mask).transpose(1, 2), stream.mask)
        maps, mask = self.convolutions(mels[:, None], stream.mask)
        steps = self.fc6(maps.transpose(1, 2).flatten(2))
        features = F.relu(self.norm(steps.transpose(1, 2), mask)).transpose(1, 2)
        return features, mask


def _halved(size: int, times: int) -> int:
    """What is left of an axis after `times` layers of stride 2, each of which rounds up."""
    for _ in range(times):
        size = (size + 1) // 2
    return size
