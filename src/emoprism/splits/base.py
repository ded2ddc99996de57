"""What a splitter is: clips with labels in, the side of each clip out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A clip as splitters see it. `given` is the split its corpus declares, None where it declares none."""

    id: str
    labels: Mapping[str, str]
    given: str | None = None


class Splitter(ABC):
    """Decides which clips train, select (validation) and test. Keyword-only arguments are the user's options.

    A splitter with folds (cross-validation) takes the option `fold`, the place of one of `folds`, from 0.
    """

    def folds(self, units: Sequence[Unit]) -> tuple[str, ...]:  # noqa: ARG002 (those with folds read them off the clips)
        """Names of the folds that these clips give, in order; a single one where the splitter has no folds."""
        return ("all",)

    @abstractmethod
    def split(self, units: Sequence[Unit], seed: int) -> dict[str, str]:
        """Clip id -> one of emoprism.types.SPLITS. A clip that is left out of the experiment is left out of the result.

        A function of (units, options, seed) alone. Raises CorpusError where the clips cannot be split as asked,
        naming the clips or speakers that stand in the way.
        """
