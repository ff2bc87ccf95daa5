"""What can be made again of a stored document: everything that follows from its pages' source texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from corpus.cases import find_cases
from corpus.cleaning import CLEANER_VERSION, clean
from corpus.gathering import knows_paragraphs
from corpus.passages import split
from corpus.records import Page
from corpus.store import DocumentRecord, Store
from corpus.titles import title_of


def renewed(store: Store, document_id: str) -> DocumentRecord:
    """The document cleaned and split anew from the source texts of its pages; nothing is stored.

    Whose title and metadata are lost gets a title from its pages and no metadata.
    """
    sql = f"SELECT title, metadata FROM documents WHERE document_id = ? AND {store.alive()}"  # noqa: S608
    title, metadata = next(((row[0], _mapping(row[1])) for row in store.rows(sql, (document_id,))), ("", {}))
    pages = _pages(store, document_id)
    title = title or title_of(document_id, pages)
    spans = find_cases(document_id, title, metadata, pages)
    passages = [passage for page in pages for passage in split(page, spans, document_id)]
    return DocumentRecord(document_id, title, metadata, pages, CLEANER_VERSION, spans, passages)


def _mapping(written: str) -> Mapping[str, str]:
    try:
        found = json.loads(written)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _pages(store: Store, document_id: str) -> list[Page]:
    sql = (
        "SELECT number, source, sha256, reader, source_text FROM pages "  # noqa: S608
        f"WHERE document_id = ? AND {store.alive()} ORDER BY number"
    )
    return [_page(*row) for row in store.rows(sql, (document_id,))]


def _page(number: int, source: str, sha256: str, reader: str, source_text: str, *_: Any) -> Page:
    cleaned = clean(source_text, paged=not knows_paragraphs(reader))
    return Page(
        number,
        source,
        sha256,
        reader,
        source_text,
        cleaned.text,
        cleaned.pieces,
        cleaned.blocks,
        cleaned.dropped,
    )
