"""The search page and the error page. Complete without JavaScript; `service.pages.reading` has what one reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import ValidationError

from index.engine import Engine
from index.hits import SearchResult
from index.listing import SORTS
from service.feedback import REASONS_AFTER
from service.pages import refining, views
from service.pages.addresses import site_of
from service.pages.rendering import Pages, PagesDep, made
from service.pages.sharing import Shared, shared_of
from service.pages.views import Corpus
from service.problems import ProblemError, from_errors
from service.questions import ask, checked, readable
from service.schemas import SearchRequest
from service.settings import ServiceSettings
from service.state import AskedDep, ClientDep, ServingDep

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_POPULAR = 6
_FIELDS = ("k", "offset", "sort", "system", "exact")
# Searches are endless and each is somebody's question: crawlers get what the questions are about instead.
_ROBOTS = "User-agent: *\nDisallow: /*?q=\nDisallow: /*&q=\nDisallow: /feedback\nDisallow: /suggest\nDisallow: /v1/\n"


@dataclass(frozen=True, slots=True)
class Answered:
    """A search's result with what the page says of it beside."""

    result: SearchResult
    labels: Mapping[str, str]
    origin: str
    shared: Mapping[str, Shared]


@router.get("/")
async def search_page(
    request: Request, serving: ServingDep, pages: PagesDep, asked: AskedDep, client: ClientDep
) -> HTMLResponse:
    """The empty page with examples, or a question's answer and hits."""
    question = readable(request.query_params.get("q", ""))
    if not question:
        examples = serving.settings.shown_examples
        popular = [one for one in asked.suggested() if one not in examples][:_POPULAR]

        def home(_: Engine, corpus: Corpus) -> HTMLResponse:
            return pages.render(request, "home.html", corpus=corpus, examples=examples, popular=popular)

        return await made(serving, pages, home)
    try:
        search = checked(_search_of(request), serving.settings)
    except ProblemError as problem:
        corpus = await serving.call(pages.corpus)
        values = {"corpus": corpus, "problem": problem, "question": question[:200]}
        return pages.render(request, "refused.html", status=problem.status_code, **values)

    def results(engine: Engine, corpus: Corpus) -> HTMLResponse:
        found = _answered(engine, search, site_of(request))
        if search.offset == 0:
            asked.note(found.result, client)
        return pages.render(
            request, "results.html", corpus=corpus, **_results(search, found, serving.settings)
        )

    return await made(serving, pages, results)


@router.get("/robots.txt", response_class=PlainTextResponse)
async def robots() -> PlainTextResponse:
    """What crawlers may read: cases and documents, no searches."""
    return PlainTextResponse(_ROBOTS, headers={"Cache-Control": "public, max-age=86400"})


def _search_of(request: Request) -> SearchRequest:
    """The search that an address states; parameters that are not a search's are passed over.

    Unlike in ``/v1``: links that people share collect foreign parameters on their way.
    """
    given: dict[str, Any] = {name: request.query_params.get(name) for name in _FIELDS}
    for name in refining.FACETS:
        given[name] = list(dict.fromkeys(value for value in request.query_params.getlist(name) if value))
    filled = {name: value for name, value in given.items() if value}
    try:
        return SearchRequest.model_validate({"q": request.query_params["q"], **filled})
    except ValidationError as error:
        raise from_errors(cast("Sequence[dict[str, Any]]", error.errors()), "query") from None


def _answered(engine: Engine, search: SearchRequest, site: str) -> Answered:
    """The result, what to call its documents and cases, and the references to what it found."""
    result, store = ask(engine, search), engine.store
    labels = store.titles([*result.facets.get("document_id", {}), *(search.document_id or ())])
    told = {case_id: store.case(case_id) for case_id in search.case_id or ()}
    labels |= {case_id: info.case.name for case_id, info in told.items() if info}
    shared = shared_of(store, result, site)
    document = store.document(result.answer.citation.document_id) if result.answer else None
    return Answered(result, labels, document.metadata.get("source", "") if document else "", shared)


def _results(search: SearchRequest, found: Answered, settings: ServiceSettings) -> dict[str, Any]:
    """What the results page shows."""
    result, values, size = (
        found.result,
        refining.search_values(search, settings),
        search.k or settings.default_k,
    )
    hits = [hit for group in result.groups for hit in (group.best, *group.more)]
    sizes = {*(one for one in refining.SIZES if one <= settings.max_k), settings.default_k, size}
    return {
        "question": search.q,
        "result": result,
        "first_part": search.offset == 0,
        "origin": found.origin,
        "quoted": views.quoted(result.answer, hits) if result.answer else [],
        "facets": refining.facets_of(result.facets, values, found.labels),
        "chips": refining.chips_of(values, found.labels),
        "clear_url": refining.search_url(values, **dict.fromkeys(refining.FACETS), offset=None),
        "exact_url": refining.search_url(values, exact="1", offset=None),
        "pager": refining.pager_of(values, search.offset, size, len(result.groups), result.total),
        "sorts": SORTS,
        "sizes": sorted(sizes),
        "size": size,
        "default_size": settings.default_k,
        "searchable": refining.SEARCHABLE,
        "shared": found.shared,
        "reasons": REASONS_AFTER,
        "permanent": refining.search_url(values),
        "search_values": values,
        "views": views,
    }


async def error_page(request: Request, problem: ProblemError) -> HTMLResponse:
    """A problem for people: what happened, in their language, and the way on."""
    pages: Pages = request.app.state.pages
    page = pages.render(request, "error.html", status=problem.status_code, problem=problem, corpus=None)
    page.headers.update(problem.headers or {})
    return page
