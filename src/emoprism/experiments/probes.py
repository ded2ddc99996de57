"""The speaker probes of a study: whose clip is it, read from the emotion embedding of those seen and unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from emoprism.embeddings import load_embeddings
from emoprism.errors import EmbeddingsError, Problem
from emoprism.experiments.scores import SEEN, UNSEEN, Attack
from emoprism.leakage.auditor import Origin, audit_embeddings
from emoprism.leakage.halves import halves
from emoprism.leakage.options import AuditOptions
from emoprism.leakage.results import Leakage
from emoprism.leakage.store import load_record, save_record
from emoprism.stage import Stage, write_text
from emoprism.types import EMOTION, SPEAKER, TRAIN, Embeddings
from emoprism.types import UNSEEN as STRANGERS

STAGE = "speaker probes"
SIDES: Mapping[str, str] = {SEEN: TRAIN, UNSEEN: STRANGERS}
LEAKAGE = "leakage.json"


def probe_speakers(source: Path, out: Path, options: AuditOptions, *, overwrite: bool = False) -> None:
    """Audit halves of the train clips and of the strangers' clips in the embeddings of `source`; a folder for each.

    Those who trained: the embedding has met all their clips, the attacker only half of them. A side with fewer than
    two speakers has no folder.
    """
    stage = Stage.begin(
        out, STAGE, options=options.model_dump(mode="json", exclude={"seed"}), inputs={"embeddings": source},
        seed=options.seed, libraries=("numpy", "scipy", "scikit-learn"), overwrite=overwrite,
    )  # fmt: skip
    if stage.done:
        return
    embeddings = _emotion_alone(load_embeddings(source), source)
    found: dict[str, int] = {}
    for name, side in SIDES.items():
        part = halves(embeddings, (side,), SPEAKER, EMOTION, options.seed)
        if part is not None:
            audited = audit_embeddings(part, options.model_copy(update={"bootstrap": 0}), Origin(name, name))
            save_record(out / name, audited.record)
            write_text(out / name / LEAKAGE, audited.leakage.model_dump_json(indent=1))
            found[name] = len(part.clips)
    stage.finish({"clips": found})


def read_probes(directory: Path) -> dict[str, Attack]:
    """What `probe_speakers` wrote, by side."""
    return {name: _attack(directory / name) for name in SIDES if (directory / name / LEAKAGE).is_file()}


def _attack(folder: Path) -> Attack:
    judged = load_record(folder).judged
    leakage = Leakage.model_validate_json((folder / LEAKAGE).read_bytes())
    chance = next(
        row.value
        for row in leakage.measurements
        if (row.kind, row.attribute, row.metric) == ("chance", SPEAKER, "accuracy")
    )
    kinds = {
        kind: {
            claim.attacker: told for claim, told in judged.items() if (claim.kind, claim.attribute) == (kind, SPEAKER)
        }
        for kind in ("leakage", "floor")
    }
    return Attack(kinds["leakage"], kinds["floor"], chance)


def _emotion_alone(embeddings: Embeddings, source: Path) -> Embeddings:
    """The systems with one embedding for both attributes have it twice."""
    if EMOTION not in embeddings.vectors or SPEAKER not in embeddings.labels:
        what = f"needs an embedding of '{EMOTION}' and the label '{SPEAKER}'"
        raise EmbeddingsError(Problem(str(source), what, "attackers read who is speaking from the emotion embedding"))
    return replace(embeddings, vectors={EMOTION: embeddings.vectors[EMOTION]})
