"""What every SQLite file here has in common: a connection a thread, whole transactions, numbered migrations."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class SchemaError(RuntimeError):
    """The database was written by a newer Karani."""


class Connections:
    """Connections to one file, one for each thread that asks; the folder is made where it is missing.

    Args:
        path: the file.
        prepare: told of every new connection: pragmas, functions.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._prepare = prepare
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def get(self) -> sqlite3.Connection:
        """The calling thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=30.0, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            self._prepare(connection)
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored, or nothing."""
        connection = self.get()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._local.__dict__.clear()

    def migrate(self, migrations: Sequence[str]) -> None:
        """Bring the file to this version's schema, one transaction a step.

        Raises:
            SchemaError: its version is newer than this program's.
        """
        connection = self.get()
        connection.execute("PRAGMA journal_mode = WAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(migrations):
            raise SchemaError(
                f"{self.path.name} เป็นรุ่น {version} แต่โปรแกรมนี้รู้จักถึงรุ่น {len(migrations)} โปรดปรับรุ่น Karani / "
                f"{self.path.name} has schema {version}, this program knows {len(migrations)}: upgrade Karani"
            )
        for number, script in enumerate(migrations[version:], start=version + 1):
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
