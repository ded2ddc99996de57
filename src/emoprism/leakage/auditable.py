"""Can these embeddings be audited? What is missing or unfit, all at once, before any work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from emoprism.embeddings import TOLD, TRUE, bad_outputs
from emoprism.errors import EmbeddingsError, Problem, did_you_mean
from emoprism.leakage.options import AuditOptions
from emoprism.types import MISSING, TRAIN, Embeddings, Outputs


def check_auditable(embeddings: Embeddings, options: AuditOptions, name: str) -> None:
    """Raises EmbeddingsError where there is nothing to learn from, nothing to test on, or nothing to tell."""
    problems = [
        Problem(f"{name}: '{key}'", f"not {len(embeddings.clips)} rows of finite numbers, one row per clip")
        for key, vectors in embeddings.vectors.items()
        if vectors.ndim != 2 or len(vectors) != len(embeddings.clips) or not np.isfinite(vectors).all()
    ]
    if not embeddings.vectors:
        problems.append(Problem(name, "holds no embedding", "give vectors for at least one attribute"))
    for wanted, why in (((TRAIN,), "attackers train on it"), (options.splits, "attackers are tested on it")):
        if len(embeddings.rows(*wanted)) == 0:
            problems.append(Problem(name, f"has no clip of split {' or '.join(wanted)}", why))
    for attribute in options.told():
        if attribute not in embeddings.labels:
            advice = f"{did_you_mean(attribute, embeddings.labels)}, or name others with tell=[...]"
            problems.append(Problem(name, f"has no labels of '{attribute}' to tell", advice))
        elif not (embeddings.labels[attribute][embeddings.rows(TRAIN)] != MISSING).any():
            problems.append(Problem(name, f"no train clip has a label of '{attribute}'", "attackers learn from those"))
    problems += [problem for key, outputs in embeddings.outputs.items() for problem in _unfit(key, outputs, embeddings)]
    if problems:
        raise EmbeddingsError(problems)


def _unfit(attribute: str, outputs: Outputs, embeddings: Embeddings) -> Iterator[Problem]:
    """Outputs of another shape, numbers that none can be, and answers missing where the truth is known."""
    shape = (len(embeddings.clips), len(outputs.words))
    for part, values in ((TRUE, outputs.true), (TOLD, outputs.told)):
        if values.shape != shape:
            yield Problem(part + attribute, f"shape {list(values.shape)}, expected {list(shape)}: clips, words")
            return
    for part, row, column, what in bad_outputs(outputs):
        yield Problem(f"{part}{attribute}, clip '{embeddings.clips[row]}'", f"{outputs.words[column]}: {what}")
    lost = np.flatnonzero((np.isnan(outputs.told) & ~np.isnan(outputs.true)).any(axis=1))
    if len(lost):
        what = f"{len(lost)} clips of known truth are not answered, the first is '{embeddings.clips[lost[0]]}'"
        advice = "a clip that is not answered is no clip told right; answer all, or leave their truth empty"
        yield Problem(TOLD + attribute, what, advice)
