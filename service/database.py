"""The service's own SQLite file: keys, feedback, questions asked. Apart from the corpus, as SQLite has one writer.

One `Database` may be shared by threads: each thread gets its own connection. Other processes
(`karani keys`) may write at any time; `version` tells that they did.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from corpus.sqlite import Connections

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE keys (
        key_id TEXT PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        scope TEXT NOT NULL CHECK (scope IN ('search', 'write', 'admin')),
        origins TEXT NOT NULL, created TEXT NOT NULL, expires TEXT, revoked TEXT, last_used TEXT
    ) STRICT;
    CREATE TABLE feedback (
        feedback_id INTEGER PRIMARY KEY AUTOINCREMENT,
        received TEXT NOT NULL, query TEXT NOT NULL, passage_id TEXT, document_id TEXT,
        relevant INTEGER NOT NULL CHECK (relevant IN (0, 1)), reason TEXT NOT NULL, comment TEXT NOT NULL,
        rank INTEGER, generation TEXT NOT NULL
    ) STRICT;
    CREATE TABLE questions (
        question TEXT PRIMARY KEY, shown TEXT NOT NULL, askers INTEGER NOT NULL, last_asked TEXT NOT NULL
    ) STRICT;
    """,
    # Changes to the corpus, as `service.changing.jobs` reads and writes them. ``told`` is 1 once a service has
    # counted and logged a finished job and deleted its files.
    """
    CREATE TABLE jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('add', 'replace', 'delete')),
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
        stage TEXT NOT NULL CHECK (stage IN ('waiting', 'reading', 'building', 'opening')),
        done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL DEFAULT 0,
        created TEXT NOT NULL, started TEXT, finished TEXT,
        files TEXT NOT NULL, documents TEXT NOT NULL, idempotency TEXT,
        attempts INTEGER NOT NULL DEFAULT 0, changed TEXT NOT NULL DEFAULT '[]',
        failures TEXT NOT NULL DEFAULT '[]', generation TEXT, corpus_change INTEGER,
        told INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX jobs_state ON jobs (state, told);
    CREATE INDEX jobs_idempotency ON jobs (idempotency) WHERE idempotency IS NOT NULL;
    """,
)


class Database:
    """Open with a path, or with ``None`` for a file that goes when this object does."""

    def __init__(self, path: Path | None) -> None:
        if path is None:
            folder = tempfile.mkdtemp(prefix="karani-")
            self._tidy = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder) / "service.sqlite"
        self.path = path
        self._connections = Connections(path, _prepare)
        self._connections.migrate(MIGRATIONS)

    def close(self) -> None:
        """Close every thread's connection."""
        self._connections.close()

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._connections.get().execute(sql, tuple(parameters)).fetchall()

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """One transaction: all of it is stored, or nothing."""
        return self._connections.writing()

    @contextmanager
    def writing_durably(self) -> Iterator[sqlite3.Connection]:
        """A transaction that a power cut after it does not take back, for what a caller was promised."""
        connection = self._connections.get()
        connection.execute("PRAGMA synchronous = FULL")
        try:
            with self._connections.writing() as writing:
                yield writing
        finally:
            connection.execute("PRAGMA synchronous = NORMAL")

    @property
    def version(self) -> int:
        """A number that differs once another connection has written; compare within one thread only."""
        return int(self.rows("PRAGMA data_version")[0][0])


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
