"""Tables as lines of a terminal, and as Markdown for a README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoprism.pages.tables import Cell, Row, Table

BEST = "*"
NARROWEST = 10


def as_text(table: Table) -> str:
    """The table in columns of plain text; the best of a column bears a star."""
    heads = [[word for part in (c.group, c.title) for word in part.split()] for c in table.columns]
    cells = [[_cell(cell) for cell in row.cells] for row in table.rows]
    widths = [
        max(NARROWEST, *(len(text) for text in (*words, *(line[i] for line in cells)))) for i, words in enumerate(heads)
    ]
    stub = max((len(row.head) for row in table.rows), default=0)
    lines = [*_heads(heads, widths, stub), "-" * (stub + sum(widths) + 2 * len(widths))]
    lines += _body(table.rows, cells, widths, stub)
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(tables: Sequence[Table]) -> str:
    """Every table under its caption; the best of a column in bold."""
    return "\n\n".join("\n".join(_markdown(table)) for table in tables)


def _markdown(table: Table) -> Iterator[str]:
    titles = [" ".join(part for part in (c.group, c.title) if part) for c in table.columns]
    yield f"**{_plain(table.caption)}**\n"
    yield _pipes([table.stub, *titles])
    yield _pipes(["---", *["---:"] * len(titles)])
    for row in table.rows:
        head = row.head if not row.group or row.group in row.head else f"{row.head} ({row.group})"
        yield _pipes([head, *(f"**{_cell_of(cell)}**" if cell.best else _cell_of(cell) for cell in row.cells)])


def _cell_of(cell: Cell) -> str:
    return f"{cell.text} {cell.interval}" if cell.interval else cell.text


def _pipes(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _cell(cell: Cell) -> str:
    text = f"{cell.text}{BEST if cell.best else ''}"
    return f"{text} {cell.interval}" if cell.interval else text


def _heads(heads: Sequence[Sequence[str]], widths: Sequence[int], stub: int) -> Iterator[str]:
    """Headings, their words wrapped to the width of their columns and set on the bottom line."""
    wrapped = [_wrap(words, width) for words, width in zip(heads, widths, strict=True)]
    height = max((len(lines) for lines in wrapped), default=0)
    padded = [[""] * (height - len(lines)) + lines for lines in wrapped]
    for i in range(height):
        yield _line("", [lines[i] for lines in padded], widths, stub)


def _wrap(words: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _body(rows: Sequence[Row], cells: Sequence[Sequence[str]], widths: Sequence[int], stub: int) -> Iterator[str]:
    group = ""
    for row, line in zip(rows, cells, strict=True):
        if row.group != group:
            group = row.group
            yield f"[{group}]"
        yield _line(row.head, line, widths, stub)


def _line(head: str, cells: Sequence[str], widths: Sequence[int], stub: int) -> str:
    return head.ljust(stub) + "".join(f"  {text:>{width}}" for text, width in zip(cells, widths, strict=True))
