"""The pages of documents: the list, one document, the page viewer. Complete without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from corpus import catalogue, originals
from corpus.records import Case, Citation, Page, Passage
from corpus.store import DocumentInfo
from index.engine import Engine
from service.citing import reference
from service.documents import document_url
from service.pages import listing, viewing
from service.pages.addresses import site_of
from service.pages.fragments import share_url
from service.pages.listing import SIZE, Listing
from service.pages.rendering import Pages, PagesDep, made
from service.pages.sharing import Shared, shared_as
from service.pages.views import Corpus
from service.problems import not_found
from service.state import ServingDep

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SORTS = ("title", "newest", "pages")
_MOST_LISTED_CASES = 60


@router.get("/documents")
async def documents_page(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """All documents, fifty at a time, narrowed by words of title or id."""
    state = listing.asked(request, ("find",), _SORTS)
    find, offset = state.get("find", ""), listing.offset(request)
    sorts: dict[str, catalogue.DocumentSort] = {"newest": "newest", "pages": "pages"}
    sort = sorts.get(state.get("sort", ""), "title")

    def listed(engine: Engine, corpus: Corpus) -> HTMLResponse:
        part = catalogue.documents(engine.store, find=find, sort=sort, offset=offset, limit=SIZE)
        values: dict[str, Any] = {
            "list": Listing("/documents", state, part.total, offset, _SORTS),
            "documents": part.entries,
        }
        return pages.render(request, "documents.html", corpus=corpus, find=find, **values)

    return await made(serving, pages, listed)


@router.get("/documents/{document_id}")
async def document_page(
    request: Request, document_id: str, serving: ServingDep, pages: PagesDep
) -> HTMLResponse:
    """The page viewer with ``?page=``, else what is known of the document."""
    number = listing.number(request, "page")

    def shown(engine: Engine, corpus: Corpus) -> HTMLResponse:
        if number is None:
            return _document(request, document_id, pages, engine, corpus)
        return _viewer(request, document_id, number, pages, engine, corpus)

    return await made(serving, pages, shown)


def _document(
    request: Request, document_id: str, pages: Pages, engine: Engine, corpus: Corpus
) -> HTMLResponse:
    info = engine.store.document(document_id)
    if info is None:
        raise not_found("เอกสารนี้", "document")
    told = catalogue.cases(
        engine.store, catalogue.CaseFilter(document_id=document_id), limit=_MOST_LISTED_CASES
    )
    return pages.render(
        request,
        "document.html",
        corpus=corpus,
        document=info,
        cases=told.entries,
        more_cases_url=f"/cases?{urlencode({'document_id': document_id})}"
        if told.total > len(told.entries)
        else "",
        case_total=told.total,
        files=viewing.downloads(engine, info),
        link=viewing.web_address(info.metadata),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """What the viewer needs of the store."""

    info: DocumentInfo
    page: Page
    passages: Sequence[Passage]
    cases: Mapping[str, Case]
    original: originals.Original | None
    cleaner: str


def _viewer(
    request: Request, document_id: str, number: int, pages: Pages, engine: Engine, corpus: Corpus
) -> HTMLResponse:
    wanted = (listing.number(request, "start"), listing.number(request, "end"))
    span = cast("tuple[int, int]", wanted) if None not in wanted else None
    quote = request.query_params.get("quote", "")[:2000]
    found = _read(engine, document_id, number)
    if found is None:
        raise not_found("หน้านี้", "page")
    info, page = found.info, found.page
    view = viewing.view_page(
        page, span, quote, listing.number(request, "from"), pages.settings.max_view_chars
    )
    shown = [p for p in found.passages if p.end > view.low and p.start < view.high]
    place = {"page": number, "start": wanted[0], "end": wanted[1], "quote": quote}
    cited = view.cited
    address = share_url(document_id, number, page.text, *cited, info.title) if cited else ""
    return pages.render(
        request,
        "page.html",
        corpus=corpus,
        document=info,
        page=page,
        view=view,
        passages=shown,
        cases=found.cases,
        cases_here=[
            found.cases[i] for i in dict.fromkeys(p.case_id or "" for p in shown) if i in found.cases
        ],
        beside=_beside(request, found),
        has_picture=originals.has_picture(found.original, page),
        original=found.original,
        page_address=f"{document_url(document_id)}/pages/{number}",
        marks=urlencode({"start": cited[0], "end": cited[1]}) if cited else "",
        place={name: value for name, value in place.items() if value not in (None, "")},
        neighbours=_neighbours(info.pages, number),
        share_url=address,
        shared=_shared(found, view.cited, f"{site_of(request)}{address}") if cited else None,
        back=viewing.back_link(request.headers.get("referer"), request.url.netloc),
        link=viewing.web_address(info.metadata),
    )


def _read(engine: Engine, document_id: str, number: int) -> _Read | None:
    store = engine.store
    info, page = store.document(document_id), store.page(document_id, number)
    if info is None or page is None:
        return None
    passages = store.page_passages(document_id, number)
    told = {p.case_id: store.case(p.case_id) for p in passages if p.case_id}
    cases = {case_id: found.case for case_id, found in told.items() if found}
    _source, cleaner = store.page_source(document_id, number) or ("", "")
    original = originals.find(engine.settings.originals, page)
    return _Read(info, page, passages, cases, original, cleaner)


def _shared(found: _Read, cited: tuple[int, int] | None, url: str) -> Shared | None:
    """References to the marked words; ``None`` where they stand in no passage."""
    low, high = cited or (0, 0)
    inside = next((p for p in found.passages if p.start < high and low < p.end), None)
    if inside is None:
        return None
    page = found.page
    case = found.cases.get(inside.case_id or "")
    quote = page.text[low:high]
    place = Citation(
        found.info.document_id,
        found.info.title,
        page.number,
        case,
        low,
        high,
        page.source,
        quote,
        found.cleaner,
    )
    return shared_as(reference(inside.passage_id, place, found.info.metadata, url))


def _beside(request: Request, found: _Read) -> str:
    """What stands beside the text: ``picture``, ``text`` (the source's own) or nothing."""
    asked = request.query_params.get("source")
    if asked == "1" and originals.has_picture(found.original, found.page):
        return "picture"
    return "text" if asked in {"1", "text"} else ""


def _neighbours(numbers: Sequence[int], number: int) -> tuple[int | None, int | None]:
    """The numbers of the pages before and after, of those that are here."""
    before = [n for n in numbers if n < number]
    after = [n for n in numbers if n > number]
    return (before[-1] if before else None, after[0] if after else None)
