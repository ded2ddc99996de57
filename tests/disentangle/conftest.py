from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from emoprism.models.base import Batch, Heads, Model, Stream
from emoprism.models.tasks.one_of import one_of
from emoprism.types import StreamSpec

DIMENSIONS = {"emotion": 3, "speaker": 4}
TASKS = one_of(emotion=3, speaker=4)


@pytest.fixture(autouse=True)
def one_thread_and_a_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


class Linear(Model):
    """Embeddings that are linear in the input, so that gradients can be written down."""

    def __init__(self) -> None:
        super().__init__({"x": StreamSpec((5,))}, TASKS)
        self.dimensions = DIMENSIONS
        self.emotion = nn.Linear(5, 3, bias=False)
        self.speaker = nn.Linear(5, 4, bias=False)
        self.heads = Heads(DIMENSIONS, TASKS)
        self.double()

    @property
    def image_size(self) -> None:
        return None

    def embed(self, streams: Mapping[str, Stream]) -> dict[str, Tensor]:
        x = streams["x"].values[:, 0]
        return {"emotion": self.emotion(x), "speaker": self.speaker(x)}


@pytest.fixture
def model() -> Linear:
    return Linear()


@pytest.fixture
def batch() -> Batch:
    """Eight clips in float64, some labels missing."""
    x = torch.randn(8, 1, 5, dtype=torch.float64)
    labels = {
        "emotion": torch.tensor([0, 1, 2, 0, -1, 1, 2, 0]),
        "speaker": torch.tensor([0, 0, 1, 1, 2, -1, 1, 0]),
    }
    return Batch({"x": Stream(x, torch.ones(8, 1, dtype=torch.bool))}, labels)
