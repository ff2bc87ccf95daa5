"""The service's own SQLite file: keys, feedback, questions asked. Apart from the corpus, as SQLite has one writer.

One `Database` may be shared by threads: each thread gets its own connection. Other processes
(`karani keys`) may write at any time; `version` tells that they did.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.schema import SchemaError

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
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = self._connection()
        connection.execute("PRAGMA journal_mode = WAL")
        _migrate(connection)

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local.__dict__.clear()

    def rows(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._connection().execute(sql, tuple(parameters)).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored, or nothing."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @property
    def version(self) -> int:
        """A number that differs once another connection has written; compare within one thread only."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA synchronous = NORMAL")
            self._local.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise SchemaError(
            f"service.sqlite เป็นรุ่น {version} แต่โปรแกรมนี้รู้จักถึงรุ่น {len(MIGRATIONS)} โปรดปรับรุ่น Karani / "
            f"service.sqlite has schema {version}, this program knows {len(MIGRATIONS)}: upgrade Karani"
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
