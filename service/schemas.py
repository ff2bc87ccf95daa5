"""The shapes of version 1 of the HTTP interface, as its OpenAPI document states them.

Answers are written straight from the engine's values (`index.hits.as_dict`) without
passing through these models, which would double a search's cost; a test holds
every answer against its model instead.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus.records import Case
from index.hits import Filters

System = Literal["hybrid", "dense", "lexical", "words", "characters"]
Sort = Literal["relevance", "newest", "oldest", "name"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=500)]
Year = Annotated[int, Field(ge=2000, le=3000)]
MAX_VALUES = 20
"""Values that one filter may have."""
Names = Annotated[list[Name], Field(min_length=1, max_length=MAX_VALUES)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MAX_VALUES)]
Years = Annotated[list[Year], Field(min_length=1, max_length=MAX_VALUES)]
FILTERS = ("province", "year_be", "kind", "award", "document_id", "case_id")
"""Filters that may be given several times: any of the values passes."""


def valid_unicode(value: object) -> object:
    """Refuse halves of surrogate pairs, which JSON can spell and no index and no answer can carry."""
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and any("\ud800" <= char <= "\udfff" for char in text):
            raise ValueError("holds characters that are not valid Unicode")
    return value


def whole(value: object) -> object:
    """JSON has one kind of number: 5.0 is the integer 5 (JSON Schema 2020-12, 6.1.1)."""
    if isinstance(value, list):
        return [whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Strict(BaseModel):
    """Unknown members are refused by name."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457 problem details; the text is Thai, then English."""

    class Fault(Strict):
        """One faulty parameter."""

        place: str = Field(alias="in", description="`query`, `path`, `body` or `header`")
        name: str
        detail: str

    type: str = Field(
        description="stable name of the kind of problem", examples=["urn:karani:problem:not-found"]
    )
    title: str
    status: int
    detail: str
    instance: str = Field(description="the request's path")
    request_id: str | None = Field(default=None, description="what the log calls this request")
    errors: list[Fault] = Field(default=[], description="the faulty parameters")


class SearchRequest(Strict):
    """A question, how many groups to return, and exact filters."""

    q: str = Field(description="the question, in Thai or English", examples=["ใครใช้ MOU กับโรงพยาบาล"])
    k: int | None = Field(default=None, ge=1, description="groups to return: a case, else a document")
    offset: int = Field(default=0, ge=0, le=1000, description="groups to pass over")
    sort: Sort = Field(
        default="relevance", description="order of the groups; the answer does not depend on it"
    )
    system: System = Field(default="hybrid", description="which rankings answer")
    province: Names | None = Field(default=None, description="only cases of these provinces")
    year_be: Years | None = Field(default=None, description="only these Buddhist-era years")
    kind: Names | None = Field(default=None, description="only these kinds of organisation")
    award: Names | None = Field(default=None, description="only cases with one of these awards")
    document_id: Ids | None = Field(default=None, description="only these documents")
    case_id: Ids | None = Field(default=None, description="only these cases")
    exact: bool = Field(default=False, description="search what was typed, without putting slips right")
    everything: bool = Field(
        default=False, description="also the nearest groups that have little to do with the question"
    )

    _valid_unicode = field_validator("*")(valid_unicode)

    @property
    def filters(self) -> Filters:
        """The exact filters as the engine takes them."""
        given = {name: getattr(self, name) for name in FILTERS}
        return Filters(**{name: tuple(values) for name, values in given.items() if values})


class NoParameters(Strict):
    """An address that takes no query parameters."""


class SearchBody(SearchRequest):
    """The same as a JSON object, which has numbers and truth values of its own: `true` is no 1, `"5"` no 5."""

    model_config = ConfigDict(strict=True)

    province: Names | Name | None = Field(default=None, description="only cases of these provinces")  # type: ignore[assignment]
    year_be: Years | Year | None = Field(default=None, description="only these Buddhist-era years")  # type: ignore[assignment]
    kind: Names | Name | None = Field(default=None, description="only these kinds of organisation")  # type: ignore[assignment]
    award: Names | Name | None = Field(default=None, description="only cases with one of these awards")  # type: ignore[assignment]
    document_id: Ids | Id | None = Field(default=None, description="only these documents")  # type: ignore[assignment]
    case_id: Ids | Id | None = Field(default=None, description="only these cases")  # type: ignore[assignment]

    _whole = field_validator("k", "offset", "year_be", mode="before")(whole)

    @field_validator(*FILTERS)
    @classmethod
    def _several(cls, value: object) -> object:
        """A single value is a list of one."""
        return value if value is None or isinstance(value, list) else [value]


class PagingRequest(Strict):
    """Which part of a list to return."""

    limit: int = Field(default=100, ge=1, le=1000, description="entries to return")
    offset: int = Field(default=0, ge=0, le=10**9, description="entries to pass over")


class DocumentsRequest(PagingRequest):
    """Which documents."""

    find: str = Field(default="", max_length=500, description="words that title or id must have")


class CasesRequest(PagingRequest):
    """Which cases."""

    find: str = Field(default="", max_length=500, description="words that name, province or kind must have")
    province: str | None = Field(default=None, min_length=1, max_length=200, description="only this province")
    kind: str | None = Field(
        default=None, min_length=1, max_length=200, description="only this kind of organisation"
    )
    year_be: int | None = Field(default=None, ge=2000, le=3000, description="only this Buddhist-era year")
    award: str | None = Field(default=None, min_length=1, max_length=200, description="only with this award")
    document_id: str | None = Field(
        default=None, min_length=1, max_length=500, description="only told by this document"
    )


class CaseOut(Strict):
    """One organisation's story; `null` where no source says it."""

    case_id: str
    name: str
    kind: str
    province: str | None
    year_be: int | None = Field(description="Buddhist-era year of the award or report")
    award: str | None


class CitationOut(Strict):
    """Where a text stands; offsets count code points of the page's `text`."""

    document_id: str
    title: str
    page: int
    start: int
    end: int
    source: str
    url: str = Field(description="the page viewer, opened at the cited span")
    quote: str
    cleaner: str = Field(description="version of the cleaning rules that the offsets belong to")
    case: CaseOut | None


class FoundOut(Strict):
    """A passage that was found."""

    score: float = Field(description="the system's number, higher is better")
    passage_id: str
    heading: str
    text: str
    highlights: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="[start, end) in `text`"
    )
    citation: CitationOut
    parts: dict[str, float] = Field(description="each input ranking's share of the score")


class HitOut(FoundOut):
    """The best passage of one case (or document), with its further passages."""

    rank: int
    more: list[FoundOut]


class AnswerOut(Strict):
    """The short answer and the sentence that says it."""

    text: str
    kind: str = Field(description="`who`, `where`, `when`, `howmany` or `sentence`")
    evidence: str
    passage_id: str
    confidence: float = Field(description="calibrated, 0 to 1")
    citation: CitationOut = Field(description="points at the evidence sentence")


class SearchResponse(Strict):
    """Everything one question gives. `answer` is `null` when nothing answers."""

    query: str = Field(description="as it was asked")
    suggestion: str | None = Field(
        description="the question that was searched instead, where what was typed was surely meant otherwise: "
        "a typing slip, lost marks, the other keyboard layout; `exact` turns this off"
    )
    took_ms: float
    generation: str
    encoder: str
    total: int = Field(description="groups found; `offset` and `k` say which of them are here")
    offset: int
    sort: Sort
    answer: AnswerOut | None
    hits: list[HitOut]
    facets: dict[str, dict[str, int]] = Field(
        description="per filter, each value's number of cases; a filter's own values are counted without it"
    )


class SuggestRequest(Strict):
    """What stands in the search box so far."""

    q: str = Field(
        default="", max_length=200, description="what was typed so far; empty for popular questions"
    )
    limit: int = Field(default=8, ge=1, le=20, description="suggestions to return")


class SuggestionOut(Strict):
    """Something to ask or to open."""

    text: str
    kind: Literal["question", "place", "case", "word", "heading", "document", "spelling"]
    url: str = Field(description="the case, document or province's page, else the search for `text`")
    highlights: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="[start, end) of what was typed, in `text`"
    )


class SuggestResponse(Strict):
    """Suggestions, those worth most of each kind first."""

    query: str
    suggestions: list[SuggestionOut]


class PassageOut(Strict):
    """One passage: `page.text[start:end] == text`."""

    passage_id: str
    document_id: str
    page: int
    case_id: str | None
    heading: str
    text: str
    start: int
    end: int
    url: str


class DocumentSummary(Strict):
    """A document without its texts."""

    document_id: str
    title: str
    pages: list[int] = Field(description="the numbers of the pages that are here")
    sources: list[str]
    metadata: dict[str, str]
    url: str


class DocumentList(Strict):
    """Part of the list of documents, by id."""

    total: int
    offset: int
    documents: list[DocumentSummary]


class CaseSummary(CaseOut):
    """A case, the document that tells it, and how much of it there is."""

    document_id: str
    passages: int
    url: str


class CaseList(Strict):
    """Part of the list of cases, by name."""

    total: int
    offset: int
    cases: list[CaseSummary]


class CaseOutDetail(CaseSummary):
    """A case with its passages in reading order."""

    text: list[PassageOut]


class DocumentOut(DocumentSummary):
    """A document with the cases it tells."""

    cases: list[CaseSummary]


class PageOut(Strict):
    """A page: the cleaned text that offsets count in, and the source's own text."""

    document_id: str
    number: int
    text: str
    source: str
    sha256: str
    reader: str
    cleaner: str
    source_text: str
    pieces: list[Annotated[list[int], Field(min_length=4, max_length=4)]] = Field(
        description="runs [start, length, source_start, source_length] that map `text` to `source_text`"
    )
    passages: list[PassageOut]


class Live(Strict):
    """The process runs."""

    status: Literal["ok"]


class Ready(Strict):
    """An index is open and answers."""

    status: Literal["ready"]
    generation: str
    encoder: str
    fault: str | None
    """Why an older index serves than the one that should, else null."""


def case_values(case: Case) -> dict[str, str | int | None]:
    """A case's members, ready for JSON."""
    return {
        "case_id": case.case_id,
        "name": case.name,
        "kind": case.kind,
        "province": case.province,
        "year_be": case.year_be,
        "award": case.award,
    }
