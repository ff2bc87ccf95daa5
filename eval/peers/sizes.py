"""The sizes that are measured, and whether a system is taken on to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: A system whose build would take longer, or more memory, at the full corpus is not run there.
MOST_SECONDS, MOST_BYTES = 15 * 60, 12 << 30


@dataclass(frozen=True, slots=True)
class Size:
    """A corpus: file below the data sets' folder, documents and characters of their texts."""

    name: str
    title: str
    file: str
    documents: int
    characters: int


SIZES = (
    Size("12k", "12,000 documents", "thaigov-local/corpus.jsonl.zst", 12_000, 27_893_627),
    # It holds the same 12,000 documents under the same ids, so that the same judgements hold.
    Size("full", "89,487 documents", "thaigov/docs.jsonl.zst", 89_487, 266_189_687),
)
GROWTH = SIZES[1].characters / SIZES[0].characters


def path(size: Size, datasets: Path) -> Path:
    """The corpus file."""
    return datasets / size.file


def refusal(small: Mapping[str, Any] | None) -> str:
    """Why a system is not run at the full corpus, from what it took at the small one; empty where it is.

    Time is taken to grow with the characters; memory, too, above what loaded libraries take.
    """
    build = (small or {}).get("build")
    if not build:
        return (
            "not measured at 12,000 documents" if small is None or "failed" not in small else small["failed"]
        )
    seconds = build["seconds"] * GROWTH
    memory = build["base_bytes"] + (build["peak_bytes"] - build["base_bytes"]) * GROWTH
    reasons = []
    if seconds > MOST_SECONDS:
        reasons.append(f"about {seconds / 60:.0f} min")
    if memory > MOST_BYTES:
        reasons.append(f"about {memory / 2**30:.0f} GB")
    return f"not run: would take {' and '.join(reasons)}" if reasons else ""
