"""The SQLite schema of the store, as numbered migrations.

Rows are never changed in place: each carries the change number that ``added``
it and the one that ``removed`` it (``NULL`` while it lives). A generation
remembers the change number it was built at, and reads the store as of then, so
that a citation never points into a page newer or older than its passage.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    INSERT INTO state VALUES ('change', 0);
    CREATE TABLE documents (
        document_key INTEGER PRIMARY KEY,
        document_id TEXT NOT NULL, title TEXT NOT NULL, metadata TEXT NOT NULL,
        added INTEGER NOT NULL, removed INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX documents_alive ON documents (document_id) WHERE removed IS NULL;
    CREATE INDEX documents_id ON documents (document_id);
    CREATE TABLE pages (
        page_key INTEGER PRIMARY KEY,
        document_id TEXT NOT NULL, number INTEGER NOT NULL CHECK (number > 0),
        source TEXT NOT NULL, sha256 TEXT NOT NULL, reader TEXT NOT NULL, cleaner TEXT NOT NULL,
        source_text TEXT NOT NULL, text TEXT NOT NULL,
        pieces BLOB NOT NULL, blocks BLOB NOT NULL, dropped TEXT NOT NULL,
        added INTEGER NOT NULL, removed INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX pages_alive ON pages (document_id, number) WHERE removed IS NULL;
    CREATE INDEX pages_place ON pages (document_id, number);
    CREATE TABLE cases (
        case_key INTEGER PRIMARY KEY,
        case_id TEXT NOT NULL, document_id TEXT NOT NULL,
        name TEXT NOT NULL, kind TEXT NOT NULL, province TEXT, year_be INTEGER, award TEXT,
        added INTEGER NOT NULL, removed INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX cases_alive ON cases (case_id) WHERE removed IS NULL;
    CREATE INDEX cases_id ON cases (case_id);
    CREATE INDEX cases_document ON cases (document_id);
    CREATE TABLE passages (
        row INTEGER PRIMARY KEY AUTOINCREMENT,
        passage_id TEXT NOT NULL, document_id TEXT NOT NULL, page INTEGER NOT NULL, case_id TEXT,
        heading TEXT NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
        context TEXT NOT NULL, fingerprint TEXT NOT NULL,
        added INTEGER NOT NULL, removed INTEGER,
        CHECK (start >= 0 AND "end" > start)
    ) STRICT;
    CREATE UNIQUE INDEX passages_alive ON passages (passage_id) WHERE removed IS NULL;
    CREATE INDEX passages_id ON passages (passage_id);
    CREATE INDEX passages_place ON passages (document_id, page);
    CREATE INDEX passages_added ON passages (added);
    CREATE INDEX passages_removed ON passages (removed) WHERE removed IS NOT NULL;
    """,
    # Lists and one case's passages without reading texts: ``added`` and ``removed`` stand behind them in a row.
    """
    DROP INDEX pages_place;
    CREATE INDEX pages_place ON pages (document_id, number, added, removed);
    CREATE INDEX passages_case ON passages (case_id, document_id, page, start, added, removed);
    """,
    # What is gone is found without reading whole tables: with every new generation
    # some of it may be forgotten. Passages are counted without reading their texts.
    """
    CREATE INDEX documents_removed ON documents (removed) WHERE removed IS NOT NULL;
    CREATE INDEX pages_removed ON pages (removed) WHERE removed IS NOT NULL;
    CREATE INDEX cases_removed ON cases (removed) WHERE removed IS NOT NULL;
    DROP INDEX passages_added;
    CREATE INDEX passages_added ON passages (added, removed);
    CREATE INDEX cases_province ON cases (province);
    """,
)
