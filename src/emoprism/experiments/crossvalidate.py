"""`emoprism crossvalidate`: a study's systems on every fold, their models on another corpus, and one report.

Everything below the output directory is made by stages of their own, so a study that was stopped goes on where it was:

    runs/<run>/   embeddings/<run>/   probes/<run>/   other/<run>/   report/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from emoprism import console
from emoprism.deploy.other import OtherOptions, check_streams, embed_other, refuse_same
from emoprism.embeddings import HISTORY, load_embeddings
from emoprism.errors import Problem, RecipeError, StageError
from emoprism.experiments.probes import probe_speakers, read_probes
from emoprism.experiments.results import Other, results_of
from emoprism.experiments.scores import Draws, FoldResult
from emoprism.experiments.strangers import Rights, rights_of
from emoprism.experiments.study import Cross, FoldRun, Study, plan
from emoprism.experiments.study_report import PAGE, draw_strangers, write_report
from emoprism.experiments.study_tables import shown_first
from emoprism.experiments.systems import made_anew, run_all
from emoprism.leakage.auditor import speakers_of
from emoprism.leakage.evidence import Judged
from emoprism.leakage.options import AuditOptions
from emoprism.media.shards import PreparedCorpus
from emoprism.pages.text import as_text
from emoprism.report.lengths import length_of
from emoprism.report.load import EPOCHS
from emoprism.stage import Stage, fingerprint
from emoprism.training.dataset import open_prepared, stream_specs
from emoprism.training.units import units_of
from emoprism.types import EMOTION, MISSING, SPEAKER, TRAIN, VALIDATION, Embeddings

STAGE = "crossvalidate"
OTHER = "other="


@dataclass(frozen=True)
class Elsewhere:
    """The other corpus, how its clips are labelled and what is right for each."""

    prepared: Path
    options: OtherOptions
    rights: Rights


@dataclass(frozen=True)
class Task:
    """What every run has in common; handed to the processes."""

    prepared: Path
    out: Path
    probes: AuditOptions
    elsewhere: Elsewhere | None


def crossvalidate(name: str, prepared: Path, out: Path, words: Sequence[str], *, workers: int | None = None) -> None:
    """Run a study and print its first table; `words` are `other=PREPARED` and overrides of the study, as `seeds=[0]`.

    Raises the errors of its stages; the same command goes on after them.
    """
    study = Study.load(name, [word for word in words if not word.startswith(OTHER)])
    corpus, options = open_prepared(prepared), study.options()
    planned = plan(study, corpus)
    elsewhere = _elsewhere(study, [Path(w.removeprefix(OTHER)) for w in words if w.startswith(OTHER)], corpus, planned)
    console.say(f"{study.name}: {len(planned)} runs ({len(study.seeds)} seeds) into {out}")
    study.save(out / "study.yaml")
    work = partial(run_one, Task(prepared, out, options, elsewhere))
    run_all(work, planned, workers or study.workers)
    made_anew(partial(report, study, planned, out, elsewhere, options))


def run_one(task: Task, item: FoldRun) -> None:
    """Train, embed, attack, and embed the other corpus. What is done already is left alone."""
    from emoprism.deploy.embed import embed
    from emoprism.training.run import train

    run, embeddings = task.out / "runs" / item.slug, task.out / "embeddings" / item.slug
    train(item.recipe, task.prepared, run)
    embed(run, task.prepared, embeddings)
    made_anew(partial(probe_speakers, embeddings, task.out / "probes" / item.slug, task.probes))
    if task.elsewhere is not None:
        there = task.elsewhere
        made_anew(partial(embed_other, run, there.prepared, task.out / "other" / item.slug, there.options))


def _elsewhere(
    study: Study, given: Sequence[Path], corpus: PreparedCorpus, planned: Sequence[FoldRun]
) -> Elsewhere | None:
    if len(given) > 1:
        raise RecipeError(Problem("other", f"{len(given)} corpora given", "one at a time; runs are not made again"))
    if not given:
        if study.cross is not None:
            console.say("cross: no other=PREPARED was given, so nothing is scored on another corpus")
        return None
    cross = study.cross or Cross()
    data = planned[0].recipe.data
    other = open_prepared(given[0])
    refuse_same(fingerprint(corpus.directory), given[0])
    check_streams(stream_specs(corpus, data), {str(corpus.directory): corpus.manifest.options}, data, other)
    units = units_of(corpus, data.maps, data.merge, data.numbers)
    classes = sorted({unit.labels[EMOTION] for unit in units if EMOTION in unit.labels})
    rights = rights_of(other.clips, classes, cross, str(given[0]))
    among = {} if cross.among == "all" else {EMOTION: rights.classes}
    return Elsewhere(given[0], OtherOptions(maps=cross.maps, among=among), rights)


def report(
    study: Study,
    planned: Sequence[FoldRun],
    out: Path,
    there: Elsewhere | None,
    options: AuditOptions,
    *,
    overwrite: bool,
) -> None:
    """Read what the runs have left, compute and write. Raises StageError where systems were not asked alike."""
    runs = [read_run(item, out, study.side, there) for item in planned]
    _refuse_mixed(runs)
    kinds = ("embeddings", "probes", *(("other",) if there is not None else ()))
    inputs = {f"{kind}/{item.slug}": out / kind / item.slug for kind in kinds for item in planned}
    stage = Stage.begin(
        out / "report", STAGE, options=study.model_dump(mode="json"), inputs=inputs,
        libraries=("numpy", "scikit-learn", "matplotlib", "jinja2"), overwrite=overwrite,
    )  # fmt: skip
    draws = Draws(options.bootstrap, options.seed)
    results = results_of(runs, study.order, draws, None if there is None else _facts(there, study.cross or Cross()))
    if not stage.done:
        write_report(stage.directory, study, results, runs, draw_strangers(study, planned, out / "embeddings"))
        stage.finish({"systems": len(results.systems), "folds": len(results.folds), "seeds": len(results.seeds)})
    console.say(as_text(shown_first(results)))
    console.say(f"\nThe report: {stage.directory / PAGE}")


def read_run(item: FoldRun, out: Path, side: str, there: Elsewhere | None) -> FoldResult:
    """What one run has left. Raises StageError for a fold without clips to score."""
    embeddings = load_embeddings(out / "embeddings" / item.slug)
    where = f"{item.slug}, fold {item.fold_name}"
    other, labels = (None, None) if there is None else _judged_there(out / "other" / item.slug, there)
    return FoldResult(
        system=item.recipe.name,
        label=item.recipe.label,
        seed=item.recipe.seed,
        fold=item.fold_name,
        validation=judged(embeddings, VALIDATION, where),
        test=judged(embeddings, side, where),
        attacks=read_probes(out / "probes" / item.slug),
        other=other,
        other_labels=labels,
        trained=judged(embeddings, TRAIN, where),
        length=length_of(EPOCHS.validate_json((out / "runs" / item.slug / HISTORY).read_bytes())),
    )


def judged(embeddings: Embeddings, side: str, where: str) -> Judged:
    """The emotion of the labelled clips of one side, as the model's own head tells it."""
    true = embeddings.labels[EMOTION]
    rows = embeddings.rows(side)
    rows = rows[true[rows] != MISSING]
    if not len(rows):
        what = f"has no clip with an emotion on the side '{side}'"
        raise StageError(Problem(where, what, "choose a split that has one, or the study's `test`: unseen or test"))
    who = speakers_of(embeddings, SPEAKER)
    return Judged(
        clips=tuple(embeddings.clips[i] for i in rows),
        speakers=tuple(who[i] for i in rows),
        true=true[rows],
        predicted=embeddings.predictions[EMOTION][rows],
        classes=embeddings.classes[EMOTION],
    )


def _judged_there(directory: Path, there: Elsewhere) -> tuple[Judged, Judged | None]:
    """Right and wrong on the other corpus and, where every clip has one right answer, the emotions themselves."""
    found = load_embeddings(directory)
    words = [found.classes[EMOTION][i] for i in found.predictions[EMOTION]]
    right = there.rights.judge(found.clips, words)
    if any(len(told) > 1 for told in there.rights.of.values()):
        return right, None
    classes = tuple(sorted({*there.rights.classes, *words}))
    place = {word: i for i, word in enumerate(classes)}
    said = dict(zip(found.clips, words, strict=True))
    true = np.array([place[min(there.rights.of[clip])] for clip in right.clips], dtype=np.int64)
    predicted = np.array([place[said[clip]] for clip in right.clips], dtype=np.int64)
    return right, Judged(right.clips, right.speakers, true, predicted, classes)


def _facts(there: Elsewhere, cross: Cross) -> Other:
    rights = there.rights
    return Other(
        len(rights.of), rights.left_out, rights.classes, cross.score, rights.chance(), rights.constant()
    )  # fmt: skip


def _refuse_mixed(runs: Sequence[FoldResult]) -> None:
    """Systems compare fold by fold: the same clips with the same emotions on each side."""
    asked: dict[tuple[int, str], tuple[str, object]] = {}
    problems: list[Problem] = []
    for run in runs:
        own = [(p.clips, [p.classes[i] for i in p.true]) for p in (run.validation, run.test)]
        first, theirs = asked.setdefault((run.seed, run.fold), (run.system, own))
        if own != theirs:
            what = f"is scored on other clips or labels than {first} in fold {run.fold}, seed {run.seed}"
            problems.append(Problem(run.system, what, "give both the same data.merge and split"))
    if problems:
        raise StageError(problems)
