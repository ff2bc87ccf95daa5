"""What the tools take and give, as their JSON Schemas tell an assistant."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from corpus import catalogue
from service.schemas import CaseOut, Strict

#: What one answer may hold, so that it never floods an assistant's context.
MAX_HITS = 20
MAX_PAGE_CHARS = 20_000
MAX_CASES = 200

Value = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class CaseFilters(Strict):
    """Exact filters; a value as `list_cases` returns it."""

    province: Value | None = Field(
        default=None, description="only this province, Thai name without จังหวัด, e.g. ชลบุรี"
    )
    year_be: int | None = Field(
        default=None, ge=2000, le=3000, description="only this Buddhist-era year (ปี พ.ศ.), e.g. 2562"
    )
    kind: Value | None = Field(
        default=None, description="only this kind of organisation (ประเภทหน่วยงาน), e.g. เทศบาลตำบล"
    )
    award: Value | None = Field(default=None, description="only cases with this award (รางวัล)")
    document_id: Value | None = Field(default=None, description="only this document")


class SearchArguments(CaseFilters):
    """A question and filters."""

    query: str = Field(
        max_length=1000,
        description="the question or key words, best in Thai, e.g. ใครใช้ MOU กับโรงพยาบาล",
    )
    limit: int = Field(default=5, ge=1, le=MAX_HITS, description="cases (or documents) to return")
    offset: int = Field(default=0, ge=0, le=1000, description="results to pass over; next_offset goes on")
    case_id: Value | None = Field(default=None, description="only this case (กรณี)")
    exact: bool = Field(default=False, description="search what was typed, without putting slips right")


class PageArguments(Strict):
    """A page and the part of it to read."""

    document_id: Value = Field(description="a document_id from a citation or from list_cases")
    page: int = Field(ge=1, le=10**9, description="the page's number, as in the citation (เลขหน้า)")
    start: int = Field(
        default=0, ge=0, le=10**9, alias="from", description="first character to return; next_from goes on"
    )
    limit: int = Field(default=6000, ge=200, le=MAX_PAGE_CHARS, description="characters to return")


class CasesArguments(CaseFilters):
    """Filters and which part of the list to return."""

    name: Value | None = Field(
        default=None, description="only cases with these words in name, kind or province (ชื่อมีคำเหล่านี้)"
    )
    sort: catalogue.CaseSort = Field(default="name", description="order of the cases")
    limit: int = Field(default=50, ge=1, le=MAX_CASES, description="cases to return")
    offset: int = Field(default=0, ge=0, le=10**9, description="cases to pass over; next_offset goes on")


class Cited(Strict):
    """Where a text stands. `quote` is `page.text[start:end]`, in code points, exactly."""

    document_id: str
    title: str = Field(description="the document's title")
    page: int
    start: int
    end: int
    quote: str = Field(description="the cited text itself, word for word")
    url: str = Field(description="opens the page at the quote; a path alone where the address is not known")
    resource: str = Field(description="the page as a resource of this server")
    source: str = Field(description="the file that the page came from")
    case: CaseOut | None = Field(description="whose story it is; null where no source says it")
    cite_as: str = Field(description="a ready reference: name, title, page")


class FoundAnswer(Strict):
    """The short answer and the sentence that says it."""

    text: str
    confidence: float = Field(description="calibrated, 0 to 1")
    citation: Cited = Field(description="the sentence that answers")


class FoundPassage(Strict):
    """One passage that was found."""

    passage_id: str
    heading: str
    citation: Cited


class FoundCase(FoundPassage):
    """The best passage of one case (or of a document without cases)."""

    rank: int
    more: list[FoundPassage] = Field(description="further passages of the same case")


class SearchFound(Strict):
    """What the corpus says about a question."""

    query: str
    suggestion: str | None = Field(description="what was searched instead, where a slip was put right")
    answer: FoundAnswer | None = Field(description="null when nothing in the corpus clearly answers")
    results: list[FoundCase]
    total: int = Field(description="cases (or documents) found in all")
    next_offset: int | None = Field(description="`offset` of the next part; null at the end")
    generation: str = Field(description="the index that answered")
    note: str = Field(description="what to do with this result")


class PagePassage(Strict):
    """A passage's place on its page."""

    passage_id: str
    heading: str
    start: int
    end: int
    case_id: str | None
    url: str


class PageFound(Strict):
    """A part of a page's text and the passages that begin in it."""

    document_id: str
    title: str
    page: int
    text: str = Field(description="page.text[from:to]")
    start: int = Field(alias="from")
    end: int = Field(alias="to")
    total_chars: int
    next_from: int | None = Field(description="`from` of the next part; null at the page's end")
    pages: list[int] = Field(description="the document's page numbers nearby: up to five before and after")
    source: str
    url: str
    resource: str
    cite_as: str
    passages: list[PagePassage]


class ListedCase(CaseOut):
    """A case, the document that tells it, and how much of it there is."""

    document_id: str
    passages: int
    url: str


class CasesFound(Strict):
    """Part of the list of cases."""

    total: int
    offset: int
    next_offset: int | None = Field(description="`offset` of the next part; null at the end")
    cases: list[ListedCase]
    note: str = Field(description="what to do where nothing matches; else empty")
