"""What every SQLite file here has in common: a connection a thread, whole transactions, numbered migrations."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class SchemaError(RuntimeError):
    """The database was written by a newer Karani."""


class DamagedError(RuntimeError):
    """The file is no SQLite database, or a damaged one; says what to do."""


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
        """Bring the file to this version's schema, one transaction a step; two processes may try at once.

        Raises:
            SchemaError: its version is newer than this program's.
            DamagedError: it cannot be read.
        """
        try:
            self._migrate(migrations)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise DamagedError(
                f"{self.path.name} เสียหาย ({error}) สั่ง karani restore จากไฟล์สำรองลงโฟลเดอร์ใหม่ / "
                f"{self.path.name} is damaged ({error}): run karani restore with a backup into a new folder"
            ) from error

    def _migrate(self, migrations: Sequence[str]) -> None:
        connection = self.get()
        connection.execute("PRAGMA journal_mode = WAL")
        version = self._version()
        if version > len(migrations):
            raise SchemaError(
                f"{self.path.name} เป็นรุ่น {version} แต่โปรแกรมนี้รู้จักถึงรุ่น {len(migrations)} โปรดปรับรุ่น Karani / "
                f"{self.path.name} has schema {version}, this program knows {len(migrations)}: upgrade Karani"
            )
        for number, script in enumerate(migrations[version:], start=version + 1):
            with self.writing():
                if self._version() >= number:  # another process was faster
                    continue
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")

    def _version(self) -> int:
        return int(self.get().execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> Iterator[str]:
    """A script's statements, one by one: run as a whole it would end the transaction around it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
