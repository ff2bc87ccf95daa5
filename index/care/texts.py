"""The store's rows against each other: parents, maps, slices and ids, as of any change."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence

from corpus.passages import passage_id
from corpus.records import Page, Passage
from corpus.store import Store
from index.care.problems import AGAIN, REPAIR, Kind, Problem

#: Rows that live without the row that they belong to: a name for people, the child's table, the condition.
_ORPHANS = (
    ("document without pages", "documents", "pages d WHERE d.document_id = c.document_id"),
    ("page without its document", "pages", "documents d WHERE d.document_id = c.document_id"),
    ("case without its document", "cases", "documents d WHERE d.document_id = c.document_id"),
    ("passage without its document", "passages", "documents d WHERE d.document_id = c.document_id"),
    (
        "passage without its page", "passages",
        "pages d WHERE d.document_id = c.document_id AND d.number = c.page",
    ),
    (
        "passage without its case", "passages",
        "cases d WHERE d.case_id = c.case_id AND d.document_id = c.document_id",
    ),
)  # fmt: skip


def orphans(store: Store) -> dict[str, str]:
    """Documents with rows whose parent is missing at the store's change: id to the first fault."""
    found: dict[str, str] = {}
    for fault, table, parent in _ORPHANS:
        wanted = " AND c.case_id IS NOT NULL" if parent.startswith("cases") else ""
        sql = (
            f"SELECT DISTINCT c.document_id FROM {table} c WHERE {store.alive('c.')}{wanted} "  # noqa: S608
            f"AND NOT EXISTS (SELECT 1 FROM {parent} AND {store.alive('d.')})"
        )
        for (document_id,) in store.rows(sql):
            found.setdefault(str(document_id), fault)
    return found


def document_ids(store: Store, since: int | None = None) -> list[str]:
    """Documents at the store's change; with ``since`` those only in which something was changed since."""
    changed = "" if since is None else f" AND (removed > {int(since)} OR added > {int(since)})"
    sql = (
        f"SELECT document_id FROM pages WHERE {store.alive()}{changed} "  # noqa: S608
        f"UNION SELECT document_id FROM documents WHERE {store.alive()}{changed} "
        f"UNION SELECT document_id FROM passages WHERE {store.alive()}{changed} ORDER BY 1"
    )
    return [str(row[0]) for row in store.rows(sql)]


def document_fault(store: Store, document_id: str) -> str:
    """The first thing that is wrong with one document's pages and passages; empty when all is well."""
    try:
        store.document(document_id)
        for page in store.pages(document_id):
            passages = store.page_passages(document_id, page.number)
            for fault in (_page_fault(page), _passages_fault(document_id, page, passages)):
                if fault:
                    return f"p. {page.number}: {fault}"
    except (ValueError, TypeError, sqlite3.DatabaseError) as error:
        return f"cannot be read ({error})"
    return ""


def _page_fault(page: Page) -> str:
    """Whether the map covers the page without gaps and stays inside the source text."""
    at = 0
    for piece in page.pieces:
        if piece.start != at or piece.length <= 0:
            return f"the map to the source text has a gap at {at}"
        if not 0 <= piece.source_start <= piece.source_start + piece.source_length <= len(page.source_text):
            return f"the map leaves the source text at {at}"
        at += piece.length
    if at != len(page.text):
        return f"the map covers {at} of {len(page.text)} characters"
    ascending = all(one < two for one, two in zip(page.blocks, page.blocks[1:], strict=False))
    inside = page.blocks[:1] == (0,) and (page.blocks[-1] < len(page.text) or page.blocks == (0,))
    return "" if ascending and inside else "the separate texts do not begin inside the page"


def _passages_fault(document_id: str, page: Page, passages: Sequence[Passage]) -> str:
    seen: dict[str, int] = {}
    for passage in passages:
        occurrence = seen.get(passage.text, 0)
        seen[passage.text] = occurrence + 1
        if page.text[passage.start : passage.end] != passage.text:
            return f"passage {passage.passage_id} is not what the page says at {passage.start}-{passage.end}"
        if passage_id(document_id, page.number, passage.text, occurrence) != passage.passage_id:
            return f"passage {passage.passage_id} has another id than its text gives"
    return ""


def text_problems(store: Store, ids: Collection[str], lost: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of documents as they are now; ``lost`` are the `orphans`."""
    for document_id in sorted({*ids, *lost}):
        fault = lost.get(document_id) or document_fault(store, document_id)
        if fault:
            yield Problem(Kind.DOCUMENT, document_id, f"ข้อมูลไม่ตรงกัน: {fault}", f"does not fit together: {fault}",
                          f"{REPAIR}, or {AGAIN}")  # fmt: skip
