"""What evaluation says when an input is not what it should be."""

from __future__ import annotations

from pathlib import Path


class DataError(ValueError):
    """A file that cannot be used as it is: which file, where in it, and what was expected there.

    ``line`` and ``column`` count from 1; ``column`` counts fields in tables and characters in JSON.
    """

    def __init__(
        self,
        path: Path | str,
        reason: str,
        *,
        expected: str,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.path = str(path)
        self.reason = reason
        self.expected = expected
        self.line = line
        self.column = column
        place = ":".join(str(part) for part in (path, line, column) if part is not None)
        super().__init__(f"{place}: {reason}; expected {expected}")


class UsageError(ValueError):
    """A request that makes no sense whatever the files hold (an unknown measure, two equal names)."""


def some(ids: list[str], limit: int = 3) -> str:
    """Show the first few of a list of ids, and how many more there are."""
    shown = ", ".join(repr(name) for name in ids[:limit])
    return shown if len(ids) <= limit else f"{shown} and {len(ids) - limit} more"
