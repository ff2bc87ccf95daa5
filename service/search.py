"""``/v1/search``: the question's way from HTTP to the engine and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends
from fastapi.responses import JSONResponse

from index.engine import Engine
from index.hits import as_dict
from service.asked import Asked
from service.parameters import described, query_of
from service.problems import documented
from service.questions import ask, checked, no_repeats
from service.schemas import SearchBody, SearchRequest, SearchResponse
from service.serving import Serving
from service.state import AskedDep, ClientDep, ServingDep

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[Depends(no_repeats)])


@router.get(
    "/search",
    summary="Ask a question",
    response_model=SearchResponse,
    responses=documented(400, 422, 503),
    openapi_extra=described(SearchRequest),
)
async def search(
    parameters: Annotated[SearchRequest, Depends(query_of(SearchRequest))],
    serving: ServingDep,
    asked: AskedDep,
    client: ClientDep,
) -> JSONResponse:
    """Hits grouped by case with citations and highlights, the answer or `null`, and facets."""
    return await _answer(checked(parameters, serving.settings), serving, asked, client)


@router.post(
    "/search",
    summary="Ask a question, kept out of addresses and logs",
    response_model=SearchResponse,
    responses=documented(400, 413, 422, 503),
)
async def search_by_body(
    parameters: Annotated[SearchBody, Body()], serving: ServingDep, asked: AskedDep, client: ClientDep
) -> JSONResponse:
    """The same as `GET`, with the parameters as a JSON object."""
    return await _answer(checked(parameters, serving.settings, "body"), serving, asked, client)


async def _answer(search: SearchRequest, serving: Serving, asked: Asked, client: str) -> JSONResponse:
    def work(engine: Engine) -> JSONResponse:
        result = ask(engine, search)
        if not search.offset:
            asked.note(result, client)
        # Written on the thread, too: fifty groups are a megabyte of JSON.
        return JSONResponse(as_dict(result), headers={"Cache-Control": "no-store"})

    return await serving.call(work)
