"""The same numbers for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from emoprism.inspection.attributes import Attribute
from emoprism.inspection.counts import COUNTS_HEADER, count_rows
from emoprism.inspection.findings import findings
from emoprism.inspection.information import Entanglement, entropy
from emoprism.inspection.survey import Survey
from emoprism.inspection.words import sentence
from emoprism.media.shards import PreparedCorpus
from emoprism.stage import csv_text


def as_json(found: Survey) -> str:
    """Every number of the page; counts of pairs of labels are in counts.csv."""
    parts = {
        "corpus": found.corpus,
        "citation": found.manifest.facts.get("citation"),
        "licence": found.manifest.facts.get("licence"),
        "clips": found.clips,
        "seconds": round(found.seconds, 3),
        "rejections": found.rejections,
        "attributes": {name: _attribute(attribute) for name, attribute in found.attributes.items()},
        "left_out": dict(found.left_out),
        "findings": [asdict(finding) for finding in findings(found)],
        "entanglement": [_pair(pair) for pair in found.pairs],
        "empty_pairs": [
            {"down": t.down, "across": t.across, "empty": t.empty, "possible": t.possible} for t in found.crossed
        ],
        "durations": None if found.durations is None else asdict(found.durations),
        "clips_each": None if found.each is None else asdict(found.each),
        "reach_the_limit": {"clips": found.cut, "limit": found.limit},
        "streams": [asdict(stream) for stream in found.streams],
        "sampled": found.sampled,
        "faces": found.faces,
        "level": None if found.level is None else asdict(found.level),
        "silence": None if found.silence is None else asdict(found.silence),
        "values": [asdict(value) for value in found.values],
        "splits": [asdict(split) for split in found.splits],
        "rejected": [asdict(reason) for reason in found.rejected],
        "prepared": {"options": found.manifest.options, "versions": found.manifest.versions},
        "options": found.options.model_dump(mode="json"),
    }
    return json.dumps(parts, indent=1, ensure_ascii=False, allow_nan=False)


def _attribute(attribute: Attribute) -> dict[str, Any]:
    counts = dict(zip(attribute.classes, attribute.counts.tolist(), strict=True))
    return {"counts": counts, "bits": entropy(attribute.counts), "clips_without": attribute.missing}


def _pair(pair: Entanglement) -> dict[str, Any]:
    more = {"share": pair.share, "beyond_chance": pair.beyond, "beyond_chance_back": pair.back}
    return {**asdict(pair), **more, "words": sentence(pair)}


def as_csv(found: Survey, corpus: PreparedCorpus) -> str:
    """counts.csv: clips and hours of every value of every attribute, alone and by the secondary attribute."""
    import numpy as np

    seconds = np.array([clip.seconds for clip in corpus.clips], dtype=np.float64)
    return csv_text(COUNTS_HEADER, count_rows(found.attributes, found.secondary or found.primary, seconds))
