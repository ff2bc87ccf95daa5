"""The same question spelled differently should find the same: overlap of the first ten (Chen et al. 1998)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from eval.datasets import Query
from eval.errors import UsageError
from eval.perturb import SPELLINGS
from eval.systems.interfaces import System

FIRST = 10


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of one question's first ten survived another spelling."""

    query_id: str
    text: str
    spelled: str
    overlap: float
    same_first: bool


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way of spelling, over the questions that it changes; an empty ``kept`` where it changes none."""

    name: str
    kept: tuple[Kept, ...]

    @property
    def overlap(self) -> float:
        """Mean overlap of the first ten; 1 where no question is changed."""
        return sum(one.overlap for one in self.kept) / len(self.kept) if self.kept else 1.0

    @property
    def same_first(self) -> float:
        """Share of questions with the same first document."""
        return sum(one.same_first for one in self.kept) / len(self.kept) if self.kept else 1.0


def check(system: System, queries: Sequence[Query], names: Iterable[str] = ()) -> list[Spelling]:
    """Ask every question as it is and in each spelling that changes it.

    Raises UsageError for a spelling that there is not.
    """
    wanted = list(names) or list(SPELLINGS)
    unknown = [name for name in wanted if name not in SPELLINGS]
    if unknown:
        raise UsageError(f"unknown spelling {unknown[0]!r}; expected {', '.join(SPELLINGS)}")
    plain = {query.query_id: _first(system, query) for query in queries}
    return [Spelling(name, tuple(_kept(system, name, queries, plain))) for name in wanted]


def _kept(system: System, name: str, queries: Sequence[Query], plain: dict[str, list[str]]) -> Iterable[Kept]:
    for query in queries:
        spelled = SPELLINGS[name](query.text)
        if spelled != query.text:
            before, after = plain[query.query_id], _first(system, replace(query, text=spelled))
            yield Kept(query.query_id, query.text, spelled, overlap(before, after), before[:1] == after[:1])


def _first(system: System, query: Query) -> list[str]:
    return [found.document_id for found in system.retrieve(query, FIRST).found]


def overlap(before: Sequence[str], after: Sequence[str]) -> float:
    """Give the share of documents that both rankings hold, of the longer one; two empty ones agree."""
    longer = max(len(before), len(after))
    return len(set(before) & set(after)) / longer if longer else 1.0
