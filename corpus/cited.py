"""Passages with all that a citation of them says, read in one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus.cleaning import CLEANER_VERSION
from corpus.records import Case, Passage
from corpus.rows import CASE, PASSAGE, in_list
from corpus.store import Store

_PASSAGE = ", ".join(f"p.{name}" for name in PASSAGE.split(", "))
_CASE = ", ".join(f"c.{name}" for name in CASE.split(", "))
_CASE_AT = 4 + len(PASSAGE.split(", "))


class CitedPassage(NamedTuple):
    """A passage, whose story it tells, and where it comes from."""

    passage: Passage
    case: Case | None
    title: str
    source: str
    cleaner: str


def cited(store: Store, rows: Sequence[int]) -> dict[int, CitedPassage]:
    """Passages by row number; absent rows are left out.

    Where a damaged store lacks the document or the page, the document's id is the title and the source unknown.
    """
    if not rows:
        return {}
    marks, values = in_list(rows)
    sql = (
        f"SELECT p.row, d.title, g.source, g.cleaner, {_PASSAGE}, {_CASE} FROM passages p "
        f"LEFT JOIN documents d ON d.document_id = p.document_id AND {store.alive('d.')} "
        f"LEFT JOIN pages g ON g.document_id = p.document_id AND g.number = p.page AND {store.alive('g.')} "
        f"LEFT JOIN cases c ON c.case_id = p.case_id AND {store.alive('c.')} "
        f"WHERE p.row IN ({marks}) AND {store.alive('p.')}"
    )
    found: dict[int, CitedPassage] = {}
    for row in store.rows(sql, values):
        number, title, source, cleaner = row[:4]
        passage = Passage(*row[4:_CASE_AT])
        case = None if row[_CASE_AT] is None else Case(*row[_CASE_AT:])
        found[number] = CitedPassage(
            passage,
            case,
            passage.document_id if title is None else title,
            source or "",
            CLEANER_VERSION if cleaner is None else cleaner,
        )
    return found
