"""What a system under measurement promises."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from eval.datasets import CorpusText, Query

# Hits whose texts are kept beside the run, for reports and judges.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Found:
    """One document that a system returned, with the passage that brought it where that is known.

    ``score`` is the system's own number, higher is better.
    """

    document_id: str
    score: float
    title: str = ""
    text: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """A ranking of documents, best first, none twice, and how long the system took."""

    found: tuple[Found, ...]
    took_ms: float


class System(Protocol):
    """Anything that ranks documents for a question."""

    @property
    def name(self) -> str:
        """Short name for tables and run tags."""

    def describe(self) -> Mapping[str, Any]:
        """Everything that fixes the ranking, for the record: encoder, generation, address."""

    def cache_key(self) -> str | None:
        """Equal keys mean equal rankings for equal questions; ``None`` forbids keeping them."""

    def retrieve(self, query: Query, depth: int) -> Timed:
        """Rank at most ``depth`` documents; an empty ranking when nothing is found."""

    def texts(self, document_ids: Collection[str]) -> Iterable[CorpusText]:
        """Give the texts of those documents that the system holds itself; none where it cannot."""

    def close(self) -> None:
        """Let go of files and connections."""
