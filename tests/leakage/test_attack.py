"""What is planted is found, what is not there is not, and no label of a test clip is ever looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from emoprism.families import ATTACKERS
from emoprism.leakage import attack as attack_module
from emoprism.leakage.attack import Labelled, attack, carve
from emoprism.leakage.attackers.base import Attacker, Settings
from emoprism.leakage.attackers.boosted_trees import narrowed
from emoprism.leakage.metrics.accuracy import Accuracy
from emoprism.leakage.probe import probe

Made = tuple[np.ndarray, np.ndarray]
ALL = ("boosted_trees", "logistic", "mlp", "nearest_neighbours")


def _turn(width: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(3).normal(size=(width, width)))[0]


def linear(rng: np.random.Generator, count: int) -> Made:
    y = rng.integers(0, 4, count)
    return np.random.default_rng(5).normal(size=(4, 16))[y] + rng.normal(size=(count, 16)), y


def exclusive_or(rng: np.random.Generator, count: int) -> Made:
    x = rng.normal(size=(count, 8))
    return x @ _turn(8), ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.int64)


def length_only(rng: np.random.Generator, count: int) -> Made:
    y = rng.integers(0, 2, count)
    return rng.normal(size=(count, 12)) * (1 + 0.7 * y[:, None]), y


def quiet(rng: np.random.Generator, count: int) -> Made:
    """A direction a thousand times quieter than the noise around it, turned so that no dimension shows it."""
    y = rng.integers(0, 2, count)
    x = rng.normal(size=(count, 24))
    x[:, 0] = 1e-3 * (y + 0.1 * rng.normal(size=count))
    return x @ _turn(24), y


def noise(rng: np.random.Generator, count: int) -> Made:
    return rng.normal(size=(count, 16)), rng.integers(0, 4, count)


def _score(name: str, planted: Callable[[np.random.Generator, int], Made]) -> float:
    rng = np.random.default_rng(1)
    (x, y), (new, truth) = planted(rng, 400), planted(rng, 400)
    told = attack(ATTACKERS.make(name), Labelled(x.astype(np.float32), y), new.astype(np.float32))
    return Accuracy()(truth, told.predicted, 4)


@pytest.mark.parametrize("name", ALL)
def test_every_attacker_finds_a_linear_code(name: str) -> None:
    assert _score(name, linear) > 0.85


@pytest.mark.parametrize("name", ALL)
def test_no_attacker_finds_anything_in_noise(name: str) -> None:
    assert abs(_score(name, noise) - 0.25) < 0.08  # 400 clips: more than 3.5 standard deviations


@pytest.mark.parametrize(
    ("name", "planted", "blind"),
    [("mlp", exclusive_or, "logistic"), ("boosted_trees", length_only, "logistic"), ("logistic", quiet, "mlp")],
)
def test_some_attacker_finds_what_another_cannot(
    name: str, planted: Callable[[np.random.Generator, int], Made], blind: str
) -> None:
    assert _score(name, planted) > 0.8
    assert _score(blind, planted) < 0.65


@pytest.mark.parametrize("name", ALL)
def test_neither_units_nor_offsets_of_a_dimension_matter(name: str) -> None:
    rng = np.random.default_rng(2)
    x, y = linear(rng, 120)
    scale, offset = 2.0 ** rng.integers(-9, 9, 16), 1.0
    attacker = ATTACKERS.make(name, options={"epochs": 6} if name == "mlp" else {})
    plain = attack(attacker, Labelled(x[:80], y[:80]), x[80:])
    other = attack(attacker, Labelled((x * scale + offset)[:80], y[:80]), (x * scale + offset)[80:])
    assert (plain.predicted == other.predicted).mean() > 0.95


def test_clips_without_a_label_are_ignored() -> None:
    rng = np.random.default_rng(2)
    x, y = linear(rng, 120)
    attacker = ATTACKERS.make("logistic")
    one = attack(attacker, Labelled(x[:80], y[:80]), x[80:])
    more = attack(attacker, Labelled(np.concatenate([x[:80], 99 + x[:9]]), np.append(y[:80], [-1] * 9)), x[80:])
    assert (one.predicted == more.predicted).all() and one.settings == more.settings


def test_classes_keep_their_numbers_and_only_those_of_train_are_told() -> None:
    rng = np.random.default_rng(2)
    x, y = linear(rng, 160)
    told = attack(ATTACKERS.make("nearest_neighbours"), Labelled(x[:100], 10 * y[:100] + 7), x[100:])
    assert set(told.predicted.tolist()) <= {7, 17, 27, 37}
    assert (told.predicted == 10 * y[100:] + 7).mean() > 0.8


def test_one_class_is_always_told() -> None:
    told = attack(ATTACKERS.make("mlp"), Labelled(np.eye(3), np.array([5, 5, -1])), np.eye(3))
    assert told.predicted.tolist() == [5, 5, 5] and told.settings == {}


def test_a_class_of_one_clip_each_is_no_error() -> None:
    told = attack(ATTACKERS.make("nearest_neighbours"), Labelled(np.eye(4), np.arange(4)), np.eye(4))
    assert told.predicted.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [1, 5, 300])
def test_a_collapsed_embedding_tells_the_commonest_class(name: str, width: int) -> None:
    """Constant vectors are the end of all leaks; rounding in them is no code."""
    y = np.repeat([0, 1, 2], [20, 40, 30])
    x = np.full((90, width), 0.1, dtype=np.float32)
    told = attack(ATTACKERS.make(name, options={"epochs": 6} if name == "mlp" else {}), Labelled(x, y), x[:7])
    assert len(set(told.predicted.tolist())) == 1
    if name != "nearest_neighbours":  # all clips are equally near
        assert told.predicted[0] == 1


def test_no_labelled_clip_is_an_error() -> None:
    with pytest.raises(ValueError, match="labelled train clips"):
        attack(ATTACKERS.make("mlp"), Labelled(np.eye(3), np.full(3, -1)), np.eye(3))


def test_more_dimensions_than_clips_lose_nothing() -> None:
    """The span of the train clips holds all that is to be known: distances and linear scores are the same."""
    rng = np.random.default_rng(8)
    y = rng.integers(0, 2, 90)
    x = rng.normal(size=(90, 300)) + 1.5 * np.random.default_rng(5).normal(size=(2, 300))[y]
    for name in ALL:
        told = attack(ATTACKERS.make(name), Labelled(x[:60], y[:60]), x[60:])
        assert (told.predicted == y[60:]).mean() > 0.85, name


class _Spy(Attacker):
    """Says the class that its settings name; remembers what it was given."""

    def __init__(self) -> None:
        self.fitted: list[int] = []

    def grid(self, rows: int, width: int, classes: int) -> list[Settings]:
        return [{"say": label} for label in range(classes)]

    def predict(self, x: np.ndarray, y: np.ndarray, new: np.ndarray, settings: Settings, seed: int) -> np.ndarray:
        self.fitted.append(len(x))
        return np.full(len(new), settings["say"], dtype=np.int64)


def test_settings_are_chosen_on_validation_clips_where_there_are_enough() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    y = np.arange(40) % 2
    checked = Labelled(x[:30], np.r_[np.ones(25, dtype=np.int64), np.full(5, 9)])  # 9 does not occur in train
    spy = _Spy()
    told = attack(spy, Labelled(x, y), x[:5], validation=checked)
    assert told.settings == {"say": 1} and spy.fitted == [40, 40]
    few = Labelled(x[:30], np.r_[np.ones(19, dtype=np.int64), np.full(11, -1)])
    spy = _Spy()
    attack(spy, Labelled(x, y), x[:5], validation=few)
    assert spy.fitted == [30, 30, 40], "chosen on a part of train, then fitted on all of it"


def test_an_attacker_without_candidates_is_named() -> None:
    class Empty(_Spy):
        def grid(self, rows: int, width: int, classes: int) -> list[Settings]:
            return []

    with pytest.raises(ValueError, match="Empty has no candidate"):
        attack(Empty(), Labelled(np.eye(4), np.arange(4) % 2), np.eye(4))


def test_carving_takes_a_quarter_of_each_class_and_never_all_of_one() -> None:
    y = np.repeat(np.arange(4), [1, 2, 9, 41])
    held = carve(y, 0)
    assert np.bincount(y[held], minlength=4).tolist() == [0, 1, 2, 10]
    assert (held == carve(y, 0)).all() and (held != carve(y, 1)).any()


@pytest.mark.parametrize("attacker", ["mlp", "logistic"])
def test_probe_tells_what_is_there(attacker: str) -> None:
    rng = np.random.default_rng(1)
    (x, y), (new, truth) = linear(rng, 300), linear(rng, 200)
    told = probe(x.astype(np.float32), y, new.astype(np.float32), classes=4, seed=3, attacker=attacker)
    assert told.dtype == np.int64 and (told == truth).mean() > 0.85
    again = probe(x.astype(np.float32), y, new.astype(np.float32), classes=4, seed=3, attacker=attacker)
    assert (told == again).all()


def test_probe_refuses_a_label_beyond_its_classes() -> None:
    with pytest.raises(ValueError, match="label 4 of a probe for 4 classes"):
        probe(np.eye(5), np.arange(5), np.eye(5), classes=4, seed=0)


def test_fits_use_one_thread() -> None:
    from threadpoolctl import threadpool_info

    with attack_module.fitting():
        assert {pool["num_threads"] for pool in threadpool_info()} == {1}


def test_trees_see_the_largest_axes_of_wide_embeddings() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(400, 300)), rng.normal(size=(20, 300))
    x[:, 7] *= 30
    small, moved = narrowed(x, new)
    assert small.shape == (400, 128) and moved.shape == (20, 128)
    assert abs(np.corrcoef(small[:, 0], x[:, 7])[0, 1]) > 0.99
    assert narrowed(x[:, :256], new[:, :256])[0].shape == (400, 256)
