"""Face crops -> one vector per clip, by VGG-M (Chatfield et al. 2014; Nagrani et al. 2020; Peri et al. 2021)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from pydantic import PositiveInt
from torch import Tensor, nn

from emoprism.models._masked import MaskedBatchNorm, Pooling, exact
from emoprism.models.base import Stream
from emoprism.models.encoders._vgg_m import VGG_M, Channels, VggM
from emoprism.models.encoders.base import Encoder
from emoprism.types import StreamSpec

AT_A_TIME = 64
"""Frames that go through the network together in evaluation, where frames are independent: bounds the memory."""


class VggMFace(Encoder):
    """VGG-M on every frame that holds a face, then pooling over the frames of the clip.

    Crops come as uint8 RGB and are rescaled to -1 .. 1 (Peri et al. 2021, section 3.1). fc6 is global average pooling
    and a fully connected layer of `feature` outputs in place of a 6 x 6 convolution to 4096: quicker, 75 million
    parameters fewer, and any image size works. Peri et al. give neither the size of the frame features nor the kind of
    `pooling`. `channels` are those of the five convolutions; the defaults are VGG-M's, for crops of 224 x 224.
    """

    def __init__(
        self,
        spec: StreamSpec,
        *,
        image_size: PositiveInt = 224,
        channels: Channels = VGG_M,
        feature: PositiveInt = 1024,
        pooling: Pooling = "mean",
    ) -> None:
        super().__init__(spec)
        if len(spec.shape) != 3:
            raise ValueError(f"vgg_m_face reads face crops (H, W, 3); the steps of this stream are {spec.shape}")
        self.image_size = image_size
        self.pooling = pooling
        self.convolutions = VggM(spec.shape[-1], channels)
        self.fc6 = nn.Linear(self.convolutions.width, feature, bias=False)
        self.norm = MaskedBatchNorm(feature)
        self.step_width = feature

    def steps(self, stream: Stream) -> tuple[Float[Tensor, "B t D"], Bool[Tensor, "B t"]]:
        """See Encoder. Frames without a face are not even looked at."""
        frames = stream.values[stream.mask]
        if self.training:
            features = self._frames(frames)
        else:
            features = torch.cat([self._frames(part) for part in frames.split(AT_A_TIME)])
        placed = features.new_zeros(*stream.mask.shape, features.shape[1])
        placed[stream.mask] = features
        return placed, stream.mask

    def _frames(self, frames: UInt8[Tensor, "N H W 3"]) -> Float[Tensor, "N F"]:
        # Bytes lie pixel by pixel, so that this view is channels-last already, which convolutions here like best.
        images = frames.permute(0, 3, 1, 2).to(self.fc6.weight.dtype) / 127.5 - 1.0
        maps, _ = self.convolutions(images)
        return exact(F.relu(self.norm(self.fc6(maps.mean(dim=(2, 3))))))
