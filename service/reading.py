"""The pages one reads: documents, the page viewer, cases. Complete without JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from corpus.records import Case, Page, Passage
from corpus.store import CaseInfo, DocumentInfo, Store
from index.engine import Engine
from service import viewing
from service.problems import not_found
from service.questions import readable
from service.rendering import Pages, PagesDep, load
from service.state import ServingDep

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LIST_SIZE = 50


@router.get("/documents")
async def documents_page(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """All documents, fifty at a time, narrowed by a word of title or id."""
    find = readable(request.query_params.get("find", ""))
    found, corpus = await load(serving, pages, lambda engine: engine.store.documents())
    kept = [d for d in found if find.casefold() in f"{d.title}\n{d.document_id}".casefold()]
    part = _part(request, len(kept))
    return pages.render(
        request, "documents.html", corpus=corpus, find=find, part=part, documents=kept[part.slice]
    )


@router.get("/documents/{document_id}")
async def document_page(
    request: Request, document_id: str, serving: ServingDep, pages: PagesDep
) -> HTMLResponse:
    """The page viewer with ``?page=``, else what is known of the document."""
    number = _number(request, "page")
    if number is None:
        return await _document(request, document_id, serving, pages)
    return await _viewer(request, document_id, number, serving, pages)


async def _document(request: Request, document_id: str, serving: ServingDep, pages: Pages) -> HTMLResponse:
    def read(engine: Engine) -> tuple[DocumentInfo | None, list[CaseInfo]]:
        return engine.store.document(document_id), engine.store.document_cases(document_id)

    (info, cases), corpus = await load(serving, pages, read)
    if info is None:
        raise not_found("เอกสารนี้", "document")
    values = {"document_id": document_id}
    return pages.render(
        request, "document.html", corpus=corpus, document=info, cases=cases, search_values=values
    )


async def _viewer(
    request: Request, document_id: str, number: int, serving: ServingDep, pages: Pages
) -> HTMLResponse:
    wanted = (_number(request, "start"), _number(request, "end"))
    span = cast("tuple[int, int]", wanted) if None not in wanted else None
    quote = request.query_params.get("quote", "")[:2000]
    found, corpus = await load(serving, pages, lambda engine: _read_page(engine.store, document_id, number))
    info, page, passages, cases = found
    if info is None or page is None:
        raise not_found("หน้านี้", "page")
    view = viewing.view_page(page, span, quote, _number(request, "from"), serving.settings.max_view_chars)
    shown = [p for p in passages if p.end > view.low and p.start < view.high]
    place = {"page": number, "start": wanted[0], "end": wanted[1], "quote": quote}
    return pages.render(
        request,
        "page.html",
        corpus=corpus,
        document=info,
        page=page,
        view=view,
        passages=shown,
        cases=cases,
        cases_here=[cases[i] for i in dict.fromkeys(p.case_id for p in shown) if i in cases],
        with_source=request.query_params.get("source") == "1",
        place={name: value for name, value in place.items() if value not in (None, "")},
        neighbours=_neighbours(info.pages, number),
        back=viewing.back_link(request.headers.get("referer"), request.url.netloc),
    )


def _read_page(
    store: Store, document_id: str, number: int
) -> tuple[DocumentInfo | None, Page | None, list[Passage], dict[str, Case]]:
    info, page = store.document(document_id), store.page(document_id, number)
    cases = {info.case.case_id: info.case for info in store.document_cases(document_id)}
    return info, page, store.page_passages(document_id, number), cases


def _neighbours(numbers: Sequence[int], number: int) -> tuple[int | None, int | None]:
    """The numbers of the pages before and after, of those that are here."""
    before = [n for n in numbers if n < number]
    after = [n for n in numbers if n > number]
    return (before[-1] if before else None, after[0] if after else None)


@router.get("/cases")
async def cases_page(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """All cases, fifty at a time, narrowed by a word of name, province or kind."""
    find = readable(request.query_params.get("find", ""))
    found, corpus = await load(serving, pages, lambda engine: engine.store.cases())
    kept = [
        c for c in found if find.casefold() in f"{c.case.name}\n{c.case.province}\n{c.case.kind}".casefold()
    ]
    part = _part(request, len(kept))
    return pages.render(request, "cases.html", corpus=corpus, find=find, part=part, cases=kept[part.slice])


@router.get("/cases/{case_id}")
async def case_page(request: Request, case_id: str, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """One case: what is known of it and its passages in reading order."""

    def read(engine: Engine) -> tuple[CaseInfo | None, DocumentInfo | None, list[Passage]]:
        store = engine.store
        info = store.case(case_id)
        document = store.document(info.document_id) if info else None
        return info, document, store.case_passages(case_id)

    (info, document, passages), corpus = await load(serving, pages, read)
    if info is None:
        raise not_found("กรณีนี้", "case")
    return pages.render(
        request,
        "case.html",
        corpus=corpus,
        info=info,
        document=document,
        passages=passages,
        search_values={"case_id": case_id},
    )


def _number(request: Request, name: str) -> int | None:
    """A parameter as a number, or ``None``: an address cut short still opens its page."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _part(request: Request, total: int) -> viewing.Part:
    return viewing.Part(min(_number(request, "offset") or 0, max(0, total - 1)), _LIST_SIZE, total)
