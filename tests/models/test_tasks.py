"""What heads tell beside one class: losses against written-out formulas, truths read from clips, words for people."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emoprism.errors import PluginError
from emoprism.families import TASKS
from emoprism.models.base import Heads
from emoprism.models.tasks.number import Number
from emoprism.models.tasks.one_of import OneOf, one_of
from emoprism.models.tasks.several_of import SeveralOf
from emoprism.testing import check_task

CLASSES = ("angry", "happy", "sad")


@pytest.mark.parametrize("name", TASKS.names())
def test_every_task_keeps_the_contract(name: str) -> None:
    check_task(name)


def test_several_labels_that_say_yes_or_no_are_one_truth() -> None:
    task = SeveralOf("emotion", (), of=("happy", "sad"))
    labels = [{"happy": "yes", "sad": "yes"}, {"happy": "no"}, {}]
    found = task.targets(labels, [{}] * 3)
    np.testing.assert_array_equal(found, np.array([[1, 1], [0, np.nan], [np.nan, np.nan]], dtype=np.float32))
    with pytest.raises(ValueError, match="the label 'sad' says 'maybe'; expected one of yes, no"):
        task.targets([{"sad": "maybe"}], [{}])


def test_one_label_of_several_classes_is_there_alone() -> None:
    found = SeveralOf("emotion", CLASSES).targets([{"emotion": "sad"}, {}, {"emotion": "unheard of"}], [{}] * 3)
    np.testing.assert_array_equal(found[[0, 2]], [[0, 0, 1], [0, 0, 0]])
    assert np.isnan(found[1]).all()


def test_binary_cross_entropy_over_all_labels_is_equation_4() -> None:
    torch.manual_seed(0)
    outputs = torch.randn(5, 3, dtype=torch.float64)
    truth = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 1, 1], [0, torch.nan, 1], [torch.nan] * 3])
    p = 1 / (1 + torch.exp(-outputs))
    each = -(truth * torch.log(p) + (1 - truth) * torch.log(1 - p))
    known = [float(each[b, k]) for b in range(5) for k in range(3) if not truth[b, k].isnan()]
    assert len(known) == 11
    assert float(SeveralOf("emotion", CLASSES).loss(outputs, truth)) == pytest.approx(sum(known) / 11, rel=1e-12)


def test_the_distance_to_a_number_is_the_l1_loss() -> None:
    task = Number("sentiment", ())
    truth = torch.from_numpy(task.targets([{}] * 4, [{"sentiment": -3.0}, {"sentiment": 0.5}, {}, {"sentiment": 3.0}]))
    outputs = torch.tensor([[-1.0], [1.0], [99.0], [3.0]], requires_grad=True)
    loss = task.loss(outputs, truth)
    assert loss.item() == pytest.approx((2.0 + 0.5 + 0.0) / 3)
    loss.backward()
    assert outputs.grad is not None
    assert outputs.grad.flatten().tolist() == pytest.approx([1 / 3, 1 / 3, 0, 0])


def test_a_number_off_its_scale_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 clips have a valence outside \[-1, 1\], as 2.5"):
        Number("valence", (), low=-1.0, high=1.0).targets([{}] * 2, [{"valence": 2.5}, {"valence": 0.0}])
    with pytest.raises(ValueError, match="low=1 is not below high=1"):
        Number("valence", (), low=1.0, high=1.0)


def test_confusion_and_entropy_of_several_are_those_of_each() -> None:
    outputs = torch.tensor([[0.3, -1.2, 4.0]], dtype=torch.float64)
    p = (1 / (1 + torch.exp(-outputs)))[0].tolist()
    task = SeveralOf("emotion", CLASSES)
    confused = sum(-(np.log(q) + np.log(1 - q)) / 2 for q in p) / 3
    undecided = sum(-(q * np.log(q) + (1 - q) * np.log(1 - q)) for q in p)
    assert float(task.confused(outputs)) == pytest.approx(confused)
    assert float(task.undecided(outputs)) == pytest.approx(undecided)


def test_heads_have_an_output_for_every_word() -> None:
    tasks = {"emotion": SeveralOf("emotion", CLASSES), "sentiment": Number("sentiment", ()), **one_of(speaker=7)}
    heads = Heads({"emotion": 4, "sentiment": 4, "speaker": 4}, tasks)
    told = heads({name: torch.randn(2, 4) for name in tasks})
    assert {name: values.shape[1] for name, values in told.items()} == {"emotion": 3, "sentiment": 1, "speaker": 7}
    read = heads.read({name: torch.randn(2, 4) for name in tasks})
    assert float(read["speaker"].detach().sum()) == pytest.approx(2.0), "one class: probabilities are 1 together"
    assert float(read["emotion"].detach().max()) <= 1


def test_what_is_told_in_words() -> None:
    shares = np.array([0.6, 0.1, 0.8], dtype=np.float32)
    assert OneOf("emotion", CLASSES).answer(shares) == "sad"
    assert OneOf("emotion", CLASSES).caption(shares, 2) == "sad 80%, angry 60%"
    several = SeveralOf("emotion", CLASSES)
    assert several.answer(shares) == "angry+sad"
    assert several.answer(shares / 9) == "", "nothing is there"
    assert Number("sentiment", ()).answer(np.array([-1.25])) == -1.25
    assert Number("sentiment", ()).caption(np.array([-1.25])) == "sentiment -1.25"


def test_which_class_is_chosen_of_outputs_about_classes_alone() -> None:
    shares = np.array([[0.6, 0.1, 0.8]])
    for task in (OneOf("emotion", CLASSES), SeveralOf("emotion", CLASSES)):
        chosen = task.chosen(shares)
        assert chosen is not None
        assert chosen.tolist() == [2]
    assert SeveralOf("emotion", CLASSES, of=("a", "b", "c")).chosen(shares) is None
    assert Number("sentiment", ()).chosen(np.array([[1.0]])) is None


def test_senseless_words_are_refused() -> None:
    with pytest.raises(ValueError, match="no label 'emotion' in train"):
        SeveralOf("emotion", ())
    with pytest.raises(ValueError, match="names one twice"):
        SeveralOf("emotion", (), of=("happy", "happy"))
    with pytest.raises(PluginError):
        TASKS.make("several_of", "emotion", (), options={"off": ["happy"]})
