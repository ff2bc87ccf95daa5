"""The SQLite store: documents, pages, cases and passages, as of any change.

One `Store` may be shared by threads: each thread gets its own connection.
``Store.at(change)`` gives the same interface as of an earlier change.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from corpus.records import Case, CaseSpan, Page, Passage, Piece, SourcePage
from corpus.schema import MIGRATIONS
from corpus.sqlite import Connections, store_error
from corpus.thai import dictionary_order

_PASSAGE = 'passage_id, document_id, page, case_id, heading, text, start, "end"'
_PAGE = "number, source, sha256, reader, source_text, text, pieces, blocks, dropped"
_CASE = "case_id, name, kind, province, year_be, award"
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
    """Open with `Store.open`; close with `close` (or use as a context manager)."""

    def __init__(self, connections: Connections, change: int | None = None) -> None:
        self.path = connections.path
        self._change = change
        self._connections = connections

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Store:
        """Open or create the database and bring its schema up to date.

        Raises:
            FileNotFoundError: it is not there and ``create`` is false.
            corpus.sqlite.SchemaError: a newer Karani wrote it.
            corpus.sqlite.StoreError: it is damaged, or cannot be read or written.
        """
        if not create and not path.exists():
            raise FileNotFoundError(
                f"ยังไม่มีข้อมูลที่ {path} สั่ง karani ingest ก่อน / nothing at {path} yet: run karani ingest PATH first"
            )
        connections = Connections(path, _prepare)
        connections.migrate(MIGRATIONS)
        return cls(connections)

    def at(self, change: int) -> Store:
        """The store as it was after ``change``; read only, sharing this one's connections."""
        return Store(self._connections, change)

    @property
    def fixed(self) -> bool:
        """Whether this store reads as of one change, so that the same query always gives the same."""
        return self._change is not None

    def close(self) -> None:
        """Close every thread's connection."""
        self._connections.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """What a query gives; for `corpus.catalogue`, whose queries read these tables too.

        Raises:
            corpus.sqlite.StoreError: the file is damaged or cannot be read.
        """
        try:
            return self._connections.get().execute(sql, tuple(parameters))
        except sqlite3.DatabaseError as error:
            found = store_error(self.path, error)
            if found is None:
                raise
            raise found from error

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
        for document_id, number, source in self.rows(sql):
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
        sql = f"SELECT {_PAGE} FROM pages WHERE document_id = ? AND {self.alive()} ORDER BY number"
        return [_page(row) for row in self.rows(sql, (document_id,))]

    def page(self, document_id: str, number: int) -> Page | None:
        """One page, or ``None``."""
        sql = f"SELECT {_PAGE} FROM pages WHERE document_id = ? AND number = ? AND {self.alive()}"
        row = next(self.rows(sql, (document_id, number)), None)
        return None if row is None else _page(row)

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
                f"SELECT {_PASSAGE} FROM passages WHERE passage_id = ? AND {self.alive()}", (passage_id,)
            ),
            None,
        )
        return None if row is None else Passage(*row)

    def page_passages(self, document_id: str, number: int) -> list[Passage]:
        """The passages of one page in order."""
        sql = f"SELECT {_PASSAGE} FROM passages WHERE document_id = ? AND page = ? AND {self.alive()} ORDER BY start"
        return [Passage(*row) for row in self.rows(sql, (document_id, number))]

    def case_passages(self, case_id: str) -> list[Passage]:
        """The passages of one case in reading order."""
        sql = f"SELECT {_PASSAGE} FROM passages WHERE case_id = ? AND {self.alive()} ORDER BY page, start"
        return [Passage(*row) for row in self.rows(sql, (case_id,))]

    def passages(self, ids: Sequence[str] | None = None) -> Iterator[Passage]:
        """All passages in row order, or those named, in the order named."""
        if ids is None:
            for row in self.rows(f"SELECT {_PASSAGE} FROM passages WHERE {self.alive()} ORDER BY row"):
                yield Passage(*row)
            return
        for one in ids:
            passage = self.passage(one)
            if passage is not None:
                yield passage

    def stored(self, rows: Sequence[int]) -> dict[int, StoredPassage]:
        """Passages with their contexts and cases by row number, in one query; absent rows are left out."""
        marks = ",".join("?" * len(rows))
        sql = f"SELECT row, context, {_PASSAGE} FROM passages WHERE row IN ({marks}) AND {self.alive()}"
        found = [(row[0], row[1], Passage(*row[2:])) for row in self.rows(sql, rows)]
        cases = self.cases_by_id({p.case_id for _, _, p in found if p.case_id})
        return {
            row: StoredPassage(row, passage, context, cases.get(passage.case_id or ""))
            for row, context, passage in found
        }

    def places(self, rows: Sequence[int]) -> dict[int, Place]:
        """Whose some passages are, by row number, without reading their texts; absent rows are left out."""
        marks = ",".join("?" * len(rows))
        # These columns stand before the text: SQLite reads no further than it must.
        sql = f"SELECT row, document_id, case_id FROM passages WHERE row IN ({marks}) AND {self.alive()}"
        return {row[0]: Place._make(row) for row in self.rows(sql, rows)}

    def stream(self, after_row: int = 0, size: int = 4096) -> Iterator[list[StoredPassage]]:
        """All passages in row order, in batches: bounded memory whatever the corpus."""
        while True:
            sql = (
                f"SELECT row, context, {_PASSAGE} FROM passages WHERE row > ? AND {self.alive()} "
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
        return array("q", (row[0] for row in self.rows(sql, (after_row,))))

    def count(self, table: str) -> int:
        """Living rows of ``documents``, ``pages``, ``cases`` or ``passages``."""
        if table not in {"documents", "pages", "cases", "passages"}:
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
        columns = ", ".join(f"c.{name.strip()}" for name in _CASE.split(","))
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
            sql = f"SELECT {_CASE} FROM cases WHERE case_id IN ({marks}) AND {self.alive()}"
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
        added = self.rows(f"SELECT row FROM passages WHERE {came} ORDER BY row", (since, now, now))
        removed = self.rows(f"SELECT row FROM passages WHERE {went} ORDER BY row", (since, now, since))
        return [row[0] for row in added], [row[0] for row in removed]

    # -- writing -----------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored, or nothing."""
        if self._change is not None:
            raise RuntimeError("a store as of an earlier change is read only")
        with self._connections.writing() as connection:
            yield connection

    def replace(self, record: DocumentRecord) -> bool:
        """Store a document as it now is; only what differs is written.

        Returns whether anything changed.
        """
        with self.writing() as connection:
            return _replace(connection, record)

    def replace_many(self, records: Iterable[DocumentRecord]) -> list[str]:
        """`replace` for many documents in one transaction; the ids of those that changed.

        ``records`` may read this store as they come: they are taken inside the transaction.

        Raises:
            corpus.sqlite.StoreError: the disk is full, read only or broken; the store is as it was.
        """
        with self.writing() as connection:
            return [record.document_id for record in records if _replace(connection, record)]

    def remove(self, document_id: str) -> bool:
        """Take a document out; generations built before still read it. False if unknown."""
        return bool(self.remove_many([document_id]))

    def remove_many(self, document_ids: Iterable[str]) -> list[str]:
        """`remove` for many documents in one transaction; the ids of those that were there."""
        with self.writing() as connection:
            return [one for one in dict.fromkeys(document_ids) if _remove(connection, one)]

    def discard(self, document_id: str) -> None:
        """Take out whatever a damaged store holds of a document, even where its own row is lost."""
        with self.writing() as connection:
            _take_out(connection, document_id)

    def forget(self, before_change: int) -> int:
        """Delete rows that no generation built at or after ``before_change`` can see; how many."""
        deleted = 0
        with self.writing() as connection:
            for table in ("documents", "pages", "cases", "passages"):
                deleted += connection.execute(
                    f"DELETE FROM {table} WHERE removed IS NOT NULL AND removed <= ?", (before_change,)
                ).rowcount
        return deleted


def _remove(connection: sqlite3.Connection, document_id: str) -> bool:
    known = connection.execute(
        "SELECT 1 FROM documents WHERE document_id = ? AND removed IS NULL", (document_id,)
    ).fetchone()
    if known is None:
        return False
    _take_out(connection, document_id)
    return True


def _prepare(connection: sqlite3.Connection) -> None:
    connection.create_function("thai_order", 1, dictionary_order, deterministic=True)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA mmap_size = 268435456")


def _next_change(connection: sqlite3.Connection) -> int:
    row = connection.execute(
        "UPDATE state SET value = value + 1 WHERE name = 'change' RETURNING value"
    ).fetchone()
    return int(row[0])


def _take_out(connection: sqlite3.Connection, document_id: str) -> None:
    change = _next_change(connection)
    for table in ("documents", "pages", "cases", "passages"):
        connection.execute(
            f"UPDATE {table} SET removed = ? WHERE document_id = ? AND removed IS NULL", (change, document_id)
        )


def _numbers(data: bytes) -> array[int]:
    numbers = array("i")
    numbers.frombytes(data)
    return numbers


def _page(row: Sequence[Any]) -> Page:
    flat = _numbers(row[6])
    pieces = tuple(Piece(*flat[i : i + 4]) for i in range(0, len(flat), 4))
    number, source, sha256, reader, source_text, text = row[:6]
    blocks, dropped = tuple(_numbers(row[7])), tuple(json.loads(row[8]))
    return Page(number, source, sha256, reader, source_text, text, pieces, blocks, dropped)


def _context(record: DocumentRecord, passage: Passage, cases: Mapping[str, Case]) -> str:
    """What a passage is indexed together with: title, heading, and whose story it is."""
    lines = [record.title]
    case = cases.get(passage.case_id or "")
    if case is not None:
        place = f"จังหวัด{case.province}" if case.province else ""
        lines.append(" ".join(part for part in (case.name, place) if part))
    if passage.heading and passage.heading not in lines:
        lines.append(passage.heading)
    return "\n".join(line for line in lines if line)


def _replace(connection: sqlite3.Connection, record: DocumentRecord) -> bool:
    cases = {span.case.case_id: span.case for span in record.spans}
    wanted: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]] = {
        "documents": {
            (record.title, json.dumps(dict(record.metadata), ensure_ascii=False, sort_keys=True)): ()
        },
        "pages": {_page_row(page, record.cleaner): () for page in record.pages},
        "cases": {(c.case_id, c.name, c.kind, c.province, c.year_be, c.award): () for c in cases.values()},
        "passages": {_passage_row(record, passage, cases): () for passage in record.passages},
    }
    columns = {
        "documents": "title, metadata",
        "pages": "number, source, sha256, reader, cleaner, source_text, text, pieces, blocks, dropped",
        "cases": _CASE,
        "passages": 'passage_id, page, case_id, heading, text, start, "end", context, fingerprint',
    }
    keys = {"documents": "document_key", "pages": "page_key", "cases": "case_key", "passages": "row"}
    change = 0
    for table, rows in wanted.items():
        sql = f"SELECT {keys[table]}, {columns[table]} FROM {table} WHERE document_id = ? AND removed IS NULL"
        there = {tuple(row[1:]): row[0] for row in connection.execute(sql, (record.document_id,))}
        gone = [key for row, key in there.items() if row not in rows]
        new = [row for row in rows if row not in there]
        if not gone and not new:
            continue
        change = change or _next_change(connection)
        connection.executemany(
            f"UPDATE {table} SET removed = ? WHERE {keys[table]} = ?", [(change, key) for key in gone]
        )
        marks = ",".join("?" * (columns[table].count(",") + 3))
        connection.executemany(
            f"INSERT INTO {table} (document_id, added, {columns[table]}) VALUES ({marks})",
            [(record.document_id, change, *row) for row in new],
        )
    return change > 0


def _page_row(page: Page, cleaner: str) -> tuple[Any, ...]:
    pieces = array("i", (number for piece in page.pieces for number in piece)).tobytes()
    return (
        page.number, page.source, page.sha256, page.reader, cleaner, page.source_text, page.text,
        pieces, array("i", page.blocks).tobytes(), json.dumps(page.dropped, ensure_ascii=False),
    )  # fmt: skip


def _passage_row(record: DocumentRecord, passage: Passage, cases: Mapping[str, Case]) -> tuple[Any, ...]:
    context = _context(record, passage, cases)
    case = cases.get(passage.case_id or "")
    key = repr((passage.passage_id, context, case))
    return (
        passage.passage_id, passage.page, passage.case_id, passage.heading, passage.text, passage.start,
        passage.end, context, blake2b(key.encode(), digest_size=8).hexdigest(),
    )  # fmt: skip
