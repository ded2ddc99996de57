"""What every kind of file has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from emoprism.errors import MediaError, did_you_mean

LARGEST_BYTES = 512 * 2**20
"""Arrays larger than this, unpacked, are refused where they cannot be read in part: a small file can claim anything."""
KEPT = 6
"""Arrays that each process keeps: two streams of three sides, whose clips are prepared in the order of their ids."""
NAMED = 10
"""Names that an error lists."""
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, EOFError, MemoryError, SyntaxError)
"""What the libraries raise for files that are cut off, changed or of another kind."""


class AbsentError(MediaError):
    """A file that is sound, and has nothing of a clip: its stream is missing, which alone is no reason to reject it."""


class Arrays(ABC):
    """One file with named arrays; `read` gives one, or one row of it along its first dimension."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise MediaError(f"{path.name}: no such file")

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """What its arrays are called, in order of the file; parts of a path are joined by /."""

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, as far as it is known without reading it: its first dimension at least."""

    @abstractmethod
    def whole(self, name: str) -> Shaped[np.ndarray, "..."]:
        """All of an array."""

    @abstractmethod
    def at(self, name: str, row: int) -> Shaped[np.ndarray, "..."]:
        """A row that is known to be there."""

    def read(self, name: str, row: int | None = None) -> Shaped[np.ndarray, "..."]:
        """An array, or one row of it. Raises MediaError where there is no such array or row, or it cannot be read."""
        with self.told():
            if row is None:
                return self.whole(name)
            shape = self.shape(name)
            if not shape or not 0 <= row < shape[0]:
                raise MediaError(f"{self.place(name)} has shape {list(shape)}, no row {row}")
            return np.asarray(self.at(name, row))

    def place(self, name: str) -> str:
        """Where an array is, for errors."""
        return f"{self.path.name}#{name}" if name else self.path.name

    def none(self, name: str) -> MediaError:
        """There is no such array."""
        names = self.names()
        known = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        near = did_you_mean(name, names[: 100 * NAMED])
        return MediaError(
            f"{self.path.name} holds no array '{name}'; it holds {known or 'none'}"
            + (f"; {near}" if len(names) > NAMED and near.startswith("did") else "")
        )

    def too_large(self, name: str, fix: str) -> MediaError:
        """An array that nobody should read at once."""
        return MediaError(f"{self.place(name)} is too large, over {LARGEST_BYTES // 2**20} MiB unpacked; {fix}")

    @contextmanager
    def told(self) -> Generator[None]:
        """Whatever the libraries raise about the file is a MediaError."""
        try:
            yield
        except DAMAGE as error:
            said = str(error).replace(str(self.path), self.path.name).strip("'\"").splitlines()
            kind = type(error).__name__
            reason = f"{self.path.name} is not an array file that can be read: {said[0] if said else kind}"
            raise MediaError(reason) from None
