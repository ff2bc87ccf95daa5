"""What a citation points at: documents, pages, passages and cases, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse

from corpus import catalogue
from corpus.catalogue import CaseFilter, DocumentEntry
from corpus.records import Passage
from corpus.store import CaseInfo, DocumentInfo, Store
from index.engine import Engine
from service.parameters import no_repeats
from service.problems import documented, not_found
from service.questions import readable
from service.schemas import (
    CaseList,
    CaseOutDetail,
    CasesRequest,
    DocumentList,
    DocumentOut,
    DocumentsRequest,
    NoParameters,
    PageOut,
    PassageOut,
    case_values,
)
from service.serving import Serving
from service.state import ServingDep

router = APIRouter(prefix="/v1", tags=["corpus"], dependencies=[Depends(no_repeats)])

DocumentId = Annotated[str, Path(max_length=500, description="a document's id, percent-encoded")]
CaseId = Annotated[str, Path(max_length=500, description="a case's id")]
PassageId = Annotated[str, Path(max_length=200, description="a passage's id")]
PageNumber = Annotated[int, Path(ge=1, le=10**9, description="a page's number, as the source counts")]
Nothing = Annotated[NoParameters, Query()]
_PROBLEMS = documented(404, 422, 503)


@router.get(
    "/documents", summary="All documents", response_model=DocumentList, responses=documented(422, 503)
)
async def documents(wanted: Annotated[DocumentsRequest, Query()], serving: ServingDep) -> JSONResponse:
    """Documents by id, a part at a time, narrowed by words of title or id."""
    find = readable(wanted.find)

    def read(store: Store) -> dict[str, Any]:
        part = catalogue.documents(store, find=find, offset=wanted.offset, limit=wanted.limit)
        return {
            "total": part.total,
            "offset": wanted.offset,
            "documents": [_document(info) for info in part.entries],
        }

    return await _read(serving, read)


@router.get(
    "/documents/{document_id}/pages/{number}",
    summary="One page's texts",
    response_model=PageOut,
    responses=_PROBLEMS,
)
async def page(document_id: DocumentId, number: PageNumber, _: Nothing, serving: ServingDep) -> JSONResponse:
    """The cleaned text that offsets count in, the source's own text, the map between them, the passages."""

    def read(store: Store) -> dict[str, Any] | None:
        found = store.page(document_id, number)
        if found is None:
            return None
        _source, cleaner = store.page_source(document_id, number) or ("", "")
        return {
            "document_id": document_id,
            "number": found.number,
            "text": found.text,
            "source": found.source,
            "sha256": found.sha256,
            "reader": found.reader,
            "cleaner": cleaner,
            "source_text": found.source_text,
            "pieces": [list(piece) for piece in found.pieces],
            "passages": [_passage(passage) for passage in store.page_passages(document_id, number)],
        }

    return await _read(serving, read, ("หน้านี้", "page"))


@router.get(
    "/documents/{document_id}", summary="One document", response_model=DocumentOut, responses=_PROBLEMS
)
async def document(document_id: DocumentId, _: Nothing, serving: ServingDep) -> JSONResponse:
    """A document's title, pages, metadata and cases."""

    def read(store: Store) -> dict[str, Any] | None:
        info = store.document(document_id)
        if info is None:
            return None
        return {**_document(info), "cases": [_case(case) for case in store.document_cases(document_id)]}

    return await _read(serving, read, ("เอกสารนี้", "document"))


@router.get("/cases", summary="All cases", response_model=CaseList, responses=documented(422, 503))
async def cases(wanted: Annotated[CasesRequest, Query()], serving: ServingDep) -> JSONResponse:
    """Cases by name, a part at a time, narrowed by words of name, province or kind and by exact filters."""
    values = wanted.model_dump(exclude={"limit", "offset"}) | {"find": readable(wanted.find)}

    def read(store: Store) -> dict[str, Any]:
        part = catalogue.cases(store, CaseFilter(**values), offset=wanted.offset, limit=wanted.limit)
        return {"total": part.total, "offset": wanted.offset, "cases": [_case(info) for info in part.entries]}

    return await _read(serving, read)


@router.get("/cases/{case_id}", summary="One case", response_model=CaseOutDetail, responses=_PROBLEMS)
async def case(case_id: CaseId, _: Nothing, serving: ServingDep) -> JSONResponse:
    """What is known of one case, with its passages in reading order."""

    def read(store: Store) -> dict[str, Any] | None:
        info = store.case(case_id)
        if info is None:
            return None
        return {**_case(info), "text": [_passage(passage) for passage in store.case_passages(case_id)]}

    return await _read(serving, read, ("กรณีนี้", "case"))


@router.get("/passages/{passage_id}", summary="One passage", response_model=PassageOut, responses=_PROBLEMS)
async def passage(passage_id: PassageId, _: Nothing, serving: ServingDep) -> JSONResponse:
    """A passage and where it stands."""

    def read(store: Store) -> dict[str, Any] | None:
        found = store.passage(passage_id)
        return None if found is None else _passage(found)

    return await _read(serving, read, ("ข้อความนี้", "passage"))


async def _read(
    serving: Serving, read: Callable[[Store], dict[str, Any] | None], what: tuple[str, str] = ("", "")
) -> JSONResponse:
    def answered(engine: Engine) -> JSONResponse:
        body = read(engine.store)
        if body is None:
            raise not_found(*what)
        return JSONResponse(body)  # written on the thread, too: a page and its map may be megabytes

    return await serving.call(answered)


def document_url(document_id: str) -> str:
    """The address of a document's own web page."""
    return f"/documents/{quote(document_id, safe='')}"


def case_url(case_id: str) -> str:
    """The address of a case's web page."""
    return f"/cases/{quote(case_id, safe='')}"


def passage_url(passage: Passage) -> str:
    """The page viewer, opened at a passage."""
    place = urlencode({"page": passage.page, "start": passage.start, "end": passage.end})
    return f"{document_url(passage.document_id)}?{place}"


def _document(info: DocumentInfo | DocumentEntry) -> dict[str, Any]:
    return {
        "document_id": info.document_id,
        "title": info.title,
        "pages": list(info.pages),
        "sources": list(info.sources),
        "metadata": dict(info.metadata),
        "url": document_url(info.document_id),
    }


def _case(info: CaseInfo) -> dict[str, Any]:
    return {
        **case_values(info.case),
        "document_id": info.document_id,
        "passages": info.passages,
        "url": case_url(info.case.case_id),
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "passage_id": passage.passage_id,
        "document_id": passage.document_id,
        "page": passage.page,
        "case_id": passage.case_id,
        "heading": passage.heading,
        "text": passage.text,
        "start": passage.start,
        "end": passage.end,
        "url": passage_url(passage),
    }
