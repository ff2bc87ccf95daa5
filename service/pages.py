"""The web pages: search, documents, the page viewer, cases. Complete without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from corpus.records import Case, Page, Passage
from corpus.store import CaseInfo, DocumentInfo, Store
from index.engine import Engine
from index.hits import SearchResult
from service import views
from service.problems import ProblemError, from_errors, not_found
from service.questions import ask, checked, readable
from service.rendering import Pages
from service.schemas import SearchRequest
from service.serving import Serving
from service.state import AskedDep, ClientDep, ServingDep
from service.views import Corpus

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

T = TypeVar("T")
_LIST_SIZE = 50
_SEARCH_FIELDS = ("k", "offset", "sort", "system", "exact")


async def _pages(request: Request) -> Pages:
    return cast(Pages, request.app.state.pages)


PagesDep = Annotated[Pages, Depends(_pages)]


@router.get("/")
async def search_page(
    request: Request, serving: ServingDep, pages: PagesDep, asked: AskedDep, client: ClientDep
) -> HTMLResponse:
    """The empty page with examples, or a question's answer and hits."""
    question = readable(request.query_params.get("q", ""))
    if not question:
        corpus = await serving.call(pages.corpus)
        return pages.render(request, "home.html", corpus=corpus, examples=serving.settings.shown_examples)
    try:
        search = checked(_search_of(request), serving.settings)
    except ProblemError as problem:
        corpus = await serving.call(pages.corpus)
        values = {"corpus": corpus, "problem": problem, "question": question[:200]}
        return pages.render(request, "refused.html", status=problem.status_code, **values)
    (result, labels, origin), corpus = await _load(serving, pages, lambda engine: _answered(engine, search))
    if not search.offset:
        asked.note(result, client)
    values = views.search_values(search)
    more = min(search.k * 2 if search.k else 0, serving.settings.max_k)
    found = [hit for group in result.groups for hit in (group.best, *group.more)]
    return pages.render(
        request,
        "results.html",
        corpus=corpus,
        question=search.q,
        result=result,
        origin=origin,
        quoted=views.quoted(result.answer, found) if result.answer else [],
        facets=views.facets_of(result, values, labels),
        active=views.active_filters(values, labels),
        clear_url=views.search_url(values, **dict.fromkeys(views.FACETS)),
        exact_url=views.search_url(values, exact="1"),
        more_url=views.search_url(values, k=more) if len(result.groups) >= (search.k or 0) < more else "",
        search_values=values,
        views=views,
    )


def _search_of(request: Request) -> SearchRequest:
    """The search that an address states; parameters that are not a search's are passed over.

    Unlike in ``/v1``: links that people share collect foreign parameters on their way.
    """
    given = {name: request.query_params.get(name) for name in _SEARCH_FIELDS}
    filled: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name in views.FACETS:
        chosen = [value for value in request.query_params.getlist(name) if value]
        if chosen:
            filled[name] = list(dict.fromkeys(chosen))
    try:
        return SearchRequest.model_validate({"q": request.query_params["q"], **filled})
    except ValidationError as error:
        raise from_errors(cast("Sequence[dict[str, Any]]", error.errors()), "query") from None


async def _load(serving: Serving, pages: Pages, read: Callable[[Engine], T]) -> tuple[T, Corpus]:
    """What ``read`` gives, and what is being served, in one go on a worker thread."""
    return await serving.call(lambda engine: (read(engine), pages.corpus(engine)))


def _answered(engine: Engine, search: SearchRequest) -> tuple[SearchResult, dict[str, str], str]:
    """The result, what to call its documents and case, and what the answer's document names as its source."""
    result = ask(engine, search)
    store = engine.store
    labels = store.titles([*result.facets.get("document_id", {}), *(search.document_id or [])])
    for case_id in search.case_id or []:
        case = store.case(case_id)
        if case is not None:
            labels[case_id] = case.case.name
    told = store.document(result.answer.citation.document_id) if result.answer else None
    return result, labels, told.metadata.get("source", "") if told else ""


@router.get("/documents")
async def documents_page(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """All documents, fifty at a time, narrowed by a word of title or id."""
    find = readable(request.query_params.get("find", ""))
    found, corpus = await _load(serving, pages, lambda engine: engine.store.documents())
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

    (info, cases), corpus = await _load(serving, pages, read)
    if info is None:
        raise not_found("เอกสารนี้", "document")
    values = {"document_id": document_id}
    return pages.render(
        request, "document.html", corpus=corpus, document=info, cases=cases, search_values=values, views=views
    )


async def _viewer(
    request: Request, document_id: str, number: int, serving: ServingDep, pages: Pages
) -> HTMLResponse:
    wanted = (_number(request, "start"), _number(request, "end"))
    span = cast("tuple[int, int]", wanted) if None not in wanted else None
    quote = request.query_params.get("quote", "")[:2000]
    found, corpus = await _load(serving, pages, lambda engine: _read_page(engine.store, document_id, number))
    info, page, passages, cases = found
    if info is None or page is None:
        raise not_found("หน้านี้", "page")
    view = views.view_page(page, span, quote, _number(request, "from"), serving.settings.max_view_chars)
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
        back=views.back_link(request.headers.get("referer"), request.url.netloc),
        views=views,
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
    found, corpus = await _load(serving, pages, lambda engine: engine.store.cases())
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

    (info, document, passages), corpus = await _load(serving, pages, read)
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
        views=views,
    )


def _number(request: Request, name: str) -> int | None:
    """A parameter as a number, or ``None``: an address cut short still opens its page."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _part(request: Request, total: int) -> views.Part:
    return views.Part(min(_number(request, "offset") or 0, max(0, total - 1)), _LIST_SIZE, total)


async def error_page(request: Request, problem: ProblemError) -> HTMLResponse:
    """A problem for people: what happened, in their language, and the way on."""
    pages: Pages = request.app.state.pages
    page = pages.render(request, "error.html", status=problem.status_code, problem=problem, corpus=None)
    page.headers.update(problem.headers or {})
    return page
