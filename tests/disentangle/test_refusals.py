"""What a method cannot work with, it refuses in words."""

import pytest
import torch

from emoprism.disentangle.alternate import Alternate
from emoprism.disentangle.confusion import Confusion
from emoprism.disentangle.cross_contrast import CrossContrast, contrastive_loss
from emoprism.disentangle.gradient_reversal import GradientReversal, reverse
from emoprism.disentangle.max_entropy import MaxEntropy
from emoprism.errors import PluginError
from emoprism.families import DISENTANGLERS
from emoprism.models.tasks.one_of import one_of

TWO = {"emotion": 3, "speaker": 4}
TASKS = one_of(emotion=5, speaker=9, gender=2)


@pytest.mark.parametrize("kind", [GradientReversal, Confusion])
def test_an_adversary_needs_two_attributes(kind):
    with pytest.raises(ValueError, match="needs two attributes"):
        kind({"emotion": 3}, TASKS)
    kind(TWO, TASKS)


def test_alternate_wants_a_weight_for_each_attribute_and_for_no_other():
    with pytest.raises(ValueError, match=r"give primary\.gender a weight"):
        Alternate({**TWO, "gender": 2}, TASKS)
    with pytest.raises(ValueError, match=r"auxiliary\.speker: .*did you mean 'speaker'"):
        Alternate(TWO, TASKS, auxiliary={"emotion": 1.0, "speaker": 1.0, "speker": 1.0})
    weights = {"emotion": 1.0, "speaker": 1.0, "gender": 1.0}
    method = Alternate({**TWO, "gender": 2}, TASKS, primary=weights, auxiliary=weights)
    assert len(method.adversary.pairs) == 6


def test_contrast_needs_the_embedding_and_the_other_attribute():
    with pytest.raises(ValueError, match="contrast is on the speaker embedding, and the model embeds emotion only"):
        CrossContrast({"emotion": 3}, TASKS)
    with pytest.raises(ValueError, match="no attribute 'emotoin' to contrast speaker across; did you mean 'emotion'"):
        CrossContrast(TWO, TASKS, across="emotoin")
    with pytest.raises(ValueError, match="no attribute 'speaker' to contrast"):
        CrossContrast(TWO, TASKS, across="speaker")
    CrossContrast({"speaker": 4}, TASKS, across="gender")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gradient_reversal", {"weight": -1.0}),
        ("confusion", {"hidden": 0}),
        ("cross_contrast", {"temperature": 0.0}),
        ("alternate", {"primary": {"emotion": -0.5, "speaker": 0.5}}),
    ],
)
def test_options_out_of_range_are_refused(name, options):
    with pytest.raises(PluginError):
        DISENTANGLERS.make(name, TWO, TASKS, options=options)


def test_reversal_passes_values_on_and_turns_gradients():
    x = torch.randn(3, 2, requires_grad=True)
    y = reverse(x, 0.5)
    assert torch.equal(x, y)
    y.backward(torch.ones(3, 2))
    assert torch.equal(x.grad, torch.full((3, 2), -0.5))


def test_contrast_works_in_half_precision_and_on_zero_vectors():
    vectors = torch.zeros(4, 3, dtype=torch.bfloat16, requires_grad=True)
    loss = contrastive_loss(vectors, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), 0.1)
    loss.backward()
    assert loss.dtype == torch.float32
    assert vectors.grad.isfinite().all()


@pytest.mark.parametrize("kind", [GradientReversal, MaxEntropy])
def test_what_is_protected_is_named_by_embedding_and_attribute(kind):
    method = kind({"emotion": 3}, TASKS, protect={"emotion": ("speaker", "gender")})
    assert method.adversary.pairs == [("emotion", "speaker"), ("emotion", "gender")]
    with pytest.raises(ValueError, match=r"protect\.emotoin: the model embeds no 'emotoin'; did you mean 'emotion'"):
        kind(TWO, TASKS, protect={"emotoin": ("speaker",)})
    with pytest.raises(ValueError, match=r"protect\.emotion: no attribute 'speker' to find; did you mean 'speaker'"):
        kind(TWO, TASKS, protect={"emotion": ("speker",)})
    with pytest.raises(ValueError, match=r"protect\.emotion: no attribute 'emotion' to find"):
        kind(TWO, TASKS, protect={"emotion": ("emotion",)})
