"""What can be made again of a stored document: everything that follows from its pages' source texts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from corpus.making import Draft, make
from corpus.records import SourcePage
from corpus.store import DocumentRecord, Store


def renewed(store: Store, document_id: str) -> DocumentRecord:
    """The document cleaned and split anew from the source texts of its pages; nothing is stored.

    Whose title and metadata are lost gets a title from its pages and no metadata.
    """
    sql = f"SELECT title, metadata FROM documents WHERE document_id = ? AND {store.alive()}"  # noqa: S608
    title, metadata = next(((row[0], _mapping(row[1])) for row in store.rows(sql, (document_id,))), ("", {}))
    return make(Draft(document_id, title or None, metadata, _pages(store, document_id)))


def _mapping(written: str) -> Mapping[str, str]:
    try:
        found = json.loads(written)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _pages(store: Store, document_id: str) -> tuple[SourcePage, ...]:
    found = sorted(store.source_pages(document_id), key=lambda item: item[0])
    return tuple(page for _, (page, _) in found)
