"""What a search gives back, before any HTTP: hits, groups, the answer, the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from corpus.records import Citation, Passage


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage's id, its score (higher is better) and each input's share of it."""

    passage_id: str
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A hit joined with its text: ``highlights`` are [start, end) in ``passage.text``."""

    passage: Passage
    score: float
    parts: Mapping[str, float]
    highlights: tuple[tuple[int, int], ...]
    citation: Citation


@dataclass(frozen=True, slots=True)
class Group:
    """The best passage of one case (or of a document without cases), and its further ones."""

    best: FoundPassage
    more: tuple[FoundPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The short answer; ``kind`` is who, where, when, howmany or sentence.

    ``citation`` points at the evidence sentence, not at the whole passage.
    """

    text: str
    kind: str
    evidence: str
    passage_id: str
    confidence: float
    citation: Citation


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Everything one question gives. ``answer`` is ``None`` when nothing answers.

    ``suggestion`` is the question that was searched where what was typed was surely meant
    otherwise: a slip, lost marks, the other keyboard layout. ``groups`` are those from ``offset`` on
    of the ``total`` found, in the order ``sort``. ``facets`` count all that was found; those of a filter
    that is set are counted without it, to show what further values would add. ``stages`` says where the
    milliseconds went (`index.stages.STAGES`).
    """

    query: str
    took_ms: float
    generation: str
    encoder: str
    answer: Answer | None
    groups: tuple[Group, ...]
    facets: Mapping[str, Mapping[str, int]]
    suggestion: str | None = None
    total: int = 0
    offset: int = 0
    sort: str = "relevance"
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filters:
    """Exact filters, applied inside every input ranking.

    ``None`` means any; a tuple means any of its values. Different filters combine: all must hold.
    """

    province: str | tuple[str, ...] | None = None
    year_be: int | tuple[int, ...] | None = None
    kind: str | tuple[str, ...] | None = None
    award: str | tuple[str, ...] | None = None
    document_id: str | tuple[str, ...] | None = None
    case_id: str | tuple[str, ...] | None = None

    def values(self, name: str) -> tuple[str, ...]:
        """The values that one filter lets pass, as they are indexed; empty when it lets all pass."""
        value = getattr(self, name)
        if value is None:
            return ()
        return tuple(str(one) for one in value) if isinstance(value, tuple) else (str(value),)


def page_url(citation: Citation) -> str:
    """The page viewer's address, opened at the cited span."""
    return (
        f"/documents/{quote(citation.document_id, safe='')}"
        f"?page={citation.page}&start={citation.start}&end={citation.end}"
    )


def citation_as_dict(citation: Citation) -> dict[str, Any]:
    """The citation as DESIGN section 7 prints it."""
    case = citation.case
    return {
        "document_id": citation.document_id,
        "title": citation.title,
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "source": citation.source,
        "url": page_url(citation),
        "quote": citation.quote,
        "cleaner": citation.cleaner,
        "case": None
        if case is None
        else {
            "case_id": case.case_id,
            "name": case.name,
            "kind": case.kind,
            "province": case.province,
            "year_be": case.year_be,
            "award": case.award,
        },
    }


def _found_as_dict(found: FoundPassage) -> dict[str, Any]:
    return {
        "score": round(found.score, 6),
        "passage_id": found.passage.passage_id,
        "heading": found.passage.heading,
        "text": found.passage.text,
        "highlights": [list(span) for span in found.highlights],
        "citation": citation_as_dict(found.citation),
        "parts": {name: round(value, 6) for name, value in found.parts.items()},
    }


def as_dict(result: SearchResult) -> dict[str, Any]:
    """The search response of version 1, also what ``karani ask --json`` prints."""
    answer = result.answer
    return {
        "query": result.query,
        "suggestion": result.suggestion,
        "took_ms": round(result.took_ms, 3),
        "generation": result.generation,
        "encoder": result.encoder,
        "total": result.total,
        "offset": result.offset,
        "sort": result.sort,
        "answer": None
        if answer is None
        else {
            "text": answer.text,
            "kind": answer.kind,
            "evidence": answer.evidence,
            "passage_id": answer.passage_id,
            "confidence": round(answer.confidence, 4),
            "citation": citation_as_dict(answer.citation),
        },
        "hits": [
            {
                "rank": rank,
                **_found_as_dict(group.best),
                "more": [_found_as_dict(found) for found in group.more],
            }
            for rank, group in enumerate(result.groups, start=result.offset + 1)
        ],
        "facets": {name: dict(counts) for name, counts in result.facets.items()},
    }


def as_json(result: SearchResult) -> bytes:
    """`as_dict` as UTF-8 JSON."""
    return orjson.dumps(as_dict(result))
