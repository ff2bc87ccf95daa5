"""Tables for terminals and Markdown; Thai marks that stand above or below take no column."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Count the columns that a terminal gives a text."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return wide + sum(unicodedata.category(c) not in ("Mn", "Me", "Cf") for c in text)


def plain(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align columns: the first to the left, the others, figures, to the right."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = []
    for index, (cell, wanted) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (wanted - width(cell))
        padded.append(cell + space if index == 0 else space + cell)
    return "  ".join(padded).rstrip()


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table, figures to the right."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
