"""The store: documents, pages, cases and passages, as of any change, in SQLite or PostgreSQL (`corpus.database`).

One `Store` may be shared by threads. ``Store.at(change)`` gives the same interface as of an earlier change.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from corpus.database import Database, Transaction
from corpus.records import Case, CaseSpan, Page, Passage, SourcePage
from corpus.rows import CASE, PAGE, PASSAGE, TABLES, in_list, page_of, table_rows
from corpus.schema import MIGRATIONS
from corpus.settings import DatabaseServer, Settings
from corpus.sqlite import Connections, StoreError
from corpus.stated_year import document_year
from corpus.thai import dictionary_order

_DOCUMENTS_AT_ONCE = 64
_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document without its texts."""

    document_id: str
    title: str
    pages: tuple[int, ...]
    metadata: Mapping[str, str]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with its row number (the id inside FAISS and tantivy) and indexed context."""

    row: int
    passage: Passage
    context: str
    case: Case | None


class Place(NamedTuple):
    """Whose a passage is, without its text."""

    row: int
    document_id: str
    case_id: str | None


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """A case, the document that tells it and the number of its passages."""

    case: Case
    document_id: str
    passages: int


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """All that one document becomes, ready to be stored in one transaction."""

    document_id: str
    title: str
    metadata: Mapping[str, str]
    pages: Sequence[Page]
    cleaner: str
    spans: Sequence[CaseSpan]
    passages: Sequence[Passage]


class Store:
    """Open with `Store.of` or `Store.open`; close with `close` (or use as a context manager)."""

    def __init__(self, database: Database, change: int | None = None) -> None:
        self._change = change
        self._database = database

    @classmethod
    def of(cls, settings: Settings, *, create: bool = True) -> Store:
        """The store of a data directory: the PostgreSQL that its settings name, else its own file.

        Raises:
            FileNotFoundError: nothing was ever stored there and ``create`` is false.
            corpus.sqlite.SchemaError: a newer Karani wrote it.
            corpus.sqlite.StoreError: it is damaged, or cannot be reached, read or written.
        """
        if settings.server is None:
            return cls.open(settings.database, create=create)
        return cls(_postgres(settings.server, create=create))

    @classmethod
    def exists(cls, settings: Settings) -> bool:
        """Whether anything was ever stored there.

        Raises:
            corpus.sqlite.StoreError: the PostgreSQL that the settings name cannot be reached.
        """
        if settings.server is None:
            return settings.database.exists()
        try:
            cls.of(settings, create=False).close()
        except FileNotFoundError:
            return False
        return True

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Store:
        """Open or create an SQLite file and bring its schema up to date.

        Raises:
            FileNotFoundError: it is not there and ``create`` is false.
            corpus.sqlite.SchemaError: a newer Karani wrote it.
            corpus.sqlite.StoreError: it is damaged, or cannot be read or written.
        """
        if not create and not path.exists():
            raise nothing_at(str(path))
        connections = Connections(path, _prepare)
        connections.migrate(MIGRATIONS)
        return cls(connections)

    @property
    def name(self) -> str:
        """What messages call it: a file, or a server without its password."""
        return self._database.name

    @property
    def remote(self) -> bool:
        """Whether it lies on a server, which may be away while this process goes on."""
        return self._database.remote

    @property
    def database(self) -> Database:
        """Where it lies; for what works on whole tables."""
        return self._database

    def reach(self) -> None:
        """See that it can be read.

        Raises:
            corpus.sqlite.StoreError: it cannot.
        """
        next(self.rows("SELECT 1"))

    @property
    def like(self) -> str:
        """SQL's operator that matches a pattern whatever the case of Latin letters."""
        return self._database.like

    def at(self, change: int) -> Store:
        """The store as it was after ``change``; read only, sharing this one's connections."""
        return Store(self._database, change)

    @property
    def fixed(self) -> bool:
        """Whether this store reads as of one change, so that the same query always gives the same."""
        return self._change is not None

    def close(self) -> None:
        """Close every thread's connection."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """What a query gives, with ``?`` for parameters; for `corpus.catalogue`, whose queries read these tables too.

        Raises:
            corpus.sqlite.StoreError: the database is damaged or away, or cannot be read.
        """
        return self._database.rows(sql, tuple(parameters))

    def many_rows(self, sql: str, parameters: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """`rows` of a result that may be as large as the corpus, in bounded memory."""
        return self._database.stream(sql, tuple(parameters))

    def alive(self, prefix: str = "") -> str:
        """The SQL condition for rows that live at this store's change."""
        if self._change is None:
            return f"{prefix}removed IS NULL"
        change = int(self._change)
        return f"{prefix}added <= {change} AND ({prefix}removed IS NULL OR {prefix}removed > {change})"

    # -- reading -----------------------------------------------------------------

    @property
    def change(self) -> int:
        """The change number this store reads as of."""
        if self._change is not None:
            return self._change
        row = next(self.rows("SELECT value FROM state WHERE name = 'change'"))
        return int(row[0])

    def documents(self) -> list[DocumentInfo]:
        """All documents by id, without texts."""
        numbers: dict[str, list[int]] = {}
        sources: dict[str, list[str]] = {}
        sql = (
            f"SELECT document_id, number, source FROM pages WHERE {self.alive()} ORDER BY document_id, number"
        )
        for document_id, number, source in self.many_rows(sql):
            numbers.setdefault(document_id, []).append(number)
            known = sources.setdefault(document_id, [])
            if source not in known:
                known.append(source)
        sql = f"SELECT document_id, title, metadata FROM documents WHERE {self.alive()} ORDER BY document_id"
        return [
            DocumentInfo(i, title, tuple(numbers.get(i, ())), json.loads(meta), tuple(sources.get(i, ())))
            for i, title, meta in self.rows(sql)
        ]

    def document(self, document_id: str) -> DocumentInfo | None:
        """One document without texts, or ``None``."""
        sql = f"SELECT title, metadata FROM documents WHERE document_id = ? AND {self.alive()}"
        row = next(self.rows(sql, (document_id,)), None)
        if row is None:
            return None
        sql = f"SELECT number, source FROM pages WHERE document_id = ? AND {self.alive()} ORDER BY number"
        places = list(self.rows(sql, (document_id,)))
        sources = tuple(dict.fromkeys(source for _, source in places))
        return DocumentInfo(document_id, row[0], tuple(n for n, _ in places), json.loads(row[1]), sources)

    def pages(self, document_id: str) -> list[Page]:
        """All pages of a document in order."""
        sql = f"SELECT {PAGE} FROM pages WHERE document_id = ? AND {self.alive()} ORDER BY number"
        return [page_of(row) for row in self.rows(sql, (document_id,))]

    def page(self, document_id: str, number: int) -> Page | None:
        """One page, or ``None``."""
        sql = f"SELECT {PAGE} FROM pages WHERE document_id = ? AND number = ? AND {self.alive()}"
        row = next(self.rows(sql, (document_id, number)), None)
        return None if row is None else page_of(row)

    def page_source(self, document_id: str, number: int) -> tuple[str, str] | None:
        """A page's ``(source, cleaner)`` without its texts."""
        sql = f"SELECT source, cleaner FROM pages WHERE document_id = ? AND number = ? AND {self.alive()}"
        row = next(self.rows(sql, (document_id, number)), None)
        return None if row is None else (row[0], row[1])

    def source_pages(self, document_id: str) -> Iterator[tuple[int, tuple[SourcePage, str]]]:
        """A document's pages as their readers delivered them, each with the version of its cleaner, by number."""
        sql = (
            "SELECT number, source_text, source, sha256, reader, cleaner FROM pages "
            f"WHERE document_id = ? AND {self.alive()}"
        )
        for row in self.rows(sql, (document_id,)):
            yield row[0], (SourcePage(*row[:5]), row[5])

    def page_sources(self, pages: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, str]]:
        """The ``(source, cleaner)`` of several pages, by document id and page number."""
        wanted = list(dict.fromkeys(pages))
        marks = ",".join(["(?,?)"] * len(wanted))
        # Joined, not IN (…): SQLite looks a row value up in the index only where it stands on both sides of =.
        sql = (
            f"SELECT document_id, number, source, cleaner FROM (VALUES {marks}) AS wanted "
            f"JOIN pages ON document_id = wanted.column1 AND number = wanted.column2 WHERE {self.alive()}"
        )
        rows = self.rows(sql, [value for page in wanted for value in page]) if wanted else ()
        return {(row[0], row[1]): (row[2], row[3]) for row in rows}

    def passage(self, passage_id: str) -> Passage | None:
        """One passage by id, or ``None``."""
        row = next(
            self.rows(
                f"SELECT {PASSAGE} FROM passages WHERE passage_id = ? AND {self.alive()}", (passage_id,)
            ),
            None,
        )
        return None if row is None else Passage(*row)

    def page_passages(self, document_id: str, number: int) -> list[Passage]:
        """The passages of one page in order."""
        sql = f"SELECT {PASSAGE} FROM passages WHERE document_id = ? AND page = ? AND {self.alive()} ORDER BY start"
        return [Passage(*row) for row in self.rows(sql, (document_id, number))]

    def case_passages(self, case_id: str) -> list[Passage]:
        """The passages of one case in reading order."""
        sql = f"SELECT {PASSAGE} FROM passages WHERE case_id = ? AND {self.alive()} ORDER BY page, start"
        return [Passage(*row) for row in self.rows(sql, (case_id,))]

    def passages(self, ids: Sequence[str] | None = None) -> Iterator[Passage]:
        """All passages in row order, or those named, in the order named."""
        if ids is None:
            for row in self.many_rows(f"SELECT {PASSAGE} FROM passages WHERE {self.alive()} ORDER BY row"):
                yield Passage(*row)
            return
        for one in ids:
            passage = self.passage(one)
            if passage is not None:
                yield passage

    def stored(self, rows: Sequence[int]) -> dict[int, StoredPassage]:
        """Passages with their contexts and cases by row number, in one query; absent rows are left out."""
        marks = ",".join("?" * len(rows))
        sql = f"SELECT row, context, {PASSAGE} FROM passages WHERE row IN ({marks}) AND {self.alive()}"
        found = [(row[0], row[1], Passage(*row[2:])) for row in self.rows(sql, rows)]
        cases = self.cases_by_id({p.case_id for _, _, p in found if p.case_id})
        return {
            row: StoredPassage(row, passage, context, cases.get(passage.case_id or ""))
            for row, context, passage in found
        }

    def places(self, rows: Sequence[int]) -> dict[int, Place]:
        """Whose some passages are, by row number, without reading their texts; absent rows are left out."""
        marks, values = in_list(rows)
        # These columns stand before the text: SQLite reads no further than it must.
        sql = f"SELECT row, document_id, case_id FROM passages WHERE row IN ({marks}) AND {self.alive()}"
        return {row[0]: Place._make(row) for row in self.rows(sql, values)}

    def stream(self, after_row: int = 0, size: int = 4096) -> Iterator[list[StoredPassage]]:
        """All passages in row order, in batches: bounded memory whatever the corpus."""
        while True:
            sql = (
                f"SELECT row, context, {PASSAGE} FROM passages WHERE row > ? AND {self.alive()} "
                f"ORDER BY row LIMIT {int(size)}"
            )
            found = list(self.rows(sql, (after_row,)))
            if not found:
                return
            cases = self.cases_by_id({row[5] for row in found if row[5]})
            yield [StoredPassage(row[0], Passage(*row[2:]), row[1], cases.get(row[5] or "")) for row in found]
            after_row = found[-1][0]

    def row_numbers(self, after_row: int = 0) -> array[int]:
        """The row numbers of all living passages, ascending."""
        sql = f"SELECT row FROM passages WHERE row > ? AND {self.alive()} ORDER BY row"
        return array("q", (row[0] for row in self.many_rows(sql, (after_row,))))

    def count(self, table: str) -> int:
        """Living rows of ``documents``, ``pages``, ``cases`` or ``passages``."""
        if table not in TABLES:
            raise ValueError(table)
        return int(next(self.rows(f"SELECT count(*) FROM {table} WHERE {self.alive()}"))[0])

    def case(self, case_id: str) -> CaseInfo | None:
        """One case with its document, or ``None``."""
        return next(iter(self._case_infos("c.case_id = ?", (case_id,))), None)

    def cases(self) -> list[CaseInfo]:
        """All cases by name."""
        return self._case_infos("1 = 1", ())

    def document_cases(self, document_id: str) -> list[CaseInfo]:
        """The cases that one document tells."""
        return self._case_infos("c.document_id = ?", (document_id,))

    def _case_infos(self, condition: str, parameters: Sequence[Any]) -> list[CaseInfo]:
        columns = ", ".join(f"c.{name.strip()}" for name in CASE.split(","))
        sql = (
            f"SELECT {columns}, c.document_id, count(p.row) FROM cases c LEFT JOIN passages p "
            f"ON p.document_id = c.document_id AND p.case_id = c.case_id AND {self.alive('p.')} "
            f"WHERE {condition} AND {self.alive('c.')} GROUP BY c.case_key ORDER BY c.name, c.case_id"
        )
        return [CaseInfo(Case(*row[:6]), row[6], row[7]) for row in self.rows(sql, parameters)]

    def cases_by_id(self, ids: Collection[str]) -> dict[str, Case]:
        """Some cases by id; absent ones are left out."""
        if not ids:
            return {}
        wanted = sorted(set(ids))
        cases: dict[str, Case] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            sql = f"SELECT {CASE} FROM cases WHERE case_id IN ({marks}) AND {self.alive()}"
            cases |= {row[0]: Case(*row) for row in self.rows(sql, part)}
        return cases

    def owns(self, document_id: str, path: str, sha256: str) -> bool:
        """Whether a file may use this id: it is free, or the same path or content has it already."""
        info = self.document(document_id)
        if info is None or info.metadata.get("path") == path:
            return True
        sql = f"SELECT 1 FROM pages WHERE document_id = ? AND sha256 = ? AND {self.alive()}"
        return next(self.rows(sql, (document_id, sha256)), None) is not None

    def hashes(self) -> set[str]:
        """The SHA-256 of every file and line that a page comes from which lives, or which a generation may still read."""
        return {row[0] for row in self.rows("SELECT DISTINCT sha256 FROM pages")}

    def titles(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Titles by document id."""
        wanted = list(dict.fromkeys(document_ids))
        marks = ",".join("?" * len(wanted))
        sql = f"SELECT document_id, title FROM documents WHERE document_id IN ({marks}) AND {self.alive()}"
        return {row[0]: row[1] for row in self.rows(sql, wanted)}

    def metadata(self, document_ids: Iterable[str]) -> dict[str, Mapping[str, str]]:
        """What is known about some documents, by document id."""
        wanted = list(dict.fromkeys(document_ids))
        marks = ",".join("?" * len(wanted))
        sql = f"SELECT document_id, metadata FROM documents WHERE document_id IN ({marks}) AND {self.alive()}"
        return {row[0]: json.loads(row[1]) for row in self.rows(sql, wanted)}

    def case_names(self, since: int = 0) -> list[tuple[str, str, str | None]]:
        """Every case's id, name and province, of those that came after a change."""
        sql = f"SELECT case_id, name, province FROM cases WHERE added > ? AND {self.alive()}"
        return [(row[0], row[1], row[2]) for row in self.rows(sql, (since,))]

    def headings(self, since: int = 0) -> list[tuple[str, str]]:
        """The different headings that passages stand under which came after a change, each with one document."""
        sql = (
            "SELECT heading, min(document_id) FROM passages "
            f"WHERE heading <> '' AND added > ? AND {self.alive()} GROUP BY heading"
        )
        return [(row[0], row[1]) for row in self.rows(sql, (since,))]

    def has_heading(self, document_id: str, heading: str) -> bool:
        """Whether a passage of the document stands under the heading."""
        sql = f"SELECT 1 FROM passages WHERE document_id = ? AND heading = ? AND {self.alive()} LIMIT 1"
        return next(self.rows(sql, (document_id, heading)), None) is not None

    def all_titles(self, since: int = 0) -> list[tuple[str, str]]:
        """The id and title of every document that came, or changed its title, after a change."""
        sql = f"SELECT document_id, title FROM documents WHERE added > ? AND {self.alive()}"
        return [(row[0], row[1]) for row in self.rows(sql, (since,))]

    def has_province(self, province: str) -> bool:
        """Whether some case is from there."""
        sql = f"SELECT 1 FROM cases WHERE province = ? AND {self.alive()} LIMIT 1"
        return next(self.rows(sql, (province,)), None) is not None

    def changed_rows(self, since: int) -> tuple[list[int], list[int]]:
        """The row numbers of passages that came after a change, and of those that went; ascending."""
        now = self.change
        came = "added > ? AND added <= ? AND (removed IS NULL OR removed > ?)"
        went = "removed > ? AND removed <= ? AND added <= ?"
        added = self.many_rows(f"SELECT row FROM passages WHERE {came} ORDER BY row", (since, now, now))
        removed = self.many_rows(f"SELECT row FROM passages WHERE {went} ORDER BY row", (since, now, since))
        return [row[0] for row in added], [row[0] for row in removed]

    # -- writing -----------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One transaction: all of it is stored, or nothing."""
        if self._change is not None:
            raise RuntimeError("a store as of an earlier change is read only")
        with self._database.writing() as transaction:
            yield transaction

    def replace(self, record: DocumentRecord) -> bool:
        """Store a document as it now is; only what differs is written.

        Returns whether anything changed.
        """
        return bool(self.replace_many([record]))

    def replace_many(self, records: Iterable[DocumentRecord]) -> list[str]:
        """`replace` for many documents in one transaction; the ids of those that changed.

        ``records`` may read this store as they come: they are taken inside the transaction, some dozens before the
        first of them is written.

        Raises:
            corpus.sqlite.StoreError: the disk is full, read only or broken; the store is as it was.
        """
        changed: list[str] = []
        with self.writing() as transaction:
            waiting: dict[str, DocumentRecord] = {}
            for record in records:
                if record.document_id in waiting or len(waiting) == _DOCUMENTS_AT_ONCE:
                    changed += self._replace(transaction, waiting)
                    waiting.clear()
                waiting[record.document_id] = record
            changed += self._replace(transaction, waiting)
        return changed

    def _replace(self, transaction: Transaction, records: Mapping[str, DocumentRecord]) -> list[str]:
        """Write what differs, each changed document under a change number of its own, in their order."""
        gone: dict[str, list[tuple[str, int]]] = {}
        new: dict[str, list[tuple[str, tuple[Any, ...]]]] = {}
        wanted = {one: table_rows(record) for one, record in records.items()}
        for table, (key, columns) in TABLES.items():
            there = self._living(transaction, table, f"{key}, {columns}", list(records))
            for one in records:
                rows = dict.fromkeys(map(self._database.storable, wanted[one][table]))
                known = there.get(one, {})
                gone.setdefault(table, []).extend((one, at) for row, at in known.items() if row not in rows)
                new.setdefault(table, []).extend((one, row) for row in rows if row not in known)
        touched = {one for table in TABLES for one, _ in (*gone.get(table, ()), *new.get(table, ()))}
        changed = [one for one in records if one in touched]
        if not changed:
            return []
        first = _next_change(transaction, len(changed))
        numbers = {one: first + number for number, one in enumerate(changed)}
        for table, (key, columns) in TABLES.items():
            if gone[table]:
                sql = f"UPDATE {table} SET removed = ? WHERE {key} = ?"
                transaction.executemany(sql, [(numbers[one], at) for one, at in gone[table]])
            if new[table]:
                names = ["document_id", "added", *columns.split(", ")]
                rows_in = ((one, numbers[one], *row) for one, row in new[table])
                self._database.insert(transaction, table, names, rows_in)
        return changed

    def _living(
        self, transaction: Transaction, table: str, columns: str, ids: Sequence[str]
    ) -> dict[str, dict[tuple[Any, ...], int]]:
        """Some documents' living rows in a table: by document, what is stored to its key."""
        found: dict[str, dict[tuple[Any, ...], int]] = {}
        if ids:
            marks = ",".join("?" * len(ids))
            sql = f"SELECT document_id, {columns} FROM {table} WHERE document_id IN ({marks}) AND removed IS NULL"
            for document_id, key, *row in transaction.execute(sql, ids):
                found.setdefault(document_id, {})[tuple(row)] = key
        return found

    def remove(self, document_id: str) -> bool:
        """Take a document out; generations built before still read it. False if unknown."""
        return bool(self.remove_many([document_id]))

    def remove_many(self, document_ids: Iterable[str]) -> list[str]:
        """`remove` for many documents in one transaction; the ids of those that were there."""
        with self.writing() as transaction:
            return [one for one in dict.fromkeys(document_ids) if _remove(transaction, one)]

    def discard(self, document_id: str) -> None:
        """Take out whatever a damaged store holds of a document, even where its own row is lost."""
        with self.writing() as transaction:
            _take_out(transaction, document_id)

    def forget(self, before_change: int) -> int:
        """Delete rows that no generation built at or after ``before_change`` can see; how many."""
        deleted = 0
        with self.writing() as transaction:
            for table in TABLES:
                deleted += transaction.execute(
                    f"DELETE FROM {table} WHERE removed IS NOT NULL AND removed <= ?", (before_change,)
                ).rowcount
        return deleted


def _remove(transaction: Transaction, document_id: str) -> bool:
    known = transaction.execute(
        "SELECT 1 FROM documents WHERE document_id = ? AND removed IS NULL", (document_id,)
    ).fetchone()
    if known is None:
        return False
    _take_out(transaction, document_id)
    return True


def nothing_at(place: str) -> FileNotFoundError:
    """The error of a store that was never made."""
    return FileNotFoundError(
        f"ยังไม่มีข้อมูลที่ {place} สั่ง karani ingest ก่อน / nothing at {place} yet: run karani ingest PATH first"
    )


def _postgres(server: DatabaseServer, *, create: bool) -> Database:
    try:
        from corpus.postgres.opening import opened
    except ImportError as error:
        raise StoreError(
            "KARANI_DATABASE ต้องใช้ psycopg สั่ง pip install 'karani[postgres]' / "
            "KARANI_DATABASE needs psycopg: run pip install 'karani[postgres]'"
        ) from error
    database = opened(server, create=create)
    if database is None:
        from corpus.postgres.errors import shown

        raise nothing_at(shown(server))
    return database


def _prepare(connection: sqlite3.Connection) -> None:
    connection.create_function("thai_order", 1, dictionary_order, deterministic=True)
    connection.create_function("document_year", 1, document_year, deterministic=True)
    # Not mapped into memory: whatever was ever read would count as each process' own, and reading a page takes a microsecond.
    connection.execute("PRAGMA synchronous = FULL")


def _next_change(transaction: Transaction, changes: int = 1) -> int:
    """The first of so many new change numbers."""
    sql = "UPDATE state SET value = value + ? WHERE name = 'change' RETURNING value"
    return int(transaction.execute(sql, (changes,)).fetchone()[0]) - changes + 1


def _take_out(transaction: Transaction, document_id: str) -> None:
    change = _next_change(transaction)
    for table in TABLES:
        transaction.execute(
            f"UPDATE {table} SET removed = ? WHERE document_id = ? AND removed IS NULL", (change, document_id)
        )
