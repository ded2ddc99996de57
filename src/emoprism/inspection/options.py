"""What an inspection is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, NonNegativeInt, model_validator

from emoprism.recipe import Strict, check_model, with_overrides
from emoprism.types import EMOTION, SPEAKER

MOST_PIXELS = 4_000_000
"""Of the contact sheet: with any faces at all the page stays below 5 MB."""


class InspectOptions(Strict):
    """Options of `emoprism corpus inspect`, as `attributes=[emotion,gender] sheet_rows=24`."""

    primary: str = EMOTION
    """The label: what counts, durations and the columns of the contact sheet are shown by."""
    secondary: str = SPEAKER
    """Who is seen and heard: the rows of the tables of counts and of the contact sheet."""
    attributes: tuple[str, ...] = ()
    """The attributes to show, beside these two; by default all whose values are not nearly one a clip."""
    sheet_rows: Annotated[int, Field(ge=1, le=100)] = 12
    """Speakers on the contact sheet, drawn by the seed where there are more."""
    sheet_columns: Annotated[int, Field(ge=1, le=30)] = 8
    """Labels on the contact sheet, the most frequent ones where there are more."""
    sheet_each: Annotated[int, Field(ge=1, le=20)] = 2
    """Faces in a cell of the contact sheet, each of another clip."""
    sheet_crop: Annotated[int, Field(ge=24, le=256)] = 72
    """Side of the faces on the contact sheet in pixels."""
    sample: NonNegativeInt = 1000
    """Clips whose sound and faces are looked at, drawn by the seed where there are more; 0 for none."""
    permutations: Annotated[int, Field(ge=0, le=100_000)] = 500
    """Times that labels are shuffled for the distribution of chance; 0 leaves its mean, which is exact."""
    seed: NonNegativeInt = 0

    @classmethod
    def read(cls, arguments: Sequence[str]) -> InspectOptions:
        """From `key=value` arguments. Raises RecipeError with everything that is wrong with them."""
        return check_model(cls, with_overrides({}, arguments), "corpus inspect")

    @model_validator(mode="after")
    def _sensible(self) -> InspectOptions:
        if self.primary == self.secondary:
            raise ValueError("primary and secondary are the same attribute")
        pixels = self.sheet_rows * self.sheet_columns * self.sheet_each * self.sheet_crop**2
        if pixels > MOST_PIXELS:
            raise ValueError(
                f"a contact sheet of {pixels / 1e6:.1f} million pixels is too large for a page; at most "
                f"{MOST_PIXELS / 1e6:g}: fewer sheet_rows, sheet_columns or sheet_each, or a smaller sheet_crop"
            )
        return self
