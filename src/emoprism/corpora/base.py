"""What a corpus adapter is: a folder on disk in, clips with labels out. It reads names and tables, decodes nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from emoprism.types import Clip


class Corpus(ABC):
    """One corpus on disk. Subclasses take `root` from the house; keyword-only arguments are the user's options."""

    citation: ClassVar[str]
    """Whom to cite for the data."""
    licence: ClassVar[str]
    """What the data may be used for, in a few words."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @abstractmethod
    def clips(self) -> Sequence[Clip]:
        """Every clip, ordered by id, ids unique. Raises CorpusError with all problems of the folder at once."""
