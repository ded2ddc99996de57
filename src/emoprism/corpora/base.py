"""What a corpus adapter is: a folder on disk in, clips with labels out. It reads names and tables, decodes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final

from emoprism.types import Clip

EMOTIONS: Final = (
    "neutral", "calm", "happy", "excited", "sad", "angry", "frustrated", "fearful", "disgust", "surprised",
    "contempt", "bored", "other",
)  # fmt: skip
"""The words of the label `emotion`, the same in every corpus, so that corpora can be joined (docs/data.md)."""


class Corpus(ABC):
    """One corpus on disk. Subclasses take `root` from the house; keyword-only arguments are the user's options."""

    citation: ClassVar[str]
    """Whom to cite for the data."""
    licence: ClassVar[str]
    """What the data may be used for, in a few words."""
    own_words: ClassVar[bool] = False
    """Whether its emotions are named by whoever made the data, and not by EMOTIONS."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def clips(self) -> Sequence[Clip]:
        """Every clip, ordered by id, ids unique. Raises CorpusError with all problems of the folder at once."""
