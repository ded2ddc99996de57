"""The gradient of every move, in float64, against formulas written down by hand in numpy."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from emoprism.disentangle.alternate import Alternate
from emoprism.disentangle.base import Disentangler
from emoprism.disentangle.confusion import Confusion
from emoprism.disentangle.cross_contrast import CrossContrast, contrastive_loss
from emoprism.disentangle.gradient_reversal import GradientReversal
from emoprism.disentangle.none import Nothing
from emoprism.families import DISENTANGLERS
from emoprism.models.base import Batch, Model
from emoprism.models.tasks.one_of import one_of

TASKS = one_of(emotion=3, speaker=4)
OTHER = {"emotion": "speaker", "speaker": "emotion"}
Gradients = dict[str, np.ndarray]


def numbers(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def towards_labels(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """d/dlogits of the mean cross-entropy over the clips that have a label: softmax - one-hot."""
    known = labels >= 0
    gradient = softmax(logits)
    gradient[np.flatnonzero(known), labels[known]] -= 1
    gradient[~known] = 0
    return gradient / known.sum()


def towards_uniform(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """d/dlogits of the mean cross-entropy to the uniform distribution: softmax - 1/C, of every clip."""
    return (softmax(logits) - 1 / logits.shape[1]) / len(logits)


class ByHand:
    """Forward and backward pass of the linear model and the two-layer branches, in numpy."""

    def __init__(self, model: Model, method: Disentangler, batch: Batch) -> None:
        self.x = numbers(batch.streams["x"].values)[:, 0]
        self.labels = {name: values.numpy() for name, values in batch.labels.items()}
        self.p = {name: numbers(value) for name, value in model.named_parameters()}
        self.q = {name: numbers(value) for name, value in method.named_parameters()}
        self.z = {name: self.x @ self.p[f"{name}.weight"].T for name in TASKS}

    def tasks(self, weights: Mapping[str, float]) -> tuple[Gradients, Gradients]:
        """Gradients of sum_a w_a CE(head_a(z_a), y_a): of the embeddings, and of the heads' parameters."""
        dz, dp = {}, {}
        for i, name in enumerate(TASKS):
            w, b = self.p[f"heads.layers.{i}.weight"], self.p[f"heads.layers.{i}.bias"]
            g = weights[name] * towards_labels(self.z[name] @ w.T + b, self.labels[name])
            dz[name] = g @ w
            dp |= {f"heads.layers.{i}.weight": g.T @ self.z[name], f"heads.layers.{i}.bias": g.sum(0)}
        return dz, dp

    def branches(self, weights: Mapping[str, float], towards=towards_labels) -> tuple[Gradients, Gradients]:
        """Gradients of sum_b w_b loss(branch(z_a), y_b), a != b: of the embeddings, and of the branches' parameters."""
        dz, dq = {}, {}
        for i, read in enumerate(TASKS):
            told, key = OTHER[read], f"adversary.branches.{i}"
            w1, b1, w2, b2 = (self.q[f"{key}.{name}"] for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
            before = self.z[read] @ w1.T + b1
            hidden = np.maximum(before, 0)
            g = weights[told] * towards(hidden @ w2.T + b2, self.labels[told])
            h = (g @ w2) * (before > 0)
            dz[read] = h @ w1
            dq |= {f"{key}.0.weight": h.T @ self.z[read], f"{key}.0.bias": h.sum(0)}
            dq |= {f"{key}.2.weight": g.T @ hidden, f"{key}.2.bias": g.sum(0)}
        return dz, dq

    def model(self, dz: Gradients, heads: Gradients) -> Gradients:
        """Gradients of all of the model's parameters."""
        return heads | {f"{name}.weight": dz[name].T @ self.x for name in TASKS}


def played(model: Model, method: Disentangler, batch: Batch) -> list[tuple[Gradients, Gradients]]:
    """What each move sends: gradients of its movers' parameters, of the model and of the method."""
    owners = method.players(model)
    moves: list[tuple[Gradients, Gradients]] = []
    for move in method.moves(model, batch):
        ids = {id(p) for owner in move.by for p in owners[owner].parameters()}
        sent: list[Gradients] = []
        for module in (model, method):
            named = {name: p for name, p in module.named_parameters() if id(p) in ids}
            found = torch.autograd.grad(move.loss, list(named.values()), retain_graph=True) if named else []
            sent.append({name: numbers(g) for name, g in zip(named, found, strict=True)})
        moves.append((sent[0], sent[1]))
    return moves


def add(one: Gradients, other: Gradients, factor: float) -> Gradients:
    return {name: one[name] + factor * other[name] for name in one}


def equal(found: Gradients, expected: Gradients) -> None:
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


def make(kind: type[Disentangler], **options: Any) -> Disentangler:
    return kind({"emotion": 3, "speaker": 4}, TASKS, **options).double()


ONE = {"emotion": 1.0, "speaker": 1.0}


def test_nothing_descends_the_sum_of_the_tasks(model, batch):
    method = make(Nothing)
    by_hand = ByHand(model, method, batch)
    [(of_model, of_method)] = played(model, method, batch)
    equal(of_model, by_hand.model(*by_hand.tasks(ONE)))
    assert not of_method


@pytest.mark.parametrize("weight", [0.0, 0.3, 2.0])
def test_gradient_reversal_descends_tasks_minus_weighted_adversary(model, batch, weight):
    method = make(GradientReversal, weight=weight, hidden=6)
    by_hand = ByHand(model, method, batch)
    dz, heads = by_hand.tasks(ONE)
    against, branches = by_hand.branches(ONE)
    [(of_model, of_method)] = played(model, method, batch)
    equal(of_model, by_hand.model(add(dz, against, -weight), heads))
    equal(of_method, branches)  # whole and positive: `weight` is between the adversary and the model alone


def test_alternate_follows_equations_1_and_2(model, batch):
    primary, auxiliary = {"emotion": 0.7, "speaker": 0.4}, {"emotion": 0.2, "speaker": 0.9}
    method = make(Alternate, primary=primary, auxiliary=auxiliary, hidden=6)
    by_hand = ByHand(model, method, batch)
    dz, heads = by_hand.tasks(primary)
    against, branches = by_hand.branches(auxiliary)
    first, second = played(model, method, batch)
    equal(first[0], {})
    equal(first[1], branches)
    equal(second[0], by_hand.model(add(dz, against, -1.0), heads))
    equal(second[1], {})


def test_alternate_defaults_are_the_papers_weights():
    options = DISENTANGLERS.options("alternate")().model_dump()
    assert options["primary"] == {"emotion": 0.5, "speaker": 0.5}
    assert options["auxiliary"] == {"emotion": 0.3, "speaker": 0.3}


@pytest.mark.parametrize("weight", [0.0, 0.3, 2.0])
def test_confusion_pulls_the_adversary_to_the_uniform_distribution(model, batch, weight):
    method = make(Confusion, weight=weight, hidden=6)
    by_hand = ByHand(model, method, batch)
    dz, heads = by_hand.tasks(ONE)
    _, branches = by_hand.branches(ONE)
    confused, _ = by_hand.branches(ONE, towards_uniform)
    first, second = played(model, method, batch)
    equal(first[0], {})
    equal(first[1], branches)
    equal(second[0], by_hand.model(add(dz, confused, weight), heads))
    equal(second[1], {})


def contrast_by_hand(z: np.ndarray, speaker: np.ndarray, emotion: np.ndarray, temperature: float):
    """Loss by loops over clips, and its gradient: (softmax over what is compared) - (mean of the positives)."""
    length = np.linalg.norm(z, axis=1, keepdims=True)
    u = z / length
    losses: list[float] = []
    ds = np.zeros((len(z), len(z)))
    for i in range(len(z)):
        positives, negatives = [], []
        for j in range(len(z)):
            if i == j or speaker[i] < 0 or speaker[j] < 0:
                continue
            if speaker[i] != speaker[j]:
                negatives.append(j)
            elif emotion[i] >= 0 and emotion[j] >= 0 and emotion[i] != emotion[j]:
                positives.append(j)
        if not positives:
            continue
        total = sum(np.exp(u[i] @ u[j] / temperature) for j in positives + negatives)
        losses.append(-sum(u[i] @ u[p] / temperature - np.log(total) for p in positives) / len(positives))
        for j in positives + negatives:
            ds[i, j] += np.exp(u[i] @ u[j] / temperature) / total
        for p in positives:
            ds[i, p] -= 1 / len(positives)
    if not losses:
        return 0.0, np.zeros_like(z)
    ds /= len(losses) * temperature
    du = (ds + ds.T) @ u
    return float(np.mean(losses)), (du - (du * u).sum(1, keepdims=True) * u) / length


@pytest.mark.parametrize("weight", [0.0, 0.3, 2.0])
def test_contrast_pulls_a_speakers_other_emotions_together(model, batch, weight):
    method = make(CrossContrast, weight=weight, temperature=0.5)
    by_hand = ByHand(model, method, batch)
    dz, heads = by_hand.tasks(ONE)
    _, pull = contrast_by_hand(by_hand.z["speaker"], by_hand.labels["speaker"], by_hand.labels["emotion"], 0.5)
    [(of_model, of_method)] = played(model, method, batch)
    dz["speaker"] = dz["speaker"] + weight * pull
    equal(of_model, by_hand.model(dz, heads))
    assert not of_method


@pytest.mark.parametrize("seed", range(5))
def test_contrastive_loss_is_that_of_the_loops(seed):
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(12, 3))
    speaker, emotion = generator.integers(-1, 3, 12), generator.integers(-1, 3, 12)
    vectors = torch.tensor(z, requires_grad=True)
    loss = contrastive_loss(vectors, torch.tensor(speaker), torch.tensor(emotion), 0.1)
    expected, gradient = contrast_by_hand(z, speaker, emotion, 0.1)
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-9)
    loss.backward()
    np.testing.assert_allclose(numbers(vectors.grad), gradient, rtol=1e-7, atol=1e-10)


def test_pairs_of_the_same_speaker_in_the_same_emotion_count_nowhere():
    vectors = torch.randn(3, 3, dtype=torch.float64)
    speaker, emotion = torch.tensor([0, 0, 0]), torch.tensor([0, 0, 1])
    # Each clip's denominator holds its positives alone: clip 0's is clip 2, not clip 1.
    assert contrastive_loss(vectors[[0, 2]], speaker[[0, 2]], emotion[[0, 2]], 0.1) == 0
    expected = 2 / 3 * np.log(2)  # clip 2 has two positives at equal distance if 0 and 1 are the same vector
    vectors[1] = vectors[0]
    assert contrastive_loss(vectors, speaker, emotion, 0.1).item() == pytest.approx(expected / 2)
    assert contrastive_loss(vectors, speaker, torch.zeros(3, dtype=torch.int64), 0.1) == 0
