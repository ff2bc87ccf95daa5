"""What every SQLite file here has in common: a connection a thread, whole transactions, numbered migrations."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from corpus.database import Row, Transaction


class SchemaError(RuntimeError):
    """The database was written by a newer Karani."""


class StoreError(sqlite3.OperationalError):
    """A database cannot be read or written: the disk is full, broken or read only, the server away; says what to do.

    What was stored before is as it was.
    """


class DamagedError(StoreError):
    """The file is no SQLite database, or a damaged one."""


# What went wrong, by SQLite's result code, and what to do about it.
_REMEDIES = {
    sqlite3.SQLITE_FULL: (
        "ดิสก์เต็ม ลบไฟล์ที่ไม่ใช้แล้วลองใหม่ ข้อมูลเดิมยังครบ",
        "the disk is full: free some space and try again; what was stored before is whole",
    ),
    sqlite3.SQLITE_READONLY: (
        "เขียนไม่ได้ ดิสก์หรือไฟล์เป็นแบบอ่านอย่างเดียว ตรวจสิทธิ์แล้วลองใหม่",
        "it is read only: check the disk's and the file's permissions and try again",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "เปิดไม่ได้ ตรวจโฟลเดอร์และสิทธิ์แล้วลองใหม่",
        "it cannot be opened: check the folder and its permissions and try again",
    ),
    sqlite3.SQLITE_IOERR: (
        "ดิสก์อ่านหรือเขียนผิดพลาด ตรวจดิสก์ แล้วสั่ง karani check",
        "the disk fails to read or write: check the disk, then run karani check",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "ไฟล์เสียหาย สั่ง karani check แล้ว karani restore จากไฟล์สำรองลงโฟลเดอร์ใหม่",
        "the file is damaged: run karani check, then karani restore with a backup into a new folder",
    ),
    sqlite3.SQLITE_NOTADB: (
        "ไม่ใช่ฐานข้อมูลหรือเสียหาย สั่ง karani restore จากไฟล์สำรองลงโฟลเดอร์ใหม่",
        "it is no database, or damaged: run karani restore with a backup into a new folder",
    ),
    sqlite3.SQLITE_BUSY: (
        "โปรเซสอื่นเขียนอยู่นานเกินไป รอแล้วลองใหม่",
        "another process has been writing for too long: wait and try again",
    ),
}
_SYSTEM_CODES = {
    errno.ENOSPC: sqlite3.SQLITE_FULL,
    errno.EDQUOT: sqlite3.SQLITE_FULL,
    errno.EROFS: sqlite3.SQLITE_READONLY,
    errno.EIO: sqlite3.SQLITE_IOERR,
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the system that people can do something about into a `StoreError`.

    Raises:
        StoreError: the disk is full, read only or broken, or the file at ``path`` is damaged.
    """
    try:
        yield
    except StoreError:
        raise
    except (sqlite3.DatabaseError, OSError) as error:
        found = store_error(path, error)
        if found is None:
            raise
        raise found from error


def store_error(path: Path, error: Exception) -> StoreError | None:
    """What an error of SQLite or of the system means for the file at ``path``; ``None`` where nothing helps.

    >>> store_error(Path("a"), OSError(errno.EPERM, "no")) is None
    True
    """
    if isinstance(error, OSError):
        code = _SYSTEM_CODES.get(error.errno or 0, 0)
    else:
        # The lower byte is the code's family; the higher ones say more than anybody can act on.
        code = getattr(error, "sqlite_errorcode", None) or 0
    if code & 0xFF not in _REMEDIES:
        return None
    thai, english = _REMEDIES[code & 0xFF]
    make = DamagedError if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) else StoreError
    return make(f"{path}: {thai} / {path}: {english} ({error})")


class Connections:
    """Connections to one file, one for each thread that asks; the folder is made where it is missing.

    It is a `corpus.database.Database`.

    Args:
        path: the file.
        prepare: told of every new connection: pragmas, functions.
    """

    like = "LIKE"
    remote = False

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._prepare = prepare
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

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

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """What a query gives, row by row as it is asked for.

        Raises:
            StoreError: the file is damaged or cannot be read.
        """
        try:
            return self.get().execute(sql, tuple(parameters))
        except sqlite3.DatabaseError as error:
            found = store_error(self.path, error)
            if found is None:
                raise
            raise found from error

    stream = rows

    def insert(
        self, transaction: Transaction, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Add many rows, in their order."""
        marks = ",".join("?" * len(columns))
        transaction.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def last_key(self, table: str, key: str) -> int:
        """The highest number given, of a table that remembers it, else of the rows that are there."""
        highest = next(self.rows(f"SELECT coalesce(max({key}), 0) FROM {table}"))[0]
        known = next(self.rows("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)), (0,))[0]
        return max(int(highest), int(known))

    def go_on_after(self, transaction: Transaction, table: str, key: str, number: int) -> None:  # noqa: ARG002
        """Number further rows from there on, in a table that remembers."""
        transaction.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table))

    def storable(self, row: Row) -> Row:
        """The row itself: SQLite keeps every character."""
        return row

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is stored, or nothing.

        Raises:
            StoreError: the disk is full, read only or broken.
        """
        with explained(self.path):
            connection = self.get()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself where the disk is full.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

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
            DamagedError: it is no database, or a damaged one.
            StoreError: the file cannot be read or written.
        """
        with explained(self.path):
            self._migrate(migrations)

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
