"""What likeness means: learnt on the clips of known speakers whom the models have not been trained on."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoprism.console import say
from emoprism.errors import CorpusError, Problem, RecipeError, StageError
from emoprism.identities.cluster import Merge, agglomerate, before, labels_of
from emoprism.identities.collect import Collected, collect
from emoprism.identities.embedders import Embedders
from emoprism.identities.evidence import Evidence
from emoprism.identities.options import IdentifyOptions, Kind
from emoprism.identities.refine import refine
from emoprism.identities.scale import LEAST_SPEAKERS, MOST_CLIPS, Scale, learn_scale
from emoprism.identities.scores import agreement
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.stage import read_manifest
from emoprism.types import TRAIN

STEP, MOST, TOLERANCE = 0.25, 8.0, 0.01


@dataclass(frozen=True)
class Calibration:
    """How to compare each kind of evidence, and above which log-likelihood ratio two groups are one person."""

    scales: Mapping[Kind, Scale]
    threshold: float
    facts: Mapping[str, object]

    def evidence(self, collected: Collected) -> dict[str, Evidence]:
        """The vectors of a corpus, ready to be compared."""
        out: dict[str, Evidence] = {}
        for kind, scale in self.scales.items():
            told = np.any(collected.vectors[kind] != 0, axis=1)
            nobody = np.zeros((len(told), len(scale.whitening.mean)))
            vectors = scale.whitening(collected.vectors[kind]) if told.any() else nobody
            voice = np.array([row.voice for row in collected.rows])
            belongs = np.where(told, voice if kind == "voice" else 1.0, 0.0)
            out[kind] = Evidence(vectors, belongs, scale.slope, scale.offset)
        return out


@dataclass(frozen=True)
class Known:
    """Clips of known speakers: their rows, who they are, and whom of them each kind's model has not been trained on."""

    where: Path
    collected: Collected
    people: np.ndarray
    strangers: Mapping[Kind, np.ndarray]


def calibration_inputs(embedders: Embedders, options: IdentifyOptions) -> dict[Kind, Path]:
    """The prepared corpus that each kind is calibrated on. Raises RecipeError where there is none for a kind."""
    found: dict[Kind, Path] = {}
    problems: list[Problem] = []
    for kind in embedders.kinds:
        if kind in options.threshold:
            continue
        if options.calibration is not None:
            found[kind] = options.calibration
        elif kind in embedders.runs:
            found[kind] = _training_corpus(embedders.runs[kind])
        else:
            fix = f"give calibration=DIR, a prepared corpus of known speakers, or threshold.{kind}=COSINE"
            problems.append(Problem(kind, f"nothing says what the likeness of two {kind}s means", fix))
    if problems:
        raise RecipeError(problems)
    return found


def _training_corpus(run: Path) -> Path:
    reference = read_manifest(run, "train").inputs["prepared"]
    path = Path(os.path.normpath(run / reference.path))
    if not path.is_dir():
        fix = "put it back, or name another prepared corpus of known speakers, calibration=DIR"
        raise StageError(Problem(str(path), f"is gone; {run} was trained on it and is calibrated on it", fix))
    return path


def calibrate_on(
    embedders: Embedders, inputs: Mapping[Kind, Path], options: IdentifyOptions, widths: Mapping[Kind, int]
) -> Calibration:
    """Learn scales and threshold. Raises CorpusError where speakers are not known, or too few."""
    places: dict[Path, list[Kind]] = {}
    for kind, path in inputs.items():
        places.setdefault(path, []).append(kind)
    known = [_known(embedders, kinds, path, options) for path, kinds in places.items()]
    scales: dict[Kind, Scale] = {
        kind: Scale.of_threshold(widths[kind], threshold, options.slope)
        for kind, threshold in options.threshold.items()
        if kind in embedders.kinds
    }
    for clips in known:
        scales |= {kind: _scale(clips, kind) for kind in clips.strangers}
    ordered = {kind: scales[kind] for kind in embedders.kinds}
    learnt = max((_threshold(ordered, clips) for clips in known), default=0.0)
    threshold = learnt if options.evidence is None else options.evidence
    return Calibration(ordered, threshold, _facts(ordered, threshold, known))


def _scale(clips: Known, kind: Kind) -> Scale:
    vectors = clips.collected.vectors[kind]
    told = np.any(vectors != 0, axis=1)
    where = f"{clips.where}: its {kind}s"
    scale = learn_scale(vectors[told], clips.people[told].tolist(), clips.strangers[kind][told], where)
    if scale.slope == 0:
        say(f"note: {where} of one person are no more alike than those of two: they count for nothing")
    return scale


def _facts(scales: Mapping[Kind, Scale], threshold: float, known: Sequence[Known]) -> dict[str, object]:
    told = {kind: {"slope": round(scale.slope, 4), "offset": round(scale.offset, 4)} for kind, scale in scales.items()}
    speakers = {
        kind: len(set(clips.people[rows].tolist())) for clips in known for kind, rows in clips.strangers.items()
    }
    return {"threshold": round(threshold, 4), **told, "speakers": speakers}


def _known(embedders: Embedders, kinds: Sequence[Kind], path: Path, options: IdentifyOptions) -> Known:
    corpus = PreparedCorpus.open(path)
    clips = [clip for clip in corpus.clips if options.attribute in clip.labels]
    if not clips:
        what = f"its clips have no label '{options.attribute}'"
        raise CorpusError(Problem(str(path), what, "calibrate on clips whose speakers are known"))
    strangers: dict[Kind, np.ndarray] = {}
    for kind in kinds:
        of_run = kind in embedders.runs and options.calibration is None
        sides = _sides(embedders.runs[kind]) if of_run else {}
        strangers[kind] = _strangers(clips, sides, options.attribute, path)
    chosen = _spread(clips, np.any(list(strangers.values()), axis=0), options.attribute)
    what = f"calibrate {' and '.join(kinds)}"
    some = [clips[row] for row in chosen]
    collected = collect(corpus, some, embedders.only(kinds), options, what=what, main_only=True)
    row_of = {clips[row].id: row for row in chosen}
    rows = [row_of[row.clip] for row in collected.rows]
    people = np.array([clips[row].labels[options.attribute] for row in rows])
    return Known(path, collected, people, {kind: values[rows] for kind, values in strangers.items()})


def _sides(run: Path) -> dict[str, str]:
    try:
        with (run / "split.csv").open(encoding="utf-8", newline="") as file:
            return {row["clip"]: row["split"] for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise StageError(Problem(str(run / "split.csv"), f"cannot be read: {error}", "train again")) from None


def _strangers(clips: Sequence[PreparedClip], sides: Mapping[str, str], attribute: str, where: Path) -> np.ndarray:
    """Clips of speakers who never trained; where there are too few of them, clips that never trained."""
    names = np.array([clip.labels[attribute] for clip in clips])
    fresh = np.array([sides.get(clip.id) != TRAIN for clip in clips], dtype=np.bool_)
    strangers = ~np.isin(names, names[~fresh])
    found, counts = np.unique(names[strangers], return_counts=True)
    if fresh.all() or (counts > 1).sum() >= LEAST_SPEAKERS:
        return strangers
    say(
        f"note: {where} has {len(found)} speakers that the run was not trained on, {LEAST_SPEAKERS} are needed: "
        "calibrated on held-out clips of speakers that it was trained on, and so too sure "
        "(train with data.split.unseen=8 or more, or give calibration=DIR)"
    )
    return fresh


def _spread(clips: Sequence[PreparedClip], strangers: np.ndarray, attribute: str) -> list[int]:
    """At most about MOST_CLIPS clips of strangers and as many others: those of evenly spaced speakers."""
    chosen: list[int] = []
    for side in (strangers, ~strangers):
        rows = np.flatnonzero(side)
        names = np.array([clips[row].labels[attribute] for row in rows.tolist()])
        kept = np.unique(names)[:: max(1, -(-len(rows) // MOST_CLIPS))]
        chosen += rows[np.isin(names, kept)].tolist()
    return sorted(chosen)


def _threshold(scales: Mapping[Kind, Scale], clips: Known) -> float:
    """The threshold that clusters the speakers best who are strangers to the models of all kinds."""
    rows = np.flatnonzero(np.all(list(clips.strangers.values()), axis=0))
    some = Calibration({kind: scales[kind] for kind in clips.strangers}, 0.0, {})
    return best_threshold(some.evidence(clips.collected.select(rows.tolist())), clips.people[rows].tolist())


def best_threshold(evidence: Mapping[str, Evidence], people: Sequence[str]) -> float:
    """The log-likelihood ratio at which clusters of these people have the best pairwise F1.

    Of all multiples of STEP from 0 (below that the evidence speaks against a merge) to MOST: the middle of those whose
    F1 is within TOLERANCE of the best, as the best of few people is a matter of chance.
    """
    merges = list(agglomerate(evidence, stop=0.0))
    tried = np.arange(0.0, MOST + STEP / 2, STEP)
    made = [len(before(merges, float(threshold))) for threshold in tried]
    of_count = {count: _f1(evidence, merges[:count], people) for count in dict.fromkeys(made)}
    values = np.array([of_count[count] for count in made])
    return float(np.median(tried[values >= values.max() - TOLERANCE]))


def _f1(evidence: Mapping[str, Evidence], merges: Sequence[Merge], people: Sequence[str]) -> float:
    labels = refine(evidence, labels_of(merges, len(people)))
    return agreement([str(label) for label in labels], people).pairwise_f1
