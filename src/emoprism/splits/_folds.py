"""What splitters of whole groups share: groups dealt evenly, validation beside them, and who is a stranger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Int64
from pydantic import Field

from emoprism.errors import CorpusError, Problem
from emoprism.splits._sides import draw_share, refuse_empty, train_knows_all
from emoprism.splits.base import Unit
from emoprism.types import TEST, TRAIN, UNSEEN, VALIDATION

Share = Annotated[float, Field(ge=0, lt=1)]
ValidateOn = Literal["clips", "groups"]
"""What validation takes from training: clips of everybody, or everything of a few (then they are strangers)."""
Nameless = Literal["refuse", "leave_out"]
"""What becomes of clips without the attribute that groups them: nobody knows on which side they belong."""

WHOLE = 1 << 20
"""Shares are counted in parts of this, so that sums are exact and the same on every machine."""
FEW = 400
"""Up to so many groups are also swapped in search of a better balance; more are even enough as they are dealt."""
NAMED = 5
"""Clips that an error names before it only counts the rest."""


def named(units: Iterable[Unit], key: str, nameless: Nameless) -> list[Unit]:
    """The clips with a label `key`, in order of id. Raises CorpusError where some have none, unless they may go."""
    ordered = sorted(units, key=lambda unit: unit.id)
    kept = [unit for unit in ordered if key in unit.labels]
    if len(kept) < len(ordered) and nameless == "refuse":
        without = [unit.id for unit in ordered if key not in unit.labels]
        more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
        what = f"{len(without)} of {len(ordered)} clips have no '{key}': {', '.join(without[:NAMED])}{more}"
        raise CorpusError(Problem("data.split", what, "label them, or set data.split.nameless=leave_out"))
    return kept


def groups_of(units: Iterable[Unit], key: str) -> dict[str, list[Unit]]:
    """Clips by their label `key`, in sorted order of the labels."""
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit.labels[key], []).append(unit)
    return dict(sorted(groups.items()))


def place_of(fold: int, names: Sequence[str]) -> str:
    """The name of a fold. Raises CorpusError with the number of folds where there is no such fold."""
    if fold >= len(names):
        fix = f"they are counted from 0: fold=0 is '{names[0]}', fold={len(names) - 1} is '{names[-1]}'"
        raise CorpusError(Problem("data.split.fold", f"fold={fold}, but there are {len(names)} folds", fix))
    return names[fold]


def shares_of(groups: Iterable[Sequence[Unit]], keys: Iterable[str | None]) -> Int64[np.ndarray, "G L"]:
    """Per group its share of every label of `keys`, and of all clips, in parts of WHOLE."""
    members = list(groups)
    labels = sorted({(key, u.labels[key]) for g in members for u in g for key in keys if key and key in u.labels})
    column = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(members), len(labels) + 1), dtype=np.int64)
    for row, group in enumerate(members):
        for unit in group:
            for key in keys:
                if key and key in unit.labels:
                    counts[row, column[key, unit.labels[key]]] += 1
        counts[row, -1] = len(group)
    return counts * WHOLE // np.maximum(counts.sum(0), 1)


def deal(
    groups: Mapping[str, Sequence[Unit]], keys: Sequence[str | None], shares: Sequence[float], rng: np.random.Generator
) -> dict[str, int]:
    """Group -> fold, so that the folds hold about these `shares` of all clips and of each label of `keys`.

    Write x_i for the shares of labels that group i holds (`shares_of`), S_f for the sum over fold f and p_f for the
    share that the fold should have. The largest groups first, equal ones in a drawn order, each goes where
    sum_f |S_f - p_f sum_i x_i|^2 / p_f grows least; then pairs of groups change places as long as that lessens it.
    The sum ends at most at (k - 1) sum_i |x_i|^2, what a draw by p gives in the mean: the least growth is at most the
    mean growth, (k - 1) |x_i|^2 (the method of conditional expectations, Erdős & Selfridge 1973). For k equal folds
    no share is further from 1/k than (1 - 1/k) sqrt(sum_i |x_i|^2). Greedy dealing of groups, largest first, follows
    scikit-learn's StratifiedGroupKFold, which orders by and minimises standard deviations and states no bound.
    """
    x = shares_of(groups.values(), keys)
    drawn = rng.permutation(len(x))
    order = drawn[np.argsort(-np.square(x[drawn]).sum(1), kind="stable")]
    want = np.asarray(shares)
    sums = np.zeros((len(want), x.shape[1]), dtype=np.int64)
    fold = np.zeros(len(x), dtype=np.int64)
    for i in order:
        fold[i] = ((2 * (sums @ x[i]) + x[i] @ x[i]) / want).argmin()
        sums[fold[i]] += x[i]
    if len(x) <= FEW:
        _swap(x, fold, sums, want)
    return {name: int(place) for name, place in zip(groups, fold, strict=True)}


def _swap(x: Int64[np.ndarray, "G L"], fold: Int64[np.ndarray, "G"], sums: np.ndarray, want: np.ndarray) -> None:
    """Let the two groups change places whose change lessens the deviation most, until none does. In place.

    Every fold keeps its number of groups. Bounded, because whole numbers that fall end somewhere, but soon in any case.
    """
    own, products = np.square(x).sum(1), x @ x.T
    distance = own[:, None] + own[None] - 2 * products
    for _ in range(len(x)):
        at = x @ sums.T  # [i, f] = x_i . S_f
        here = at[np.arange(len(x)), fold]
        there = at[:, fold]  # [i, j] = x_i . S of the fold of j
        # Fold of i gains d = x_j - x_i, the fold of j loses it.
        gained = (distance + 2 * (there.T - here[:, None])) / want[fold][:, None]
        lost = (distance - 2 * (here[None] - there)) / want[fold][None]
        change = np.where(fold[:, None] == fold[None], 0.0, gained + lost)
        i, j = np.unravel_index(int(change.argmin()), change.shape)
        if change[i, j] >= 0:
            return
        sums[fold[i]] += x[j] - x[i]
        sums[fold[j]] -= x[j] - x[i]
        fold[i], fold[j] = fold[j], fold[i]


def draw_groups(
    units: Sequence[Unit], group: str, keys: Sequence[str | None], share: float, rng: np.random.Generator
) -> set[str]:
    """Ids of the clips of whole groups that hold about a `share` of all, at least one group where it is not 0."""
    groups = groups_of((unit for unit in units if group in unit.labels), group)
    if not share:
        return set()
    if len(groups) < 2:
        what = f"validation takes whole groups, but training holds {len(groups)} of the attribute '{group}'"
        raise CorpusError(Problem("data.split.validate_on", what, "set data.split.validate_on=clips"))
    fold = deal(groups, keys, (1 - share, share), rng)
    for wanted in (0, 1):  # so few groups that one side is better off with nothing: the smallest goes there
        if wanted not in fold.values():
            fold[min(groups, key=lambda name: (len(groups[name]), name))] = wanted
    return {unit.id for name, members in groups.items() if fold[name] == 1 for unit in members}


@dataclass(frozen=True)
class Validation:
    """How validation is taken from the clips that are not held out: a `share` of them, even over the labels `keys`."""

    share: float
    how: ValidateOn
    group: str
    """The attribute that `how=groups` keeps together."""
    speaker: str
    keys: Sequence[str | None]

    def beside(self, rest: Sequence[Unit], rng: np.random.Generator) -> dict[str, str]:
        """These clips on the sides train and validation. Raises CorpusError where validation is left with none."""
        sides = {unit.id: TRAIN for unit in rest}
        if self.how == "groups":
            drawn = draw_groups(rest, self.group, self.keys, self.share, rng)
            sides |= dict.fromkeys(sorted(drawn), VALIDATION)
        else:
            strata = (self.speaker, *(key for key in self.keys[:1] if key))
            sides |= dict.fromkeys(draw_share(rest, self.share, strata, rng), VALIDATION)
            train_knows_all(rest, sides, strata)
        refuse_empty(sides, {VALIDATION: self.share})
        return sides


def with_held_out(units: Iterable[Unit], sides: Mapping[str, str], held: Iterable[str], speaker: str) -> dict[str, str]:
    """`sides` with the `held` clips beside them: 'test' where their speaker trains (or is not known), else 'unseen'.

    Validation clips of a speaker who is 'unseen' are left out: whoever selects is no stranger to the selected model.
    """
    of = {unit.id: unit.labels.get(speaker) for unit in units}
    trained = {of[clip] for clip, side in sides.items() if side == TRAIN} | {None}
    tested = {clip: TEST if of[clip] in trained else UNSEEN for clip in held}
    strangers = {of[clip] for clip, side in tested.items() if side == UNSEEN}
    return {clip: side for clip, side in sides.items() if of[clip] not in strangers} | tested
