"""The tables of a study, as Tables 2 and 3 of Li et al. 2020, and what fresh attackers find."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from emoprism.experiments.results import Other, Results, System
from emoprism.experiments.scores import DIFFERENCE, METRICS, PARTS, SEEN, UA, UNSEEN, WA, Spread, Value
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table
from emoprism.report.lengths import NOTE, Lengths
from emoprism.types import EMOTION, VALIDATION

SHORT = {WA: "WA", UA: "UA"}
HOW = "WA: share of clips told right; UA: mean recall of the classes. Small: 95 % bootstrap intervals over speakers."
TWINS = (
    " Two folds whose validation and test speakers change places train on the same clips: with one seed their models"
    " differ in nothing but the epoch that is kept, and the difference, in the mean over both, shows only what choosing"
    " it on those very speakers gains."
)
SCORE = f"{VALIDATION}/{EMOTION}/macro_f1"
Values = Mapping[tuple[str, str], Value]


def tables_of(results: Results) -> list[Table]:
    """All that there are numbers for."""
    tables = [
        _table_2(results), _pooled(results), *_elsewhere(results), *_speakers(results), *_attackers(results),
        _lengths(results),
    ]  # fmt: skip
    return [table for table in tables if table.rows]


def _table_2(results: Results) -> Table:
    caption = (
        f"Accuracy in percent on validation and test and their difference: every one of {len(results.folds)} folds by"
        f" itself, then the mean over folds and {_seeds(results)} (as Li et al. 2020, Table 2)."
    )
    return _accuracies("table-2", caption, results, lambda system: system.folds)


def _pooled(results: Results) -> Table:
    caption = (
        f"The same with the clips of all {len(results.folds)} folds pooled before they are counted, mean over"
        f" {_seeds(results)}."
    )
    return _accuracies("table-2-pooled", caption, results, lambda system: system.pooled)


def _accuracies(key: str, caption: str, results: Results, read: Callable[[System], Values]) -> Table:
    columns = [
        Column(part, better="" if part == DIFFERENCE else "higher", group=SHORT[metric])
        for metric in METRICS
        for part in PARTS
    ]
    keys = [(metric, part) for metric in METRICS for part in PARTS]
    best = {k: _best([read(system)[k].value for system in results.systems], near=k[1] == DIFFERENCE) for k in keys}
    rows = [
        Row(system.label, tuple(_cell(read(system)[k], best[k], signed=k[1] == DIFFERENCE) for k in keys))
        for system in results.systems
    ]
    return Table(key, caption, "system", tuple(columns), tuple(rows), HOW + (TWINS if results.twins else ""))


def _best(values: Sequence[float], *, near: bool = False) -> float | None:
    """The highest, or the one nearest to 0; of a single one none."""
    if len(values) < 2:
        return None
    return min(values, key=abs) if near else max(values)


def _elsewhere(results: Results) -> list[Table]:
    if results.other is None:
        return []
    other = results.other
    rule = {
        "label": "right is the clip's own emotion",
        "positive": "right is every emotion that the clip is rated positive for",
    }[other.score]
    caption = (
        f"Every fold's model on another corpus, accuracy in percent ({rule}): mean over {len(results.folds)} folds and"
        f" {_seeds(results)}, and a seed's worst and best fold in the mean over seeds (as Li et al. 2020, Table 3)."
    )
    labelled = all(system.other_metrics for system in results.systems)
    metrics = METRICS if labelled else (WA,)
    columns = [
        Column(title, better="higher", group=SHORT[metric] if labelled else "accuracy")
        for metric in metrics
        for title in ("mean", "least", "most")
    ]
    rows = [Row(system.label, _spreads(results, system, metrics, labelled=labelled)) for system in results.systems]
    word, share = other.constant
    rows += [
        Row("guessing", _references(other.chance, other, labelled=labelled), reference=True),
        Row(f"always '{word}'", _references(share, other, labelled=labelled), reference=True),
    ]
    note = (
        f"{other.clips} clips; {other.left_out} more have no right answer and are left out. Predicted are"
        f" {', '.join(other.classes)}. {HOW}"
    )
    return [Table("table-3", caption, "system", tuple(columns), tuple(rows), note)]


def _references(accuracy: float, other: Other, *, labelled: bool) -> tuple[Cell, ...]:
    """Of a judge who hears nothing: his mean recall is the same whatever he says."""
    recall = (_plain(1 / len(other.classes)), EMPTY, EMPTY) if labelled else ()
    return (_plain(accuracy), EMPTY, EMPTY, *recall)


def _spreads(results: Results, system: System, metrics: Sequence[str], *, labelled: bool) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for metric in metrics:
        every = [_spread(one, metric, labelled=labelled) for one in results.systems]
        own = _spread(system, metric, labelled=labelled)
        best = _best([spread.mean.value for spread in every if spread is not None])
        cells += (EMPTY,) * 3 if own is None else (_cell(own.mean, best), _plain(own.least), _plain(own.most))
    return tuple(cells)


def _spread(system: System, metric: str, *, labelled: bool) -> Spread | None:
    return system.other_metrics[metric] if labelled else system.other


def _speakers(results: Results) -> list[Table]:
    told = any(system.attacks for system in results.systems)
    caption = (
        "Whose clip is it? Accuracy in percent of the strongest fresh attacker that reads the emotion embedding; it has"
        f" seen half of every speaker's clips and is asked about the others. Means over folds and {_seeds(results)}."
    )
    columns = [
        Column(title, better=way, group=f"{side} speakers")
        for side in (SEEN, UNSEEN)
        for title, way in (("attacker", ""), ("accuracy", "lower"), ("emotion alone", ""), ("chance", ""))
    ]
    rows = [Row(system.label, _attack_cells(system)) for system in results.systems if told]
    note = (
        "Seen: the speakers that the model was trained on; unseen: those of the test side. Emotion alone: the same"
        f" attackers, told the emotion and nothing else. Lower is better. {HOW}"
    )
    return [Table("speakers", caption, "system", tuple(columns), tuple(rows), note)]


def _attack_cells(system: System) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for side in (SEEN, UNSEEN):
        found = system.attacks.get(side)
        if found is None:
            cells += (EMPTY,) * 4
        else:
            cells += (Cell(found.attacker), _cell(found.accuracy), _plain(found.floor), _plain(found.chance))
    return tuple(cells)


def _attackers(results: Results) -> list[Table]:
    names = list(dict.fromkeys(n for s in results.systems for found in s.attacks.values() for n in found.by_attacker))
    if len(names) < 2:
        return []
    columns = [Column(name, group=f"{side} speakers") for side in (SEEN, UNSEEN) for name in names]
    rows = [
        Row(
            system.label,
            tuple(
                _plain(system.attacks[side].by_attacker[name]) if side in system.attacks else EMPTY
                for side in (SEEN, UNSEEN)
                for name in names
            ),
        )
        for system in results.systems
    ]
    return [Table("attackers", "Every attacker on its own.", "system", tuple(columns), tuple(rows))]


def _lengths(results: Results) -> Table:
    caption = (
        "Was the training long enough? Unweighted accuracy on train clips, the epoch that is kept, the percentage"
        " of runs that keep their last one, macro F1 on validation halfway and at the end; means over folds and seeds."
    )
    titles = ("train UA", "epochs", "kept", "keep the last", "F1 halfway", "F1 at the end")
    rows = [
        Row(system.label, _length_cells(system.trained, told))
        for system in results.systems
        if (told := system.lengths) is not None
    ]
    return Table("lengths", caption, "system", tuple(map(Column, titles)), tuple(rows), NOTE)


def _length_cells(trained: float | None, told: Lengths) -> tuple[Cell, ...]:
    first = EMPTY if trained is None else _plain(trained)
    reached = told.scores.get(SCORE)
    scores = (EMPTY, EMPTY) if reached is None else (_plain(reached.halfway), _plain(reached.end))
    return first, Cell(f"{told.epochs:g}"), Cell(f"{told.kept:.1f}"), _plain(told.last), *scores


def _cell(value: Value, best: float | None = None, *, signed: bool = False) -> Cell:
    sign = "+" if signed else ""
    bounds = (
        ""
        if value.low is None or value.high is None
        else f"[{100 * value.low:{sign}.2f}, {100 * value.high:{sign}.2f}]"
    )
    return Cell(f"{100 * value.value:{sign}.2f}", bounds, best=value.value == best)


def _plain(value: float) -> Cell:
    return Cell(f"{100 * value:.2f}")


def _seeds(results: Results) -> str:
    count = len(results.seeds)
    return "1 seed" if count == 1 else f"{count} seeds"


def shown_first(results: Results) -> Table:
    """The table for the terminal: accuracies by fold without intervals."""
    table = _table_2(results)
    rows = tuple(Row(row.head, tuple(Cell(cell.text, best=cell.best) for cell in row.cells)) for row in table.rows)
    return Table(table.key, table.caption, table.stub, table.columns, rows)
