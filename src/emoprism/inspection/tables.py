"""The numbers as tables of the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from emoprism.inspection.attributes import Attribute
from emoprism.inspection.counts import Crossed
from emoprism.inspection.information import Entanglement, entropy
from emoprism.inspection.reasons import Reason
from emoprism.inspection.spreads import QUANTILES, Part, Spread
from emoprism.inspection.survey import Survey
from emoprism.inspection.words import counted, degree, number, p_words, share, shown
from emoprism.pages.tables import EMPTY, Cell, Column, Row, Table

MOST_REASONS = 40
"""Kinds of reasons in a table; rarer ones are counted together."""


def _columns(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(title) for title in titles)


def _cells(*texts: str) -> tuple[Cell, ...]:
    return tuple(Cell(text) if text else EMPTY for text in texts)


def attributes_table(found: Survey) -> Table | None:
    """A row for each attribute; None without any."""
    rows = [_attribute_row(attribute) for attribute in found.attributes.values()]
    if not rows:
        return None
    titles = ("values", "commonest", "rarest", "entropy, bits", "of at most", "clips without")
    caption = "The labels of the clips."
    return Table("attributes", caption, "attribute", _columns(*titles), tuple(rows), _left_out_note(found))


def _left_out_note(found: Survey) -> str:
    parts = [f"{shown(name)} ({why})" for name, why in found.left_out.items()]
    return f"Left out: {'; '.join(parts)}." if parts else ""


def _attribute_row(attribute: Attribute) -> Row:
    counts = attribute.counts
    most, least = int(counts.argmax()), int(counts.argmin())
    total = int(counts.sum())
    alike = len(counts) > 1 and counts[most] == counts[least]
    names = ["all alike"] * 2 if alike else [shown(attribute.classes[i]) for i in (most, least)]
    sizes = [f"{counted(int(counts[i]), 'clip')}, {share(counts[i] / total)}" for i in (most, least)]
    extremes = [Cell(name, size) for name, size in zip(names, sizes, strict=True)]
    extremes[1] = EMPTY if len(counts) == 1 else extremes[1]
    bits = f"{entropy(counts):.2f}", f"{entropy(counts * 0 + 1):.2f}"
    return Row(shown(attribute.name), (Cell(f"{len(counts):,}"), *extremes, *_cells(*bits, f"{attribute.missing:,}")))


def labels_table(found: Survey) -> Table | None:
    """A row for each value of the primary attribute; None without one."""
    if found.primary is None:
        return None
    known = sum(label.clips for label in found.labels)
    people = found.secondary is not None
    name, unit = _time(found)
    rows = [
        Row(
            shown(label.name),
            (
                Cell(f"{label.clips:,}", heat=label.clips / max(one.clips for one in found.labels)),
                *_cells(share(label.clips / known), f"{label.seconds / unit:.2f}"),
                *([Cell(f"{label.speakers:,}")] if people else []),
            ),
        )
        for label in found.labels
    ]
    titles = ["clips", "share", name, *([f"different {shown(found.secondary.name)}s"] if found.secondary else [])]
    caption = f"Clips of each {shown(found.primary.name)}."
    return Table("labels", caption, shown(found.primary.name), _columns(*titles), tuple(rows))


def _time(found: Survey) -> tuple[str, int]:
    """Hours, or minutes where there are few, and the seconds in one."""
    return ("hours", 3600) if found.seconds >= 3600 else ("minutes", 60)


def crossed_table(table: Crossed, index: int) -> Table:
    """Counts by two attributes; colours compare the cells of this table."""
    inner = [n for i, row in enumerate(table.cells[:-1]) if i != table.between for n in _own(table, row)]
    most = max(1, *inner, 1)
    rows = tuple(
        Row(
            shown(title),
            tuple(_count_cell(table, i, j, most) for j in range(len(table.columns))),
            reference=i in (table.between, len(table.rows) - 1),
        )
        for i, title in enumerate(table.rows)
    )
    note = f"{table.empty:,} of {table.possible:,} pairs have no clip ({share(table.empty / max(1, table.possible))})."
    if table.between is not None:
        note += " The most and the least frequent are shown, and those between them together."
    if table.between is not None or table.others is not None:
        note += " The whole table is in counts.csv."
    return Table(
        f"counts-{index}",
        f"Clips by {shown(table.down)} and {shown(table.across)}.",
        shown(table.down),
        tuple(Column(shown(title)) for title in table.columns),
        rows,
        note,
    )


def _own(table: Crossed, row: Sequence[int]) -> list[int]:
    """The cells of single values, neither sums nor values taken together."""
    return [n for j, n in enumerate(row[:-1]) if j != table.others]


def _count_cell(table: Crossed, i: int, j: int, most: int) -> Cell:
    count = table.cells[i][j]
    together = i in (table.between, len(table.rows) - 1) or j in (table.others, len(table.columns) - 1)
    return Cell(f"{count:,}", heat=None if together or not count else count / most)


def matrix_table(found: Survey) -> Table | None:
    """What each attribute tells of each other, adjusted for chance; None with fewer than two attributes."""
    shares = {(pair.known, pair.told): pair.beyond for pair in found.pairs}
    shares |= {(pair.told, pair.known): pair.back for pair in found.pairs}
    names = [name for name in found.attributes if any(name in pair for pair in shares)]
    if not names:
        return None
    rows = tuple(Row(shown(known), tuple(_share_cell(shares.get((known, told))) for told in names)) for known in names)
    return Table(
        "entanglement",
        "How much of each attribute above the one on the left tells: 0 % is chance, 100 % is all of it.",
        "knowing the",
        tuple(Column(shown(name), group="tells of the") for name in names),
        rows,
        "Mutual information less its mean by chance, as a share of what is left to tell. It need not be the same both"
        " ways: who is speaking tells the gender, the gender does not tell who is speaking.",
    )


def _share_cell(value: float | None) -> Cell:
    return EMPTY if value is None else Cell(share(value), heat=min(1.0, value))


def pairs_table(pairs: Sequence[Entanglement]) -> Table:
    """Every pair in bits, the most entangled first."""
    order = sorted(pairs, key=lambda pair: (-pair.beyond, pair.known, pair.told))
    rows = tuple(Row(f"{shown(pair.told)}, knowing the {shown(pair.known)}", _pair_cells(pair)) for pair in order)
    titles = ("clips", "told, bits", "of", "share", "chance, bits", "its 95 %", "p", "in words")
    count = max((pair.permutations for pair in pairs), default=0)
    how = f"its 95 % quantile and p from {count:,} shuffles of the labels" if count else "no shuffles were asked for"
    note = f"Chance is the exact mean over all pairings of the two lists of labels (Vinh, Epps & Bailey 2010); {how}."
    return Table("pairs", "Every two attributes, in bits.", "told", _columns(*titles), rows, note)


def _pair_cells(pair: Entanglement) -> tuple[Cell, ...]:
    late = "" if pair.chance_95 is None else f"{pair.chance_95:.3f}"
    p = p_words(pair).removeprefix("p = ").removeprefix("p ")
    bits = f"{pair.bits:.3f}", f"{pair.told_bits:.3f}", share(pair.share), f"{pair.chance:.3f}"
    return _cells(f"{pair.clips:,}", *bits, late, p, degree(pair))


def spread_table(found: Spread, key: str, caption: str) -> Table:
    """Quantiles of all clips and by label."""
    titles = ("clips", "mean", "sd", *("median" if q == 0.5 else _quantile(q) for q in QUANTILES))
    rows = [_part_row(part) for part in found.groups]
    rarer = f"{counted(found.groups_left_out, 'rarer value')} of {shown(found.by)} left out."
    last = _part_row(found.all, reference=True)
    note = rarer if found.groups_left_out else ""
    return Table(key, caption, shown(found.by) or "all", _columns(*titles), (*rows, last), note)


def _quantile(q: float) -> str:
    return {0.0: "least", 1.0: "most"}.get(q, f"{100 * q:.0f} %")


def _part_row(part: Part, *, reference: bool = False) -> Row:
    numbers = (part.mean, part.sd, *part.quantiles)
    return Row(shown(part.name), _cells(f"{part.clips:,}", *map(number, numbers)), reference=reference)


def streams_table(found: Survey) -> Table | None:
    """Which streams there are; None where there is none."""
    rows = [
        Row(
            shown(stream.name),
            _cells(
                " × ".join(map(str, stream.shape)), f"{stream.clips:,}", share(stream.clips / max(1, found.clips)),
                f"{stream.missing:,}",
            ),
        )
        for stream in found.streams
    ]  # fmt: skip
    titles = ("one step", "clips with it", "share", "without")
    return Table("streams", "What was made of the clips.", "stream", _columns(*titles), tuple(rows)) if rows else None


def reasons_table(key: str, caption: str, reasons: Sequence[Reason]) -> Table | None:
    """Reasons with their counts and first examples; None without any."""
    if not reasons:
        return None
    rows = [Row(shown(one.words, 300), (Cell(f"{one.clips:,}"),), _examples(one)) for one in reasons[:MOST_REASONS]]
    rest = reasons[MOST_REASONS:]
    if rest:
        rare = f"{counted(len(rest), 'rarer reason')}"
        rows.append(Row(rare, (Cell(f"{sum(one.clips for one in rest):,}"),), reference=True))
    return Table(key, caption, "reason", _columns("clips"), tuple(rows))


def _examples(reason: Reason) -> str:
    """The first clips, with their own words where these say more."""
    own = [(shown(clip, 80), shown(said, 200)) for clip, said in reason.examples]
    own = [clip if said == shown(reason.words, 200) else f"{clip}: {said}" for clip, said in own]
    return "as " + "; ".join(own)


def splits_table(found: Survey) -> Table | None:
    """The sides of the split that the corpus gives; None where it gives none."""
    if not found.splits:
        return None
    names = list(found.attributes)
    time, unit = _time(found)
    rows = [
        Row(
            shown(split.name) or "none",
            _cells(f"{split.clips:,}", f"{split.seconds / unit:.2f}", *(f"{split.values[name]:,}" for name in names)),
        )
        for split in found.splits
    ]
    columns = [Column("clips"), Column(time), *(Column(shown(name), group="different values of") for name in names)]
    return Table("splits", "The split that comes with the corpus.", "side", tuple(columns), tuple(rows))


def present(tables: Iterable[Table | None]) -> tuple[Table, ...]:
    """Those that there are."""
    return tuple(table for table in tables if table is not None)
