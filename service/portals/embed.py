"""``GET /embed``: the search as a page for other sites' frames, with little around it.

It works without JavaScript: a form and links. Which sites may frame it is said by ``frame-ancestors``: the
origins that the address's ``key`` is bound to and those of ``KARANI_EMBED_ORIGINS``, else this site alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from index.engine import Engine
from index.hits import SearchResult
from service.edge.headers import framed_policy
from service.edge.keys import Key, Keys
from service.pages import refining, views
from service.pages.rendering import Pages, PagesDep
from service.portals import accents
from service.problems import ProblemError, from_errors, invalid
from service.questions import ask, checked, readable
from service.schemas import FILTERS, SearchRequest
from service.settings import ServiceSettings
from service.state import ServingDep

router = APIRouter(include_in_schema=False)

DEFAULT_K = 5
_ASKED = ("k", "offset", "sort", "system", "exact")
#: What stays in the address when another question is asked.
_KEPT = ("lang", "theme", "accent", "key", "placeholder", "k", "sort", "system", *FILTERS)
_COLOUR = re.compile(r"[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Look:
    """How the frame's page looks: ``accent`` are six hexadecimal digits, or nothing."""

    theme: str
    accent: str
    placeholder: str


@router.get("/embed", response_class=HTMLResponse)
async def embed(request: Request, serving: ServingDep, pages: PagesDep) -> HTMLResponse:
    """The box, and below it a question's answer and hits; every link opens a tab of its own."""
    question = readable(request.query_params.get("q", ""))
    if not question:
        return _page(request, pages, question, {})
    try:
        search = checked(_search_of(request), serving.settings)

        def answered(engine: Engine) -> HTMLResponse:
            shown = _shown(request, search, ask(engine, search), serving.settings)
            return _page(request, pages, question, shown)

        return await serving.call(answered)
    except ProblemError as problem:
        return _page(request, pages, question, {"problem": problem}, problem.status_code)


def _page(
    request: Request, pages: Pages, question: str, shown: dict[str, Any], status: int = 200
) -> HTMLResponse:
    values: dict[str, Any] = {"result": None, "problem": None, "quoted": [], "page_url": "/", **shown}
    look, ancestors = _look(request), _ancestors(request, pages.settings)
    kept = [(name, value) for name in _KEPT for value in request.query_params.getlist(name) if value]
    page = pages.render(
        request,
        "embed.html",
        status=status,
        question=question[:1000],
        look=look,
        theme=look.theme,
        kept=kept,
        parents=" ".join(one for one in ancestors if one != "'self'"),
        views=views,
        **values,
    )
    page.headers["Content-Security-Policy"] = framed_policy(ancestors)
    # A frame's cookies are third parties' cookies: the language and the colours stay in the address.
    del page.headers["set-cookie"]
    return page


@router.get("/embed/theme.css")
async def theme(accent: Annotated[str, Query(max_length=6)] = "") -> Response:
    """The accent colour of one site, made readable on light and on dark."""
    if not _COLOUR.fullmatch(accent):
        raise invalid(
            "query", "accent", "ต้องเป็นเลขฐานสิบหก 6 หลัก เช่น 0e5c55", "is six hexadecimal digits: 0e5c55"
        )
    kept = {"Cache-Control": "public, max-age=86400"}
    return Response(accents.style(accent), 200, kept, "text/css")


def _ancestors(request: Request, settings: ServiceSettings) -> list[str]:
    """Who may frame the page, as ``frame-ancestors`` writes it: this site, the setting's, those of a living key."""
    keys: Keys = request.app.state.keys
    key = keys.verify(request.query_params.get("key", ""))
    bound = key.origins if isinstance(key, Key) else ()
    # The policy has no word for "null", the origin of local files.
    return ["'self'", *dict.fromkeys(one for one in (*settings.embed_origins, *bound) if one != "null")]


def _look(request: Request) -> Look:
    theme = request.query_params.get("theme", "auto")
    accent = request.query_params.get("accent", "").removeprefix("#").lower()
    return Look(
        theme=theme if theme in {"light", "dark"} else "auto",
        accent=accent if _COLOUR.fullmatch(accent) else "",
        placeholder=readable(request.query_params.get("placeholder", ""))[:200],
    )


def _search_of(request: Request) -> SearchRequest:
    """The search that a frame's address states; other parameters are passed over, as on the search page."""
    given = {name: request.query_params.get(name) for name in _ASKED}
    filled: dict[str, Any] = {name: value for name, value in given.items() if value}
    for name in FILTERS:
        chosen = [value for value in request.query_params.getlist(name) if value]
        if chosen:
            filled[name] = list(dict.fromkeys(chosen))
    try:
        return SearchRequest.model_validate({"k": DEFAULT_K, "q": request.query_params["q"], **filled})
    except ValidationError as error:
        raise from_errors(cast("Sequence[dict[str, Any]]", error.errors()), "query") from None


def _shown(
    request: Request, search: SearchRequest, result: SearchResult, settings: ServiceSettings
) -> dict[str, Any]:
    found = [hit for group in result.groups for hit in (group.best, *group.more)]
    size = search.k or DEFAULT_K
    before, after = max(0, search.offset - size), search.offset + size

    def address(**changes: int) -> str:
        return f"?{request.url.include_query_params(**changes).query}"

    return {
        "result": result,
        "quoted": views.quoted(result.answer, found) if result.answer else [],
        "offset": search.offset,
        "before_url": address(offset=before) if search.offset else "",
        "after_url": address(offset=after) if after < result.total else "",
        "exact_url": address(exact=1, offset=0),
        "page_url": refining.search_url(refining.search_values(search, settings)),
    }
