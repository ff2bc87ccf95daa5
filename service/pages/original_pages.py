"""The kept originals over HTTP: a page's picture, where the cited words stand on it, the file itself."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, Response

from corpus import originals
from corpus.originals import Original
from corpus.records import Page
from index.engine import Engine
from service.documents import DocumentId, Nothing, PageNumber
from service.pages import listing, overlay
from service.pages.marking import whole_clusters
from service.pages.page_images import PageImages
from service.parameters import no_repeats
from service.problems import ProblemError, documented, not_found
from service.serving import Serving
from service.state import ServingDep

router = APIRouter(prefix="/v1", tags=["corpus"], dependencies=[Depends(no_repeats)])
#: The same for the web pages, at addresses of theirs.
pages_router = APIRouter(include_in_schema=False)

_PNG = "image/png"
_KEEP = "private, max-age=86400"
_UNSAFE = re.compile(r"[^0-9A-Za-z._\u0e00-\u0e7f -]+")


async def _images(request: Request) -> PageImages:
    images: PageImages = request.app.state.page_images
    return images


ImagesDep = Annotated[PageImages, Depends(_images)]
AnyNumber = Annotated[int, Path(ge=1, le=10**9)]


@router.get(
    "/documents/{document_id}/pages/{number}/original",
    summary="One page of the original PDF as a picture",
    response_class=Response,
    responses={
        **documented(404, 422, 503),
        200: {
            "description": "the page, about 1,400 pixels wide",
            "content": {_PNG: {"schema": {"type": "string", "format": "binary"}}},
        },
        304: {"description": "the picture is the one that `If-None-Match` names"},
    },
)
async def original_page(
    request: Request,
    document_id: DocumentId,
    number: PageNumber,
    _: Nothing,
    serving: ServingDep,
    images: ImagesDep,
) -> Response:
    """The page as it was printed. 404 where no original is kept, it is no PDF, or it cannot be drawn."""
    return await _picture(request, document_id, number, serving, images)


@pages_router.get("/documents/{document_id}/pages/{number}/original.png")
async def picture(
    request: Request, document_id: str, number: AnyNumber, serving: ServingDep, images: ImagesDep
) -> Response:
    """The page's picture, for the viewer."""
    return await _picture(request, document_id, number, serving, images)


async def _picture(
    request: Request, document_id: str, number: int, serving: Serving, images: PageImages
) -> Response:
    _page, original = await _drawable(document_id, number, serving)
    tag = f'"{original.sha256}-{number}"'
    headers = {"ETag": tag, "Cache-Control": _KEEP}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    drawn = await images.picture(original, number)
    return Response(drawn.png, media_type=_PNG, headers=headers)


@pages_router.get("/documents/{document_id}/pages/{number}/marks.svg")
async def marks(
    request: Request, document_id: str, number: AnyNumber, serving: ServingDep, images: ImagesDep
) -> Response:
    """The cited words as rectangles to lay over the picture; an empty drawing where they are not found."""
    page, original = await _drawable(document_id, number, serving)
    start, end = listing.number(request, "start"), listing.number(request, "end")
    boxes = []
    if start is not None and end is not None:
        drawn = await images.picture(original, number)
        low, high = whole_clusters(page.text, start, end)
        where = low / max(1, len(page.text))
        boxes = await serving.call(lambda _: overlay.rectangles(drawn, page.text[low:high], where))
    return Response(overlay.svg(boxes), media_type="image/svg+xml", headers={"Cache-Control": _KEEP})


@pages_router.get("/documents/{document_id}/original")
async def file(request: Request, document_id: str, serving: ServingDep) -> Response:
    """The file behind ``?page=`` (else behind the first page), always as a download."""
    asked = listing.number(request, "page")

    def read(engine: Engine) -> Original | None:
        info = engine.store.document(document_id)
        number = asked if asked is not None else info.pages[0] if info and info.pages else 0
        page = engine.store.page(document_id, number)
        return originals.find(engine.settings.originals, page) if page else None

    original = await serving.call(read)
    if original is None:
        raise not_found("ไฟล์ต้นฉบับ", "the original file")
    name = _UNSAFE.sub("_", original.name).strip(". ") or original.sha256[:12]
    plain = re.sub(r"[^0-9A-Za-z._-]+", "_", name).strip("._") or original.sha256[:12]
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}",
        "ETag": f'"{original.sha256}"',
        "Cache-Control": _KEEP,
        # Nobody's HTML runs here, whatever a browser makes of a download.
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return FileResponse(original.path, media_type=original.media_type, headers=headers)


async def _drawable(document_id: str, number: int, serving: Serving) -> tuple[Page, Original]:
    """The page and its PDF.

    Raises:
        ProblemError: 404, there is no such page, no kept original, or it is no PDF.
    """

    def read(engine: Engine) -> tuple[Page | None, Original | None]:
        page = engine.store.page(document_id, number)
        return page, originals.find(engine.settings.originals, page) if page else None

    page, original = await serving.call(read)
    if page is None:
        raise not_found("หน้านี้", "page")
    if original is None or not originals.has_picture(original, page):
        thai = "หน้านี้ไม่มีไฟล์ PDF ต้นฉบับเก็บไว้ อ่านข้อความที่ …/pages/{n} แทน"
        english = "no original PDF is kept of this page: read its text at …/pages/{n}"
        raise ProblemError(404, "no-original", thai, english)
    return page, original
