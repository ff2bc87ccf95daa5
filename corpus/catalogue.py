"""Lists of documents and cases: narrowed, counted, sorted and cut by the database, whatever the corpus' size.

Only the part that is shown is read; everything is as of the store's change, like `Store` itself.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from threading import Lock
from typing import Any, Generic, Literal, TypeVar
from weakref import WeakKeyDictionary

from corpus.cleaning import clean_query
from corpus.records import Case
from corpus.store import CaseInfo, Store
from corpus.thai import arabic_digits

T = TypeVar("T")
DocumentSort = Literal["id", "title", "newest", "pages"]
CaseSort = Literal["name", "newest", "province"]
#: The filters that a list of cases can be counted by.
CASE_FACETS = ("province", "kind", "year_be", "award")

_WORDS = 8
# Lists of keys (8 bytes a row) and counts, by store: at most some 20 MB with 90,000 documents.
_MOST_KEPT = 32
_KEPT: WeakKeyDictionary[Store, OrderedDict[tuple[Any, ...], Any]] = WeakKeyDictionary()
_LOCK = Lock()
_THAI_DIGITS = {ord(str(value)): "๐๑๒๓๔๕๖๗๘๙"[value] for value in range(10)}
_WILDCARD = re.compile(r"([%_\\])")
_ESCAPED = r"\\\1"
# A document's year: stated, or its date's (`corpus.stated_year`), else its newest case's.
_YEAR = """coalesce(document_year(d.metadata),
    (SELECT max(c.year_be) FROM cases c WHERE c.document_id = d.document_id AND {alive}))"""
_CASE = "c.case_id, c.name, c.kind, c.province, c.year_be, c.award"


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Part of a list: its entries, and how many the whole list has."""

    total: int
    entries: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document as a list shows it; ``year_be`` is stated, its date's, or its newest case's."""

    document_id: str
    title: str
    pages: tuple[int, ...]
    cases: int
    year_be: int | None
    sources: tuple[str, ...]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases: ``find`` are words of name, province or kind; the others are exact; ``None`` is any."""

    find: str = ""
    province: str | None = None
    kind: str | None = None
    year_be: int | None = None
    award: str | None = None
    document_id: str | None = None


def documents(
    store: Store, *, find: str = "", sort: DocumentSort = "id", offset: int = 0, limit: int = 50
) -> Part[DocumentEntry]:
    """Documents whose title or id has every word of ``find``; ties go by id."""
    condition, parameters = _having(store, find, "d.title || '\n' || d.document_id")
    where = f"{store.alive('d.')} AND {condition}"
    year = _YEAR.format(alive=store.alive("c."))
    order = {
        "id": "d.document_id",
        "title": "thai_order(d.title), d.title, d.document_id",
        "newest": f"{year} DESC NULLS LAST, d.document_id",
        "pages": "page_count DESC NULLS LAST, d.document_id",
    }[sort]
    joined = (
        f"LEFT JOIN (SELECT document_id, count(*) AS page_count FROM pages WHERE {store.alive()} "
        "GROUP BY document_id) counted ON counted.document_id = d.document_id"
        if sort == "pages"
        else ""
    )
    keys = _keys(
        store, f"SELECT d.document_key FROM documents d {joined} WHERE {where} ORDER BY {order}", parameters
    )
    sql = (
        f"SELECT d.document_id, d.title, d.metadata, {year}, (SELECT count(*) FROM cases c "
        f"WHERE c.document_id = d.document_id AND {store.alive('c.')}) FROM documents d WHERE d.document_key = ?"
    )
    shown = [next(store.rows(sql, (key,))) for key in keys[offset : offset + limit]]
    entries = []
    for document_id, title, metadata, year_be, cases in shown:
        numbers, sources = _places(store, document_id)
        entries.append(
            DocumentEntry(document_id, title, numbers, cases, year_be, sources, json.loads(metadata))
        )
    return Part(len(keys), tuple(entries))


def cases(
    store: Store, wanted: CaseFilter, *, sort: CaseSort = "name", offset: int = 0, limit: int = 50
) -> Part[CaseInfo]:
    """The cases that pass every filter; ties go by name, then id."""
    condition, parameters = _passing(store, wanted)
    order = {
        "name": "thai_order(c.name), c.name, c.case_id",
        "newest": "c.year_be DESC NULLS LAST, thai_order(c.name), c.case_id",
        "province": "c.province IS NULL, thai_order(coalesce(c.province, '')), thai_order(c.name), c.case_id",
    }[sort]
    keys = _keys(store, f"SELECT c.case_key FROM cases c WHERE {condition} ORDER BY {order}", parameters)
    sql = (
        f"SELECT {_CASE}, c.document_id, (SELECT count(*) FROM passages p WHERE p.case_id = c.case_id AND "
        f"p.document_id = c.document_id AND {store.alive('p.')}) FROM cases c WHERE c.case_key = ?"
    )
    rows = [next(store.rows(sql, (key,))) for key in keys[offset : offset + limit]]
    return Part(len(keys), tuple(CaseInfo(Case(*row[:6]), row[6], row[7]) for row in rows))


def count_cases(store: Store, wanted: CaseFilter) -> int:
    """How many cases pass every filter."""
    condition, parameters = _passing(store, wanted)
    return _number(store, f"SELECT count(*) FROM cases c WHERE {condition}", parameters)


def case_facets(
    store: Store, wanted: CaseFilter, names: Sequence[str] = CASE_FACETS
) -> dict[str, dict[str, int]]:
    """Per filter, each value's number of cases, most first; a filter's own choice does not narrow its counts."""
    facets = {}
    for name in names:
        if name not in CASE_FACETS:
            raise ValueError(name)
        others: dict[str, Any] = {name: None}
        condition, parameters = _passing(store, replace(wanted, **others))
        order = "c.year_be DESC" if name == "year_be" else f"count(*) DESC, c.{name}"
        stated = f"c.{name} IS NOT NULL" if name == "year_be" else f"c.{name} <> ''"
        sql = f"SELECT c.{name}, count(*) FROM cases c WHERE {condition} AND {stated} GROUP BY c.{name} ORDER BY {order}"
        facets[name] = _counts(store, sql, parameters)
    return facets


def _keys(store: Store, sql: str, parameters: Sequence[Any]) -> array[int]:
    """The keys of a whole list in order; what its shown part needs besides is read for that part alone."""
    return _kept(
        store, (sql, *parameters), lambda: array("q", (row[0] for row in store.many_rows(sql, parameters)))
    )


def _counts(store: Store, sql: str, parameters: Sequence[Any]) -> dict[str, int]:
    """Values and their counts, in the query's order."""
    return _kept(
        store, (sql, *parameters), lambda: {str(value): count for value, count in store.rows(sql, parameters)}
    )


def _kept(store: Store, query: tuple[Any, ...], read: Callable[[], T]) -> T:
    """What a query gives, kept for as long as its store lives where that can never change.

    Sorting 90,000 titles as dictionaries do takes half a second: once a generation, not once a page.
    """
    if not store.fixed:
        return read()
    with _LOCK:
        kept = _KEPT.setdefault(store, OrderedDict())
        if query in kept:
            kept.move_to_end(query)
            found: T = kept[query]
            return found
    result = read()
    with _LOCK:
        kept[query] = result
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    return result


def _places(store: Store, document_id: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """A document's page numbers, and the files that its pages came from."""
    sql = f"SELECT number, source FROM pages WHERE document_id = ? AND {store.alive()} ORDER BY number"
    rows = list(store.rows(sql, (document_id,)))
    return tuple(number for number, _ in rows), tuple(dict.fromkeys(source for _, source in rows))


def _passing(store: Store, wanted: CaseFilter) -> tuple[str, list[Any]]:
    """The condition for the cases that pass, and its parameters."""
    condition, parameters = _having(
        store, wanted.find, "c.name || '\n' || coalesce(c.province, '') || '\n' || c.kind"
    )
    conditions = [store.alive("c."), condition]
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if field.name != "find" and value is not None:
            conditions.append(f"c.{field.name} = ?")
            parameters.append(value)
    return " AND ".join(conditions), parameters


def _having(store: Store, find: str, text: str) -> tuple[str, list[Any]]:
    """The condition that ``text`` has each word; kinds of digit, decomposed vowels and case make no difference."""
    conditions, parameters = [], []
    for word in clean_query(find).split()[:_WORDS]:
        arabic = arabic_digits(word)
        forms = dict.fromkeys((word, arabic, arabic.translate(_THAI_DIGITS)))
        conditions.append("(" + " OR ".join([f"({text}) {store.like} ? ESCAPE '\\'"] * len(forms)) + ")")
        parameters += [f"%{_WILDCARD.sub(_ESCAPED, form)}%" for form in forms]
    return " AND ".join(conditions) or "1 = 1", parameters


def _number(store: Store, sql: str, parameters: Sequence[Any] = ()) -> int:
    return int(next(store.rows(sql, parameters))[0])
