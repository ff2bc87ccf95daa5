"""The search page and the error page. Complete without JavaScript; `service.reading` has what one reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from index.engine import Engine
from index.hits import SearchResult
from service import views
from service.problems import ProblemError, from_errors
from service.questions import ask, checked, readable
from service.rendering import Pages, PagesDep, load
from service.schemas import SearchRequest
from service.state import AskedDep, ClientDep, ServingDep

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SEARCH_FIELDS = ("k", "offset", "sort", "system", "exact")


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
    (result, labels, origin), corpus = await load(serving, pages, lambda engine: _answered(engine, search))
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


async def error_page(request: Request, problem: ProblemError) -> HTMLResponse:
    """A problem for people: what happened, in their language, and the way on."""
    pages: Pages = request.app.state.pages
    page = pages.render(request, "error.html", status=problem.status_code, problem=problem, corpus=None)
    page.headers.update(problem.headers or {})
    return page
