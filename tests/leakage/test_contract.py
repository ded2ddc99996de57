"""Every metric and attacker that there is keeps its contract, and the suites catch one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoprism.errors import PluginError
from emoprism.families import ATTACKERS, METRICS
from emoprism.testing import check_attacker, check_metric


@pytest.mark.parametrize("name", METRICS.names())
def test_metric(name: str) -> None:
    check_metric(name)


@pytest.mark.parametrize("name", ATTACKERS.names())
def test_attacker(name: str) -> None:
    check_attacker(name)


def test_families_hold_what_the_protocol_names() -> None:
    assert {"logistic", "mlp", "nearest_neighbours", "boosted_trees"} <= set(ATTACKERS.names())
    assert {"macro_f1", "accuracy", "unweighted_accuracy", "eer"} <= set(METRICS.names())
    assert {"presence_weighted_accuracy", "presence_f1", "correlation"} <= set(METRICS.names())


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of plug-ins of one's own."""
    for family in ("attackers", "metrics"):
        (tmp_path / "leakage" / family).mkdir(parents=True)
    monkeypatch.setenv("EMOPRISM_PLUGINS", str(tmp_path))
    return tmp_path / "leakage"


KAPPA = '''
import numpy as np
from emoprism.leakage.metrics.base import LabelMetric

class {name}(LabelMetric):
    """A metric of one's own."""

    def of_counts(self, counts):
        """Something of counts."""
        with np.errstate(invalid="ignore"):
            return {formula}
'''
ACCURACY = "counts.hits.sum(-1) / counts.true.sum(-1)"


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        (ACCURACY, None),
        (f"1 - {ACCURACY}", "the better the predictions"),
        (f"2 * {ACCURACY}", r"\[0, 1\]"),
        ("(counts.hits / counts.true)[..., 0]", "order of classes"),
        ("counts.hits.sum(-1) / counts.true.sum(-1) * (4 / counts.true.shape[-1])", "a class that nobody has"),
        ("np.sum(counts.hits) / np.sum(counts.true) + 0 * counts.true.sum(-1)", "values of both"),
        ("counts.hits.sum(-1) / np.maximum(counts.true.sum(-1), 1)", "no clip"),
    ],
)
def test_metric_suite_catches(outside: Path, formula: str, sentence: str | None) -> None:
    (outside / "metrics" / "own.py").write_text(KAPPA.format(name="Own", formula=formula))
    if sentence is None:
        check_metric("own")
    else:
        with pytest.raises(AssertionError, match=sentence):
            check_metric("own")


DISTANCE = '''
import numpy as np
from emoprism.leakage.metrics.base import OutputMetric

class Own(OutputMetric):
    """A measure of one's own."""

    kind = "{kind}"
    bounds = {bounds}
    higher_is_better = False

    def summands(self, true, told):
        """Squared distance, known."""
        known = {known}
        distance = np.where(known, np.square(told.astype({dtype}) - true), 0).mean(1)
        return np.stack([{distance}, known[:, 0]], axis=1).astype({dtype})

    def of_sums(self, sums):
        """Its mean."""
        with np.errstate(invalid="ignore"):
            return {value}
'''
RIGHT = {
    "kind": "number", "bounds": "(0.0, np.inf)", "known": "~np.isnan(true)", "dtype": "np.float64",
    "distance": "distance", "value": "sums[..., 0] / sums[..., 1]",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, None),
        ({"kind": "presence", "bounds": "(0.0, 1.0)"}, None),
        ({"kind": "class"}, "PRESENCE or NUMBER"),
        ({"value": "-sums[..., 0] / sums[..., 1]"}, "the better the outputs"),
        ({"bounds": "(0.0, 1.0)"}, "in its bounds"),
        ({"distance": "distance * np.arange(len(true))"}, "order of clips"),
        ({"kind": "presence", "distance": "np.square(told - true)[:, 0]"}, "order of words"),
        ({"dtype": "np.float32"}, "float64"),
        ({"distance": "distance - distance.mean() / 2"}, "does not depend on other clips"),
        ({"value": "sums[..., 0] / sums[..., 1].max()"}, "values of both"),
        ({"value": "sums[:, 0] / sums[:, 1]"}, "do so twice"),
        ({"known": "np.ones_like(true, dtype=bool)"}, "adds nothing"),
        ({"value": "sums[..., 0] / np.maximum(sums[..., 1], 1)"}, "no clip"),
    ],
)
def test_output_metric_suite_catches(outside: Path, change: dict[str, str], sentence: str | None) -> None:
    (outside / "metrics" / "own.py").write_text(DISTANCE.format(**RIGHT | change))
    if sentence is None:
        check_metric("own")
    else:
        with pytest.raises(AssertionError, match=sentence):
            check_metric("own")


ATTACKER = '''
import numpy as np
from emoprism.leakage.attackers.base import Attacker

class Own(Attacker):
    """Nearest class centre."""

    def grid(self, rows, width, classes):
        """One point."""
        return [{grid}]

    def predict(self, x, y, new, settings, seed):
        """Nearest centre."""
        centres = np.stack([x[y == c].mean(0) for c in range(int(y.max()) + 1)])
        said = ((new[:, None] - centres) ** 2).sum(-1).argmin(1)
        {change}
        return said.astype({dtype})
'''


@pytest.mark.parametrize(
    ("grid", "change", "dtype", "sentence"),
    [
        ("{}", "", "np.int64", None),
        ("", "", "np.int64", "has settings"),
        ("{'a': (1, 2)}", "", "np.int64", "JSON"),
        ("{}", "", "np.int32", "int64"),
        ("{}", "said = said + 1", "np.int64", "classes of train"),
        ("{}", "said = 0 * said", "np.int64", "plain"),
        ("{}", "said = np.where(len(new) == 7, 0, said)", "np.int64", "other rows"),
        ("{}", "self.n = getattr(self, 'n', 0) + 1; said = (said + (self.n == 3)) % 3", "np.int64", "same arguments"),
        ("{}", "said = np.arange(len(new)) % 2 if len(new) == 200 else said", "np.int64", "from noise"),
        ("{}", "self.n = getattr(self, 'n', 0) + 1; said = (said + (self.n > 1)) % 3", "np.int64", "as a candidate"),
    ],
)
def test_attacker_suite_catches(outside: Path, grid: str, change: str, dtype: str, sentence: str | None) -> None:
    (outside / "attackers" / "own.py").write_text(ATTACKER.format(grid=grid, change=change, dtype=dtype))
    if sentence is None:
        check_attacker("own")
    else:
        with pytest.raises(AssertionError, match=sentence):
            check_attacker("own")


def test_misspelt_attacker_names_the_nearest() -> None:
    with pytest.raises(PluginError, match="did you mean 'logistic'"):
        ATTACKERS.make("logistik")
