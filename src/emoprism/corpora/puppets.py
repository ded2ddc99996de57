"""The embedded corpus: the directory that `emoprism corpus puppets` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emoprism.corpora.manifest import CLIPS, ManifestCorpus
from emoprism.errors import CorpusError, Problem
from emoprism.stage import read_manifest
from emoprism.types import Clip


class PuppetsCorpus(ManifestCorpus):
    """Rendered talking heads. Labels: speaker, emotion, gender, expression, emotion_true; values: valence, arousal."""

    citation = "emoprism's own embedded corpus; cite emoprism (CITATION.cff)."
    licence = "Apache-2.0, as emoprism: no real person is shown."

    def __init__(self, root: Path) -> None:
        super().__init__(root)

    def clips(self) -> Sequence[Clip]:
        """Every clip, ordered by id. Raises StageError where `root` is no finished corpus, CorpusError as any table."""
        facts = read_manifest(self.root, "corpus").facts
        clips = super().clips()
        if len(clips) != facts.get("clips"):
            what = f"{len(clips)} rows, but {facts.get('clips')} clips were made"
            raise CorpusError(
                Problem(str(self.root / CLIPS), what, "use the corpus `manifest` for a table of your own")
            )
        return clips
