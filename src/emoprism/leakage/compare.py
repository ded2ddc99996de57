"""Systems side by side: means over seeds with joint intervals, and Stuart-Maxwell against the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from emoprism.embeddings import TRUE
from emoprism.errors import EmbeddingsError, Problem
from emoprism.leakage.det import mean_det
from emoprism.leakage.evidence import Claim, Evidence, Judged, Record
from emoprism.leakage.intervals import interval
from emoprism.leakage.measure import Known, all_evidence, claim_of, measurement
from emoprism.leakage.options import AuditOptions
from emoprism.leakage.results import STRONGEST, Comparison, Leakage, Measurement, StuartMaxwell, System, differing
from emoprism.leakage.stuart_maxwell import stuart_maxwell


@dataclass(frozen=True)
class Run:
    """One audit: its folder's name, its numbers and what they rest on. `method` is the recipe's, None where unknown."""

    folder: str
    leakage: Leakage
    record: Record
    method: str | None = None


def compare(runs: Sequence[Run], options: AuditOptions) -> Comparison:
    """Sum up the seeds of every system. Raises EmbeddingsError where runs do not compare (see `refuse_mixed`)."""
    refuse_mixed([(run.folder, run.leakage.seed, run.leakage.data) for run in runs])
    groups = systems_of(runs)
    baselines = [group for group in groups if _is_baseline(group, options)]
    systems: list[System] = []
    for group in groups:
        first = group[0].leakage
        systems.append(
            System(
                name=first.name,
                label=first.label,
                dimensions=first.dimensions,
                seeds=[run.leakage.seed for run in group],
                runs=[run.folder for run in group],
                measurements=summed_up(group, options),
                stuart_maxwell=_against(group, _nearest(group, baselines), options),
                det=mean_det([run.leakage.det for run in group]),
            )
        )
    baseline = baselines[0][0].leakage.name if baselines else None
    return Comparison(systems=systems, baseline=baseline, primary=options.primary, secondary=options.secondary)


def refuse_mixed(runs: Sequence[tuple[str, int | None, str]]) -> None:
    """Numbers compare only on the same clips, labels and split.

    `runs` are (folder, seed, Leakage.data). Raises EmbeddingsError naming the folders, and what differs between them.
    """
    first: dict[int | None, tuple[str, str]] = {}
    problems: list[Problem] = []
    for folder, seed, data in sorted(runs, key=lambda run: -run[2].count(TRUE)):
        other, theirs = first.setdefault(seed, (folder, data))
        if apart := differing(data, theirs):
            seeds = "without a seed" if seed is None else f"of seed {seed}"
            what = f"differs from {other}, both {seeds}, in {', '.join(apart)}"
            problems.append(Problem(folder, what, "audit what was made from other data into a directory of its own"))
    if problems:
        raise EmbeddingsError(problems)


def systems_of(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs of the same name and dimensions, by seed. Raises EmbeddingsError where a seed stands twice in one."""
    groups: dict[tuple[str, tuple[tuple[str, int], ...]], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.leakage.name, tuple(sorted(run.leakage.dimensions.items()))), []).append(run)
    problems: list[Problem] = []
    for group in groups.values():
        group.sort(key=lambda run: -1 if run.leakage.seed is None else run.leakage.seed)
        for one, two in pairwise(group):
            if one.leakage.seed == two.leakage.seed:
                what = f"is '{one.leakage.name}' with seed {one.leakage.seed}, and so is {one.folder}"
                problems.append(Problem(two.folder, what, "give a variant of a recipe a name of its own"))
    if problems:
        raise EmbeddingsError(problems)
    return list(groups.values())


def summed_up(group: Sequence[Run], options: AuditOptions) -> list[Measurement]:
    """Every number as its mean over the runs that have it, with one interval for the mean."""
    known = [all_evidence(run.record, options.primary, options.secondary) for run in group]
    found: dict[tuple[Claim, str], list[tuple[Measurement, Known]]] = {}
    for run, evidence in zip(group, known, strict=True):
        for row in run.leakage.measurements:
            found.setdefault((claim_of(row), row.metric), []).append((row, evidence))
    out: list[Measurement] = []
    for (claim, metric), rows in found.items():
        pieces = [piece for row, evidence in rows if (piece := _piece(row, evidence)) is not None]
        bounds = interval(pieces, options.bootstrap, options.seed) if len(pieces) == len(rows) else None
        value = float(np.mean([row.value for row, _ in rows]))
        names = [row.settings["attacker"] for row, _ in rows] if claim.attacker == STRONGEST else []
        settings = {"attacker": names} if names else {}
        mean = measurement(claim, metric, value, bounds, _means([row.recall for row, _ in rows]), settings)
        out.append(mean.model_copy(update={"by_word": _means([row.by_word for row, _ in rows])}))
    return out


def _piece(row: Measurement, known: Known) -> Evidence | None:
    """What a row rests on; of the strongest attacker, what that attacker said."""
    claim = claim_of(row)
    if claim.attacker == STRONGEST:
        claim = claim._replace(attacker=row.settings["attacker"])
    return known.get((claim, row.metric))


def _means(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each name over the runs that have it."""
    names = sorted({name for part in parts for name in part})
    return {name: float(np.mean([part[name] for part in parts if name in part])) for name in names}


def _is_baseline(group: Sequence[Run], options: AuditOptions) -> bool:
    both = {options.primary, options.secondary} <= group[0].leakage.dimensions.keys()
    return both and all(run.method == "none" for run in group)


def _nearest(group: Sequence[Run], baselines: Sequence[Sequence[Run]]) -> Sequence[Run]:
    """The baseline of the same dimensions, else the first; none for a baseline itself."""
    if any(group is baseline for baseline in baselines):
        return []
    same = [b for b in baselines if b[0].leakage.dimensions == group[0].leakage.dimensions]
    return next(iter([*same, *baselines]), [])


def _against(group: Sequence[Run], baseline: Sequence[Run], options: AuditOptions) -> list[StuartMaxwell]:
    by_seed: Mapping[int | None, Run] = {run.leakage.seed: run for run in baseline}
    rows: list[StuartMaxwell] = []
    for run in group:
        other = by_seed.get(run.leakage.seed)
        for split in options.splits if other is not None else ():
            claim = Claim("utility", options.primary, options.primary, split)
            mine, theirs = run.record.judged.get(claim), other.record.judged.get(claim) if other else None
            if mine is not None and theirs is not None:
                test = stuart_maxwell(*_common(mine, theirs))
                rows.append(
                    StuartMaxwell(
                        attribute=options.primary, split=split, against=baseline[0].leakage.label,
                        seed=run.leakage.seed, statistic=test.statistic, p_value=test.p_value,
                    )
                )  # fmt: skip
    return rows


def _common(one: Judged, other: Judged) -> tuple[np.ndarray, np.ndarray, int]:
    """Both predictions in the same order of clips and numbering of classes."""
    words = [dict(zip(j.clips, (j.classes[i] for i in j.predicted), strict=True)) for j in (one, other)]
    classes = sorted({*one.classes, *other.classes})
    place = {name: i for i, name in enumerate(classes)}
    first, second = (np.array([place[said[clip]] for clip in one.clips], dtype=np.int64) for said in words)
    return first, second, len(classes)
