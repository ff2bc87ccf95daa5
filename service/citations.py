"""``/v1/passages/{id}/citation``: a passage as a reference, as JSON or as plain text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from corpus.records import Citation, Passage
from corpus.store import Store
from index.engine import Engine
from index.hits import page_url
from service.citing import STYLES, Reference, reference
from service.documents import PassageId
from service.pages.addresses import site_of
from service.parameters import no_repeats
from service.problems import documented, not_found
from service.schemas import Strict
from service.state import ServingDep

router = APIRouter(prefix="/v1", tags=["corpus"], dependencies=[Depends(no_repeats)])

Style = Literal["plain", "apa", "bibtex"]
_QUOTE_CHARS = 240
_TEXT_TYPES = {"plain": "text/plain", "apa": "text/plain", "bibtex": "application/x-bibtex"}


class CitationRequest(Strict):
    """How the reference is written."""

    style: Style = Field(default="plain", description="`plain`, `apa` (as Thai writers use it) or `bibtex`")


class CitationText(Strict):
    """A reference ready to paste."""

    passage_id: str
    style: Style
    text: str
    url: str = Field(description="the page viewer, opened at the passage")


@router.get(
    "/passages/{passage_id}/citation",
    summary="A passage as a reference to paste",
    response_model=CitationText,
    responses={
        **documented(404, 422, 503),
        200: {
            "description": "JSON, or the text alone to who asks for `text/plain` or `application/x-bibtex`",
            "content": {media: {"schema": {"type": "string"}} for media in sorted(set(_TEXT_TYPES.values()))},
        },
    },
)
async def citation(
    request: Request,
    passage_id: PassageId,
    parameters: Annotated[CitationRequest, Query()],
    serving: ServingDep,
) -> Response:
    """Author, year, title, page, source and address of a passage. Years are Buddhist-era, but for BibTeX's `year`."""
    site = site_of(request)
    cited = await serving.call(lambda engine: _cited(engine, passage_id, site))
    if cited is None:
        raise not_found("ข้อความนี้", "passage")
    style = parameters.style
    text = STYLES[style](cited)
    accepted = request.headers.get("accept", "")
    if "json" not in accepted and any(media in accepted for media in {"text/plain", _TEXT_TYPES[style]}):
        wanted = _TEXT_TYPES[style] if _TEXT_TYPES[style] in accepted else "text/plain"
        return Response(text + "\n", media_type=f"{wanted}; charset=utf-8")
    body: dict[str, Any] = {"passage_id": passage_id, "style": style, "text": text, "url": cited.url}
    return JSONResponse(body)


def _cited(engine: Engine, passage_id: str, site: str) -> Reference | None:
    passage = engine.store.passage(passage_id)
    if passage is None:
        return None
    place = citation_of(engine.store, passage)
    return reference(
        passage_id, place, metadata_of(engine.store, passage.document_id), f"{site}{page_url(place)}"
    )


def citation_of(store: Store, passage: Passage) -> Citation:
    """Where a passage stands, quoted from its beginning."""
    source, cleaner = store.page_source(passage.document_id, passage.page) or ("", "")
    told = store.case(passage.case_id) if passage.case_id else None
    titles = store.titles([passage.document_id])
    return Citation(
        document_id=passage.document_id,
        title=titles.get(passage.document_id, passage.document_id),
        page=passage.page,
        case=told.case if told else None,
        start=passage.start,
        end=passage.end,
        source=source,
        quote=passage.text[: _QUOTE_CHARS * 2],
        cleaner=cleaner,
    )


def metadata_of(store: Store, document_id: str) -> dict[str, str]:
    """What a document's source said of it."""
    info = store.document(document_id)
    return dict(info.metadata) if info else {}
