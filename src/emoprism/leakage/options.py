"""What an audit is asked to do."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from emoprism.families import ATTACKERS, AttackerChoice, Choice
from emoprism.recipe import Strict
from emoprism.types import EMOTION, SPEAKER, SPLITS, TEST, TRAIN, UNSEEN


class AuditOptions(Strict):
    """Options of `emoprism audit`, as `attackers=[mlp,logistic] bootstrap=200`."""

    primary: str = EMOTION
    """The attribute that is wanted."""
    secondary: str = SPEAKER
    """The attribute that is identity: intervals draw its classes, verification compares them."""
    tell: tuple[str, ...] = ()
    """Attributes that attackers try to tell; primary and secondary by default."""
    attackers: tuple[AttackerChoice, ...] = ()
    """All there are by default."""
    splits: Annotated[tuple[str, ...], Field(min_length=1)] = (TEST, UNSEEN)
    bootstrap: NonNegativeInt = 1000
    """Resamples behind an interval; 0 for no intervals."""
    projection: bool = True
    """Make t-SNE maps, for the first seed of each system."""
    projected: PositiveInt = 1000
    """At most so many clips in a map."""
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _sensible(self) -> AuditOptions:
        unknown = set(self.splits) - set(SPLITS) | set(self.splits) & {TRAIN}
        if unknown:
            raise ValueError(f"splits: {sorted(unknown)} cannot be attacked; choose of validation, test, unseen")
        if self.primary == self.secondary:
            raise ValueError("primary and secondary are the same attribute")
        names = [choice.name for choice in self.attackers]
        if len(set(names)) < len(names):
            raise ValueError(f"attackers: {names} names one twice")
        return self

    def told(self) -> tuple[str, ...]:
        """The attributes to tell."""
        return self.tell or (self.primary, self.secondary)

    def chosen_attackers(self) -> tuple[Choice, ...]:
        """The attackers with all their options."""
        if self.attackers:
            return self.attackers
        return tuple(Choice(name=name, options=ATTACKERS.validate(name, {}, name)[0]) for name in ATTACKERS.names())

    def reported(self, attribute: str) -> str:
        """The metric that leakage of an attribute is reported in (Peri et al. 2021, section 4.2)."""
        return "accuracy" if attribute == self.secondary else "macro_f1"
