"""What Li et al. 2020 print in their Tables 2 and 3. Their corpora are others: to stand beside, not to beat."""

from __future__ import annotations

from collections.abc import Sequence

from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table

CITATION = (
    "Li, H., Tu, M., Huang, J., Narayanan, S. & Georgiou, P. (2020). Speaker-invariant affective representation "
    "learning via adversarial training. Proc. ICASSP: 7144-7148."
)
LABELS = {
    "li2020/emotion_only": "EC only", "li2020/multitask": "Multi-task", "li2020/dat": "DAT", "li2020/menan": "MEnAN",
}  # fmt: skip
TABLE_2 = {
    "li2020/emotion_only": ("58.50", "55.92", "-2.56", "59.94", "57.45", "-2.49"),
    "li2020/multitask": ("59.24", "55.90", "-3.34", "60.52", "57.28", "-3.24"),
    "li2020/dat": ("58.28", "56.68", "-1.60", "60.16", "58.48", "-1.68"),
    "li2020/menan": ("58.85", "58.62", "-0.23", "60.24", "59.91", "-0.33"),
}
"""WA on validation, test and their difference as printed, then UA: four classes of IEMOCAP, ten folds, one run each."""
TABLE_3 = {
    "li2020/emotion_only": ("31.35", "27.14", "34.96"),
    "li2020/dat": ("32.34", "25.91", "37.85"),
    "li2020/menan": ("33.24", "28.84", "39.85"),
}
"""Accuracy on CMU-MOSEI of the models of the ten folds: mean, least, most."""


def paper_tables(systems: Sequence[str]) -> list[Table]:
    """Both tables, the rows of the systems of a study alone; none where the paper has none of them."""
    known = [name for name in LABELS if name in systems]
    if not known:
        return []
    parts = [Column(title, group=group) for group in ("WA", "UA") for title in ("validation", "test", "difference")]
    spread = [Column(title) for title in ("mean", "least", "most")]
    two, three = (f"Table {number} of Li et al. 2020, OTHER CORPUS: " for number in (2, 3))
    return [
        _table("paper-2", f"{two}IEMOCAP, four classes, percent.", parts, TABLE_2, known),
        _table("paper-3", f"{three}CMU-MOSEI, four classes, percent.", spread, TABLE_3, known),
    ]


def _table(
    key: str, caption: str, columns: Sequence[Column], figures: dict[str, tuple[str, ...]], known: Sequence[str]
) -> Table:
    rows = [
        Row(LABELS[name], tuple(map(Cell, figures[name])) if name in figures else (EMPTY,) * len(columns))
        for name in known
    ]
    return Table(key, caption, "system", tuple(columns), tuple(rows))
