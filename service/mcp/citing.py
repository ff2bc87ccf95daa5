"""Citations as assistants get them: the quote in full, an address that opens it, a ready reference."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from corpus.records import Case, Citation
from index.hits import page_url
from service.schemas import case_values


class Addresses:
    """Puts the public address before paths, where it is known.

    Args:
        base: such as ``https://cases.example.go.th``; ``""`` leaves paths as they are.
    """

    def __init__(self, base: str = "") -> None:
        self._base = base.rstrip("/")

    def __call__(self, path: str) -> str:
        """The address of a path of this service."""
        return self._base + path


def page_resource(document_id: str, page: int) -> str:
    """The URI of a page as a resource."""
    return f"karani://documents/{quote(document_id, safe='')}/pages/{page}"


def reference(title: str, page: int, case: Case | None) -> str:
    """A reference that reads well in Thai: name, title, page.

    >>> reference("รายงาน", 25, None)
    'รายงาน, หน้า 25'
    """
    named = [case.name] if case and case.name not in title else []
    return ", ".join([*named, title, f"หน้า {page}"])


def cited(citation: Citation, quoted: str, address: Addresses) -> dict[str, Any]:
    """`shapes.Cited`; ``quoted`` is the whole text of the cited span."""
    return {
        "document_id": citation.document_id,
        "title": citation.title,
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "quote": quoted,
        "url": address(page_url(citation)),
        "resource": page_resource(citation.document_id, citation.page),
        "source": citation.source,
        "case": None if citation.case is None else case_values(citation.case),
        "cite_as": reference(citation.title, citation.page, citation.case),
    }
