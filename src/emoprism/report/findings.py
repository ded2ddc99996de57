"""What a verdict is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a sentence is coloured (and, for those who see no colour, labelled)."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence or two of the verdict. `rule` names the rule that made it."""

    rule: str
    tone: Tone
    text: str
