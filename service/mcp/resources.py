"""Documents and pages as resources: ``karani://documents/{id}`` and ``karani://documents/{id}/pages/{n}``."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, unquote

from mcp.types import Resource, ResourceTemplate, TextResourceContents

from corpus import catalogue
from index.engine import Engine
from service.documents import document_url
from service.mcp.citing import Addresses, page_resource
from service.schemas import case_values

LISTED = 100
#: A page longer than this is read in parts by `get_page`.
MAX_CHARS = 200_000
_URI = re.compile(r"karani://documents/([^/?#]+)(?:/pages/([0-9]{1,9}))?")

TEMPLATES = (
    ResourceTemplate(
        uri_template="karani://documents/{document_id}",
        name="document",
        title="เอกสาร · Document",
        description="A document's title, pages, metadata and cases (JSON).",
        mime_type="application/json",
    ),
    ResourceTemplate(
        uri_template="karani://documents/{document_id}/pages/{page}",
        name="page",
        title="หน้า · Page",
        description="The text of one page, in which citations' start and end count code points.",
        mime_type="text/plain",
    ),
)


class NoResourceError(Exception):
    """There is nothing at that URI; the message says what to do."""


def listed(engine: Engine, cursor: str | None) -> tuple[list[Resource], str | None]:
    """A part of the documents as resources, and the cursor of the next part.

    Raises:
        NoResourceError: the cursor is none of this server's.
    """
    if cursor is not None and not re.fullmatch(r"[0-9]{1,9}", cursor):
        raise NoResourceError("unknown cursor: list the resources from the start · ตำแหน่งไม่ถูกต้อง ให้เริ่มใหม่")
    start = int(cursor or 0)
    part = catalogue.documents(engine.store, offset=start, limit=LISTED)
    after = start + len(part.entries)
    cursor = str(after) if part.entries and after < part.total else None
    return [_document(one) for one in part.entries], cursor


def _document(info: catalogue.DocumentEntry) -> Resource:
    return Resource(
        uri=f"karani://documents/{quote(info.document_id, safe='')}",
        name=info.document_id,
        title=info.title,
        description=f"{len(info.pages)} หน้า · pages",
        mime_type="application/json",
    )


def read(engine: Engine, uri: str, address: Addresses) -> TextResourceContents:
    """The contents of a resource.

    Raises:
        NoResourceError: there is nothing at that URI, or it is too long to be read whole.
    """
    found = _URI.fullmatch(uri)
    document_id = unquote(found[1]) if found else ""
    if found is not None and found[2] is not None:
        text = _page(engine, document_id, int(found[2]))
        return TextResourceContents(uri=uri, mime_type="text/plain", text=text)
    info = engine.store.document(document_id) if found else None
    if info is None:
        raise NoResourceError(
            "ไม่มีสิ่งนี้ ดู resources/list หรือใช้ search · no such resource: see resources/list, or use search"
        )
    body = {
        "document_id": info.document_id,
        "title": info.title,
        "pages": [page_resource(info.document_id, number) for number in info.pages],
        "metadata": dict(info.metadata),
        "url": address(document_url(info.document_id)),
        "cases": [case_values(one.case) for one in engine.store.document_cases(info.document_id)],
    }
    text = json.dumps(body, ensure_ascii=False)
    return TextResourceContents(uri=uri, mime_type="application/json", text=text)


def _page(engine: Engine, document_id: str, number: int) -> str:
    page = engine.store.page(document_id, number)
    if page is None:
        raise NoResourceError("ไม่มีหน้านี้ในเอกสารนี้ · this document has no such page")
    if len(page.text) > MAX_CHARS:
        raise NoResourceError(
            f"หน้านี้ยาว {len(page.text)} ตัวอักษร ให้อ่านทีละส่วนด้วย get_page · "
            f"the page has {len(page.text)} characters: read it in parts with get_page"
        )
    return page.text
