"""The service's own SQLite file: keys, feedback, questions asked. Apart from the corpus, as SQLite has one writer.

One `Database` may be shared by threads: each thread gets its own connection. Other processes
(`karani keys`) may write at any time; `version` tells that they did.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterable
from contextlib import AbstractContextManager
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

    @property
    def version(self) -> int:
        """A number that differs once another connection has written; compare within one thread only."""
        return int(self.rows("PRAGMA data_version")[0][0])


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
