"""Filters as Milvus' boolean expressions, written so that no value can be read as anything but a value."""

from __future__ import annotations

from collections.abc import Iterable

from index.hits import Filters
from index.lexical import ATTRIBUTES

NEVER = (1 << 63) - 1
"""The change at which a passage went that is still there."""
#: Only these four mean something inside a string in double quotes; Milvus Lite knows few other escapes.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def literal(value: str) -> str:
    """A string literal."""
    return f'"{value.translate(_ESCAPES)}"'


def seen_at(change: int) -> str:
    """Passages that are there as of a change of the store."""
    return f"added <= {change} and removed > {change}"


def one_of(field: str, rows: Iterable[int]) -> str:
    """Passages whose number of some field is among those."""
    return f"{field} in [{', '.join(str(int(row)) for row in rows)}]"


def expression(filters: Filters, change: int) -> str | None:
    """Passages that are there as of a change and pass the filters; ``None`` where none can.

    A value that is no text in UTF-8 or is empty stands in no passage.
    """
    parts = [seen_at(change)]
    for name in ATTRIBUTES:
        values = filters.values(name)
        if not values:
            continue
        possible = [value for value in values if value and _is_text(value)]
        if not possible:
            return None
        parts.append(f"{name} in [{', '.join(map(literal, possible))}]")
    return " and ".join(parts)


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
