"""Numbers and names as people read them, and what entanglement means in words."""

from __future__ import annotations

from unicodedata import category

from emoprism.inspection.information import Entanglement

LONGEST = 40
STEERING = frozenset({"Cc", "Cf", "Cs"})
"""Unicode's categories of control characters, formatting characters and halves of characters."""
CHANCE = 0.05
"""p above which nothing but chance is claimed."""
BALANCED = 0.99
"""p above which labels are more evenly paired than chance would pair them."""


def shown(text: str, most: int = LONGEST) -> str:
    """A label of at most so many characters, none of them one that steers a terminal or turns text around."""
    clean = "".join("\N{REPLACEMENT CHARACTER}" if category(c) in STEERING else c for c in text)
    return clean if len(clean) <= most else clean[: max(1, most - 1)] + "…"


def length(seconds: float) -> str:
    """5329.0 -> "1.48 hours"; 111.0 -> "1.9 minutes"."""
    if seconds >= 3600:
        return f"{seconds / 3600:,.2f} hours" if seconds < 360_000 else f"{seconds / 3600:,.0f} hours"
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.1f} seconds"


def bits(value: float) -> str:
    """2.9712 -> "2.97"; 0.0812 -> "0.081"; 0.0004 -> "under 0.001"."""
    if 0 < value < 0.001:
        return "under 0.001"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" if value else "0"


def share(part: float) -> str:
    """0.134 -> "13.4 %"."""
    return f"{100 * part:.1f} %"


def counted(count: int, noun: str) -> str:
    """(1, "clip") -> "1 clip"; (1440, "clip") -> "1,440 clips"."""
    if noun.endswith("y"):
        return f"{count:,} {noun if count == 1 else noun[:-1] + 'ies'}"
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def number(value: float) -> str:
    """Four figures at most: 0.0712, 3.304, 151.7."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def p_words(found: Entanglement) -> str:
    """How often chance does as well: "p = 0.21"; the smallest is that of all shuffles doing worse."""
    if found.p is None:
        return ""
    if found.p * (1 + found.permutations) < 1.5:
        return f"p ≤ {found.p:.2g}"
    return f"p = {found.p:.2g}"


def degree(found: Entanglement) -> str:
    """How far two attributes are entangled, in one word or two."""
    if found.told_bits == 0:
        return "constant"
    if found.fixed:
        return "fixed"
    if found.p is not None and found.p > CHANCE:
        return "balanced" if found.p > BALANCED else "chance"
    steps = ((0.01, "hardly"), (0.1, "slightly"), (0.4, "clearly"))
    return next((word for below, word in steps if found.beyond < below), "strongly")


MEANING = {
    "constant": "has one value only, so there is nothing to tell",
    "fixed": "is settled once the other is known",
    "chance": "no more than chance",
    "balanced": "less than chance, as in a corpus that was balanced by design",
    "hardly": "hardly more than chance",
    "slightly": "slightly entangled",
    "clearly": "clearly entangled",
    "strongly": "strongly entangled",
}


def sentence(found: Entanglement) -> str:
    """ "Knowing the speaker tells 0.31 of 2.30 bits of the emotion (13.5 %); by chance it would be 0.08 (...)"."""
    known, told = shown(found.known), shown(found.told)
    if found.told_bits == 0:
        return f"The {told} has one value only in these clips, so there is nothing to tell."
    if found.fixed:
        both = f" and the other way round: {known} and {told} are two names for one thing" if found.fixed_back else ""
        return f"The {known} settles the {told}{both}."
    parts = [] if found.chance_95 is None else [f"95 % of shuffles stay below {bits(found.chance_95)}"]
    parts += [] if found.p is None else [p_words(found)]
    aside = f" ({'; '.join(parts)})" if parts else ""
    return (
        f"Knowing the {known} tells {bits(found.bits)} of {bits(found.told_bits)} bits of the {told}"
        f" ({share(found.share)}); by chance it would be {bits(found.chance)}{aside}: {MEANING[degree(found)]}."
    )
