"""``/v1/suggest`` and the pages' own ``/suggest``: completions while typing."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from index.engine import Engine
from index.suggest import Suggestion
from service.documents import case_url, document_url
from service.parameters import described, query_of
from service.problems import documented
from service.questions import readable
from service.schemas import SuggestRequest, SuggestResponse
from service.state import AskedDep, ServingDep

router = APIRouter()
_HEADERS = {"Cache-Control": "private, max-age=60"}


@router.get(
    "/v1/suggest",
    tags=["search"],
    summary="Complete what is being typed",
    response_model=SuggestResponse,
    responses=documented(422, 503),
    openapi_extra=described(SuggestRequest),
)
@router.get("/suggest", include_in_schema=False)
async def suggest(
    parameters: Annotated[SuggestRequest, Depends(query_of(SuggestRequest))],
    serving: ServingDep,
    asked: AskedDep,
) -> JSONResponse:
    """Questions asked before, cases, provinces, words, headings and documents; a slip put right where none fits.

    With an empty `q`, the questions asked most.
    """

    def read(engine: Engine) -> dict[str, Any]:
        typed = readable(parameters.q) + (" " if parameters.q.endswith(" ") else "")
        found = engine.suggest(typed.lstrip(), parameters.limit, asked.suggested())
        return {"query": parameters.q, "suggestions": [_as_dict(one) for one in found]}

    return JSONResponse(await serving.call(read), headers=_HEADERS)


def _as_dict(one: Suggestion) -> dict[str, Any]:
    return {
        "text": one.text,
        "kind": one.kind,
        "url": suggestion_url(one),
        "highlights": [list(span) for span in one.highlights],
    }


def suggestion_url(one: Suggestion) -> str:
    """Where a suggestion leads: the case's or document's page, a province's cases, else the search."""
    if one.kind == "case" and one.target:
        return case_url(one.target)
    if one.kind == "document" and one.target:
        return document_url(one.target)
    if one.kind == "place" and one.target:
        return "/cases?" + urlencode({"province": one.target})
    return "/?" + urlencode({"q": one.text})
