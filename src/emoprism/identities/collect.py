"""Vectors of all appearances of a corpus, shard by shard, so that work that was stopped goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from emoprism.console import track
from emoprism.identities.appearances import Appearance, appearances_of, embed, tracks_of
from emoprism.identities.embedders import Embedders
from emoprism.identities.options import IdentifyOptions, Kind
from emoprism.media.shards import PreparedClip, PreparedCorpus
from emoprism.stage import write_bytes


@dataclass(frozen=True)
class Collected:
    """Rows in order of clip, the main track of a clip first. `vectors[kind]` is zeros where a row has none."""

    rows: tuple[Appearance, ...]
    vectors: Mapping[Kind, Float64[np.ndarray, "N _"]]

    def select(self, chosen: Sequence[int]) -> Collected:
        """Some of the rows."""
        return Collected(
            tuple(self.rows[row] for row in chosen),
            {kind: values[list(chosen)] for kind, values in self.vectors.items()},
        )


def collect(
    corpus: PreparedCorpus,
    clips: Sequence[PreparedClip],
    embedders: Embedders,
    options: IdentifyOptions,
    *,
    what: str,
    parts: Path | None = None,
    main_only: bool = False,
) -> Collected:
    """Embed everybody in these clips. With `parts`, a folder, a shard's vectors are kept there and read again."""
    tracks = tracks_of(corpus) if embedders.face is not None else {}
    shards: dict[str, list[PreparedClip]] = {}
    for clip in clips:
        shards.setdefault(clip.shard, []).append(clip)
    found: dict[tuple[str, int], tuple[Appearance, dict[Kind, np.ndarray]]] = {}
    for number, shard in enumerate(track(sorted(shards), what, len(shards))):
        rows = [
            (clip, row)
            for clip in shards[shard]
            for row in appearances_of(clip, tracks.get(clip.id, []), options)
            if row.main or not main_only
        ]
        place = None if parts is None else parts / f"part-{number:05d}.safetensors"
        vectors = _kept(place, len(rows)) if place is not None else None
        if vectors is None:
            vectors = [dict(embed(corpus, clip, row, embedders, options)) for clip, row in rows]
            if place is not None:
                write_bytes(place, save(_tensors(vectors), metadata={"rows": str(len(rows))}))
        for place, ((_, row), known) in enumerate(zip(rows, vectors, strict=True)):
            found[row.clip, place] = row, known
    ordered = [found[key] for key in sorted(found)]
    return Collected(tuple(row for row, _ in ordered), {k: _table(k, [v for _, v in ordered]) for k in embedders.kinds})


def _table(kind: Kind, vectors: Sequence[Mapping[Kind, np.ndarray]]) -> Float64[np.ndarray, "N D"]:
    width = next((len(known[kind]) for known in vectors if kind in known), 1)
    table = np.zeros((len(vectors), width))
    for row, known in enumerate(vectors):
        if kind in known:
            table[row] = known[kind]
    return table


def _tensors(vectors: Sequence[Mapping[Kind, np.ndarray]]) -> dict[str, np.ndarray]:
    return {f"{row}/{kind}": vector for row, known in enumerate(vectors) for kind, vector in known.items()}


def _kept(path: Path, rows: int) -> list[dict[Kind, np.ndarray]] | None:
    """What an earlier, unfinished run of the stage has kept of a shard; None where it must be done again."""
    if not path.is_file():
        return None
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError):
        return None
    found: list[dict[Kind, np.ndarray]] = [{} for _ in range(rows)]
    for name, vector in tensors.items():
        row, _, kind = name.partition("/")
        found[int(row)]["face" if kind == "face" else "voice"] = vector
    return found
