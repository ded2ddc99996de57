"""The identify stage: a prepared corpus without speakers in, who appears in which clip out."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from emoprism.console import say
from emoprism.errors import CorpusError, Problem, RecipeError
from emoprism.identities import sheet
from emoprism.identities.appearances import Appearance, apart
from emoprism.identities.calibration import Calibration, calibrate_on, calibration_inputs
from emoprism.identities.cluster import agglomerate, labels_of
from emoprism.identities.collect import Collected, collect
from emoprism.identities.embedders import STREAM_OF, Embedders
from emoprism.identities.gallery import PERSONS, STAGE, VECTORS, Gallery, open_gallery
from emoprism.identities.options import IdentifyOptions, Kind
from emoprism.identities.persons import UNKNOWN, Told, name_persons, speakers_of
from emoprism.identities.refine import confidences, refine
from emoprism.identities.scores import Agreement, agreement
from emoprism.media.options import PrepareOptions
from emoprism.media.shards import PreparedCorpus
from emoprism.recipe import check_model, with_overrides
from emoprism.stage import Stage, csv_text, write_bytes, write_text

IDENTITIES = "identities.csv"
PARTS = "parts"
PICTURES = "pictures"
LIBRARIES = ("numpy", "scikit-learn", "torch", "opencv-python-headless")


def identify(prepared: Path, out: Path, options: list[str], *, overwrite: bool = False) -> None:
    """Find the persons of a prepared corpus; prints what was found, and how well where the speakers are known.

    Raises RecipeError for options that are none, CorpusError or StageError for inputs that are of no use.
    """
    asked = check_model(IdentifyOptions, with_overrides({}, options), "options")
    corpus = PreparedCorpus.open(prepared)
    embedders = _usable(corpus, Embedders.open(asked))
    grounds = calibration_inputs(embedders, asked)
    stage = Stage.begin(
        out, STAGE, options=_request(asked), inputs=_inputs(prepared, asked, embedders, grounds),
        libraries=LIBRARIES, overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        say(f"{out}: done already")
        return
    found = collect(corpus, corpus.clips, embedders, asked, what="embed", parts=out / PARTS)
    widths = {kind: int(vectors.shape[1]) for kind, vectors in found.vectors.items()}
    calibration = calibrate_on(embedders, grounds, asked, widths)
    told_by = embedders.only([kind for kind in embedders.kinds if np.any(found.vectors[kind])])
    gallery = _gallery(corpus, told_by, asked, widths)
    told = find_persons(found, calibration, gallery, asked)
    facts = _write(stage, corpus, found, told, calibration, asked)
    shutil.rmtree(out / PARTS, ignore_errors=True)
    stage.finish(facts)
    _say(out, facts)


def find_persons(
    found: Collected, calibration: Calibration, gallery: Gallery | None, options: IdentifyOptions
) -> list[Told]:
    """Cluster all appearances, those of a gallery among them, and say who each is and how sure that is."""
    names = gallery.names if gallery else ()
    rows, joined = _with_gallery(found, gallery)
    evidence = calibration.evidence(joined)
    strangers = [(a, b) for b in range(len(names)) for a in range(b)]
    never = [*strangers, *((a + len(names), b + len(names)) for a, b in apart(rows))]
    merges = list(agglomerate(evidence, never, stop=calibration.threshold))
    labels = refine(evidence, labels_of(merges, len(joined.rows)), never, fixed=len(names))
    sure = confidences(evidence, labels)
    known = {int(labels[place]): name for place, name in enumerate(names)}
    told = name_persons(joined.rows, labels, sure, evidence, options.confidence, known, skip=len(names))
    return told[len(names) :]


def _with_gallery(found: Collected, gallery: Gallery | None) -> tuple[tuple[Appearance, ...], Collected]:
    if gallery is None:
        return found.rows, found
    people = tuple(Appearance(f"\0{name}", None, main=False, voice=1.0) for name in gallery.names)
    vectors: dict[Kind, np.ndarray] = {
        kind: np.concatenate([gallery.vectors[kind], values]) for kind, values in found.vectors.items()
    }
    return found.rows, Collected(people + found.rows, vectors)


def _usable(corpus: PreparedCorpus, embedders: Embedders) -> Embedders:
    """The models that the corpus has something for. Raises CorpusError where that is none."""
    missing = [kind for kind in embedders.kinds if STREAM_OF[kind] not in corpus.streams]
    kinds = [kind for kind in embedders.kinds if kind not in missing]
    if not kinds:
        what = f"has no {' and no '.join(STREAM_OF[kind] for kind in missing)} to tell people by"
        fix = "prepare videos with their faces (tracks=all), or name a model of what there is"
        raise CorpusError(Problem(str(corpus.directory), what, fix))
    for kind in missing:
        say(f"note: {corpus.directory} has no {STREAM_OF[kind]}: people are told by {' and '.join(kinds)} alone")
    media = corpus.manifest.options.get("media", {})
    if "face" in kinds and media.get("tracks") != "all":
        say(f"note: {corpus.directory} holds the main face of each clip alone; prepare with tracks=all to tell all")
    return embedders.only(kinds)


def _request(options: IdentifyOptions) -> dict[str, Any]:
    """Options without paths, which the manifest holds as inputs."""
    tree = options.model_dump(mode="json", exclude={"run", "calibration", "gallery"})
    for kind in ("face", "voice"):
        if tree[kind] is not None:
            tree[kind]["source"] = Path(tree[kind]["source"]).name
    return tree


def _inputs(
    prepared: Path, options: IdentifyOptions, embedders: Embedders, grounds: Mapping[Kind, Path]
) -> dict[str, Path]:
    inputs = {"prepared": prepared, **embedders.files}
    inputs |= {f"calibration-{kind}": path for kind, path in grounds.items()}
    if options.gallery is not None:
        if not options.gallery.is_dir():
            fix = "a folder with a folder per person, or the directory of an earlier identify"
            raise RecipeError(Problem(f"gallery: {options.gallery}", "no such folder", fix))
        inputs["gallery"] = options.gallery
    return inputs


def _gallery(
    corpus: PreparedCorpus, embedders: Embedders, options: IdentifyOptions, widths: Mapping[Kind, int]
) -> Gallery | None:
    if options.gallery is None:
        return None
    try:
        media = PrepareOptions.of_manifest(corpus.manifest.options)
    except KeyError:
        media = PrepareOptions.read([])
    return open_gallery(options.gallery, embedders, media, widths)


def _write(
    stage: Stage,
    corpus: PreparedCorpus,
    found: Collected,
    told: Sequence[Told],
    calibration: Calibration,
    options: IdentifyOptions,
) -> dict[str, Any]:
    out = stage.directory
    write_text(out / PERSONS, csv_text(["clip", "track", "person", "confidence", "evidence"], map(_row, told)))
    speakers = speakers_of(told)
    write_text(out / IDENTITIES, csv_text(["clip", options.attribute], sorted(speakers.items())))
    vectors = {kind: np.ascontiguousarray(values, dtype=np.float32) for kind, values in found.vectors.items()}
    write_bytes(out / VECTORS, save(vectors))
    _write_pictures(out, corpus, told)
    facts = _facts(told, calibration)
    scores = _scores(corpus, speakers, options.attribute)
    if scores is not None:
        facts["scores"] = scores.facts()
        write_text(out / "scores.json", json.dumps(scores.facts(), indent=1))
    return facts


def _row(item: Told) -> tuple[Any, ...]:
    track = "" if item.row.track is None else item.row.track
    return item.row.clip, track, item.person, f"{item.confidence:.4f}", item.evidence


def _facts(told: Sequence[Told], calibration: Calibration) -> dict[str, Any]:
    return {
        "persons": len({item.person for item in told} - {UNKNOWN}),
        "appearances": len(told),
        "unknown": sum(item.person == UNKNOWN for item in told),
        "clips": len({item.row.clip for item in told}),
        "evidence": dict(sorted(Counter(item.evidence for item in told).items())),
        "calibration": calibration.facts,
    }


def _scores(corpus: PreparedCorpus, speakers: Mapping[str, str], attribute: str) -> Agreement | None:
    known = {clip.id: clip.labels[attribute] for clip in corpus.clips if attribute in clip.labels}
    clips = sorted(known.keys() & speakers.keys())
    return agreement([speakers[clip] for clip in clips], [known[clip] for clip in clips]) if clips else None


def _write_pictures(out: Path, corpus: PreparedCorpus, told: Sequence[Told]) -> None:
    clips = {clip.id: clip for clip in corpus.clips}
    people: dict[str, list[Told]] = {}
    for item in told:
        if item.person != UNKNOWN:
            people.setdefault(item.person, []).append(item)
    strips: list[np.ndarray] = []
    for name in sorted(people, key=lambda name: (-len(people[name]), name)):
        picture = sheet.strip(corpus, clips, name, people[name])
        write_bytes(out / PICTURES / f"{name}.jpg", sheet.jpeg(picture))
        if len(strips) < sheet.MOST_PERSONS:
            strips.append(picture)
    if strips:
        write_bytes(out / "persons.jpg", sheet.jpeg(np.concatenate(strips)))


def _say(out: Path, facts: Mapping[str, Any]) -> None:
    told = f"{facts['unknown']} of {facts['appearances']} appearances unknown"
    say(f"{out}: {facts['persons']} persons in {facts['clips']} clips, {told}")
    if "scores" in facts:
        scores = facts["scores"]
        say(
            f"against {scores['people']} known speakers: pairwise F1 {scores['pairwise_f1']:.3f} (precision "
            f"{scores['pairwise_precision']:.3f}, recall {scores['pairwise_recall']:.3f}), "
            f"B-cubed F1 {scores['bcubed_f1']:.3f}"
        )
