"""Word weights that do not depend on the searched corpus: inverse frequency in Thai at large."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).parent / "model" / "background.tsv"


@lru_cache(maxsize=1)
def table() -> tuple[int, dict[str, int]]:
    """How many passages were counted, and in how many of them each word stands."""
    with TABLE.open(encoding="utf-8") as stream:
        total = int(stream.readline().split("\t")[1])
        rows = (line.rstrip("\n").split("\t") for line in stream)
        return total, {term: int(count) for term, count in rows}


def weight(term: str) -> float:
    """In (0, 1]: near 0 for a word of every passage, 1 for one never seen.

    Inverse document frequency (Spärck Jones 1972) over passages of government
    prose, scaled by its largest value.
    """
    total, counts = table()
    seen = counts.get(term, 0)
    return max(0.02, math.log((total + 1) / (seen + 1)) / math.log(total + 1))
