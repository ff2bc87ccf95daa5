"""``/v1/search``: the question's way from HTTP to the engine and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import Response

from index.engine import Engine
from index.hits import as_json
from service.asked import Asked
from service.edge.metrics import SERIALISE
from service.edge.observing import stage
from service.parameters import described, no_repeats, query_of
from service.problems import documented
from service.questions import ask, checked
from service.schemas import SearchBody, SearchRequest, SearchResponse
from service.serving import Serving

router = APIRouter(prefix="/v1", tags=["search"])


@router.get(
    "/search",
    summary="Ask a question",
    response_model=SearchResponse,
    responses=documented(400, 422, 503),
    openapi_extra=described(SearchRequest),
)
async def search(
    request: Request, parameters: Annotated[SearchRequest, Depends(query_of(SearchRequest))]
) -> Response:
    """Hits grouped by case with citations and highlights, the answer or `null`, and facets."""
    return await _answer(request, parameters, "query")


@router.post(
    "/search",
    summary="Ask a question, kept out of addresses and logs",
    response_model=SearchResponse,
    responses=documented(400, 413, 422, 503),
    dependencies=[Depends(no_repeats)],
)
async def search_by_body(request: Request, parameters: Annotated[SearchBody, Body()]) -> Response:
    """The same as `GET`, with the parameters as a JSON object."""
    return await _answer(request, parameters, "body")


async def _answer(request: Request, parameters: SearchRequest, place: str) -> Response:
    serving: Serving = request.app.state.serving
    asked: Asked = request.app.state.asked
    client = request.client.host if request.client else ""
    search = checked(parameters, serving.settings, place)

    def work(engine: Engine) -> Response:
        result = ask(engine, search)
        if not search.offset:
            asked.note(result, client)
        # Written on the thread, too: fifty groups are a megabyte of JSON.
        with stage(SERIALISE):
            body = as_json(result)
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    return await serving.call(work)
