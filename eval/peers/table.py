"""The table: one row a system, every figure beside how many times Karani's it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eval import tables
from eval.peers.catalogue import CATALOGUE

#: Whose figures are once; in process, as the peers are measured.
REFERENCE = "karani"
HEADER = (
    "system", "raw files → first answer, s", "its peak memory, MB", "disk, MB", "open → first answer, s",
    "memory serving, MB", "p50 ms", "p95 ms", "p99 ms", "questions/s, 1 client", "questions/s, 8 clients",
    "nDCG@10", "Success@1",
)  # fmt: skip
#: Where in a result each figure stands, what it is divided by, decimals, and whether it is told as a ratio, too.
_COLUMNS: tuple[tuple[tuple[str, ...], float, int, bool], ...] = (
    (("build", "seconds"), 1, 0, True),
    (("build", "peak_bytes"), 1e6, 0, True),
    (("disk_bytes",), 1e6, 0, True),
    (("open_s",), 1, 1, True),
    (("serving_bytes",), 1e6, 0, True),
    (("one", "p50_ms"), 1, 1, True),
    (("one", "p95_ms"), 1, 1, True),
    (("one", "p99_ms"), 1, 1, True),
    (("one", "per_s"), 1, 0, True),
    (("many", "per_s"), 1, 0, True),
    (("quality", "nDCG@10"), 1, 3, False),
    (("quality", "Success@1"), 1, 3, False),
)
Results = Mapping[str, Mapping[str, Any]]


def look(result: Mapping[str, Any] | None, path: Sequence[str]) -> float | None:
    """A figure of a result; ``None`` where it was not measured."""
    value: Any = result
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def rows(results: Results) -> list[list[str]]:
    """Cells of every system that has a result, in the catalogue's order."""
    return [
        [entry.label, *_cells(results[entry.name], results.get(REFERENCE), entry.name == REFERENCE)]
        for entry in CATALOGUE
        if entry.name in results
    ]


def _cells(result: Mapping[str, Any], reference: Mapping[str, Any] | None, is_reference: bool) -> list[str]:
    cells = []
    for path, unit, decimals, has_ratio in _COLUMNS:
        value, base = look(result, path), look(reference, path)
        if value is None:
            cells.append("–")
            continue
        text = f"{value / unit:,.{decimals}f}"
        if has_ratio and base and not is_reference:
            text += f" ({value / base:.2g}×)" if value / base < 100 else f" ({value / base:.0f}×)"
        cells.append(text)
    return cells


def remarks(results: Results) -> list[str]:
    """What the cells cannot tell: why a system has no figure, and what failed under several clients."""
    found = []
    for entry in CATALOGUE:
        result = results.get(entry.name, {})
        reasons = (result.get("left_out"), result.get("failed"))
        found += [f"{entry.label}: {reason}" for reason in reasons if reason]
        for part, what in (("one", "one client"), ("many", "eight clients"), ("quality", "judged questions")):
            fault = result.get(part, {}).get("fault")
            if fault:
                found.append(f"{entry.label}, {what}: {fault}")
    return found


def plain(results: Results) -> str:
    """For a terminal."""
    return "\n".join([tables.plain(HEADER, rows(results)), *remarks(results)])


def markdown(results: Results) -> str:
    """For the documentation."""
    notes = "\n".join(f"- {remark}" for remark in remarks(results))
    return tables.markdown(HEADER, rows(results)) + (f"\n\n{notes}" if notes else "")
